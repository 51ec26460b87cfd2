"""Variants: behaviour that the standard leaves to a server. A variant is valid; a fault is not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from oneroster.sandbox.auth.authentication import AUTHENTICATION_METHODS
from oneroster.sandbox.name_lookup import require_known


@dataclass(frozen=True, slots=True)
class Variants:
    """The choices that OneRoster leaves to a server.

    Attributes:
        page_cap: The largest number of rows on a page, even if the limit is larger; None for no cap (3.1).
        links: Whether collections have the Link header (4, recommended).
        total: Whether collections have X-Total-Count (4, obligation uncertain).
        echo: Whether the response to a PUT holds the stored record or is empty (note W).
        json_booleans: Whether booleans are JSON booleans, whichever form the profile has (1, sources disagree).
        soft_delete: Whether a DELETE marks the record tobedeleted instead of removing it (note W).
        gradebook: Whether categories, line items and results are served.
        gradebook_refused: Whether they are served to other credentials only, and answered with 403.
        empty: Whether the tenant has no records at first.
        rows: The largest number of records of each element; None for all of the district.
        special_ids: Whether every id has special characters (1, an opaque string).
        all_deleted: Whether all records are tobedeleted.
        optional: Whether records have ``all`` or ``no`` optional properties; None for some.
        one_school: Whether the district has only one school.
        nested: Whether collections below a parent are served.
        unknown_names_refused: Whether a sort or a selection by an unknown field is rejected instead of ignored.
        minor_codes: Whether status objects have the minor codes, which are optional where they are nested.
        authentication_methods: Which of `AUTHENTICATION_METHODS` are accepted (7.1).
        one_token: Whether a new OAuth 2 token revokes the earlier ones.
        latency: Seconds to wait before every response.
    """

    page_cap: int | None = None
    links: bool = True
    total: bool = True
    echo: bool = True
    json_booleans: bool = False
    soft_delete: bool = False
    gradebook: bool = True
    gradebook_refused: bool = False
    empty: bool = False
    rows: int | None = None
    special_ids: bool = False
    all_deleted: bool = False
    optional: Literal["all", "no"] | None = None
    one_school: bool = False
    nested: bool = True
    unknown_names_refused: bool = False
    minor_codes: bool = True
    authentication_methods: frozenset[str] = AUTHENTICATION_METHODS
    one_token: bool = False
    latency: float = 0.0


class Variant(NamedTuple):
    """A named choice.

    Attributes:
        does: What the server does, as the end of a sentence that begins with "The server".
        choices: The attributes of `Variants` that it sets.
        features: What the version of the standard must have, by the names of `FEATURES`.
    """

    does: str
    choices: Mapping[str, Any]
    features: tuple[str, ...] = ()


VARIANTS: Final[Mapping[str, Variant]] = MappingProxyType(
    {
        "page-cap": Variant("returns at most ten rows per page", {"page_cap": 10}),
        "no-links": Variant("sends no Link header", {"links": False}),
        "no-total": Variant("sends no X-Total-Count header", {"total": False}),
        "json-booleans": Variant(
            "writes booleans as JSON booleans", {"json_booleans": True}, ("booleans in an uncertain form",)
        ),
        "soft-delete": Variant("marks deleted records tobedeleted, and keeps them", {"soft_delete": True}),
        "empty-put-answer": Variant("responds to a PUT without a body", {"echo": False}),
        "no-gradebook": Variant("serves no categories, line items or results", {"gradebook": False}),
        "empty": Variant("has no records at first", {"empty": True}),
        "one-row": Variant("has one record of each element", {"rows": 1}),
        "two-rows": Variant("has at most two records of each element", {"rows": 2}),
        "three-rows": Variant("has at most three records of each element", {"rows": 3}),
        "special-ids": Variant("has ids with special characters only", {"special_ids": True}),
        "only-deleted": Variant("has only records that are tobedeleted", {"all_deleted": True}),
        "no-optional": Variant("sends no optional property", {"optional": "no"}),
        "all-optional": Variant("sends every optional property", {"optional": "all"}),
        "gradebook-refused": Variant("refuses the gradebook with 403", {"gradebook_refused": True}),
        "one-school": Variant("has only one school", {"one_school": True}),
        "static-bearer-only": Variant(
            "accepts only its static bearer token", {"authentication_methods": frozenset({"bearer"})}
        ),
        "oauth1-only": Variant(
            "accepts only requests signed with OAuth 1.0a",
            {"authentication_methods": frozenset({"oauth1"})},
            ("OAuth 1.0a",),
        ),
        "one-token": Variant("revokes earlier OAuth 2 tokens when it issues one", {"one_token": True}),
        "no-nested": Variant("serves no collections below a parent", {"nested": False}),
        "unknown-names-refused": Variant(
            "responds with 400 to a sort or a selection by an unknown field",
            {"unknown_names_refused": True},
            ("no warnings beside data",),
        ),
        "no-minor-codes": Variant(
            "leaves the minor codes out of its status objects", {"minor_codes": False}, ("nested minor codes",)
        ),
        "slow": Variant("waits 0.2 seconds before every response", {"latency": 0.2}),
    }
)
"""All variants by the name that `oneroster sandbox --variant` takes."""


def variants_by_name(names: Iterable[str]) -> Variants:
    """Return the combination of the named variants.

    Raises:
        UnknownNameError: A name is not the name of a variant.
    """
    chosen = Variants()
    for name in names:
        chosen = replace(chosen, **VARIANTS[require_known("variant", name, VARIANTS)].choices)
    return chosen


def chosen_names(variants: Variants) -> list[str]:
    """Return the names of the variants that a combination has."""
    return [
        name
        for name, variant in VARIANTS.items()
        if all(getattr(variants, attribute) == value for attribute, value in variant.choices.items())
    ]
