"""What cannot be a destination: one line and an exit status, whatever the file system says."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from oneroster import ConfigurationError, OneRoster
from oneroster.cli import build
from oneroster.pull import PullOptions, RosterSelection, pull
from oneroster.pull.destination_path import as_destination_errors, resolved_destination
from oneroster.pull.errors import DestinationError
from oneroster.pull.fetch.staging import Staging, staging_path, unfinished_pull
from oneroster.sandbox import Sandbox
from tests.pull.pulling import roster_of

NOWHERE = ["--base-url", "http://127.0.0.1:9", "--token", "t"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build(), arguments)


def one_line(result: Result, status: int) -> str:
    assert result.exit_code == status, result.output
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.fixture
def loop(tmp_path: Path) -> Path:
    (tmp_path / "a.zip").symlink_to(tmp_path / "b.zip")
    (tmp_path / "b.zip").symlink_to(tmp_path / "a.zip")
    return tmp_path / "a.zip"


@pytest.mark.parametrize(
    "to", ["/", ".", "..", "x/..", "n" * 241 + ".zip", "n" * 5000 + ".zip", "\u00e9" * 121 + ".zip", "\udcff.zip"]
)
def test_a_name_that_cannot_be_replaced_is_refused_before_a_request(to: str) -> None:
    assert "--to" in one_line(run("pull", *NOWHERE, "--to", to), 1)


@pytest.mark.parametrize("to", ["s3://nowhere.example/r.duckdb", "s3://key:secret@nowhere.example/r.sqlite"])
def test_a_single_file_on_a_store_is_wrong_usage_and_the_store_is_not_asked(to: str) -> None:
    message = one_line(run("pull", *NOWHERE, "--to", to), 2)
    assert "changes it in place" in message
    assert "secret" not in message


def test_a_loop_of_links_is_refused(loop: Path) -> None:
    assert "--to" in one_line(run("pull", *NOWHERE, "--to", str(loop)), 1)
    with pytest.raises(DestinationError):
        resolved_destination(loop)


@pytest.mark.parametrize("to", ["x.xyz", "x"])
@pytest.mark.parametrize("command", [["pull", *NOWHERE, "--to"], ["stats"]])
def test_an_unknown_format_is_wrong_usage_in_every_command(command: list[str], to: str, tmp_path: Path) -> None:
    advice = "--format"
    if command == ["stats"]:
        (tmp_path / to).write_text("neither\n", encoding="utf-8")
        advice = "Name a roster"
    assert advice in one_line(run(*command, str(tmp_path / to)), 2)


@pytest.mark.parametrize("path", ["/", ".", "n" * 300, "/dev/null"])
@pytest.mark.parametrize("command", ["stats", "diff"])
def test_what_is_no_roster_is_one_line(command: str, path: str) -> None:
    one_line(run(command, *([path] * (2 if command == "diff" else 1))), 2)


def test_errors_of_the_system_are_errors_of_the_destination(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="cannot be written"), as_destination_errors(tmp_path, "written"):
        raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--since", "0001-01-01T00:00:00Z"],
        ["--since", "0001-01-01T00:00:00+14:00"],
        ["--since", "9999-12-31T23:59:59-14:00"],
        ["--since", "1899-12-31"],
        ["--since", "2999-01-01"],
        ["--since", "1900-01-02", "--overlap", "87600"],
    ],
)
def test_a_time_out_of_range_is_wrong_usage(arguments: list[str], tmp_path: Path) -> None:
    assert "--since" in one_line(run("pull", *NOWHERE, "--to", str(tmp_path / "r.zip"), *arguments), 2)


def test_a_busy_destination_is_not_said_to_be_discarded(tmp_path: Path) -> None:
    place = tmp_path / "r.zip"
    with Sandbox() as tenant, Staging(staging_path(place), {}, "then"):
        arguments = ["--base-url", tenant.base_url, "--token", tenant.token, "--to", str(place)]
        assert "Another pull uses" in one_line(run("pull", *arguments), 1)
    assert unfinished_pull(place) == staging_path(place)
    assert unfinished_pull(tmp_path / "other.zip") is None


@pytest.mark.parametrize("settings", [{"base_url": 5}, {"base_url": b"http://x"}, {"base_url": "http://x", "token": 7}])
def test_settings_that_are_no_text_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="must be given as text"):
        _ = OneRoster(**settings).session  # type: ignore[arg-type]  # the wrong type is what is tested


@pytest.mark.parametrize("name", ["r.parquet", "r.ndjson", "r.ndjson.gz", "r.csv"])
def test_files_of_others_in_the_folder_of_a_roster_are_not_lost(name: str, tmp_path: Path) -> None:
    with Sandbox("small", 3) as tenant, roster_of(tenant) as client:
        options = PullOptions(format=name.partition(".")[2], selection=RosterSelection(only=["orgs"]))
        for _ in range(2):
            pull(client, tmp_path / name, options)
        mine = tmp_path / name / "notes.txt"
        mine.write_text("mine")
        with pytest.raises(DestinationError, match=r"also holds notes\.txt, which would be lost"):
            pull(client, tmp_path / name, options)
        assert mine.read_text() == "mine"
        mine.unlink()
        pull(client, tmp_path / name, options)
