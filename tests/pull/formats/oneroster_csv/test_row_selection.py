"""Which rows a bundle gets, what becomes of values for which the binding has no form, and that all of it is counted."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats import FORMATS, WriteResult
from oneroster.pull.roster.roster_protocol import MemoryRoster
from tests.pull.formats.rosters import (
    CATEGORY,
    CLASS,
    COURSE,
    ENROLLMENT,
    LINE_ITEM,
    RESOURCE,
    RESULT,
    WHEN,
    changes,
    roster,
    school,
    small,
    student,
    table,
)


def write(
    folder: Path, made: MemoryRoster, time_zone: str = "UTC"
) -> tuple[dict[str, list[dict[str, str]]], WriteResult]:
    """The rows of each file by its name, and what the writer says."""
    made.manifest = msgspec.structs.replace(made.manifest, time_zone=time_zone)
    written = FORMATS["csv"].write(folder / "bundle", made)
    rows = {}
    for path in (folder / "bundle").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows[path.stem] = list(csv.DictReader(file, strict=True))
    return rows, written


def gone(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"status": "tobedeleted"}


def test_one_of_each_is_written_without_a_word(tmp_path: Path) -> None:
    rows, written = write(tmp_path, roster(*small().values()))
    assert {name: len(found) for name, found in rows.items() if name != "manifest"} == dict.fromkeys(
        [name.removesuffix(".csv") for name in written.rows], 1
    )
    assert len(written.rows) == 11
    assert (written.notes, written.rejects) == ((), ())
    assert all(
        row["status"] == row["dateLastModified"] == "" for name in rows for row in rows[name] if name != "manifest"
    )


def test_in_bulk_deleted_records_are_absent_and_so_is_all_that_needs_them(tmp_path: Path) -> None:
    rows, written = write(tmp_path, roster(*small(Org=[gone(school()), school("d", type="district")]).values()))
    assert set(rows) == {"manifest", "orgs", "academicSessions", "categories", "resources"}
    assert [row["sourcedId"] for row in rows["orgs"]] == ["d"]
    assert {(reject.collection, reject.sourced_id, reject.field, reject.refers_to) for reject in written.rejects} == {
        ("courses.csv", "co", "orgSourcedId", "s"),
        ("classes.csv", "c", "courseSourcedId", "co"),
        ("users.csv", "u", "orgSourcedIds", None),
        ("enrollments.csv", "e", "classSourcedId", "c"),
        ("demographics.csv", "u", "sourcedId", "u"),
        ("lineItems.csv", "li", "classSourcedId", "c"),
        ("results.csv", "r", "lineItemSourcedId", "li"),
    }
    assert "orgs.csv: rows left out, not active: 1." in written.notes


def test_a_reference_that_a_row_can_do_without_is_dropped_and_the_row_stays(tmp_path: Path) -> None:
    made = small(
        Org=[school(parentSourcedId="gone")],
        User=[student("u", agentSourcedIds=["gone", "mother"], orgSourcedIds=["s", "gone"]), student("mother")],
    )
    rows, written = write(tmp_path, roster(*made.values()))
    assert rows["orgs"][0]["parentSourcedId"] == ""
    assert (rows["users"][0]["agentSourcedIds"], rows["users"][0]["orgSourcedIds"]) == ("mother", "s")
    lost = "references to rows that are not in the bundle left out: 1."
    assert set(written.notes) == {
        f"orgs.csv, column parentSourcedId: {lost}",
        f"users.csv, column agentSourcedIds: {lost}",
        f"users.csv, column orgSourcedIds: {lost}",
    }


def test_parents_and_agents_are_found_wherever_they_stand(tmp_path: Path) -> None:
    made = small(
        Org=[school(parentSourcedId="d"), school("d", type="district")],
        User=[student("u", agentSourcedIds=["m"]), student("m", agentSourcedIds=["u"])],
    )
    rows, written = write(tmp_path, roster(*made.values()))
    assert rows["orgs"][0]["parentSourcedId"] == "d"
    assert [row["agentSourcedIds"] for row in rows["users"]] == ["m", "u"]
    assert written.notes == ()


def test_what_was_not_fetched_is_not_missed_but_said(tmp_path: Path) -> None:
    rows, written = write(tmp_path, roster(table("User", student("u")), table("Enrollment", ENROLLMENT)))
    assert [row["classSourcedId"] for row in rows["enrollments"]] == ["c"]
    assert "enrollments.csv: classSourcedId refers to Class records, which were not fetched." in written.notes
    assert written.rejects == ()


@pytest.mark.parametrize(
    ("element", "row", "field", "blank"),
    [
        ("Course", COURSE, "orgSourcedId", None),
        ("Class", CLASS, "termSourcedIds", []),
        ("User", student("u"), "username", ""),
        ("User", student("u"), "username", " \u00a0\t"),
        ("User", student("u"), "orgSourcedIds", ["", " "]),
        ("User", student("u"), "orgSourcedIds", None),
        ("Result", RESULT, "score", None),
        ("Result", RESULT, "score", float("nan")),
        ("LineItem", LINE_ITEM, "dueDate", None),
        ("Resource", RESOURCE, "vendorResourceId", None),
    ],
)
def test_a_row_without_a_required_value_is_left_out(
    element: str, row: dict[str, Any], field: str, blank: object, tmp_path: Path
) -> None:
    bad = row | {"sourcedId": "bad", field: blank}
    _, written = write(tmp_path, roster(*small(**{element: [row, bad]}).values()))
    (reject,) = [reject for reject in written.rejects if reject.sourced_id == "bad"]
    assert (reject.field, reject.reason) == (field, "has no value")
    assert f"{reject.collection}: rows left out, {field} has no value: 1." in written.notes


def test_a_column_that_was_not_fetched_stays_blank_also_where_it_is_required(tmp_path: Path) -> None:
    made = table("User", student("u")).drop_columns(["givenName", "familyName", "email", "status"])
    rows, written = write(tmp_path, roster(made, table("Org", school())))
    assert [(row["givenName"], row["username"]) for row in rows["users"]] == [("", "name-u")]
    assert (
        "users.csv: givenName, familyName are left blank although required, because they were not fetched."
        in written.notes
    )


def test_two_absent_values_have_a_stand_in(tmp_path: Path) -> None:
    made = small(User=[student("u", enabledUser=None)], Class=[CLASS | {"classType": None}])
    rows, written = write(tmp_path, roster(*made.values()))
    assert (rows["users"][0]["enabledUser"], rows["classes"][0]["classType"]) == ("true", "scheduled")
    assert written.notes == (
        "classes.csv, column classType: missing values written as scheduled: 1.",
        "users.csv, column enabledUser: missing values written as true: 1.",
    )


def test_an_enrollment_in_a_role_that_has_none_is_left_out(tmp_path: Path) -> None:
    guardian = ENROLLMENT | {"sourcedId": "g", "role": "guardian"}
    rows, written = write(tmp_path, roster(*small(Enrollment=[ENROLLMENT, guardian]).values()))
    assert [row["sourcedId"] for row in rows["enrollments"]] == ["e"]
    assert [reject.reason for reject in written.rejects] == ["is not a valid role of an enrollment"]


def test_user_ids_without_a_form_are_left_out(tmp_path: Path) -> None:
    entries = [
        {"type": "LDAP", "identifier": "cn"},
        {"type": "LDAP", "identifier": "cn=a,dc=b"},
        {"type": "a:b", "identifier": "x"},
        {"type": None, "identifier": "x"},
        {"type": "", "identifier": "x"},
        {"type": "x", "identifier": None},
        {"type": "x", "identifier": "a}b\n"},
        {"type": "Fed", "identifier": 'a"b'},
    ]
    made = small(User=[student("u", userIds=entries), student("v", userIds=[]), student("w", userIds=entries[:1])])
    rows, written = write(tmp_path, roster(*made.values()))
    assert [row["userIds"] for row in rows["users"]] == ['{LDAP:cn},{Fed:a"b}', "", "{LDAP:cn}"]
    assert written.notes == ("users.csv, column userIds: user ids that CSV cannot represent left out: 6.",)


def test_lists_lose_commas_line_breaks_and_empty_items(tmp_path: Path) -> None:
    made = small(Class=[CLASS | {"subjects": ["Science, Technology", "", ",", "a\r\nb"], "periods": ["1", "3"]}])
    rows, written = write(tmp_path, roster(*made.values()))
    assert (rows["classes"][0]["subjects"], rows["classes"][0]["periods"]) == ("Science Technology,a b", "1,3")
    assert set(written.notes) == {
        "classes.csv, column subjects: commas removed from list items: 2.",
        "classes.csv, column subjects: empty list items left out: 2.",
        "classes.csv, column subjects: line breaks replaced by spaces: 1.",
    }


def test_an_id_with_a_comma_in_a_list_of_ids_ends_it(tmp_path: Path) -> None:
    made = small(Org=[school("s"), school("a,b")], User=[student("u", orgSourcedIds=["s", "a,b"])])
    with pytest.raises(DestinationError, match="orgSourcedIds of 'u': a sourcedId in the list contains a comma"):
        write(tmp_path, roster(*made.values()))


def test_odd_ids_stay_as_they_are_and_are_counted(tmp_path: Path) -> None:
    made = small(Category=[CATEGORY, CATEGORY | {"sourcedId": 'ä "1", 2'}, CATEGORY | {"sourcedId": "a\nb"}])
    rows, written = write(tmp_path, roster(*made.values()))
    assert [row["sourcedId"] for row in rows["categories"]] == ["ca", 'ä "1", 2']
    assert set(written.notes) == {
        "categories.csv, column sourcedId: ids with characters that CSV does not allow, written unchanged: 1.",
        "categories.csv: rows left out, sourcedId contains a line break: 1.",
    }


def test_what_has_no_column_and_what_is_none_of_the_standards_is_counted(tmp_path: Path) -> None:
    made = small(
        Category=[CATEGORY | {"metadata": "{}", "_extras": "{}", "weight": 1.0}],
        Class=[CLASS | {"classType": "club", "subjects": ["a", "b"], "subjectCodes": ["1"]}],
    )
    rows, written = write(tmp_path, roster(*made.values()))
    assert rows["classes"][0]["classType"] == "club"
    assert set(written.notes) == {
        "categories.csv, column metadata: records with metadata, for which CSV has no column: 1.",
        "categories.csv, column _extras: records with unknown fields, for which CSV has no column: 1.",
        "categories.csv, column weight: weights, for which CSV has no column: 1.",
        "classes.csv, column classType: values that the standard does not list: 1.",
        "classes.csv, column subjectCodes: rows with unequal numbers of subjects and subject codes: 1.",
    }


@pytest.mark.parametrize(
    ("number", "text"),
    [(20.0, "20"), (0.1, "0.1"), (1e21, "1000000000000000000000"), (1.5e-7, "0.00000015"), (-3.25, "-3.25")],
)
def test_numbers_are_plain_decimals(number: float, text: str, tmp_path: Path) -> None:
    rows, _ = write(tmp_path, roster(*small(LineItem=[LINE_ITEM | {"resultValueMax": number}]).values()))
    assert rows["lineItems"][0]["resultValueMax"] == text


@pytest.mark.parametrize(("offset", "day"), [(None, "2026-02-01"), (-480, "2026-01-31"), (60, "2026-02-01")])
def test_the_day_of_a_line_item_is_the_one_that_the_server_wrote(offset: int | None, day: str, tmp_path: Path) -> None:
    item = LINE_ITEM | {"dueDate": datetime(2026, 2, 1, 7, 59, tzinfo=UTC), "dueDateOffset": offset}
    made = small(LineItem=[item])
    rows, _ = write(tmp_path, roster(*made.values()), time_zone="")
    assert rows["lineItems"][0]["dueDate"] == day
    without = made | {"LineItem": made["LineItem"].drop_columns(["dueDateOffset"])}
    (tmp_path / "without").mkdir()
    rows, _ = write(tmp_path / "without", roster(*without.values()))
    assert rows["lineItems"][0]["dueDate"] == "2026-02-01"


def test_resources_of_classes_and_courses_are_rows_with_lasting_ids(tmp_path: Path) -> None:
    made = small(
        Class=[CLASS | {"resourceSourcedIds": ["re", "gone", "re"]}, CLASS | {"sourcedId": "d"}],
        Course=[COURSE | {"resourceSourcedIds": ["re"]}],
    )
    rows, written = write(tmp_path, roster(*made.values()))
    (tied,) = rows["classResources"]
    (other,) = rows["courseResources"]
    assert (tied["title"], tied["classSourcedId"], tied["resourceSourcedId"]) == ("Class", "c", "re")
    assert (other["courseSourcedId"], other["resourceSourcedId"]) == ("co", "re")
    assert tied["sourcedId"].startswith("cr-")
    assert len({tied["sourcedId"], other["sourcedId"]}) == 2
    assert (
        "classResources.csv: rows left out, resourceSourcedId refers to a row that is not in the bundle: 1."
        in written.notes
    )
    (tmp_path / "again").mkdir()
    again, _ = write(tmp_path / "again", roster(*made.values()))
    assert again["classResources"] == rows["classResources"]


def test_resources_that_were_not_fetched_tie_nothing_in_bulk(tmp_path: Path) -> None:
    made = small(Class=[CLASS | {"resourceSourcedIds": ["re"]}])
    del made["Resource"]
    assert "classResources" not in write(tmp_path, roster(*made.values()))[0]
    (tmp_path / "delta").mkdir()
    delta, _ = write(tmp_path / "delta", changes(*made.values()))
    (tied,) = delta["classResources"]
    assert (tied["status"], tied["dateLastModified"]) == ("active", "2026-01-01T00:00:00.000Z")


def test_a_delta_keeps_deletions_with_blanks_and_references_to_what_was_sent_before(tmp_path: Path) -> None:
    deleted = {"sourcedId": "x", "status": "inactive", "dateLastModified": WHEN}
    rows, written = write(tmp_path, changes(table("User", student("u"), deleted), table("Enrollment", ENROLLMENT)))
    assert [(row["sourcedId"], row["status"]) for row in rows["users"]] == [("u", "active"), ("x", "tobedeleted")]
    assert [row["sourcedId"] for row in rows["enrollments"]] == ["e"]
    assert "users.csv, column givenName: required values of deleted records left blank: 1." in written.notes
    assert written.rejects == ()


def test_a_record_without_a_status_is_active(tmp_path: Path) -> None:
    made = small(Category=[CATEGORY | {"status": None}])
    assert len(write(tmp_path, roster(*made.values()))[0]["categories"]) == 1
    (tmp_path / "delta").mkdir()
    assert write(tmp_path / "delta", changes(*made.values()))[0]["categories"][0]["status"] == "active"
