"""The command `oneroster check`: exit status, output, and refused options."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from oneroster.cli import build
from oneroster.contract.catalogue import catalogue
from oneroster.contract.clauses_by_version import applicable
from oneroster.sandbox import Sandbox
from oneroster.settings import Settings, variable_of
from tests.in_process import without_sockets
from tests.patience import ended

QUICK = ("--include", "envelope", "--include", "OR-PAG-05", "--include", "getAllOrgs")
"""A few rules, for tests of the command itself."""


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*Settings._fields, "tenant", "config"):
        monkeypatch.delenv(variable_of(name), raising=False)


@pytest.fixture(autouse=True)
def quick_sandboxes() -> Iterator[None]:
    """The sandboxes of `--sandbox` have no sockets; `tenant` has."""
    with without_sockets():
        yield


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


@pytest.fixture(scope="module")
def faulty() -> Iterator[Sandbox]:
    """A tenant whose media type is wrong."""
    with Sandbox(faults=["text-media-type"]) as made:
        yield made


def run(*arguments: str, **environment: str) -> Result:
    variables = {f"ONEROSTER_{name}": value for name, value in environment.items()}
    return CliRunner().invoke(build(), ["check", *arguments], env=variables)


def test_a_conforming_tenant_ends_with_0_and_every_family_was_exercised(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    result = run("--sandbox", "--seed", "1", "--report-json", str(path))
    assert result.exit_code == 0, result.stdout
    verdict = result.stdout.strip().splitlines()[-1]
    assert re.fullmatch(r"(\d+) of \1 tested must rules passed; \d+ not tested: writes not allowed \d+, .*", verdict)
    report = json.loads(path.read_text(encoding="utf-8"))
    assert {check["family"] for check in report["checks"] if check["status"] == "passed"} == {
        rule.family for rule in applicable(catalogue(), "1.1") if rule.family != "writes"
    }
    assert {check["rule"] for check in report["checks"]} == {rule.id for rule in applicable(catalogue(), "1.1")}
    assert report["target"]["requests"] < 2500
    assert report["target"]["profile"] == "standard"


@pytest.mark.series
@pytest.mark.parametrize(
    ("fault", "options", "exit_code", "rule"),
    [
        ("wrong-total", (), 1, "OR-PAG-05"),
        ("wrong-total", ("--fail-on", "must"), 1, "OR-PAG-05"),
        ("subset-incomplete", (), 1, "OR-SEM-02"),
        ("subset-incomplete", ("--fail-on", "must"), 0, "OR-SEM-02"),
    ],
)
def test_a_rehearsal_names_the_rule_and_fails_on_a_should_as_well(
    fault: str, options: tuple[str, ...], exit_code: int, rule: str
) -> None:
    result = run("--sandbox", "--fault", fault, "--include", "OR-PAG-05", "--include", "OR-SEM-02", *options)
    assert result.exit_code == exit_code
    assert rule in result.stdout


def test_the_sandbox_speaks_a_dialect() -> None:
    result = run("--sandbox", "--profile", "kimono", *QUICK)
    assert result.exit_code == 0
    assert "profile kimono" in result.stdout


def test_a_live_tenant_is_named_by_options(tenant: Sandbox) -> None:
    result = run("--base-url", tenant.base_url, "--token", tenant.token, *QUICK)
    assert result.exit_code == 0
    assert tenant.base_url in result.stdout
    assert tenant.token not in result.output


def test_a_live_tenant_is_named_by_the_environment(tenant: Sandbox) -> None:
    result = run(
        *QUICK,
        BASE_URL=tenant.base_url,
        CLIENT_ID=tenant.client_id,
        CLIENT_SECRET=tenant.client_secret,
        TOKEN_URL=tenant.token_url,
    )
    assert result.exit_code == 0
    assert tenant.client_secret not in result.output


def test_a_tenant_of_the_file_is_named_again_by_the_command_that_repeats_the_run(
    tenant: Sandbox, tmp_path: Path
) -> None:
    config = tmp_path / "tenants of one.toml"
    table = f'[tenants.springfield]\nbase_url = "{tenant.base_url}"\ntoken = {{ env = "SPRINGFIELD_TOKEN" }}\n'
    config.write_text(table, encoding="utf-8")
    secret = {"SPRINGFIELD_TOKEN": tenant.token}
    arguments = ["check", "--tenant", "springfield", "--config", str(config), "--include", "OR-ENV-01"]
    result = CliRunner().invoke(build(), arguments, env=secret)
    assert result.exit_code == 0, result.output
    command = f"oneroster check --tenant springfield --config '{config}' --include OR-ENV-01 --seed "
    assert command in result.stdout.replace("\n", "")
    named = {"ONEROSTER_TENANT": "springfield", "ONEROSTER_CONFIG": str(config), **secret}
    result = CliRunner().invoke(build(), ["check", "--include", "OR-ENV-01"], env=named)
    assert "oneroster check --tenant springfield --include OR-ENV-01 --seed " in result.stdout
    assert tenant.token not in result.output


def test_the_sandbox_is_entered_with_its_own_credentials_only(tenant: Sandbox) -> None:
    assert run("--sandbox", *QUICK, BASE_URL=tenant.base_url, TOKEN="another").exit_code == 0


def test_json_on_stdout_is_nothing_but_json(tenant: Sandbox) -> None:
    result = run("--base-url", tenant.base_url, "--token", tenant.token, "--report-json", "-", *QUICK)
    assert json.loads(result.stdout)["summary"]["failed"] == 0
    assert re.search(r"^(\d+) of \1 tested must rules passed", result.stderr, re.MULTILINE)


def test_progress_goes_to_stderr_in_plain_lines_where_there_is_no_terminal(tenant: Sandbox) -> None:
    result = run("--base-url", tenant.base_url, "--token", tenant.token, *QUICK)
    assert result.stderr.splitlines() == ["reading …", "judging OR-ENV …", "judging OR-PAG …"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "base_url is missing (--base-url, or ONEROSTER_BASE_URL). A tenant of a configuration file is named by"),
        (("--sandbox", "--base-url", "https://sis.example"), "cannot be combined with --base-url"),
        (("--sandbox", "--tenant", "a", "--config", "b"), "cannot be combined with --tenant, --config"),
        (("--config", "no-such.toml"), "no-such.toml is given, but not which of its tenants to use"),
        (("--tenant", "springfield", "--config", "no-such.toml"), "no-such.toml cannot be read"),
        (("--base-url", "https://sis.example", "--client-auth", "header"), "client_auth must be basic or body"),
        (("--base-url", "https://sis.example", "--fault", "lost-row"), "--fault and --variant need --sandbox"),
        (("--sandbox", "--variant", "no-such"), "no-such"),
        (("--sandbox", "--fault", "lost-rows"), "lost-row"),
        (("--sandbox", "--profile", "klingon"), "klingon"),
        (("--sandbox", "--size", "huge"), "huge"),
        (("--sandbox", "--include", "http", "--exclude", "http"), "no rule is left"),
        (("--sandbox", "--include", "manners"), "no such family, rule or operation: manners"),
        (("--base-url", "sis.example"), "base_url must be an http(s) URL"),
        (("--base-url", "https://sis.example", "--client-id", "me"), "belong together"),
        (("--sandbox", "--max-requests", "0"), "max-requests"),
        (("--sandbox", "--fail-on", "nothing"), "fail-on"),
        (("--sandbox", "--write-overlay", "dialect.txt"), "must end in .yaml"),
        (("--sandbox", "--update-baseline", "baseline.json"), "--reason must be given together"),
        (("--sandbox", "--baseline", "/no/such/baseline.json"), "cannot be read"),
        (("--sandbox", "--overlay", "/no/such/dialect.yaml"), "cannot be read"),
        (("--sandbox", "--overlay", "kimono"), "a name goes to --profile"),
        (("--sandbox", "--profile", "dialect.yaml"), "give the file to --overlay"),
        (("--base-url", "https://sis.example", "--profile", "dialect.yaml"), "give the file to --overlay"),
        (("--sandbox", "--known", "known.json"), "--known has been renamed to --baseline"),
        (("--sandbox", "--known=known.json"), "--known has been renamed to --baseline"),
        (("--write-known", "known.json"), "--write-known has been renamed to --update-baseline"),
        (("--learn", "dialect.yaml"), "--learn has been renamed to --write-overlay"),
        (("--sandbox", "--workers", "0"), "workers"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_to_change(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_file_in_the_environment_variable_for_the_profile_is_refused() -> None:
    result = run("--base-url", "https://sis.example", PROFILE="dialect.yaml")
    assert result.exit_code == 2
    assert "ONEROSTER_OVERLAY" in result.stderr


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path, tenant: Sandbox) -> None:
    result = run(
        "--base-url", tenant.base_url, "--token", tenant.token, "--report-json", str(tmp_path / "no" / "r.json"), *QUICK
    )
    assert result.exit_code == 2
    assert "cannot write" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"token": "wrong"}, "check the credentials"),
        ({"client_id": "me", "client_secret": "wrong", "token_url": ...}, "granted no token"),
        (
            {"client_id": "me", "client_secret": "wrong", "token_url": "http://127.0.0.1:1/token"},
            "check the token URL (--token-url) and that the server is running",
        ),
        ({}, "credentials are missing: --token, or ONEROSTER_TOKEN, or --client-id and --client-secret"),
    ],
)
def test_a_tenant_that_lets_nobody_in_ends_with_3(options: dict[str, Any], said: str, tenant: Sandbox) -> None:
    named = {name: tenant.token_url if value is ... else value for name, value in options.items()}
    arguments = [part for name, value in named.items() for part in (f"--{name.replace('_', '-')}", value)]
    result = run("--base-url", tenant.base_url, *arguments)
    assert result.exit_code == 3
    assert said in result.stdout
    assert re.search(r"; none of \d+ rules was tested$", result.stdout.strip())


def test_a_tenant_that_is_not_there_ends_with_3(tmp_path: Path) -> None:
    with Sandbox() as gone:
        address = gone.base_url
    path = tmp_path / "report.json"
    result = run("--base-url", address, "--report-json", str(path))
    assert result.exit_code == 3
    assert "check the base URL" in result.stdout
    assert json.loads(path.read_text(encoding="utf-8"))["summary"]["passed"] == 0


def test_a_budget_that_is_too_small_ends_with_3(tenant: Sandbox) -> None:
    result = run("--base-url", tenant.base_url, "--token", tenant.token, "--max-requests", "20")
    assert result.exit_code == 3
    assert "the limit of 20 requests" in result.stdout


@pytest.mark.skipif(os.name != "posix", reason="signals are sent the POSIX way")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_reports_what_was_judged_until_then(
    ending: signal.Signals, faulty: Sandbox, tmp_path: Path
) -> None:
    # A process in the background may inherit that SIGINT is ignored.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{heard}; from oneroster.cli import main; main()"
    files = {form: tmp_path / f"report.{form}" for form in ("json", "junit", "html")}
    baseline = tmp_path / "baseline.json"
    arguments = ["check", "--include", "OR-ENV-03,paging,getAllOrgs", "--rate", "10"]
    arguments += [part for form, path in files.items() for part in (f"--report-{form}", str(path))]
    arguments += ["--update-baseline", str(baseline), "--reason", "ticket 4711"]
    with (
        subprocess.Popen(
            [sys.executable, "-c", program, *arguments, "--base-url", faulty.base_url, "--token", faulty.token],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as running,
        ended(running),
    ):
        assert running.stderr is not None
        # A violation has been found when the next family begins.
        next(line for line in running.stderr if line.startswith("judging OR-PAG"))
        running.send_signal(ending)
        out, err = running.communicate(timeout=120)
    assert running.returncode == 130, err
    assert "interrupted; the report has what was judged until then" in err
    assert "baseline.json was not written" in err
    assert "must OR-ENV-03" in out
    assert out.strip().splitlines()[-1].startswith("Interrupted, so this is no verdict; until then ")
    report = json.loads(files["json"].read_text(encoding="utf-8"))
    assert report["interrupted"] is True
    assert report["verdict"]["exit_status"] == 130
    assert "Interrupted" in files["html"].read_text(encoding="utf-8")
    assert "<error" in files["junit"].read_text(encoding="utf-8")
    assert not baseline.exists()


def test_help_tells_exit_statuses_and_environment() -> None:
    text = CliRunner().invoke(build(), ["check", "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).stdout
    for said in (
        "Exit status",
        "3 the server could not be judged",
        "4 the kit itself",
        "ONEROSTER_CLIENT_SECRET",
        "--fail-on",
        "violations of a 'should' also fail",
        "Test generation",
    ):
        assert said in text


def test_the_command_that_repeats_a_run_holds_its_options_and_no_secret(tenant: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    options = ("--include", "OR-ENV-01", "--include", "getAllOrgs", "--workers", "2", "--negative")
    run("--base-url", tenant.base_url, "--token", tenant.token, *options, "--report-json", str(path))
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["repeat"] == (
        f"oneroster check --base-url {tenant.base_url} --token "
        f'"$ONEROSTER_TOKEN" --include OR-ENV-01 --include getAllOrgs --negative --workers 2 --seed {report["seed"]}'
    )
    again = shlex.split(report["repeat"].replace("$ONEROSTER_TOKEN", tenant.token))
    result = run(*again[2:], "--report-json", "-")
    repeated = json.loads(result.stdout)
    assert repeated["checks"] == report["checks"]
    assert repeated["target"]["requests"] == report["target"]["requests"]


def test_a_rehearsal_repeats_in_the_sandbox_and_what_came_from_the_environment_stays_there(tenant: Sandbox) -> None:
    rehearsal = run("--sandbox", "--fault", "wrong-total", "--include", "OR-PAG-05")
    assert "oneroster check --sandbox --include OR-PAG-05 --fault wrong-total --seed " in rehearsal.stdout
    live = run("--include", "OR-ENV-01", BASE_URL=tenant.base_url, TOKEN=tenant.token)
    assert f"oneroster check --base-url {tenant.base_url} --include OR-ENV-01 --seed " in live.stdout
    assert tenant.token not in live.stdout


def test_one_operation_can_be_judged_by_all_that_the_engine_can_do(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    options = ("--include", "engine", "--include", "getOrg", "--fuzz", "3", "--negative", "--stateful")
    result = run("--sandbox", "--fault", "null-is-found", *options, "--report-json", str(path))
    assert result.exit_code == 1
    checks = json.loads(path.read_text(encoding="utf-8"))["checks"]
    assert {check["operation"] for check in checks} == {"getOrg"}
    assert {check["rule"] for check in checks if check["status"] == "warned"} == {"OR-ENG-05"}


def test_an_overlay_is_written_and_then_only_new_violations_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "dialect.yaml"
    few = ("--include", "getAllAcademicSessions", "--include", "getAllResults")
    options = ("--sandbox", "--include", "schema", *few, "--fault", "us-dates")
    today = run(*options, "--write-overlay", str(path))
    assert today.exit_code == 1
    assert f"wrote {path}; use it with --overlay {path}" in today.stderr
    assert run(*options, "--overlay", str(path)).exit_code == 0
    tomorrow = run(*options, "--overlay", str(path), "--fault", "number-as-string")
    assert tomorrow.exit_code == 1
    assert "score is a string instead of a number" in tomorrow.stdout
    assert "startDate" not in tomorrow.stdout
    assert "profile standard, overlay dialect.yaml" in tomorrow.stdout


def test_no_overlay_is_written_for_a_tenant_that_does_not_respond(tmp_path: Path) -> None:
    path = tmp_path / "dialect.yaml"
    with Sandbox() as gone:
        address = gone.base_url
    result = run("--base-url", address, "--write-overlay", str(path))
    assert result.exit_code == 3
    assert "was not written" in result.stderr
    assert not path.exists()


def test_a_baseline_is_accepted_and_obsolete_entries_are_reported(tmp_path: Path) -> None:
    path, report = tmp_path / "baseline.json", tmp_path / "report.json"
    few = ("--include", "getAllResults", "--include", "getAllOrgs")
    options = ("--sandbox", "--include", "OR-PAG-05", "--include", "OR-SCH-02", *few)
    written = run(*options, "--fault", "wrong-total", "--update-baseline", str(path), "--reason", "vendor ticket 4711")
    assert written.exit_code == 1
    accepted = run(*options, "--fault", "wrong-total", "--baseline", str(path), "--report-json", str(report))
    assert accepted.exit_code == 0, accepted.stdout
    checks = json.loads(report.read_text(encoding="utf-8"))["checks"]
    assert {check["accepted"] for check in checks if "accepted" in check} == {"vendor ticket 4711"}
    assert "vendor ticket 4711" in accepted.stdout
    new = run(*options, "--fault", "wrong-total", "--fault", "number-as-string", "--baseline", str(path))
    assert new.exit_code == 1
    assert "must OR-SCH-02" in new.stdout
    obsolete = run(*options, "--baseline", str(path))
    assert obsolete.exit_code == 0
    assert "the baseline entry OR-PAG-05 getAll" in obsolete.stderr


def test_an_error_of_the_kit_ends_with_4_and_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def crashes(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr("oneroster.contract.rules.envelope.successful_responses", crashes)
    result = run("--sandbox", "--include", "OR-ENV-01")
    assert result.exit_code == 4
    assert "error of the kit" in result.stdout
    assert "The kit failed, please report it; 0 of 0 tested must rules passed" in result.stdout


def test_one_check_is_explained() -> None:
    result = run("--sandbox", "--fault", "wrong-total", "--explain", "OR-PAG-05", "getAllOrgs")
    assert result.exit_code == 1
    assert "1. GET /orgs?limit=1000&offset=0: HTTP 200" in result.stdout
    assert "{orgs: array of 15 [{sourcedId: string, " in result.stdout
    assert "OR-PAG-05 getAllOrgs: failed: X-Total-Count is 16" in result.stdout


@pytest.mark.parametrize(
    ("variant", "rule", "operation", "said"),
    [
        ("no-nested", "OR-PAG-05", "getClassesForCourse", "getClassesForCourse is not offered (HTTP 404)"),
        ("no-gradebook", "OR-FLT-16", "getAllCategories", "getAllCategories cannot be read at "),
        ("page-cap", "OR-PAG-05", "getOrg", "OR-PAG-05 does not apply to getOrg"),
        ("page-cap", "OR-PAG-05", "putResult", "OR-PAG-05 does not apply to putResult"),
    ],
)
def test_an_explanation_says_why_the_rule_was_not_judged_there(
    variant: str, rule: str, operation: str, said: str
) -> None:
    result = run("--sandbox", "--variant", variant, "--explain", rule, operation)
    assert said in result.stdout
    assert "excluded" not in result.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--explain", "OR-PAG-05", "getAllOrgz"), "getAllOrgz; did you mean getAllOrgs?"),
        (("--explain", "paging", "getAllOrgs"), "--explain takes the id of a rule and an operationId"),
        (("--explain", "OR-PAG-99", "getAllOrgs"), "operation: OR-PAG-99; did you mean OR-PAG-"),
        (("--explain", "OR-PAG-05", "getAllOrgs", "--include", "paging"), "leave out --include"),
    ],
)
def test_what_cannot_be_explained_is_a_usage_error(options: tuple[str, ...], said: str) -> None:
    result = run("--sandbox", *options)
    assert result.exit_code == 2
    assert said in result.stderr
