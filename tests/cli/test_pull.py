"""`oneroster pull`: what is shown, and the statuses that tell complete, failed, misused and refused apart."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from oneroster.cli import build
from oneroster.cli._pull_display import show_progress, show_tenants
from oneroster.cli.pull import HELP
from oneroster.pull import GuardError, open_destination
from oneroster.pull.fetch.staging import Staging, staging_path
from oneroster.sandbox import Sandbox


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("BASE_URL", "TOKEN", "CLIENT_ID", "CLIENT_SECRET", "TOKEN_URL", "TENANT", "CONFIG"):
        monkeypatch.delenv(f"ONEROSTER_{name}", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["pull", *arguments])


def fetch(tenant: Sandbox, *arguments: str) -> Result:
    return run(*arguments, "--base-url", tenant.base_url, "--token", tenant.token)


def test_a_pull_shows_what_it_fetched_and_ends_with_0(tenant: Sandbox) -> None:
    result = fetch(tenant, "--to", "roster.parquet")
    assert result.exit_code == 0, result.output
    assert re.search(r"^users.parquet +41 +41$", result.stdout, re.MULTILINE)
    assert "roster.parquet: roster written" in result.stdout
    assert "users: 41 rows fetched" in result.stderr
    assert "writing …" in result.stderr
    assert tenant.token not in result.output


def test_choices_reach_the_pull(tenant: Sandbox) -> None:
    result = fetch(
        tenant, "--to", "part.ndjson", "--only", "users,orgs", "--only", "classes", "--without", "classes",
        "--columns", "users=role,givenName", "--filter", "users", "role='teacher'", "--filter", "orgs", "type='school'",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    found = open_destination("part.ndjson")
    assert found.elements() == ("Org", "User")
    users = found.read("User").read_all()
    assert users.column_names == ["sourcedId", "status", "dateLastModified", "givenName", "role"]
    assert set(users.column("role").to_pylist()) == {"teacher"}
    assert set(found.read("Org").read_all().column("type").to_pylist()) == {"school"}


def test_changes_are_shown_beside_what_was_fetched(tenant: Sandbox) -> None:
    assert fetch(tenant, "--to", "roster.sqlite", "--only", "users").exit_code == 0
    result = fetch(tenant, "--to", "roster.sqlite", "--only", "users", "--since", "last")
    assert result.exit_code == 0, result.output
    assert re.search(r"^users +\d+ +41$", result.stdout, re.MULTILINE)


def test_a_dry_run_says_what_would_be_fetched_and_writes_nothing(tenant: Sandbox, tmp_path: Path) -> None:
    result = fetch(tenant, "--dry-run", "--to", "roster.parquet", "--drop-personal")
    assert result.exit_code == 0, result.output
    assert re.search(r"^users +41 +getAllUsers +.*familyName", result.stdout, re.MULTILINE)
    assert "demographics" not in result.stdout
    assert not (tmp_path / "roster.parquet").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "--to"),
        (["--to", "roster.parquet", "--only", "pupils"], "'pupils' does not exist"),
        (["--to", "roster.parquet", "--columns", "users"], "has no column names"),
        (["--to", "roster.parquet", "--filter", "users", "a='1'", "--filter", "users", "a='2'"], "given twice"),
        (["--to", "roster.parquet", "--filter", "users", "role='x"], "the value must be in single quotes"),
        (["--to", "roster.parquet", "--since", "yesterday"], "is not a time"),
        (["--to", "roster.parquet", "--profile", "martian"], "'martian' does not exist"),
        (["--to", "roster.parquet", "--workers", "0"], "workers"),
        (["--to", "roster.parquet", "--profile", "dialect.yaml"], "dialect.yaml"),
        (["--to", "roster.zip", "--since", "last", "--only-changes"], "--only-changes has been renamed to --delta"),
        (["--to", "rosters", "--tenants", "oneroster.toml"], "--tenants cannot be combined"),
    ],
)
def test_wrong_usage_ends_with_2(tenant: Sandbox, arguments: list[str], reason: str) -> None:
    result = fetch(tenant, *arguments)
    assert result.exit_code == 2
    assert reason in result.stderr


def test_a_pull_that_fails_ends_with_1_and_leaves_the_place(tenant: Sandbox, tmp_path: Path) -> None:
    result = run("--to", "roster.parquet", "--base-url", tenant.base_url, "--token", "wrong")
    assert result.exit_code == 1
    assert "offers none of the collections: refused (401)" in result.stderr
    assert "users: refused (401)" in result.stderr
    assert not (tmp_path / "roster.parquet").exists()


def test_a_roster_that_looks_wrong_ends_with_3_and_can_be_accepted(tenant: Sandbox) -> None:
    with Sandbox("80") as larger:
        assert fetch(larger, "--to", "users.parquet", "--only", "users").exit_code == 0
    result = fetch(tenant, "--to", "users.parquet", "--only", "users")
    assert result.exit_code == 3
    assert re.search(r"users.parquet: 41 rows now, 8\d before", result.stderr)
    result = fetch(tenant, "--to", "users.parquet", "--only", "users", "--accept-shrink", "--resume")
    assert result.exit_code == 0, result.output
    assert " 0 requests" in result.stdout


def test_an_unfinished_pull_is_told(tenant: Sandbox, tmp_path: Path) -> None:
    with Staging(staging_path(tmp_path / "roster.parquet"), {}, "then"):
        pass
    result = fetch(tenant, "--to", "roster.parquet", "--only", "orgs")
    assert result.exit_code == 0, result.output
    assert "--resume would continue it" in result.stderr


def test_many_tenants_are_summed_up_in_one_table(
    tenant: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHT", tenant.token)
    monkeypatch.setenv("WRONG", "wrong")
    text = '[tenants.{0}]\nbase_url = "{1}"\ntoken = {{ env = "{0}" }}\n'
    config = tmp_path / "oneroster.toml"
    config.write_text("".join(text.format(name, tenant.base_url) for name in ("RIGHT", "WRONG")))
    result = run("--tenants", "oneroster.toml", "--to", "rosters", "--only", "orgs", "--format", "csv")
    assert result.exit_code == 1
    assert re.search(r"^RIGHT +written +14 ", result.stdout, re.MULTILINE)
    assert re.search(r"^WRONG +failed .*refused \(401\)", result.stdout, re.MULTILINE)
    assert "Credentials come from [tenants.WRONG] of oneroster.toml." in " ".join(result.stdout.split())
    assert "RIGHT/orgs: 15 rows fetched" in result.stderr
    assert (tmp_path / "rosters" / "RIGHT.zip").is_file()


def test_an_error_that_is_not_ours_shows_its_name_alone(capsys: pytest.CaptureFixture[str]) -> None:
    failures = {"a": ValueError("Kim Lund"), "b": GuardError(["users: 1 rows now, 41 before."])}
    show_tenants(failures, Console(width=200), "oneroster.toml")
    shown = capsys.readouterr().out
    assert "internal error (ValueError)" in shown
    assert "Lund" not in shown
    assert "41 before" in shown


def test_d7_the_name_of_a_tenant_is_neither_markup_nor_an_instruction(capsys: pytest.CaptureFixture[str]) -> None:
    show_tenants({"[red]a[/red]\x1b[2J": GuardError(["users: 1"])}, Console(width=200), "oneroster.toml")
    assert "[red]a[/red]\\x1b[2J" in capsys.readouterr().out


def test_on_a_terminal_there_are_bars(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with show_progress() as progress:
        display = progress("springfield")
        display.plan(("users",))
        display.begin("users")
        display.advance("users", 41, 82)
        display.wait(0.0, "the connection was lost")
        display.stage("checking")
        display.end("users", 82)
        display.not_offered("users", "not offered (404)")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert "springfield/users" in shown
    assert "82 of 82 rows" in shown
    assert "1 retried" in shown
    assert "springfield/users: not offered (404)" in shown


def test_on_a_terminal_a_pause_has_its_length_and_its_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    with show_progress() as progress:
        display = progress("springfield")
        display.plan(("users",))
        display.wait(60.0, "HTTP 503, the server is busy")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert "waiting 60 s: HTTP 503; 1 retried" in shown


def test_without_a_terminal_pauses_of_many_requests_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress() as progress:
        display = progress("springfield")
        for _ in range(5):
            display.wait(2.0, "HTTP 429, the server allows fewer requests")
    assert capsys.readouterr().err.splitlines() == [
        "springfield/waiting 2 s: HTTP 429, the server allows fewer requests; 1 request sent again so far"
    ]


def test_a_plain_installation_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run("--sandbox", "--to", "roster.parquet")
    assert result.exit_code == 2
    assert 'pip install "oneroster-kit[pull]"' in result.stderr


EXAMPLES = [line for line in re.findall(r"`oneroster (pull [^`]*)`", HELP) if "--sandbox" in line]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_help_run(example: str) -> None:
    result = CliRunner().invoke(build(), shlex.split(example.replace("\n", " ")))
    assert result.exit_code == 0, result.output


def test_b11_duplicates_with_other_content_need_leave() -> None:
    with Sandbox(faults=["conflicting-twins"]) as tenant:
        refused = fetch(tenant, "--to", "orgs.parquet", "--only", "orgs")
        assert refused.exit_code == 1
        assert "--accept-duplicates" in refused.stderr
        accepted = fetch(tenant, "--to", "orgs.parquet", "--only", "orgs", "--accept-duplicates")
        assert accepted.exit_code == 0, accepted.output
        assert "the first is kept" in accepted.output


def test_a_total_that_is_wrong_can_be_left_aside() -> None:
    with Sandbox(faults=["wrong-total"]) as tenant:
        refused = fetch(tenant, "--to", "orgs.parquet", "--only", "orgs")
        assert refused.exit_code == 1
        assert "--ignore-total" in refused.stderr
        accepted = fetch(tenant, "--to", "orgs.parquet", "--only", "orgs", "--ignore-total")
        assert accepted.exit_code == 0, accepted.output
