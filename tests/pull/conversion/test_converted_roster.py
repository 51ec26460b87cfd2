"""Rosters in the form of another version: the same district pulled in both, compared table by table, both ways."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from oneroster import OneRoster as OneRoster11
from oneroster.base_client import SyncClient
from oneroster.errors import ConfigurationError
from oneroster.pull import PullOptions, PullReport, open_destination, pull
from oneroster.pull.conversion.converted_roster import ConvertedRoster, check_conversion
from oneroster.pull.dry_run import preview
from oneroster.pull.incremental.update import check_form
from oneroster.pull.plan import RosterSelection, columns_to_fetch
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.roster_protocol import Roster
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from oneroster.v1p2 import OneRoster as OneRoster12
from tests.pull.formats.oneroster_csv.standard_tables import strict

OTHER = {"1.1": "1.2", "1.2": "1.1"}
FILLED = {"identifier", "courseCode"}
"""Properties that only 1.2 requires. The sandbox gives them a value there, and the conversion makes none up."""


@contextmanager
def client_of(version: str) -> Iterator[SyncClient]:
    with Sandbox("small", standard=Standard.of(version)) as tenant:
        client: SyncClient
        with (OneRoster11 if version == "1.1" else OneRoster12)(base_url=tenant.base_url, token=tenant.token) as client:
            yield client


class Pulled(NamedTuple):
    """What was pulled of one version."""

    native: Roster
    bundle: Path
    report: PullReport

    def converted(self) -> Roster:
        """The roster in the form of the other version, with the columns that a pull has."""
        version = OTHER[self.native.manifest.standard]
        specification = Standard.of(version).specification
        return ConvertedRoster(
            self.native, version, lambda element: columns_to_fetch(specification, element, RosterSelection())
        )


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pulled]:
    """The district by version: as it is, and as a bundle in the form of the other version."""
    folder, found = tmp_path_factory.mktemp("pulled"), {}
    for version, other in OTHER.items():
        with client_of(version) as client:
            pull(client, folder / f"{version}.parquet")
            bundle = folder / f"{version}.csv"
            report = pull(client, bundle, PullOptions(as_standard=other))
            found[version] = Pulled(open_destination(folder / f"{version}.parquet"), bundle, report)
    return found


def rows_of(roster: Roster, element: str) -> dict[str, dict[str, Any]]:
    return {row["sourcedId"]: row for row in roster.read(element).read_all().to_pylist()}


def differences(one: Roster, two: Roster) -> Counter[tuple[str, str]]:
    """How many values differ, by element and column; empty ones are equal. The records must be the same."""
    found: Counter[tuple[str, str]] = Counter()
    for element in one.elements():
        assert one.schema(element) == two.schema(element), element
        first, second = rows_of(one, element), rows_of(two, element)
        assert first.keys() == second.keys(), element
        for key, row in first.items():
            found.update(
                (element, name) for name, value in row.items() if (value or None) != (second[key][name] or None)
            )
    return found


def test_a_district_of_1_2_as_1_1_is_the_district_of_1_1(pulled: dict[str, Pulled]) -> None:
    converted, native = pulled["1.2"].converted(), pulled["1.1"].native
    assert converted.elements() == native.elements()
    assert {name for _, name in differences(converted, native)} == FILLED


def test_a_district_of_1_1_as_1_2_lacks_what_1_1_cannot_say(pulled: dict[str, Pulled]) -> None:
    converted, native = pulled["1.1"].converted(), pulled["1.2"].native
    assert set(native.elements()) - set(converted.elements()) == {
        "ScoreScale",
        "AssessmentLineItem",
        "AssessmentResult",
    }
    found = {name for _, name in differences(converted, native)} - FILLED
    assert found == {
        *("userMasterIdentifier", "roles", "userProfiles", "preferredFirstName", "preferredLastName"),
        *("primaryOrgSourcedId", "scoreScaleSourcedId", "learningObjectiveSet", "textScore", "late"),
        *("gradingPeriodSourcedId", "academicSessionSourcedId"),
    }
    for row in rows_of(converted, "User").values():
        assert [role["orgSourcedId"] for role in row["roles"]]
        assert all(role["roleType"] == "primary" for role in row["roles"])


def test_what_has_no_form_is_counted_by_collection(pulled: dict[str, Pulled]) -> None:
    report, native = pulled["1.2"].report, pulled["1.2"].native
    counts = report.without_form
    for element, name in {"ScoreScale": "scoreScales", "AssessmentResult": "assessmentResults"}.items():
        assert counts[name] == {"rows": len(rows_of(native, element))}
    for element, name in {"User": "users", "Result": "results", "LineItem": "lineItems"}.items():
        known = {column: values for column, values in counts[name].items() if column not in ("roles", "rows")}
        rows = rows_of(native, element).values()
        assert known == {column: sum(row[column] not in (None, []) for row in rows) for column in known}
        assert known
    assert "late" in counts["results"]
    assert not any("left_out" in note for note in report.notes)
    assert any("scoreScales" in note and "no form in OneRoster 1.1" in note for note in report.notes)
    assert any("siteAdministrator written as administrator" in note for note in report.notes)
    back = pulled["1.1"].report
    assert back.without_form == {}
    assert any("administrator written as districtAdministrator" in note for note in back.notes)
    assert any("orgs.identifier: missing, although OneRoster 1.2 requires" in note for note in back.notes)


@pytest.mark.parametrize("version", OTHER)
def test_a_converted_bundle_is_one_of_the_other_version(version: str, pulled: dict[str, Pulled]) -> None:
    _, bundle, report = pulled[version]
    files = [path for path in bundle.glob("*.csv") if path.stem != "manifest"]
    assert {path.name: len(strict(path, OTHER[version])) for path in files} == {
        name: rows for name, rows in report.written.items() if rows
    }
    stored = open_destination(bundle).manifest
    assert (stored.standard, stored.converted_from) == (OTHER[version], version)
    assert pulled[version].native.manifest.converted_from == ""


def test_what_1_1_says_survives_1_2_and_back(pulled: dict[str, Pulled]) -> None:
    for one in (pulled["1.1"].native, pulled["1.2"].converted()):
        assert not differences(ConvertedRoster(ConvertedRoster(one, "1.2"), "1.1"), one)


def test_only_wanted_columns_are_converted(pulled: dict[str, Pulled]) -> None:
    narrow = ConvertedRoster(pulled["1.2"].native, "1.1", lambda _: ("sourcedId", "role", "status"))
    assert narrow.schema("User").names == ["sourcedId", "status", "role"]
    assert "pronouns" not in ConvertedRoster(pulled["1.1"].native, "1.2").schema("User").names


def test_a_conversion_that_there_is_none_for_is_refused() -> None:
    check_conversion("1.1", "1.1")
    with pytest.raises(ConfigurationError, match=r"OneRoster '9\.9' is not supported"):
        check_conversion("1.1", "9.9")
    with pytest.raises(
        ConfigurationError, match=r"9\.9 cannot be written as 1\.1; supported conversions: 1\.1 as 1\.2"
    ):
        check_conversion("9.9", "1.1")


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (Manifest(standard="1.1"), "Pull without --since to replace it as a whole, with --as 1.1 to keep its form"),
        (Manifest(standard="1.1", converted_from="1.2"), "of OneRoster 1.1, converted from 1.2, and the tenant sends"),
        (Manifest(standard="1.2", converted_from="1.1"), "to replace it as a whole, or pull to another destination"),
    ],
)
def test_changes_are_not_mixed_into_a_roster_of_another_form(manifest: Manifest, said: str) -> None:
    check_form(Manifest(standard="1.2"), "1.2", "r.duckdb")
    with pytest.raises(ConfigurationError) as caught:
        check_form(manifest, "1.2", "r.duckdb")
    assert said in str(caught.value)
    assert str(caught.value).startswith("r.duckdb has a roster of OneRoster")


def test_since_refuses_another_form_before_a_request(pulled: dict[str, Pulled]) -> None:
    to = pulled["1.1"].bundle.with_name("1.1.parquet")
    with client_of("1.2") as client:
        with pytest.raises(ConfigurationError, match="Pull without --since"):
            pull(client, to, PullOptions(since="last"))
        with pytest.raises(ConfigurationError, match=r"--since cannot be combined with --as 1\.1"):
            pull(client, to, PullOptions(since="last", as_standard="1.1"))
        with pytest.raises(ConfigurationError, match="not supported"):
            preview(client, PullOptions(as_standard="9.9"))
    assert open_destination(to).manifest.standard == "1.1"
