"""Variants: behaviour that the standard leaves to a server. A variant is valid; a fault is not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, NamedTuple

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
        empty: Whether the tenant has no records at first.
        one_school: Whether the district has only one school.
        authentication_methods: Which of `AUTHENTICATION_METHODS` are accepted (7.1).
        latency: Seconds to wait before every response.
    """

    page_cap: int | None = None
    links: bool = True
    total: bool = True
    echo: bool = True
    json_booleans: bool = False
    soft_delete: bool = False
    gradebook: bool = True
    empty: bool = False
    one_school: bool = False
    authentication_methods: frozenset[str] = AUTHENTICATION_METHODS
    latency: float = 0.0


class Variant(NamedTuple):
    """A named choice.

    Attributes:
        does: What the server does, as the end of a sentence that begins with "The server".
        choices: The attributes of `Variants` that it sets.
    """

    does: str
    choices: Mapping[str, Any]


VARIANTS: Final[Mapping[str, Variant]] = MappingProxyType(
    {
        "page-cap": Variant("returns at most ten rows per page", {"page_cap": 10}),
        "no-links": Variant("sends no Link header", {"links": False}),
        "no-total": Variant("sends no X-Total-Count header", {"total": False}),
        "json-booleans": Variant("writes booleans as JSON booleans", {"json_booleans": True}),
        "soft-delete": Variant("marks deleted records tobedeleted, and keeps them", {"soft_delete": True}),
        "empty-put-answer": Variant("responds to a PUT without a body", {"echo": False}),
        "no-gradebook": Variant("serves no categories, line items or results", {"gradebook": False}),
        "empty": Variant("has no records at first", {"empty": True}),
        "one-school": Variant("has only one school", {"one_school": True}),
        "static-bearer-only": Variant(
            "accepts only its static bearer token", {"authentication_methods": frozenset({"bearer"})}
        ),
        "oauth1-only": Variant(
            "accepts only requests signed with OAuth 1.0a", {"authentication_methods": frozenset({"oauth1"})}
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
