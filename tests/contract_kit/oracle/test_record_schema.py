"""A record against the strict document: what it allows is not told of, and a breach is told without its value."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.contract.dialects.overlay import dialect_specification
from oneroster.contract.oracle.record_validation import Violation, ViolationKind, violations
from oneroster.standard import Standard
from tests.contract.valid_responses import records
from tests.series import examples

STANDARD = Standard.of("1.1")
SPECIFICATION = STANDARD.specification


USER: dict[str, Any] = {
    "sourcedId": "u-1",
    "status": "active",
    "dateLastModified": "2024-08-01T06:00:00.000Z",
    "username": "kim.l",
    "enabledUser": "true",
    "givenName": "Kim",
    "familyName": "Lund",
    "role": "student",
    "orgs": [{"href": "https://sis.example/orgs/o-1", "sourcedId": "o-1", "type": "org"}],
}
DIALECTS = {
    "string": dialect_specification("standard", STANDARD),
    "json": dialect_specification("json-booleans", STANDARD),
}
ELEMENTS_WITH_COLLECTION = sorted(name for name, element in SPECIFICATION.elements.items() if element.collection)


def found(element: str, record: dict[str, Any], booleans: str = "string") -> list[Violation]:
    return [replace(each, came="") for each in violations(element, record, DIALECTS[booleans])]


@examples(70)
@given(st.data())
def test_what_the_document_allows_breaks_nothing(data: st.DataObject) -> None:
    element = data.draw(st.sampled_from(ELEMENTS_WITH_COLLECTION))
    assert found(element, data.draw(records(element))) == []


@examples(70)
@given(st.data())
def test_whatever_stands_in_a_property_is_judged_and_never_shown(data: st.DataObject) -> None:
    element = data.draw(st.sampled_from(ELEMENTS_WITH_COLLECTION))
    name = data.draw(st.sampled_from(sorted(SPECIFICATION.elements[element].properties)))
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.just("Zaphod"),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("Zaphod"), inner, max_size=2),
    )
    record = data.draw(records(element)) | {name: data.draw(anything)}
    for breach in found(element, record):
        assert breach.pointer.split(".")[0].removesuffix("[]") == name
        assert "Zaphod" not in breach.pointer


@examples(50)
@given(st.data())
def test_a_required_property_that_is_left_out_is_missed(data: st.DataObject) -> None:
    element = data.draw(st.sampled_from(ELEMENTS_WITH_COLLECTION))
    required = [known for known in SPECIFICATION.elements[element].properties.values() if known.required]
    known = data.draw(st.sampled_from(required))
    record = data.draw(records(element))
    del record[known.name]
    assert found(element, record) == [Violation(ViolationKind.PRESENCE, known.name, known.presence)]


@pytest.mark.parametrize(
    ("changed", "breach"),
    [
        ({"familyName": None}, Violation(ViolationKind.PRESENCE, "familyName", "A")),
        ({"orgs": []}, Violation(ViolationKind.PRESENCE, "orgs", "A")),
        ({"email": None}, Violation(ViolationKind.NULL, "email", "C")),
        ({"grades": ""}, Violation(ViolationKind.BLANK, "grades", "C")),
        ({"email": ""}, Violation(ViolationKind.EMPTY, "email", "C")),
        ({"familyName": ""}, Violation(ViolationKind.EMPTY, "familyName", "C")),
        ({"sourcedId": ""}, Violation(ViolationKind.PRESENCE, "sourcedId", "A")),
        ({"orgs": [USER["orgs"][0] | {"href": "/orgs/a b"}]}, Violation(ViolationKind.URI, "orgs[].href", "A")),
        ({"orgs": [USER["orgs"][0] | {"href": "/orgs/100%"}]}, Violation(ViolationKind.URI, "orgs[].href", "A")),
        ({"orgs": [USER["orgs"][0] | {"href": ""}]}, Violation(ViolationKind.URI, "orgs[].href", "A")),
        ({"grades": "05,06"}, Violation(ViolationKind.TYPE, "grades", "A")),
        ({"grades": [5]}, Violation(ViolationKind.TYPE, "grades[]", "A")),
        ({"username": 5}, Violation(ViolationKind.TYPE, "username", "A")),
        (
            {"orgs": [{"href": "https://x/y", "sourcedId": "o-1"}]},
            Violation(ViolationKind.PRESENCE, "orgs[].type", "A"),
        ),
        ({"orgs": ["o-1"]}, Violation(ViolationKind.TYPE, "orgs[]", "A")),
        ({"orgs": USER["orgs"][0]}, Violation(ViolationKind.TYPE, "orgs", "A")),
        ({"role": "pupil"}, Violation(ViolationKind.ENUMERATION, "role", "A")),
        ({"role": "ext:pupil"}, Violation(ViolationKind.ENUMERATION, "role", "B")),
        ({"enabledUser": True}, Violation(ViolationKind.BOOLEAN, "enabledUser", "B")),
        ({"enabledUser": "True"}, Violation(ViolationKind.BOOLEAN, "enabledUser", "B")),
        ({"enabledUser": "yes"}, Violation(ViolationKind.TYPE, "enabledUser", "A")),
        ({"enabledUser": 2}, Violation(ViolationKind.TYPE, "enabledUser", "A")),
        ({"enabledUser": 1}, Violation(ViolationKind.BOOLEAN, "enabledUser", "B")),
        ({"enabledUser": "0"}, Violation(ViolationKind.BOOLEAN, "enabledUser", "B")),
        (
            {"dateLastModified": "2024-08-01T06:00:00+02:00"},
            Violation(ViolationKind.DATE_TIME, "dateLastModified", "A"),
        ),
        ({"dateLastModified": "2024-08-01T06:00:00"}, Violation(ViolationKind.DATE_TIME, "dateLastModified", "A")),
        ({"dateLastModified": "2024-13-01T06:00:00Z"}, Violation(ViolationKind.DATE_TIME, "dateLastModified", "A")),
        ({"metadata": "none"}, Violation(ViolationKind.TYPE, "metadata", "A")),
    ],
)
def test_each_aspect_has_its_own_breach(changed: dict[str, Any], breach: Violation) -> None:
    assert found("User", USER | changed) == [breach]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"familyName": None}, "familyName is null"),
        ({"orgs": []}, "orgs is an empty array"),
        ({"sourcedId": ""}, "sourcedId is an empty string"),
        ({"orgs": ["o-1"]}, "orgs[] is a string instead of an object"),
        ({"orgs": USER["orgs"][0]}, "orgs is an object instead of an array"),
        ({"username": 5}, "username is a number instead of a string"),
        ({"metadata": None, "enabledUser": 2}, "enabledUser is a number instead of a boolean"),
        ({"role": "Student"}, "role is a documented value in other letters"),
        ({"email": None}, "email is null instead of left out"),
    ],
)
def test_a14_a_breach_says_what_came(changed: dict[str, Any], said: str) -> None:
    assert said in [str(each) for each in violations("User", USER | changed, DIALECTS["string"])]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"orgSourcedIds": ["o-1"]}, "orgs is missing (there is orgSourcedIds instead)"),
        ({"org": "o-1"}, "orgs is missing (there is org instead)"),
        ({"Kim Lund": "o-1"}, "orgs is missing"),
    ],
)
def test_a14_the_property_that_stands_there_instead_is_named(sent: dict[str, Any], said: str) -> None:
    record = {name: value for name, value in USER.items() if name != "orgs"} | sent
    assert [str(each) for each in violations("User", record, DIALECTS["string"])] == [said]


@pytest.mark.parametrize("href", ["/orgs/o-1", "orgs/o-1", "~/orgs/o-1", "//sis.example/orgs/o-1"])
def test_a17_a_relative_href_is_probable_and_not_certain(href: str) -> None:
    breach = Violation(ViolationKind.RELATIVE, "orgs[].href", "B")
    assert found("User", USER | {"orgs": [USER["orgs"][0] | {"href": href}]}) == [breach]


@pytest.mark.parametrize("instant", ["2012-04-23T18:25:43.511Z", "2024-08-01T06:00:00+00:00", "2024-08-01T06:00Z"])
def test_utc_may_be_written_in_more_than_one_way(instant: str) -> None:
    assert found("User", USER | {"dateLastModified": instant}) == []


@pytest.mark.parametrize("written", ["08/31/2024", "2024-8-1", "2024-02-30", "2024-08-01T00:00:00Z", "20240801"])
def test_dates_are_days_of_the_calendar(written: str) -> None:
    session = {
        **{name: USER[name] for name in ("sourcedId", "status", "dateLastModified")},
        "title": "Fall",
        "startDate": written,
        "endDate": "2024-12-20",
        "type": "term",
        "schoolYear": "2025",
    }
    assert found("AcademicSession", session) == [Violation(ViolationKind.DATE, "startDate", "A")]


def test_a_dialect_writes_booleans_its_own_way() -> None:
    assert found("User", USER | {"enabledUser": True}, booleans="json") == []
    assert found("User", USER, booleans="json") == [Violation(ViolationKind.BOOLEAN, "enabledUser", "B")]


def test_a_property_of_another_dialect_is_a_vendor_s_own() -> None:
    category = {**{name: USER[name] for name in ("sourcedId", "status", "dateLastModified")}, "title": "Tests"}
    assert found("Category", category | {"weight": "heavy"}) == []
    assert [
        breach.pointer
        for breach in violations("Category", category | {"weight": "heavy"}, dialect_specification("kimono", STANDARD))
    ] == ["weight"]
