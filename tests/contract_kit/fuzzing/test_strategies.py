"""Generated filters and sorts are valid by the specification, and use no personal field."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.contract.dialects.overlay import dialect_specification
from oneroster.contract.fuzzing.filter_and_sort_strategies import (
    COMPARABLE,
    MAX_CHARACTERS,
    _comparable,
    _filters,
    filter_format,
    sort_format,
)
from oneroster.standard import Standard
from tests.series import examples

SPECIFICATION = dialect_specification("standard", Standard.of("1.1"))
CLAUSE = re.compile(r"(?P<field>[A-Za-z]+)(?P<operator>!=|>=|<=|=|>|<|~)'(?P<value>[^']*)'")
COLLECTIONS = sorted(name for name, element in SPECIFICATION.elements.items() if element.collection)


@pytest.mark.parametrize("element", COLLECTIONS)
def test_no_personal_field_is_used(element: str) -> None:
    known = _comparable(SPECIFICATION, element)
    assert known
    assert not [each.name for each in known if each.personal or each.secret or each.kind not in COMPARABLE]


@examples(60)
@given(st.data())
def test_filters_have_one_or_two_clauses_with_valid_values(data: st.DataObject) -> None:
    properties = {each.name: each for each in _comparable(SPECIFICATION, "Enrollment")}
    text = data.draw(_filters(tuple(properties.values()), SPECIFICATION))
    clauses = list(CLAUSE.finditer(text))
    assert 1 <= len(clauses) <= 2
    assert CLAUSE.sub("", text) in ("", " AND ", " OR ")
    for clause in clauses:
        known = properties[clause["field"]]
        if known.enumeration is not None:
            assert clause["value"] in SPECIFICATION.enumerations[known.enumeration]
        if known.kind == "string":
            assert 1 <= len(clause["value"]) <= MAX_CHARACTERS
        if known.kind == "boolean":
            assert clause["value"] in ("true", "false")


def test_formats_are_named_by_element() -> None:
    assert filter_format(SPECIFICATION, "Org") == "oneroster-filter-Org"
    assert sort_format(SPECIFICATION, "Org") == "oneroster-sort-Org"
