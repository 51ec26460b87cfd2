"""Lawful filters and sorts that nobody thought of, made up for the engine from what the document says of an element."""

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from oneroster.contract.dialects.document_model import DocumentModel
from oneroster_v1p1.tables import Property

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["filter_format", "sort_format"]

OPERATORS: Final = ("=", "!=", ">", ">=", "<", "<=", "~")
SORTABLE: Final = frozenset({"string", "enumeration", "boolean", "date", "date-time", "number", "integer"})
MOST_CHARACTERS: Final = 12


def filter_format(facts: DocumentModel, element: str) -> str:
    """The name of the format of all filters of an element; the engine knows how to make one from then on."""
    name = f"oneroster-filter-{element}"
    _register(name, _filters(tuple(_compared(facts, element)), _words(facts)))
    return name


def sort_format(facts: DocumentModel, element: str) -> str:
    """The name of the format of all fields by which an element can be sorted."""
    from hypothesis import strategies as st

    name = f"oneroster-sort-{element}"
    _register(name, st.sampled_from([each.name for each in _compared(facts, element)]))
    return name


def _register(name: str, strategy: "SearchStrategy[str]") -> None:
    import schemathesis

    schemathesis.openapi.format(name, strategy)


def _compared(facts: DocumentModel, element: str) -> list[Property]:
    """The plain properties that may be shown; nobody asks for a child by name, and be it a made-up one."""
    properties = facts.elements[element].properties.values()
    return [each for each in properties if each.kind in SORTABLE and not each.personal and not each.secret]


def _words(facts: DocumentModel) -> dict[str, tuple[str, ...]]:
    return dict(facts.enumerations)


def _filters(properties: tuple[Property, ...], words: dict[str, tuple[str, ...]]) -> "SearchStrategy[str]":
    """One clause, or two with a word between them, which is as much as the standard recommends."""
    from hypothesis import strategies as st

    clause = st.sampled_from(properties).flatmap(lambda known: _clause(known, words))
    both = st.builds(lambda one, joint, other: f"{one} {joint} {other}", clause, st.sampled_from(["AND", "OR"]), clause)
    return clause | both


def _clause(known: Property, words: dict[str, tuple[str, ...]]) -> "SearchStrategy[str]":
    from hypothesis import strategies as st

    value = st.sampled_from(words[known.enumeration]) if known.enumeration else _plain()[known.kind]
    return st.builds(lambda operator, text: f"{known.name}{operator}'{text}'", st.sampled_from(OPERATORS), value)


@cache
def _plain() -> dict[str, Any]:
    from datetime import date, datetime

    from hypothesis import strategies as st

    days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
    # No quote can stand in a value: the standard has no way to escape it.
    letters = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="'")
    moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 - the Z is written below
    return {
        "string": st.text(letters, min_size=1, max_size=MOST_CHARACTERS),
        "boolean": st.sampled_from(["true", "false"]),
        "date": days.map(str),
        "date-time": moments.map("{:%Y-%m-%dT%H:%M:%S}.000Z".format),
        "number": st.integers(-1000, 1000).map(str) | st.sampled_from(["0.5", "99.95"]),
        "integer": st.integers(-1000, 1000).map(str),
    }
