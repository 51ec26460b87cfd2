"""The naive reading of a filter: certain where the standard is, silent where it is not, and that of the sandbox."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.contract.oracle.filters import (
    ExpectedClause,
    ExpectedFilter,
    FilterMatch,
    expected,
    filter_text,
    values_at,
)
from oneroster.sandbox.district.size import Size
from oneroster.sandbox.query.filter_parser import parse_filter
from oneroster.sandbox.store.store import Store
from oneroster.standard import Standard

SPECIFICATION = Standard.of().specification

ELEMENTS_TRIED = ("AcademicSession", "Class", "Course", "Enrollment", "LineItem", "Org", "Resource", "Result", "User")
ORDERED = ("=", "!=", ">", ">=", "<", "<=")
OPERATORS = {
    "string": (*ORDERED, "~"),
    "enumeration": ("=", "!=", "~"),
    "boolean": ("=", "!="),
    "date": ORDERED,
    "date-time": ORDERED,
    "number": ORDERED,
    "strings": ("=", "!=", "~"),
    "enumerations": ("=", "!=", "~"),
    "reference": ("=", "!="),
    "references": ("=",),
}
SINGLE = {"strings": "string", "enumerations": "enumeration", "reference": "string", "references": "string"}


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(Size.parse("small"), 1, cache=None) as opened:
        yield opened


@st.composite
def clauses(draw: st.DrawFn, element: str, rows: list[dict[str, Any]]) -> ExpectedClause:
    """A comparison over some field of an element, with a value that some row has, or one near it."""
    properties = [known for known in SPECIFICATION.elements[element].properties.values() if known.kind in OPERATORS]
    known = draw(st.sampled_from(properties))
    path = f"{known.name}.sourcedId" if "reference" in known.kind else known.name
    held = sorted({filter_text(value) for row in rows for value in values_at(row, path)} - {""})
    plain = [text for text in held if "'" not in text]
    text = draw(st.sampled_from(plain)) if plain else "2025-01-01"
    if known.kind in ("string", "strings", "enumeration", "enumerations"):
        text = draw(
            st.sampled_from([text, text.swapcase(), text[1:], text[:3], f"{text}%", "_", f"{text},{plain[:1]}"])
        )
        text = text.replace("'", "") or "x"
    many = known.kind.endswith("s")
    return ExpectedClause(
        path, SINGLE.get(known.kind, known.kind), draw(st.sampled_from(OPERATORS[known.kind])), text, many
    )


@given(data=st.data())
def test_where_the_standard_is_certain_the_sandbox_brings_what_the_naive_reading_brings(
    store: Store, data: st.DataObject
) -> None:
    element = data.draw(st.sampled_from(ELEMENTS_TRIED))
    everything = store.select(element)
    rows = everything.page(0, everything.total)
    joined = data.draw(st.lists(clauses(element, rows), min_size=1, max_size=2))
    wanted = ExpectedFilter(tuple(joined), either=data.draw(st.booleans()))
    selection = store.select(element, filter=parse_filter(str(wanted), SPECIFICATION.elements[element], SPECIFICATION))
    came = {row["sourcedId"] for row in selection.page(0, selection.total)}
    for row in rows:
        verdict = expected(wanted, row)
        if verdict.trust != "C":
            assert verdict.holds is (row["sourcedId"] in came), (wanted.shape, verdict.trust, row["sourcedId"])


ROW = {
    "sourcedId": "c-1",
    "status": "active",
    "dateLastModified": "2025-09-01T12:00:00.000Z",
    "title": "Algebra 1",
    "startDate": "2025-08-18",
    "score": 17.5,
    "enabledUser": True,
    "grades": ["05", "06"],
    "orgs": [{"sourcedId": "o-1"}, {"sourcedId": "o-2"}],
    "parent": {"sourcedId": "o-0"},
    "email": "",
}


@pytest.mark.parametrize(
    ("clause", "verdict"),
    [
        (ExpectedClause("title", "string", "=", "Algebra 1"), FilterMatch(True, "A")),
        (ExpectedClause("title", "string", "=", "ALGEBRA 1"), FilterMatch(False, "C")),
        (ExpectedClause("title", "string", "=", "Biology"), FilterMatch(False, "A")),
        (ExpectedClause("title", "string", "!=", "Biology"), FilterMatch(True, "A")),
        (ExpectedClause("title", "string", "~", "gebra"), FilterMatch(True, "A")),
        (ExpectedClause("title", "string", "~", "GEBRA"), FilterMatch(True, "B")),
        (ExpectedClause("title", "string", "~", "%"), FilterMatch(False, "A")),
        (ExpectedClause("title", "string", "<", "Biology"), FilterMatch(True, "B")),
        (ExpectedClause("title", "string", "<", "algebra 0"), FilterMatch(True, "C")),
        (ExpectedClause("status", "enumeration", "=", "active"), FilterMatch(True, "A")),
        (ExpectedClause("email", "string", "=", "x"), FilterMatch(False, "A")),
        (ExpectedClause("email", "string", "!=", "x"), FilterMatch(True, "C")),
        (ExpectedClause("startDate", "date", ">=", "2025-08-18"), FilterMatch(True, "B")),
        (ExpectedClause("dateLastModified", "date-time", ">", "2025-08-01T00:00:00Z"), FilterMatch(True, "A")),
        (ExpectedClause("dateLastModified", "date-time", ">", "2025-09-01T14:00:00+02:00"), FilterMatch(False, "B")),
        (ExpectedClause("dateLastModified", "date-time", ">=", "2025-09-01"), FilterMatch(True, "A")),
        (ExpectedClause("score", "number", ">", "9"), FilterMatch(True, "B")),
        (ExpectedClause("enabledUser", "boolean", "=", "true"), FilterMatch(True, "B")),
        (ExpectedClause("primary", "boolean", "=", "false"), FilterMatch(False, "C")),
        (ExpectedClause("grades", "string", "=", "06,05", many=True), FilterMatch(True, "B")),
        (ExpectedClause("grades", "string", "=", "05", many=True), FilterMatch(True, "C")),
        (ExpectedClause("grades", "string", "=", "05,07", many=True), FilterMatch(False, "B")),
        (ExpectedClause("grades", "string", "~", "05,07", many=True), FilterMatch(True, "B")),
        (ExpectedClause("orgs.sourcedId", "string", "=", "o-2", many=True), FilterMatch(True, "B")),
        (ExpectedClause("parent.sourcedId", "string", "=", "o-9"), FilterMatch(False, "B")),
    ],
    ids=str,
)
def test_each_kind_of_value_is_compared_in_its_own_way(clause: ExpectedClause, verdict: FilterMatch) -> None:
    assert expected(ExpectedFilter((clause,)), ROW) == verdict


def test_a_list_that_is_no_list_is_nobody_s_promise() -> None:
    assert (
        expected(ExpectedFilter((ExpectedClause("grades", "string", "=", "05", many=True),)), {"grades": "05,06"}).trust
        == "C"
    )


def test_the_clause_that_decides_gives_the_certainty() -> None:
    certain, open_one = (
        ExpectedClause("status", "enumeration", "=", "active"),
        ExpectedClause("title", "string", "=", "ALGEBRA 1"),
    )
    assert expected(ExpectedFilter((certain, open_one), either=True), ROW) == FilterMatch(True, "A")
    assert expected(ExpectedFilter((certain, open_one)), ROW) == FilterMatch(False, "C")


def test_a_message_shows_the_form_of_a_filter_and_not_its_values() -> None:
    wanted = ExpectedFilter(
        (ExpectedClause("title", "string", "=", "Zaphod"), ExpectedClause("status", "enumeration", "=", "active"))
    )
    assert str(wanted) == "title='Zaphod' AND status='active'"
    assert wanted.shape == "title=… AND status=…"
