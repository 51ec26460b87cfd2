"""The rules of the mappings, record by record (7.2 and 7.3 of the sheet of 1.2)."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from oneroster.pull.conversion.converted_roster import ConvertedRoster, FormCounts
from oneroster.pull.conversion.mappings import MAPPINGS
from oneroster.pull.conversion.rules import ElementMapping
from oneroster.pull.roster.columns import columns_of, schema_of
from oneroster.pull.roster.lookups import Lookups
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.roster_protocol import MemoryRoster
from oneroster.standard import Standard

HEAD = {"status": "active", "dateLastModified": datetime(2026, 1, 1, tzinfo=UTC)}
ORGS = [{"sourcedId": kind, **HEAD, "name": kind, "type": kind} for kind in ("school", "district", "local", "state")]


def roster(version: str, **tables: list[dict[str, Any]]) -> MemoryRoster:
    specification = Standard.of(version).specification
    made = {
        element: pa.Table.from_pylist([{**HEAD, **row} for row in rows], schema=schema_of(specification, element))
        for element, rows in tables.items()
    }
    return MemoryRoster(Manifest(standard=version), made)


def converted(version: str, element: str, **tables: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], FormCounts]:
    found = ConvertedRoster(roster(version, **tables), {"1.1": "1.2", "1.2": "1.1"}[version])
    return found.read(element).read_all().to_pylist(), found.counts()


def role(role: str, org: str = "school", kind: str = "primary", **more: Any) -> dict[str, Any]:
    return {"roleType": kind, "role": role, "orgSourcedId": org, **more}


def test_mappings_name_columns_that_there_are() -> None:
    for (one, two), mapping in MAPPINGS.items():
        for element, found in mapping.elements.items():
            own, other = ({each.name for each in columns_of(Standard.of(v).specification, element)} for v in (one, two))
            assert found.columns.keys() | found.needed <= other
            assert found.implied.keys() <= own - other
            assert {name for rule in found.columns.values() for name in rule.reads} <= own


def test_columns_of_one_name_have_one_type_in_both_versions() -> None:
    one, two = (Standard.of(version).specification for version in ("1.1", "1.2"))
    for element, known in one.elements.items():
        if known.collection is not None:
            others = {each.name: each.type for each in columns_of(two, element)}
            assert all(others.get(each.name, each.type) == each.type for each in columns_of(one, element)), element


@pytest.mark.parametrize(
    ("org", "written"),
    [
        ("school", "siteAdministrator"),
        ("district", "districtAdministrator"),
        ("local", "districtAdministrator"),
        ("state", "systemAdministrator"),
    ],
)
def test_an_administrator_is_written_by_the_type_of_the_org(org: str, written: str) -> None:
    user = {"sourcedId": "u", "role": "administrator", "orgSourcedIds": [org]}
    (row,), counts = converted("1.1", "User", Org=ORGS, User=[user])
    assert [each["role"] for each in row["roles"]] == [written]
    assert counts.changed == {("users", "role", f"administrator written as {written}"): 1}


def test_an_administrator_of_an_org_that_is_not_known_is_counted_and_not_guessed() -> None:
    user = {"sourcedId": "u", "role": "administrator", "orgSourcedIds": ["gone", "school"]}
    (row,), counts = converted("1.1", "User", Org=ORGS, User=[user])
    assert [(each["role"], each["orgSourcedId"]) for each in row["roles"]] == [("siteAdministrator", "school")]
    assert counts.without_form()["users"] == {"role": 1}


def test_roles_are_one_for_each_org_and_the_only_org_is_the_primary_one() -> None:
    users = [
        {"sourcedId": "1", "role": "teacher", "orgSourcedIds": ["school", "district"]},
        {"sourcedId": "2", "role": "aide", "orgSourcedIds": ["school"], "userIds": [{"identifier": "x"}]},
        {"sourcedId": "3", "role": "aide", "orgSourcedIds": []},
        {"sourcedId": "4", "role": None, "orgSourcedIds": None},
    ]
    rows, counts = converted("1.1", "User", Org=ORGS, User=users)
    assert [[each["orgSourcedId"] for each in row["roles"] or ()] for row in rows] == [
        ["school", "district"],
        ["school"],
        [],
        [],
    ]
    assert [row["primaryOrgSourcedId"] for row in rows] == [None, "school", None, None]
    assert rows[1]["userIds"] == [{"type": "unknown", "identifier": "x"}]
    assert counts.lost["users", "role"] == 1
    assert counts.missing["users", "roles"] == 2
    assert counts.changed["users", "userIds", "missing type written as unknown"] == 1


@pytest.mark.parametrize(
    ("roles", "primary", "wanted", "lost"),
    [
        ([role("teacher"), role("principal", "district")], "district", ("administrator", ["district", "school"]), 1),
        ([role("teacher"), role("principal", "district")], None, ("teacher", ["school", "district"]), 1),
        ([role("counselor")], None, ("aide", ["school"]), 0),
        ([role("aide", kind="secondary"), role("student")], None, ("student", ["school"]), 1),
        ([role("aide", kind="secondary")], None, (None, ["school"]), 1),
        ([role("ext:coach"), role("student", "district")], "school", ("student", ["school", "district"]), 1),
        ([role("student", userProfile="https://p")], "gone", ("student", ["school"]), 1),
        ([role("student"), role("student", "district")], None, ("student", ["school", "district"]), 0),
    ],
)
def test_the_role_is_that_of_the_primary_org(
    roles: list[dict[str, Any]], primary: str | None, wanted: tuple[str | None, list[str]], lost: int
) -> None:
    user = {"sourcedId": "u", "roles": roles, "primaryOrgSourcedId": primary, "username": "n"}
    (row,), counts = converted("1.2", "User", Org=ORGS, User=[user])
    assert (row["role"], row["orgSourcedIds"]) == wanted
    assert counts.lost["users", "roles"] == lost
    assert counts.lost["users", "primaryOrgSourcedId"] == (primary == "gone")
    assert counts.missing["users", "role"] == (wanted[0] is None)


def test_a_user_of_extended_roles_only_has_no_form() -> None:
    users = [{"sourcedId": "u", "roles": [role("ext:coach")]}, {"sourcedId": "v", "roles": None}]
    rows, counts = converted("1.2", "User", User=users)
    assert [row["sourcedId"] for row in rows] == ["v"]
    assert counts.without_form()["users"]["rows"] == 1
    assert "users: records without a roles that has a form left out" in counts.notes("1.1")[0]


def test_records_that_refer_to_what_is_left_out_are_kept_and_counted() -> None:
    tables = {
        "Org": [{"sourcedId": "school", "type": "school"}, {"sourcedId": "club", "type": "ext:club"}],
        "User": [
            {"sourcedId": "u", "roles": [role("ext:coach")]},
            {"sourcedId": "v", "roles": [role("student"), role("student", "club")], "agentSourcedIds": ["u"]},
        ],
        "Enrollment": [{"sourcedId": f"e-{user}", "userSourcedId": user, "role": "student"} for user in ("u", "v")],
    }
    rows, counts = converted("1.2", "Enrollment", **tables)
    assert [row["userSourcedId"] for row in rows] == ["u", "v"]
    assert counts.dependents == {
        ("users", "agentSourcedIds", "users"): 1,
        ("users", "orgSourcedIds", "orgs"): 1,
        ("enrollments", "userSourcedId", "users"): 1,
    }
    said = (
        "enrollments.userSourcedId: refers to users that are left out, because they have no form in OneRoster 1.1: 1."
    )
    assert said in counts.notes("1.1")
    assert not converted("1.2", "Enrollment", Enrollment=tables["Enrollment"])[1].dependents


def test_a_missing_username_is_that_of_a_credential_and_nothing_is_made_up() -> None:
    profile = {"profileId": "p", "profileType": "t", "vendorId": "v"}
    users = [
        {
            "sourcedId": "1",
            "email": "a@b",
            "userProfiles": [{**profile}, {**profile, "credentials": [{"username": "c"}]}],
        },
        {"sourcedId": "2", "email": "a@b"},
    ]
    rows, counts = converted("1.2", "User", User=users)
    assert [row["username"] for row in rows] == ["c", None]
    assert counts.missing["users", "username"] == 1
    assert counts.changed["users", "username", "missing values taken from userProfiles.credentials.username"] == 1


def test_values_that_only_one_version_lists_are_left_out_or_the_record_is() -> None:
    sessions = [
        {"sourcedId": "a", "type": "ext:quarter"},
        {"sourcedId": "b", "type": "term"},
        {"sourcedId": "c", "type": "Term of its own"},
    ]
    rows, counts = converted("1.2", "AcademicSession", AcademicSession=sessions)
    assert [row["sourcedId"] for row in rows] == ["b", "c"]
    assert counts.rows == {("academicSessions", "type"): 1}
    people = [{"sourcedId": "a", "sex": "other"}, {"sourcedId": "b", "sex": "female"}, {"sourcedId": "c", "sex": "F"}]
    rows, counts = converted("1.2", "Demographics", Demographics=people)
    assert [row["sex"] for row in rows] == [None, "female", "F"]
    assert counts.without_form() == {"demographics": {"sex": 1}}
    resources = [{"sourcedId": "r", "vendorResourceId": "v", "roles": ["student", "ext:parrot"]}, {"sourcedId": "s"}]
    rows, counts = converted("1.2", "Resource", Resource=resources)
    assert rows[0]["roles"] in (["student"], ["student", "ext:parrot"])
    assert counts.lost["resources", "roles"] == 2 - len(rows[0]["roles"])


def test_line_items_and_results_take_school_and_class_from_what_they_refer_to() -> None:
    tables: dict[str, Any] = {
        "Class": [{"sourcedId": "c", "schoolSourcedId": "s"}],
        "LineItem": [{"sourcedId": "li", "classSourcedId": "c"}, {"sourcedId": "l2", "classSourcedId": "gone"}],
        "Result": [{"sourcedId": "r", "lineItemSourcedId": "li"}],
    }
    items, counts = converted("1.1", "LineItem", **tables)
    assert [row["schoolSourcedId"] for row in items] == ["s", None]
    assert counts.missing["lineItems", "schoolSourcedId"] == 1
    assert [row["classSourcedId"] for row in converted("1.1", "Result", **tables)[0]] == ["c"]


def test_what_is_said_elsewhere_is_not_lost_and_what_differs_is() -> None:
    tables: dict[str, Any] = {
        "Class": [{"sourcedId": "c", "schoolSourcedId": "s"}],
        "LineItem": [
            {"sourcedId": "1", "classSourcedId": "c", "schoolSourcedId": "s", "academicSessionSourcedId": "t"},
            {"sourcedId": "2", "classSourcedId": "c", "schoolSourcedId": "other", "gradingPeriodSourcedId": "g"},
            {"sourcedId": "3", "gradingPeriodSourcedId": "g", "academicSessionSourcedId": "t", "resultValueMin": 1.0},
        ],
    }
    rows, counts = converted("1.2", "LineItem", **tables)
    assert [row["gradingPeriodSourcedId"] for row in rows] == ["t", "g", "g"]
    assert counts.without_form() == {"lineItems": {"academicSessionSourcedId": 1, "schoolSourcedId": 1}}
    assert counts.missing == {("lineItems", "resultValueMin"): 2, ("lineItems", "resultValueMax"): 3}


def test_a_result_without_a_score_has_no_form() -> None:
    results = [{"sourcedId": "a", "score": 1.0}, {"sourcedId": "b", "textScore": "A"}, {"sourcedId": "c", "score": 0.0}]
    rows, counts = converted("1.2", "Result", Result=results)
    assert [row["sourcedId"] for row in rows] == ["a", "c"]
    assert counts.without_form()["results"]["rows"] == 1


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_status_of_1_0_is_written_as_a_deletion(version: str) -> None:
    (row,), _ = converted(version, "Org", Org=[{"sourcedId": "o", "status": "inactive"}])
    assert row["status"] == "tobedeleted"


def test_values_are_looked_up_once_for_all_records() -> None:
    found = Lookups(roster("1.1", Org=ORGS))
    assert found.has("Org", "type")
    assert not found.has("Org", "nothing")
    assert not found.has("Class", "title")
    assert found.values("Org", "type", pa.array(["state", None, "x"])).to_pylist() == ["state", None, None]


def test_a_mapping_is_nothing_by_default() -> None:
    assert ElementMapping() == ElementMapping({}, frozenset(), {})
