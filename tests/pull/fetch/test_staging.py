"""What a pull goes on from: a journal that may end in the middle of a line, and files that may be damaged."""

from pathlib import Path

import pyarrow as pa
import pytest

from oneroster.pull import GuardError, PullOptions, RosterSelection, SanityLimits, StagingError, pull
from oneroster.pull.fetch.journal import PageEntry
from oneroster.pull.fetch.staged_roster import StagedRoster
from oneroster.pull.fetch.staging import Staging, staging_path
from oneroster.pull.roster.columns import schema_of
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.rejects import MAX_LISTED, Reject, Rejects
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from tests.pull.pulling import roster_of

SPECIFICATION = Standard.of().specification
PLAN = {"base_url": "https://sis.example/ims/oneroster/v1p1"}
COLUMNS = ("sourcedId", "title")


def batch(*names: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [{"sourcedId": name, "title": name} for name in names], schema_of(SPECIFICATION, "Category", COLUMNS)
    )


def ids(staging: Staging) -> list[str]:
    roster = StagedRoster(staging, Manifest(), {"Category": COLUMNS})
    return [str(name) for name in roster.read("Category").read_all().column("sourcedId").to_pylist()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / ".roster.pull"
    with Staging(folder, PLAN, "then") as staging:
        staging.add("Category", batch("a", "b"), [PageEntry(2, 4)], [])
        staging.add("Category", batch("c"), [PageEntry(1, 4)], [Reject("categories", "c", "title", "missing", True)])
        staging.mark_not_offered("Result", "not offered (404)")
    return folder


def test_what_was_finished_is_there_again(folder: Path) -> None:
    with Staging(folder, PLAN, "now", resume=True) as staging:
        assert staging.resumed
        assert staging.started_at == "then"
        assert staging.not_offered == {"Result": "not offered (404)"}
        assert staging.fetched == set()
        assert ids(staging) == ["a", "b", "c"]
        rejects = Rejects()
        staging.collect_rejects(SPECIFICATION, rejects)
        assert rejects.of("categories", "missing") == 1


def test_a_torn_line_is_as_if_it_had_never_been_written(folder: Path) -> None:
    journal = folder / "journal.ndjson"
    whole = journal.read_bytes().splitlines(keepends=True)
    for cut in range(1, len(whole[2])):
        journal.write_bytes(b"".join(whole[:2]) + whole[2][:-cut])
        with Staging(folder, PLAN, "now", resume=True) as staging:
            assert ids(staging) == ["a", "b"]
            assert {path.suffix for path in folder.iterdir()} <= {".ndjson", ".arrow", ""}


def test_without_resume_everything_begins_anew(folder: Path) -> None:
    with Staging(folder, PLAN, "now") as staging:
        assert not staging.resumed
        assert staging.started_at == "now"
        assert ids(staging) == []
        assert sorted(path.name for path in folder.iterdir()) == ["journal.ndjson", "lock"]


def test_what_no_line_names_is_swept_away(folder: Path) -> None:
    (folder / "Category-000009.arrow").write_bytes(b"never finished")
    (folder / "new").mkdir()
    with Staging(folder, PLAN, "now", resume=True):
        assert not (folder / "Category-000009.arrow").exists()
        assert not (folder / "new").exists()


def test_no_file_is_written_over_whatever_numbers_are_missing(folder: Path) -> None:
    journal = folder / "journal.ndjson"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text(lines[0] + lines[2])  # the line of the first segment was not written
    with Staging(folder, PLAN, "now", resume=True) as staging:
        staging.add("Category", batch("d"), [PageEntry(1, 4)], [])
        assert ids(staging) == ["c", "d"]


def test_what_is_half_thrown_away_is_not_gone_on_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.rmtree", lambda *_arguments, **_options: None)  # killed before it came to that
    with Staging(folder, PLAN, "now", resume=True) as staging:
        staging.remove()
    monkeypatch.undo()
    with Staging(folder, PLAN, "now", resume=True) as staging:
        assert not staging.resumed
        assert ids(staging) == []


def test_a_journal_of_an_earlier_form_is_refused(folder: Path) -> None:
    journal = folder / "journal.ndjson"
    journal.write_text(journal.read_text().replace('"format":2,', "", 1))
    with pytest.raises(StagingError, match=r"another selection, tenant or release\. Pull without --resume"):
        Staging(folder, PLAN, "now", resume=True)
    with Staging(folder, PLAN, "now") as staging:
        assert not staging.resumed


def test_starting_over_is_remembered(folder: Path) -> None:
    with Staging(folder, PLAN, "now", resume=True) as staging:
        staging.restart_in_full("Category")
        staging.add("Category", batch("z"), [PageEntry(1, 1)], [])
        staging.mark_fetched("Category")
    with Staging(folder, PLAN, "later", resume=True) as staging:
        assert ids(staging) == ["z"]
        assert staging.in_full == staging.fetched == {"Category"}


def test_a_damaged_file_is_told(folder: Path) -> None:
    (folder / "Category-000001.arrow").write_bytes(b"damaged")
    with Staging(folder, PLAN, "now", resume=True) as staging, pytest.raises(StagingError, match="cannot be read"):
        ids(staging)


def test_no_more_rejects_are_listed_than_anybody_reads() -> None:
    rejects = Rejects()
    rejects.add(Reject("users", f"u{number}", "email", "unreadable") for number in range(MAX_LISTED + 5))
    assert rejects.of("users", "unreadable") == MAX_LISTED + 5
    assert len(rejects.as_ndjson().splitlines()) == MAX_LISTED
    assert rejects.fields["users", "email", "unreadable"] == MAX_LISTED + 5
    assert Rejects().as_ndjson() == b""


@pytest.mark.parametrize(
    "pages", ['{"count":0},{"count":0},{"count":0},', '{"count":99},'], ids=["no rows", "too many"]
)
def test_a_journal_that_does_not_fit_its_rows_is_told(tmp_path: Path, pages: str) -> None:
    place = tmp_path / "roster.parquet"
    with Sandbox("small", 3) as tenant, roster_of(tenant) as roster:
        settings = PullOptions(
            selection=RosterSelection(only=["orgs"]), limits=SanityLimits(left_out=-1.0), resume=True
        )
        with pytest.raises(GuardError):
            pull(roster, place, settings)
        journal = staging_path(place) / "journal.ndjson"
        lines = [line for line in journal.read_text().splitlines() if '"fetched"' not in line]
        journal.write_text("\n".join([*lines[:-1], lines[-1].replace('"pages":[', f'"pages":[{pages}')]) + "\n")
        with pytest.raises(StagingError, match="does not match its rows"):
            pull(roster, place, settings)
