"""What a fault needs in order to show, and which faults cannot be combined with it.

Tests of a contract kit read these: they combine faults that do not hide each other, in tenants where each can show.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from oneroster.sandbox.version_features import missing_features
from oneroster_runtime.specification import Specification

__all__ = ["HOOK_PARTS", "KIMONO", "NO_GRADEBOOK", "SMALL_DATA", "WRITE_NEEDS", "Access", "Needs"]

Access = Literal["any", "oauth1", "oauth2"]

SMALL_DATA: Final = frozenset({"empty", "one-row", "two-rows", "three-rows", "only-deleted", "no-optional"})
"""Variants of the data in which most faults find too few records to change."""
KIMONO: Final = frozenset({"kimono"})
"""The profile with few nested collections, and without demographics, resources and gradebook."""
NO_GRADEBOOK: Final = KIMONO | {"no-gradebook", "gradebook-refused"}
"""Variants and profiles that do not serve categories, line items and results."""

HOOK_PARTS: Final = {
    "page_window": "page",
    "total_count": "total",
    "links": "links",
    "single_record": "single record",
    "authenticate": "authentication",
    "reinterpret_credentials": "authentication",
    "stored_record": "stored record",
    "allocated_id": "posted records",
    "posted_record": "posted records",
    "accept_invalid_body": "accepted bodies",
    "deletes": "deletion",
}
"""The part of a response, or of what is stored, that a fault overwrites if it overrides a hook.

The other hooks serve many purposes; two faults of one family that override the same one of those are not combined.
"""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a fault needs in order to show.

    Attributes:
        rows: The smallest number of users of the district.
        elements: The elements of which records must be served.
        access: The kind of credentials with which it can be seen.
        writes: Whether it shows in writes only.
        options: The phases of generated requests that it needs: ``fuzz``, ``negative`` or ``stateful``.
        token_lifetime: Seconds that a token is valid, if shorter than usual.
        without: The variants and profiles under which it does not show.
        features: What the version of the standard must have, by the names of `FEATURES`.
    """

    rows: int = 40
    elements: frozenset[str] = field(default_factory=frozenset)
    access: Access = "any"
    writes: bool = False
    options: frozenset[str] = field(default_factory=frozenset)
    token_lifetime: int | None = None
    without: frozenset[str] = SMALL_DATA
    features: frozenset[str] = frozenset()

    def missing_from(self, specification: Specification) -> list[str]:
        """Return what a version of the standard does not have of it."""
        by_access = ("OAuth 1.0a",) if self.access == "oauth1" else ()
        elements = sorted(f"{each} records" for each in self.elements - specification.elements.keys())
        return [*missing_features((*by_access, *sorted(self.features)), specification), *elements]


WRITE_NEEDS: Final = Needs(writes=True, without=SMALL_DATA | NO_GRADEBOOK | {"soft-delete", "empty-put-answer"})
"""What the faults of writes need: records to refer to, and responses that show what was written."""
