"""What deviates and still has one meaning is read; what has none costs neither the page nor the record."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from oneroster_v1p1 import (
    DecodeError,
    MissingFieldError,
    OneRosterError,
    UnreadableFieldError,
    models,
    specification,
)
from oneroster_v1p1.models import (
    Category,
    Enrollment,
    EnrollmentRole,
    GUIDRef,
    LineItem,
    Org,
    OrgPage,
    Resource,
    Result,
    RoleType,
    SingleDemographics,
    SingleOrg,
    StatusInfo,
    User,
)

AUGUST = datetime(2024, 8, 1, 6, tzinfo=UTC)
BASE = {"sourcedId": "x-1", "status": "active", "dateLastModified": "2024-08-01T06:00:00.000Z"}


def reference(kind: str, sourced_id: str = "r-1") -> dict[str, Any]:
    return {"href": f"https://sis.example/{kind}s/{sourced_id}", "sourcedId": sourced_id, "type": kind}


USER = BASE | {
    "username": "kl",
    "enabledUser": "true",
    "givenName": "Kim",
    "familyName": "Lund",
    "role": "student",
    "orgs": [reference("org")],
}
ENROLLMENT = BASE | {
    "user": reference("user"),
    "class": reference("class"),
    "school": reference("org"),
    "role": "student",
}
RESULT = BASE | {
    "lineItem": reference("lineItem"),
    "student": reference("user"),
    "scoreStatus": "fully graded",
    "score": 1,
    "scoreDate": "2024-08-31",
}
LINE_ITEM = BASE | {
    "title": "Essay",
    "assignDate": "2024-08-01T06:00:00.000Z",
    "dueDate": "2024-08-02T06:00:00.000Z",
    "class": reference("class"),
    "category": reference("category"),
    "gradingPeriod": reference("gradingPeriod"),
    "resultValueMin": 0,
    "resultValueMax": 10,
}
ORG = BASE | {"name": "North", "type": "school"}
COLLECTIONS = [name for name, element in specification().elements.items() if element.collection]
CATEGORY = BASE | {"title": "Homework"}

READ = [
    # wire name, what came, what the attribute is, and what is written
    (User, USER, "enabledUser", "true", True, "true"),
    (User, USER, "enabledUser", "False", False, "false"),
    (User, USER, "enabledUser", " TRUE ", True, "true"),
    (User, USER, "enabledUser", False, False, "false"),
    (Enrollment, ENROLLMENT, "primary", True, True, "true"),
    (Enrollment, ENROLLMENT, "primary", "", None, None),
    (Enrollment, ENROLLMENT, "primary", None, None, None),
    (Enrollment, ENROLLMENT, "beginDate", "2024-02-29", date(2024, 2, 29), "2024-02-29"),
    (Enrollment, ENROLLMENT, "beginDate", "", None, None),
    (Enrollment, ENROLLMENT, "role", "observer", "observer", "observer"),
    (Enrollment, ENROLLMENT, "role", "teacher", EnrollmentRole.TEACHER, "teacher"),
    (User, USER, "dateLastModified", "2024-08-01T06:00:00Z", AUGUST, "2024-08-01T06:00:00.000Z"),
    (User, USER, "dateLastModified", "2024-08-01t06:00:00z", AUGUST, "2024-08-01T06:00:00.000Z"),
    (User, USER, "dateLastModified", "2024-08-01T06:00:00", AUGUST, "2024-08-01T06:00:00.000Z"),
    (User, USER, "dateLastModified", "2024-08-01T08:00:00+02:00", AUGUST, "2024-08-01T06:00:00.000Z"),
    (User, USER, "dateLastModified", "2024-08-01 06:00", AUGUST, "2024-08-01T06:00:00.000Z"),
    (User, USER, "dateLastModified", "2024-08-01", AUGUST - timedelta(hours=6), "2024-08-01T00:00:00.000Z"),
    (
        User,
        USER,
        "dateLastModified",
        "2024-08-01T06:00:00.1234567Z",
        AUGUST + timedelta(microseconds=123456),
        "2024-08-01T06:00:00.123456Z",
    ),
    (User, USER, "middleName", "", None, None),
    (User, USER, "middleName", None, None, None),
    (User, USER, "givenName", "", "", ""),
    (User, USER, "identifier", 4711, "4711", "4711"),
    (User, USER, "grades", "05", ["05"], ["05"]),
    (User, USER, "grades", ["05", 6], ["05", "6"], ["05", "6"]),
    (User, USER, "grades", "", None, None),
    (User, USER, "grades", [], [], []),
    (User, USER, "role", "guardian", RoleType.GUARDIAN, "guardian"),
    (Resource, BASE | {"vendorResourceId": "v"}, "roles", ["aide", "cook"], [RoleType.AIDE, "cook"], ["aide", "cook"]),
    (Resource, BASE | {"vendorResourceId": "v"}, "roles", "aide", [RoleType.AIDE], ["aide"]),
    (Result, RESULT, "score", 17.5, 17.5, 17.5),
    (Result, RESULT, "score", 17, 17, 17),
    (Result, RESULT, "score", "17.5", 17.5, 17.5),
    (Result, RESULT, "score", "-3", -3, -3),
    (LineItem, LINE_ITEM, "resultValueMax", 0, 0, 0),
    (Category, CATEGORY, "weight", 0.25, 0.25, 0.25),
    (Org, ORG, "metadata", {"a": [None, {"b": "true"}]}, {"a": [None, {"b": "true"}]}, {"a": [None, {"b": "true"}]}),
]


@pytest.mark.parametrize(("model", "regular", "name", "came", "expected", "written"), READ)
def test_a_deviation_with_one_meaning_is_read(
    model: Any, regular: dict[str, Any], name: str, came: object, expected: object, written: object
) -> None:
    record = model.from_dict(regular | {name: came})
    field = next(field for field in model.FIELDS if field.name == name)
    found = getattr(record, field.attribute)
    assert found == expected
    assert type(found) is type(expected)
    assert record.to_dict().get(name) == written
    assert record.problems() == []
    assert model.from_dict(record.to_dict()) == record


EMPTY_REFERENCES: list[Any] = [
    {},
    [],
    {"sourcedId": None},
    {"sourcedId": ""},
    {"type": "org"},
    {"href": "", "sourcedId": "", "type": "org"},
    {"href": None, "sourcedId": None, "type": None},
]


@pytest.mark.parametrize("came", EMPTY_REFERENCES, ids=str)
@pytest.mark.parametrize("element", COLLECTIONS)
def test_b10_a_reference_that_leads_nowhere_is_none_at_every_place(element: str, came: Any) -> None:
    model = getattr(models, element)
    for field in model.FIELDS:
        if field.kind == "reference":
            record = model.from_dict(BASE | {field.name: came})
            if field.required:
                with pytest.raises(MissingFieldError, match=field.name):
                    getattr(record, field.attribute)
            else:
                assert getattr(record, field.attribute) is None
                assert field.name not in {problem.field for problem in record.problems()}
        elif field.kind == "references":
            listed = [reference("org", "o-1"), came, None]
            assert [
                one.sourced_id for one in getattr(model.from_dict(BASE | {field.name: listed}), field.attribute)
            ] == ["o-1"]
            assert getattr(model.from_dict(BASE | {field.name: came}), field.attribute) == []


def test_b10_a_reference_that_says_something_else_than_an_id_is_kept() -> None:
    record = Org.from_dict(ORG | {"parent": {"href": "https://sis.example/orgs/o-1"}})
    assert record.parent is not None
    with pytest.raises(MissingFieldError):
        record.parent.sourced_id  # noqa: B018  # reading raises


def test_one_object_where_references_are_expected_is_a_list_of_one() -> None:
    user = User.from_dict(USER | {"orgs": reference("org", "o-1")})
    assert [org.sourced_id for org in user.orgs] == ["o-1"]


UNREADABLE = [
    (User, USER, "dateLastModified", "yesterday"),
    (User, USER, "dateLastModified", ""),
    (User, USER, "dateLastModified", "2024-08-01T06:00:00.000Z and more"),
    (User, USER, "dateLastModified", "2024-08-01T06:00:00 Z"),
    (User, USER, "dateLastModified", "2024-02-30T06:00:00.000Z"),
    (User, USER, "dateLastModified", "0001-01-01T00:00:00+14:00"),
    (User, USER, "dateLastModified", "2024-W31-4"),
    (User, USER, "dateLastModified", 1722492000),
    (Enrollment, ENROLLMENT, "beginDate", "20240801"),
    (Enrollment, ENROLLMENT, "beginDate", "2024-W31-4"),
    (Enrollment, ENROLLMENT, "beginDate", "2024-08-01T00:00:00Z"),
    (Enrollment, ENROLLMENT, "beginDate", "01.08.2024"),
    (Enrollment, ENROLLMENT, "primary", "yes"),
    (Enrollment, ENROLLMENT, "primary", 1),
    (Enrollment, ENROLLMENT, "primary", 0.0),
    (Enrollment, ENROLLMENT, "class", "c-1"),
    (Enrollment, ENROLLMENT, "class", [reference("class")] * 2),
    (User, USER, "role", {"name": "student"}),
    (User, USER, "role", ""),
    (User, USER, "givenName", ["Kim"]),
    (User, USER, "givenName", 1.5),
    (User, USER, "givenName", True),
    (User, USER, "grades", ["05", {"grade": 6}]),
    (User, USER, "grades", ["05", None]),
    (User, USER, "grades", True),
    (User, USER, "orgs", [reference("org"), "o-2"]),
    (User, USER, "userIds", ["LDAP"]),
    (Org, ORG, "metadata", "text"),
    (Result, RESULT, "score", "A+"),
    (Result, RESULT, "score", "NaN"),
    (Result, RESULT, "score", float("inf")),
    (Result, RESULT, "score", True),
]


@pytest.mark.parametrize(("model", "regular", "name", "came"), UNREADABLE)
def test_a_field_without_a_meaning_is_kept_aside(model: Any, regular: dict[str, Any], name: str, came: object) -> None:
    record = model.from_dict(regular | {name: came})
    field = next(field for field in model.FIELDS if field.name == name)
    with pytest.raises(UnreadableFieldError) as caught:
        getattr(record, field.attribute)
    assert (caught.value.model, caught.value.sourced_id, caught.value.field) == (model.__name__, "x-1", name)
    assert isinstance(caught.value, AttributeError)
    assert isinstance(caught.value, OneRosterError)
    assert [tuple(problem) for problem in record.problems()] == [(name, "unreadable")]
    assert record.to_dict()[name] == came
    rest = {key: value for key, value in regular.items() if key != name}
    assert {key: value for key, value in record.to_dict().items() if key != name} == rest


@pytest.mark.parametrize("absent", [{}, {"name": None}])
def test_a_required_field_that_is_missing_costs_nothing_but_itself(absent: dict[str, Any]) -> None:
    org = Org.from_dict({"sourcedId": "o-1", "type": "school"} | absent)
    assert org.type_ == "school"
    assert org.identifier is None
    with pytest.raises(MissingFieldError, match="Org 'o-1': name is missing"):
        _ = org.name
    assert not hasattr(org, "name")
    assert org.to_dict() == {"sourcedId": "o-1", "type": "school"}
    assert [tuple(problem) for problem in org.problems()] == [
        ("status", "missing"),
        ("dateLastModified", "missing"),
        ("name", "missing"),
    ]


def test_problems_of_records_inside_are_found_by_their_place() -> None:
    page = OrgPage.from_dict({"orgs": [ORG | {"children": [{"sourcedId": "o-2", "href": 1.5}]}]})
    assert [tuple(problem) for problem in page.problems()] == [
        ("orgs[0].children[0].href", "unreadable"),
        ("orgs[0].children[0].type", "missing"),
    ]


def test_an_unknown_attribute_is_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match="'Org' object has no attribute 'nmae'") as caught:
        _ = Org.from_dict(ORG).nmae  # type: ignore[attr-defined]  # misspelt on purpose
    assert not isinstance(caught.value, OneRosterError)


def test_unknown_properties_are_kept_and_written_back() -> None:
    extras = {"ext_x": 1, "additional_properties": {"a": 1}, "sourced_id": "no", "_odd": 1, "cls": None}
    org = Org.from_dict(ORG | extras)
    assert org.sourced_id == "x-1"
    assert org.additional_properties == extras
    assert org.to_dict() == ORG | extras


def test_a_record_shares_nothing_with_what_it_is_read_from_or_written_to() -> None:
    source = ORG | {"metadata": {"a": [1]}, "extra": {"b": [2]}, "parent": "odd", "children": ["odd"]}
    org = Org.from_dict(source)
    source["metadata"]["a"].append(3)
    source["extra"]["b"].append(3)
    source["children"].append(3)
    written = org.to_dict()
    written["metadata"]["a"].append(4)
    written["extra"]["b"].append(4)
    written["children"].append(4)
    assert org.to_dict() == ORG | {"metadata": {"a": [1]}, "extra": {"b": [2]}, "parent": "odd", "children": ["odd"]}


PAGES = [
    {"orgs": [ORG]},
    {"schools": [ORG]},
    {"schools": [ORG], "statusInfoSet": [], "total": 1},
    {"schools": [ORG], "errors": [], "warnings": []},
    {"orgs": ORG},
    [ORG],
]


@pytest.mark.parametrize("body", PAGES)
def test_a_page_is_found_under_any_wrapper(body: Any) -> None:
    from oneroster_v1p1.models import org_page

    assert [org.to_dict() for org in org_page.decode(body).orgs] == [ORG]


def test_null_for_a_list_is_an_empty_page() -> None:
    assert OrgPage.from_dict({"orgs": None}).orgs == []


@pytest.mark.parametrize(
    "body", [{"org": ORG}, {"school": ORG}, {"school": ORG, "imsx_codeMinor": {}, "count": 1}, {"org": [ORG]}, ORG]
)
def test_a_single_record_is_found_under_any_wrapper(body: dict[str, Any]) -> None:
    assert SingleOrg.from_dict(body).org.to_dict() == ORG


def test_both_wrappers_of_single_demographics_are_read() -> None:
    for wrapper in ("demographics", "demographic"):
        assert SingleDemographics.from_dict({wrapper: BASE | {"sex": "male"}}).demographics.sex == "male"


def test_a_bare_record_is_not_mistaken_for_its_parent() -> None:
    bare = ORG | {"parent": reference("org", "district")}
    assert SingleOrg.from_dict(bare).org.sourced_id == "x-1"


HOPELESS = [
    ({"orgs": [ORG, None]}, r"orgs\[1\] is not a JSON object but null"),
    ({"orgs": ["o-1"]}, r"orgs\[0\] is not a JSON object but a string"),
    ({"orgs": "none"}, "orgs is not an array but a string"),
    ({}, "there is no orgs in it"),
    ({"statusInfoSet": [{"imsx_codeMajor": "failure"}]}, "there is no orgs in it"),
    ({"schools": [ORG], "others": [ORG]}, "there is no orgs in it"),
]


@pytest.mark.parametrize(("body", "message"), HOPELESS)
def test_a_page_that_would_lose_rows_is_refused(body: dict[str, Any], message: str) -> None:
    with pytest.raises(DecodeError, match=message):
        OrgPage.from_dict(body)


def test_only_an_object_is_read_as_a_record() -> None:
    for wrong in ("text", [ORG], None, 1):
        with pytest.raises(DecodeError, match="Org is read from a JSON object"):
            Org.from_dict(wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_a_reference_keeps_what_it_says() -> None:
    parent = GUIDRef.from_dict({"href": "~/orgs/1", "sourcedId": "o-1", "type": "organisation"})
    assert (parent.href, parent.type_) == ("~/orgs/1", "organisation")


def test_a_list_of_operations_in_a_status_is_unreadable_and_kept() -> None:
    status = StatusInfo.from_dict({"imsx_codeMajor": "failure", "imsx_operationRefIdentifier": ["a", "b"]})
    assert status.to_dict() == {"imsx_codeMajor": "failure", "imsx_operationRefIdentifier": ["a", "b"]}
