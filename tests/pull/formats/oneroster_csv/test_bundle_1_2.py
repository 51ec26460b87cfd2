"""Bundles of OneRoster 1.2: valid by the tables of the standard, and read back as the roster that was written."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from oneroster.inspection.diff import diff_rosters
from oneroster.inspection.statistics import compute_statistics
from oneroster.pull import open_destination, pull
from oneroster.pull.errors import DestinationError
from oneroster.pull.formats import FORMATS
from oneroster.pull.formats.oneroster_csv.comparable import as_in_a_bundle, is_in_bundles
from oneroster.pull.formats.oneroster_csv.csv_file import parse_file
from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS
from oneroster.pull.formats.oneroster_csv.file_rows import FileRows
from oneroster.pull.formats.oneroster_csv.nested_values import NestedValues
from oneroster.pull.report import PullReport
from oneroster.pull.roster.columns import schema_of
from oneroster.pull.roster.manifest import CHANGES_ONLY, WHOLE_ROSTER, Manifest
from oneroster.pull.roster.roster_protocol import MemoryRoster
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from oneroster.v1p2 import OneRoster
from tests.pull.formats.oneroster_csv.standard_tables import (
    FILES_1_2,
    MANIFEST_ORDER_1_2,
    assert_valid,
    header,
    strict,
)

STANDARD = Standard.of("1.2")
CSV = FORMATS["csv"]
HEAD = {"status": "active", "dateLastModified": datetime(2026, 1, 1, tzinfo=UTC)}
ORGS = [{"sourcedId": "s", **HEAD, "name": "School", "type": "school"}]
TERMS = [{"sourcedId": "t", **HEAD, "title": "Term", "type": "term", "schoolYear": "2026"}]
TERMS[0] |= {"startDate": date(2025, 8, 1), "endDate": date(2026, 6, 1)}
COURSES = [{"sourcedId": "co", **HEAD, "title": "Course", "courseCode": "C", "orgSourcedId": "s"}]
CLASSES = [{"sourcedId": "c", **HEAD, "title": "Class", "classType": "homeroom", "courseSourcedId": "co"}]
CLASSES[0] |= {"schoolSourcedId": "s", "termSourcedIds": ["t"]}
CATEGORIES = [{"sourcedId": "ca", **HEAD, "title": "Category"}]
SCALE = {"sourcedId": "sc", **HEAD, "title": "Letters", "type": "letter", "classSourcedId": "c"}
SCALE |= {"scoreScaleValue": [{"itemValueLHS": "90-100", "itemValueRHS": "A"}]}
ITEM = {"sourcedId": "li", **HEAD, "title": "Item", "classSourcedId": "c", "categorySourcedId": "ca"}
ITEM |= {"assignDate": HEAD["dateLastModified"], "dueDate": HEAD["dateLastModified"], "schoolSourcedId": "s"}


def role(org: str = "s", **more: Any) -> dict[str, Any]:
    return {"roleType": "primary", "role": "student", "orgSourcedId": org, **more}


def user(sourced_id: str = "u", **more: Any) -> dict[str, Any]:
    names = {"username": "kim", "givenName": "Kim", "familyName": "Lund"}
    return {"sourcedId": sourced_id, **HEAD, "enabledUser": True, **names, "roles": [role()], **more}


def roster(kind: str = WHOLE_ROSTER, **tables: list[dict[str, Any]]) -> MemoryRoster:
    made = {
        element: pa.Table.from_pylist(rows, schema=schema_of(STANDARD.specification, element))
        for element, rows in tables.items()
    }
    return MemoryRoster(Manifest(kind=kind, standard="1.2"), made)


def written(folder: Path, made: MemoryRoster) -> tuple[Path, Any]:
    return folder / "b", CSV.write(folder / "b", made)


def read_back(folder: Path, element: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = open_destination(folder).read(element).read_all().to_pylist()
    return found


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, PullReport]]:
    folder = tmp_path_factory.mktemp("pulled")
    with (
        Sandbox("small", standard=STANDARD) as tenant,
        OneRoster(base_url=tenant.base_url, token=tenant.token) as client,
    ):
        pull(client, folder / "r.parquet")
        yield folder, pull(client, folder / "r.csv")


def test_a_pulled_bundle_is_valid_and_says_what_has_no_file(pulled: tuple[Path, PullReport]) -> None:
    folder, report = pulled
    assert_valid(folder / "r.csv", version="1.2")
    rows = {file.name: len(strict(file, "1.2")) for file in (folder / "r.csv").glob("*.csv") if file.stem != "manifest"}
    assert {name: number for name, number in report.written.items() if number} == rows
    assert rows.keys() >= {"roles.csv", "userProfiles.csv", "scoreScales.csv", "resultScoreScales.csv"}
    assert any("assessmentResults" in note and "no file" in note for note in report.notes)


def test_a_pulled_bundle_is_read_as_the_roster(pulled: tuple[Path, PullReport]) -> None:
    folder, _ = pulled
    bundle, whole = open_destination(folder / "r.csv"), open_destination(folder / "r.parquet")
    assert set(whole.elements()) - set(bundle.elements()) == {"AssessmentLineItem", "AssessmentResult"}
    not_in_csv = {
        "assignDate",
        "dueDate",
        "academicSessionSourcedId",
        "agentSourcedIds",
        "resourceSourcedIds",
        "comment",
    }
    for element in bundle.elements():
        known = {row["sourcedId"]: row for row in whole.read(element).read_all().to_pylist()}
        for row in bundle.read(element).read_all().to_pylist():
            wanted = {"classType": "scheduled"} | {k: v for k, v in known[row["sourcedId"]].items() if v}
            for name in row.keys() - not_in_csv:
                assert _without_ids(row[name]) == _without_ids(wanted.get(name)), (element, name)


def test_diff_and_stats_read_a_bundle_as_the_roster_that_was_pulled(pulled: tuple[Path, PullReport]) -> None:
    bundle, whole = (open_destination(pulled[0] / name) for name in ("r.csv", "r.parquet"))
    found = {each.collection: each.fields for each in diff_rosters(bundle, whole, 1)}
    assert {name: fields for name, fields in found.items() if fields} == {
        "classes": {"classType": 3},
        "courses": {"resourceSourcedIds": 2},
        "results": {"comment": 2},
        "users": {"agentSourcedIds": 2},
    }
    assert "assessmentResults" not in found
    assert "scoreScales" in found
    view = as_in_a_bundle(whole)
    assert {row["sourcedId"] for row in view.read("User").read_all().to_pylist()}
    assert is_in_bundles("1.2", "ScoreScale")
    assert not is_in_bundles("1.2", "AssessmentResult")
    one, other = (compute_statistics(each, 1) for each in (bundle, whole))
    assert one.roles == other.roles
    assert one.schools == other.schools
    assert one.roles["student"] > 10
    assert sum(school.students for school in one.schools) >= one.roles["student"]
    assert one.grades == other.grades
    assert one.grades


def _without_ids(value: Any) -> Any:
    """A cell without the ids of profiles, which CSV has no column for; empty ones are equal."""
    if isinstance(value, list):
        return [_without_ids(item) for item in value] or None
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if k not in ("profileId", "userProfile")}
    return value or None


def test_the_bindings_are_those_of_the_tables_of_the_standard() -> None:
    files = BINDINGS["1.2"].files
    assert list(files) == MANIFEST_ORDER_1_2
    assert len(files) == 21
    for name, file in files.items():
        assert list(file.header) == header(name, "1.2")
        assert file.required == {
            word[1:].partition(":")[0].partition(">")[0].removesuffix("[]")
            for word in FILES_1_2[name].split()
            if word.startswith("*")
        }


def test_roles_and_profiles_are_rows_of_their_own(tmp_path: Path) -> None:
    profile = {"profileId": "https://p", "profileType": "t", "vendorId": "v"}
    credentials = [{"type": "a", "username": "one"}, {"type": "b", "username": "two"}]
    roles = [role(userProfile="https://p"), role(roleType="secondary", role="ext:librarian"), role("gone")]
    made = roster(
        Org=ORGS,
        User=[
            user(roles=[*roles, roles[0]], userProfiles=[{**profile, "credentials": credentials}]),
            user("v", roles=[role(userProfile="https://unknown")], userProfiles=[{**profile, "credentials": []}]),
        ],
    )
    bundle, result = written(tmp_path, made)
    assert_valid(bundle, version="1.2")
    rows = strict(bundle / "roles.csv", "1.2")
    profiles = strict(bundle / "userProfiles.csv", "1.2")
    assert [row["role"] for row in rows] == ["student", "ext:librarian", "student"]
    assert [row["credentialType"] for row in profiles] == ["a", "b"]
    assert [row["userProfileSourcedId"] for row in rows] == [profiles[0]["sourcedId"], "", ""]
    assert {(reject.collection, reject.sourced_id and reject.field, reject.refers_to) for reject in result.rejects} == {
        ("roles.csv", "orgSourcedId", "gone")
    }
    assert "roles.csv, column userProfileSourcedId: references to rows that are not in the bundle left out: 1." in (
        result.notes
    )
    found = read_back(bundle, "User")[0]
    assert [one["userProfile"] for one in found["roles"]] == [profiles[0]["sourcedId"], None]
    assert [one["credentials"][0]["username"] for one in found["userProfiles"]] == ["one", "two"]


def test_ids_of_parts_are_the_same_in_every_pull_and_differ_where_their_key_does_not(tmp_path: Path) -> None:
    twice = [role(beginDate=date(2025, 8, 1)), role(beginDate=date(2026, 8, 1))]
    made = roster(Org=ORGS, User=[user(roles=twice)])
    ids = [row["sourcedId"] for row in strict(written(tmp_path, made)[0] / "roles.csv", "1.2")]
    assert len(set(ids)) == 2
    (tmp_path / "again").mkdir()
    assert [row["sourcedId"] for row in strict(written(tmp_path / "again", made)[0] / "roles.csv", "1.2")] == ids
    rows = FileRows(BINDINGS["1.2"].files["roles"], made).convert(made.read("User").read_next_batch())
    assert rows.column("sourcedId").to_pylist() == ids


def test_required_columns_that_rest_does_not_have_are_those_of_the_class(tmp_path: Path) -> None:
    other = {**SCALE, "sourcedId": "lost", "classSourcedId": "nowhere"}
    tables: dict[str, Any] = {"Org": ORGS, "AcademicSession": TERMS, "Course": COURSES, "Class": CLASSES}
    bundle, result = written(tmp_path, roster(**tables, ScoreScale=[SCALE, other]))
    assert_valid(bundle, version="1.2")
    (scale,) = strict(bundle / "scoreScales.csv", "1.2")
    assert [scale[name] for name in ("orgSourcedId", "courseSourcedId", "classSourcedId")] == ["s", "co", "c"]
    assert scale["scoreScaleValue"] == "{90-100:A}"
    assert [reject.sourced_id for reject in result.rejects] == ["lost"]
    assert read_back(bundle, "ScoreScale")[0]["scoreScaleValue"] == SCALE["scoreScaleValue"]


def test_a_line_item_has_its_session_or_else_its_grading_period(tmp_path: Path) -> None:
    items = [
        ITEM | {"academicSessionSourcedId": "t", "gradingPeriodSourcedId": "p"},
        ITEM | {"sourcedId": "l2", "gradingPeriodSourcedId": "p"},
        ITEM | {"sourcedId": "l3"},
    ]
    tables: dict[str, Any] = {"Org": ORGS, "AcademicSession": [*TERMS, {**TERMS[0], "sourcedId": "p"}]}
    tables |= {"Course": COURSES, "Class": CLASSES, "Category": CATEGORIES, "LineItem": items}
    bundle, result = written(tmp_path, roster(**tables))
    assert [row["academicSessionSourcedId"] for row in strict(bundle / "lineItems.csv", "1.2")] == ["t", "p"]
    assert [(reject.sourced_id, reject.reason) for reject in result.rejects] == [("l3", "has no value")]


def test_a_weight_is_a_whole_percentage_or_blank(tmp_path: Path) -> None:
    weights = [25.0, 0.25, 101.0, -1.0, None, float("nan")]
    rows = [{**CATEGORIES[0], "sourcedId": str(n), "weight": weight} for n, weight in enumerate(weights)]
    bundle, result = written(tmp_path, roster(Category=rows))
    assert [row["weight"] for row in strict(bundle / "categories.csv", "1.2")] == ["25", "", "", "", "", ""]
    assert any("weight: numbers other than whole ones from 0 to 100 left blank: 4" in note for note in result.notes)


def test_a_delta_has_the_parts_of_changed_records(tmp_path: Path) -> None:
    gone = user("w", status="tobedeleted")
    bundle, _ = written(tmp_path, roster(CHANGES_ONLY, User=[user(), gone]))
    assert_valid(bundle, delta=True, version="1.2")
    found = {row["userSourcedId"]: row["status"] for row in strict(bundle / "roles.csv", "1.2")}
    assert found == {"u": "active", "w": "tobedeleted"}


def test_a_manifest_of_another_version_beside_a_bundle_is_refused(tmp_path: Path) -> None:
    bundle, _ = written(tmp_path, roster(Org=ORGS))
    (tmp_path / "b.manifest.json").write_bytes(Manifest(standard="1.1").to_json())
    with pytest.raises(DestinationError, match=r"is of OneRoster 1\.2, and b\.manifest\.json of 1\.1"):
        open_destination(bundle)


def test_nested_values_are_put_together_by_owner_in_the_order_of_the_file() -> None:
    file = parse_file(
        "1.2", "f", "LineItem", "lineItemSourcedId=sourcedId!", "learningObjectiveSet.learningObjectiveIds"
    )
    kind = schema_of(STANDARD.specification, "LineItem").field("learningObjectiveSet").type
    columns = {
        "sourcedId": [pa.array(["b", "a", "b"]), pa.array(["b"])],
        "learningObjectiveSet.source": [pa.array(["case", "case", "unknown"]), pa.array(["case"])],
        "learningObjectiveSet.learningObjectiveIds": [pa.array(["1", "2", "3"]), pa.array(["4"])],
    }
    assert NestedValues(file.nested, kind, columns).of(pa.array(["a", "x", "b"])).to_pylist() == [
        [{"source": "case", "learningObjectiveIds": ["2"]}],
        None,
        [
            {"source": "case", "learningObjectiveIds": ["1", "4"]},
            {"source": "unknown", "learningObjectiveIds": ["3"]},
        ],
    ]
