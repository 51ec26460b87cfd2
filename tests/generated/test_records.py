"""Records in the hands of a caller: made, changed, compared, shown, and written strictly."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from oneroster_v1p1 import OneRosterError, WriteError, specification
from oneroster_v1p1.models import GUIDRef, Org, OrgPage, Result, RoleType, ScoreStatus, SingleResult, User

WHEN = datetime(2024, 8, 1, 8, tzinfo=timezone(timedelta(hours=2)))


def reference(kind: str) -> GUIDRef:
    return GUIDRef(href=f"https://sis.example/{kind}s/1", sourced_id="1", type_=kind)


def result(**changed: Any) -> Result:
    given: dict[str, Any] = {
        "sourced_id": "r-1",
        "status": "active",
        "date_last_modified": WHEN,
        "line_item": reference("lineItem"),
        "student": reference("user"),
        "score_status": ScoreStatus.FULLY_GRADED,
        "score": 17.5,
        "score_date": date(2024, 8, 1),
    }
    return Result(**given | changed)


WIRE = {
    "sourcedId": "r-1",
    "status": "active",
    "dateLastModified": "2024-08-01T06:00:00.000Z",
    "lineItem": {"href": "https://sis.example/lineItems/1", "sourcedId": "1", "type": "lineItem"},
    "student": {"href": "https://sis.example/users/1", "sourcedId": "1", "type": "user"},
    "scoreStatus": "fully graded",
    "score": 17.5,
    "scoreDate": "2024-08-01",
}


def test_a_record_that_was_made_is_written_as_the_standard_says() -> None:
    assert SingleResult(result=result()).to_wire() == {"result": WIRE}
    assert Result.from_dict(WIRE) == result()


def test_text_of_an_enumeration_stays_text_on_the_wire_whatever_its_type() -> None:
    from enum import Enum

    class Own(str, Enum):  # noqa: UP042 - it prints as Own.FULL, unlike StrEnum
        FULL = "fully graded"

    written = result(score_status=Own.FULL).to_wire()["scoreStatus"]
    assert (written, type(written)) == ("fully graded", str)


WRONG = [
    ("sourced_id", 7, "a str, not int"),
    ("status", None, "a member of its enumeration or a str, not NoneType"),
    ("date_last_modified", "2024-08-01T06:00:00Z", "a datetime.datetime with a time zone, not str"),
    ("date_last_modified", datetime(2024, 8, 1), "a datetime.datetime with a time zone, not datetime"),  # noqa: DTZ001  # as told
    ("score_date", WHEN, "a datetime.date, not datetime"),
    ("score", "17", "a finite int or float, not str"),
    ("score", True, "a finite int or float, not bool"),
    ("score", float("nan"), "a finite int or float, not float"),
    ("line_item", {"sourcedId": "1"}, "a record of its model, not dict"),
    ("metadata", [], "a dict, not list"),
]


@pytest.mark.parametrize(("attribute", "value", "reason"), WRONG)
def test_a_wrong_type_is_refused_when_made_and_when_set(attribute: str, value: object, reason: str) -> None:
    name = Result.BY_ATTRIBUTE[attribute].name
    with pytest.raises(WriteError, match=f"Result.*: {name} must be {reason}"):
        result(**{attribute: value})
    record = result()
    with pytest.raises(WriteError, match=f"Result.*: {name} must be {reason}") as caught:
        setattr(record, attribute, value)
    assert isinstance(caught.value, OneRosterError)
    assert (caught.value.subject, caught.value.field, caught.value.sourced_id) == (
        "Result",
        name,
        None if attribute == "sourced_id" else "r-1",
    ) or attribute == "sourced_id"
    assert record == result()


def test_lists_hold_what_their_field_says() -> None:
    user: dict[str, Any] = {
        "sourced_id": "u", "status": "active", "date_last_modified": WHEN, "username": "k", "enabled_user": True,
        "given_name": "K", "family_name": "L", "role": RoleType.STUDENT, "orgs": [reference("org")],
    }  # fmt: skip
    for wrong in ({"orgs": reference("org")}, {"orgs": [None]}, {"grades": "05"}, {"grades": [5]}, {"user_ids": [{}]}):
        with pytest.raises(WriteError):
            User(**user | wrong)
    made = User(**user, grades=["05"])
    assert made.grades is not None
    made.grades.append(6)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(WriteError, match="User 'u': grades must be a list of str, not list"):
        made.to_wire()


REFUSED = [
    (WIRE | {"score": "A+"}, "score could not be read; set it before sending"),
    (WIRE | {"comment": ["odd"]}, "comment could not be read; set it before sending"),
    ({key: value for key, value in WIRE.items() if key != "student"}, "student is required and missing"),
    (WIRE | {"scoreStatus": "lost"}, "scoreStatus has a value that ScoreStatus does not list"),
    (WIRE | {"status": "inactive"}, "status has a value that StatusType does not list"),
    (WIRE | {"student": {"sourcedId": "1"}}, "student.href is required and missing"),
    (WIRE | {"student": {"href": "x", "sourcedId": "1", "type": "child"}}, "student.type has a value that GUIDType"),
]


@pytest.mark.parametrize(("source", "reason"), REFUSED)
def test_writing_refuses_what_reading_tolerated(source: dict[str, Any], reason: str) -> None:
    record = Result.from_dict(source)
    with pytest.raises(WriteError, match=f"^Result 'r-1': {reason}"):
        record.to_wire()
    with pytest.raises(WriteError, match=f"^SingleResult: result.{reason}"):
        SingleResult(result=record).to_wire()
    assert record.to_dict() == source


def test_an_unreadable_field_can_be_set_and_then_written() -> None:
    record = Result.from_dict(WIRE | {"score": "A+"})
    record.score = 17.5
    assert record.problems() == []
    assert record.to_wire() == WIRE
    assert record == Result.from_dict(WIRE)


def test_additional_properties_are_written_and_cannot_shadow_documented_ones() -> None:
    assert result(additional_properties={"ext": [1]}).to_wire() == WIRE | {"ext": [1]}
    for wrong in ({"score": 1}, {"comment": "x"}, {1: 2}):
        with pytest.raises(WriteError, match="additional_properties may contain names that the document does not have"):
            result(additional_properties=wrong).to_wire()
    assert result(additional_properties={"score": 1}).to_dict() == WIRE


def test_metadata_that_json_cannot_say_is_refused() -> None:
    for wrong in ({"a": float("nan")}, {"a": {1: 2}}, {"a": [object()]}):
        with pytest.raises(WriteError, match="metadata contains something that JSON cannot represent"):
            result(metadata=wrong).to_wire()
        with pytest.raises(WriteError, match="additional_properties contain something that JSON cannot represent"):
            result(additional_properties=wrong).to_wire()


def test_records_differ_by_class_field_extra_and_odd_value() -> None:
    org = {"sourcedId": "o", "status": "active", "dateLastModified": "2024-08-01T06:00:00.000Z", "name": "N"}
    assert Org.from_dict(org | {"type": "school"}) == Org.from_dict(org | {"type": "school"})
    assert Org.from_dict(org | {"type": "school"}) != Org.from_dict(org | {"type": "state"})
    assert Org.from_dict(org | {"type": 1}) != Org.from_dict(org | {"type": 2})
    assert Org.from_dict(org | {"type": 1}) != Org.from_dict(org)
    assert Org.from_dict(org) != Org.from_dict(org | {"x": 1})
    assert Org.from_dict(org) != org
    with pytest.raises(TypeError, match="unhashable"):
        hash(Org.from_dict(org))


def test_a_repr_shows_scalars_that_are_nobodys() -> None:
    org = Org.from_dict(
        {
            "sourcedId": "o", "status": "active", "dateLastModified": "2024-08-01T06:00:00.000Z", "name": "North",
            "type": "school", "identifier": ["odd"], "metadata": {"hidden": 1}, "hidden": 1,
        }
    )  # fmt: skip
    expected = (
        "sourced_id='o', status='active', date_last_modified='2024-08-01T06:00:00.000Z', name='North', type_='school'"
    )
    assert repr(org) == f"Org({expected})"
    assert repr(OrgPage(orgs=[org])) == "OrgPage()"


@pytest.mark.parametrize("name", specification().elements)
def test_models_have_the_fields_of_the_elements(name: str) -> None:
    from oneroster_v1p1 import models

    element = specification().elements[name]
    fields = getattr(models, name).FIELDS
    assert [(field.name, field.attribute, field.kind, field.required) for field in fields] == [
        (found.name, found.attribute, found.kind, found.required) for found in element.properties.values()
    ]
    assert [field.personal for field in fields] == [
        found.personal or found.secret for found in element.properties.values()
    ]
