"""Hypothesis strategies for valid filters, sorts and fields of an element, registered as string formats."""

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from oneroster.contract.dialects.dialect_specification import DocumentModel
from oneroster_runtime.specification import Property, Specification

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["fields_format", "filter_format", "sort_format"]

Model = DocumentModel | Specification

OPERATORS: Final = ("=", "!=", ">", ">=", "<", "<=", "~")
COMPARABLE: Final = frozenset({"string", "enumeration", "boolean", "date", "date-time", "number", "integer"})
MAX_CHARACTERS: Final = 12


def filter_format(specification: Model, element: str) -> str:
    """Register a format for all filters of an element, and return its name."""
    name = f"oneroster-filter-{element}"
    _register(name, _filters(tuple(_comparable(specification, element)), specification))
    return name


def sort_format(specification: Model, element: str) -> str:
    """Register a format for all fields by which an element can be sorted, and return its name."""
    from hypothesis import strategies as st

    name = f"oneroster-sort-{element}"
    _register(name, st.sampled_from([each.name for each in _comparable(specification, element)]))
    return name


def fields_format(specification: Model, element: str) -> str:
    """Register a format for field selections of an element that have all required fields, and return its name."""
    from hypothesis import strategies as st

    name = f"oneroster-fields-{element}"
    properties = specification.elements[element].properties.values()
    required = [each.name for each in properties if each.required]
    optional = [each.name for each in properties if not each.required and not each.secret]
    further = st.lists(st.sampled_from(optional), unique=True) if optional else st.just([])
    _register(name, further.map(lambda names: ",".join([*required, *names])))
    return name


def _register(name: str, strategy: "SearchStrategy[str]") -> None:
    import schemathesis

    schemathesis.openapi.format(name, strategy)


def _comparable(specification: Model, element: str) -> list[Property]:
    """Return the single-valued properties that are not personal: a generated value could match a child's."""
    properties = specification.elements[element].properties.values()
    return [each for each in properties if each.kind in COMPARABLE and not each.personal and not each.secret]


def _filters(properties: tuple[Property, ...], specification: Model) -> "SearchStrategy[str]":
    """Return a strategy for one clause, or two joined by AND or OR; the standard recommends no more."""
    from hypothesis import strategies as st

    clause = st.sampled_from(properties).flatmap(lambda known: _clause(known, specification))
    both = st.builds(lambda one, word, other: f"{one} {word} {other}", clause, st.sampled_from(["AND", "OR"]), clause)
    return clause | both


def _clause(known: Property, specification: Model) -> "SearchStrategy[str]":
    from hypothesis import strategies as st

    if known.enumeration:
        value = st.sampled_from(specification.enumerations[known.enumeration])
    else:
        value = _values_by_kind()[known.kind]
    return st.builds(lambda operator, text: f"{known.name}{operator}'{text}'", st.sampled_from(OPERATORS), value)


@cache
def _values_by_kind() -> dict[str, Any]:
    from datetime import date, datetime

    from hypothesis import strategies as st

    days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
    # The standard has no escape for a quote in a value.
    letters = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="'")
    timestamps = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 - the Z is written below
    return {
        "string": st.text(letters, min_size=1, max_size=MAX_CHARACTERS),
        "boolean": st.sampled_from(["true", "false"]),
        "date": days.map(str),
        "date-time": timestamps.map("{:%Y-%m-%dT%H:%M:%S}.000Z".format),
        "number": st.integers(-1000, 1000).map(str) | st.sampled_from(["0.5", "99.95"]),
        "integer": st.integers(-1000, 1000).map(str),
    }
