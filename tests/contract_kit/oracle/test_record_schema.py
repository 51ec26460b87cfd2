"""A record against the strict document: what it allows is not told of, and a breach is told without its value."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneroster.contract.dialects.overlay import facts_of
from oneroster.contract.oracle.record_schema import Aspect, Breach, breaches
from oneroster_v1p1.tables import ELEMENTS
from tests.contract.answers import records

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
DIALECTS = {"string": facts_of("standard"), "json": facts_of("json-booleans")}
ELEMENTS_WITH_COLLECTION = sorted(name for name, element in ELEMENTS.items() if element.collection)


def found(element: str, record: dict[str, Any], booleans: str = "string") -> list[Breach]:
    return list(breaches(element, record, DIALECTS[booleans]))


@settings(max_examples=70, deadline=None)
@given(st.data())
def test_what_the_document_allows_breaks_nothing(data: st.DataObject) -> None:
    element = data.draw(st.sampled_from(ELEMENTS_WITH_COLLECTION))
    assert found(element, data.draw(records(element))) == []


@settings(max_examples=70, deadline=None)
@given(st.data())
def test_whatever_stands_in_a_property_is_judged_and_never_shown(data: st.DataObject) -> None:
    element = data.draw(st.sampled_from(ELEMENTS_WITH_COLLECTION))
    name = data.draw(st.sampled_from(sorted(ELEMENTS[element].properties)))
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.just("Zaphod"),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("Zaphod"), inner, max_size=2),
    )
    record = data.draw(records(element)) | {name: data.draw(anything)}
    for breach in found(element, record):
        assert breach.pointer.split(".")[0].removesuffix("[]") == name
        assert "Zaphod" not in breach.pointer


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_required_property_that_is_left_out_is_missed(data: st.DataObject) -> None:
    element = data.draw(st.sampled_from(ELEMENTS_WITH_COLLECTION))
    required = [known for known in ELEMENTS[element].properties.values() if known.required]
    known = data.draw(st.sampled_from(required))
    record = data.draw(records(element))
    del record[known.name]
    assert found(element, record) == [Breach(Aspect.PRESENCE, known.name, known.presence)]


@pytest.mark.parametrize(
    ("changed", "breach"),
    [
        ({"familyName": None}, Breach(Aspect.PRESENCE, "familyName", "A")),
        ({"orgs": []}, Breach(Aspect.PRESENCE, "orgs", "A")),
        ({"email": None}, Breach(Aspect.NULL, "email", "C")),
        ({"grades": ""}, Breach(Aspect.EMPTY, "grades", "C")),
        ({"email": ""}, Breach(Aspect.EMPTY, "email", "C")),
        ({"familyName": ""}, Breach(Aspect.EMPTY, "familyName", "C")),
        ({"sourcedId": ""}, Breach(Aspect.PRESENCE, "sourcedId", "A")),
        ({"orgs": [USER["orgs"][0] | {"href": "/orgs/a b"}]}, Breach(Aspect.URI, "orgs[].href", "A")),
        ({"orgs": [USER["orgs"][0] | {"href": "/orgs/100%"}]}, Breach(Aspect.URI, "orgs[].href", "A")),
        ({"orgs": [USER["orgs"][0] | {"href": ""}]}, Breach(Aspect.URI, "orgs[].href", "A")),
        ({"grades": "05,06"}, Breach(Aspect.TYPE, "grades", "A")),
        ({"grades": [5]}, Breach(Aspect.TYPE, "grades[]", "A")),
        ({"username": 5}, Breach(Aspect.TYPE, "username", "A")),
        ({"orgs": [{"href": "x", "sourcedId": "o-1"}]}, Breach(Aspect.PRESENCE, "orgs[].type", "A")),
        ({"orgs": ["o-1"]}, Breach(Aspect.TYPE, "orgs[]", "A")),
        ({"orgs": USER["orgs"][0]}, Breach(Aspect.TYPE, "orgs", "A")),
        ({"role": "pupil"}, Breach(Aspect.ENUMERATION, "role", "A")),
        ({"role": "ext:pupil"}, Breach(Aspect.ENUMERATION, "role", "B")),
        ({"enabledUser": True}, Breach(Aspect.BOOLEAN, "enabledUser", "B")),
        ({"enabledUser": "True"}, Breach(Aspect.BOOLEAN, "enabledUser", "B")),
        ({"enabledUser": "yes"}, Breach(Aspect.TYPE, "enabledUser", "A")),
        ({"enabledUser": 1}, Breach(Aspect.TYPE, "enabledUser", "A")),
        ({"dateLastModified": "2024-08-01T06:00:00+02:00"}, Breach(Aspect.DATE_TIME, "dateLastModified", "A")),
        ({"dateLastModified": "2024-08-01T06:00:00"}, Breach(Aspect.DATE_TIME, "dateLastModified", "A")),
        ({"dateLastModified": "2024-13-01T06:00:00Z"}, Breach(Aspect.DATE_TIME, "dateLastModified", "A")),
        ({"metadata": "none"}, Breach(Aspect.TYPE, "metadata", "A")),
    ],
)
def test_each_aspect_has_its_own_breach(changed: dict[str, Any], breach: Breach) -> None:
    assert found("User", USER | changed) == [breach]


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
    assert found("AcademicSession", session) == [Breach(Aspect.DATE, "startDate", "A")]


def test_a_dialect_writes_booleans_its_own_way() -> None:
    assert found("User", USER | {"enabledUser": True}, booleans="json") == []
    assert found("User", USER, booleans="json") == [Breach(Aspect.BOOLEAN, "enabledUser", "B")]


def test_a_property_of_another_dialect_is_a_vendor_s_own() -> None:
    category = {**{name: USER[name] for name in ("sourcedId", "status", "dateLastModified")}, "title": "Tests"}
    assert found("Category", category | {"weight": "heavy"}) == []
    assert [breach.pointer for breach in breaches("Category", category | {"weight": "heavy"}, facts_of("kimono"))] == [
        "weight"
    ]
