"""What a lawful server may do one way or another. All of these obey the standard; faults do not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from oneroster.sandbox.auth.authentication import WAYS_IN
from oneroster.sandbox.name_lookup import check


@dataclass(frozen=True, slots=True)
class Variants:
    """Choices that OneRoster leaves to a server.

    Attributes:
        page_cap: rows of a page at most, however many are asked for; None for no cap (3.1 names no maximum).
        links: whether collections carry the Link header (4, recommended).
        total: whether collections carry X-Total-Count (4, obligation uncertain).
        echo: whether a PUT is answered with the stored record, or with an empty body (note W).
        json_booleans: whether booleans are those of JSON, whatever the profile says (1, sources disagree).
        soft_delete: whether a DELETE turns the record tobedeleted instead of removing it (note W).
        gradebook: whether categories, line items and results are served at all.
        empty: whether the tenant is a new one that has no records yet.
        one_school: whether the district has a single school.
        ways_in: which of the ways of `WAYS_IN` open the tenant (7.1).
        latency: seconds before every answer.
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
    ways_in: frozenset[str] = WAYS_IN
    latency: float = 0.0


class Variant(NamedTuple):
    """A choice that can be asked for by name; `does` says what the server then does."""

    does: str
    choices: Mapping[str, Any]


VARIANTS: Final[Mapping[str, Variant]] = MappingProxyType(
    {
        "page-cap": Variant("serves ten rows on a page at most", {"page_cap": 10}),
        "no-links": Variant("sends no Link header", {"links": False}),
        "no-total": Variant("sends no X-Total-Count", {"total": False}),
        "json-booleans": Variant("writes booleans as JSON has them", {"json_booleans": True}),
        "soft-delete": Variant("turns a record tobedeleted when it is deleted", {"soft_delete": True}),
        "empty-put-answer": Variant("answers a PUT without a body", {"echo": False}),
        "no-gradebook": Variant("serves no categories, line items and results", {"gradebook": False}),
        "empty": Variant("has no records yet", {"empty": True}),
        "one-school": Variant("has a single school", {"one_school": True}),
        "static-bearer-only": Variant("takes nothing but its static token", {"ways_in": frozenset({"bearer"})}),
        "oauth1-only": Variant("takes nothing but requests signed by OAuth 1.0a", {"ways_in": frozenset({"oauth1"})}),
        "slow": Variant("takes a fifth of a second for every answer", {"latency": 0.2}),
    }
)
"""All choices by name, as `oneroster sandbox --variant` takes them."""


def by_name(names: Iterable[str]) -> Variants:
    """The choices of these names together.

    Raises:
        UnknownNameError: one of them is not the name of a variant.
    """
    chosen = Variants()
    for name in names:
        chosen = replace(chosen, **VARIANTS[check("variant", name, VARIANTS)].choices)
    return chosen
