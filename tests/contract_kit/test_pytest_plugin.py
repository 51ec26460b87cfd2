"""The pytest plugin that judges a live tenant, also together with other plugins."""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import ElementTree, parse

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.target import Target
from oneroster.contract.pytest_plugin import RUN_OPTIONS
from oneroster.contract.result import Status
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox
from oneroster.settings import Settings, variable_of

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "oneroster.contract.pytest_plugin", "-p", "no:cacheprovider")
URL = "https://sis.example/ims/oneroster/v1p1"
ROOT = Path(__file__).parents[2]
SUITE = ROOT / "tests" / "contract"
PACKAGES = sorted(each.parent.name for part in ("src", "generated") for each in (ROOT / part).glob("*/__init__.py"))

SHOWS_THE_TARGET = """
    def test_target(oneroster_target):
        print()
        print("target:", oneroster_target and (oneroster_target.base_url, oneroster_target.profile))
        print("access:", oneroster_target and oneroster_target.access)
"""
OTHER_PLUGIN = """
    def pytest_addoption(parser):
        parser.addoption("--base-url", default=None)
"""


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*Settings._fields, "tenant", "config"):
        monkeypatch.delenv(variable_of(name), raising=False)


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(SHOWS_THE_TARGET)
    return pytester.runpytest_inprocess(*PLUGIN, "-s", *arguments)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_session_inside_a_test_does_not_unload_the_project(package: str, pytester: pytest.Pytester) -> None:
    module = f"{package}.first_imported_by_a_session"
    pytester.makepyfile(f"import sys; sys.modules[{module!r}] = sys; test_nothing = lambda: None")
    pytester.runpytest_inprocess(*PLUGIN)
    assert sys.modules.pop(module) is sys


def test_without_an_address_there_is_no_target(pytester: pytest.Pytester) -> None:
    run(pytester).stdout.fnmatch_lines(["target: None"])


def test_options_name_the_target_and_its_secret_is_not_shown(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--base-url", URL, "--token", "s3cret", "--profile", "kimono")
    result.stdout.fnmatch_lines(
        [
            f"oneroster: tenant {URL}, OneRoster 1.1 (the path of base_url)",
            f"target: ('{URL}', 'kimono')",
            "access: BearerToken()",
        ]
    )
    result.stdout.no_fnmatch_line("*s3cret*")


def test_the_environment_names_it_too(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEROSTER_BASE_URL", URL)
    monkeypatch.setenv("ONEROSTER_CLIENT_ID", "me")
    monkeypatch.setenv("ONEROSTER_CLIENT_SECRET", "s3cret")
    result = run(pytester)
    result.stdout.fnmatch_lines(
        [f"target: ('{URL}', 'standard')", "access: OAuth1Credentials(client_id='me', signature_method='HMAC-SHA256')"]
    )


def test_unusable_settings_are_wrong_usage(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--base-url", URL, "--client-id", "me")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*client_secret is missing (--client-secret, or ONEROSTER_CLIENT_SECRET)*"])


def test_headers_and_certificates_are_options_c1_c5(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDOR_KEY", "s3cret")
    pytester.makepyfile("""
        def test_target(oneroster_target):
            assert oneroster_target.headers == (("x-key", "s" + "3cret"), ("x-other", "s" + "3cret"))
            assert oneroster_target.tls[:3] == ("ca.pem", "me.pem", "me.key")
    """)
    words = [
        "--base-url",
        "http://sis.example",
        "--token",
        "t",
        "--oneroster-allow-http",
        "--oneroster-ca-file",
        "ca.pem",
    ]
    words += ["--oneroster-client-cert", "me.pem", "--oneroster-client-key", "me.key", "--oneroster-time-zone", "UTC"]
    words += [word for name in ("X-Key", "X-Other") for word in ("--oneroster-header", f"{name}=env:VENDOR_KEY")]
    result = pytester.runpytest_inprocess(*PLUGIN, "-W", "error", *words)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*s3cret*")
    wrong = pytester.runpytest_inprocess(*PLUGIN, *words[:4], "--oneroster-header", "X-Key=s3cret")
    assert wrong.ret == pytest.ExitCode.USAGE_ERROR
    wrong.stderr.no_fnmatch_line("*s3cret*")


NUMBERS = [name for name, attributes in RUN_OPTIONS.items() if "type" in attributes]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-1", "1" + 30 * "0", "x"])
def test_a_number_out_of_bounds_is_refused(name: str, value: str) -> None:
    with pytest.raises((argparse.ArgumentTypeError, ValueError)):
        RUN_OPTIONS[name]["type"](value)
    assert RUN_OPTIONS[name]["type"]("3") == 3


def test_a_number_out_of_bounds_is_wrong_usage(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--oneroster-rate", "nan", "--pyargs", "oneroster.contract")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--oneroster-rate: must be a number from 0.1*"])


@pytest.mark.parametrize("order", ["before", "after", "conftest"])
def test_it_shares_an_option_with_another_plugin(order: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(other=OTHER_PLUGIN)
    pytester.syspathinsert()
    if order == "conftest":
        pytester.makeconftest(OTHER_PLUGIN)
        result = run(pytester, "--base-url", URL)
    else:
        pytester.makepyfile(SHOWS_THE_TARGET)
        plugins = [*PLUGIN, "-p", "other"] if order == "after" else ["-p", "other", *PLUGIN]
        result = pytester.runpytest_inprocess(*plugins, "-s", "--base-url", URL)
    result.stdout.fnmatch_lines([f"target: ('{URL}', 'standard')"])
    assert result.ret == 0


FAULTS = ("missing-required", "json-booleans", "lost-row")
CHOSEN = ("schema", "paging")
OVER = ("getAllClasses", "getAllUsers")
SUITES = {
    "the repository": (str(SUITE), f"--rootdir={SUITE.parent}"),
    "the package": ("--pyargs", "oneroster.contract"),
}


@pytest.fixture(scope="module")
def faulty() -> Iterator[Sandbox]:
    with Sandbox(faults=FAULTS) as tenant:
        yield tenant


def judged(
    pytester: pytest.Pytester, suite: str, tenant: Sandbox, *options: str
) -> tuple[pytest.RunResult, ElementTree]:
    """Return the output of a pytest run of the rules, and its JUnit XML report."""
    chosen = [part for name in (*CHOSEN, *OVER) for part in ("--oneroster-include", name)]
    access = ["--base-url", tenant.base_url, "--token", tenant.token, "--oneroster-seed", "1"]
    result = pytester.runpytest_inprocess(
        *PLUGIN, "-rfxs", *SUITES[suite], *access, *chosen, "--junit-xml=out.xml", *options
    )
    return result, parse(pytester.path / "out.xml")  # noqa: S314  # written by pytest


def outcomes(report: ElementTree) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the outcome and the message of each test, by rule and operation."""
    found = {}
    for case in report.iter("testcase"):
        rule, outcome = str(case.get("classname")).rpartition(".")[2], next(iter(case), None)
        told = "" if outcome is None else f"{outcome.get('message')} {outcome.text}"
        ended = "passed" if outcome is None else f"{outcome.tag} {outcome.get('type', '')}".strip()
        found[rule, str(case.get("name"))] = (ended, told)
    return found


@pytest.mark.parametrize("suite", SUITES)
def test_both_suites_and_the_command_have_the_same_findings(
    suite: str, faulty: Sandbox, pytester: pytest.Pytester
) -> None:
    target = Target(faulty.base_url, access=BearerToken(faulty.token))
    report = check(target, rules=select(CHOSEN), plan=RunPlan(frozenset(OVER)), seed=1)
    result, junit = judged(pytester, suite, faulty)
    told = outcomes(junit)
    expected = {(each.id, each.operation_id or "tenant"): each for each in report.checks}
    assert {rule for rule, _ in told} == {each.id for each in report.checks}
    for key, (outcome, text) in told.items():
        each = expected.get(key)
        if each is None or each.status is Status.NOT_JUDGED:
            assert outcome.startswith("skipped"), key
            continue
        wanted = {Status.FAILED: "failure", Status.WARNED: "skipped pytest.xfail"}
        assert outcome == wanted.get(each.status, "passed"), key
        if each.status in wanted:
            assert each.message in text
    assert {key for key, each in expected.items() if each.status is not Status.NOT_JUDGED} <= told.keys()
    assert sum(outcome == "failure" for outcome, _ in told.values()) == len(report.violations())
    assert len({each.id for each in report.violations()}) == 2
    assert report.verdict().headline in result.stdout.str()
    result.stdout.no_fnmatch_line(f"*{faulty.token}*")


def test_findings_of_the_baseline_do_not_fail(faulty: Sandbox, pytester: pytest.Pytester) -> None:
    entries = [{"rule": name, "reason": "vendor ticket 4711"} for name in ("OR-SCH-01", "OR-PAG-03")]
    baseline = pytester.path / "baseline.json"
    baseline.write_text(json.dumps({"format": 2, "accepted": entries}), encoding="utf-8")
    result, junit = judged(pytester, "the package", faulty, "--oneroster-baseline", str(baseline))
    assert result.ret == pytest.ExitCode.OK
    accepted = {rule for (rule, _), (_, text) in outcomes(junit).items() if "vendor ticket 4711" in text}
    assert accepted == {"OR-SCH-01", "OR-PAG-03"}


def test_an_error_of_the_kit_is_a_failure_with_its_own_words(
    pytester: pytest.Pytester, faulty: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crashes(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr("oneroster.contract.rules.envelope.successful_responses", crashes)
    pytester.makepyfile("from oneroster.contract.test_contract import oneroster_report, test_rule")
    options = ("--base-url", faulty.base_url, "--token", faulty.token, "--oneroster-include", "OR-ENV-01")
    result = pytester.runpytest_inprocess(*PLUGIN, *options)
    told = result.parseoutcomes()
    assert told["failed"] > 0
    assert told["errors"] == 1
    result.stdout.fnmatch_lines(["*error of the kit, please report it: KeyError*", "The kit failed, please report it*"])


@pytest.mark.parametrize(
    "asked",
    [
        ("--pyargs", "oneroster.contract"),
        ("--pyargs", "oneroster.contract.test_contract::paging"),
        ("--oneroster-include", "fields"),
        ("--oneroster-negative",),
    ],
)
def test_the_suite_without_a_tenant_is_wrong_usage(asked: tuple[str, ...], pytester: pytest.Pytester) -> None:
    result = run(pytester, *asked)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*no tenant given: set --base-url or --oneroster-tenant*ONEROSTER_BASE_URL*"])
    assert run(pytester, *asked, "--collect-only").ret == pytest.ExitCode.OK
    assert run(pytester, *asked, "--help").ret == pytest.ExitCode.OK


def test_an_unusable_baseline_is_reported(faulty: Sandbox, pytester: pytest.Pytester) -> None:
    result = run(pytester, "--base-url", faulty.base_url, "--oneroster-baseline", "/no/such.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*the baseline /no/such.json cannot be read*"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--oneroster-known", "known.json"), "--oneroster-known has been renamed to --oneroster-baseline"),
        (("--oneroster-known=known.json",), "--oneroster-known has been renamed to --oneroster-baseline"),
        (
            ("--base-url", URL, "--profile", "dialect.yaml"),
            "give the file to --overlay (in pytest --oneroster-overlay)",
        ),
        (("--base-url", URL, "--oneroster-overlay", "kimono"), "a name goes to --profile"),
        (("--base-url", URL, "--oneroster-include", "manners"), "no such family, rule or operation: manners"),
        (("--oneroster-config", "no-such.toml"), "not which of its tenants to use"),
        (("--oneroster-tenant", "a", "--oneroster-config", "no-such.toml"), "no-such.toml cannot be read"),
    ],
)
def test_wrong_usage_is_reported_before_the_run_and_names_the_option(
    options: tuple[str, ...], said: str, pytester: pytest.Pytester
) -> None:
    result = run(pytester, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()


@pytest.mark.parametrize("by", ["option", "environment"])
def test_an_overlay_is_applied_on_top_of_the_profile(
    by: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlay = {"overlay": "1.0.0", "info": {"title": "T", "version": "1"}}
    overlay |= {"x-oneroster-profile": "kimono", "actions": [{"target": "$.info", "update": {"title": "Own"}}]}
    path = pytester.path / "own.json"
    path.write_text(json.dumps(overlay), encoding="utf-8")
    options = ("--oneroster-overlay", str(path))
    if by == "environment":
        monkeypatch.setenv("ONEROSTER_OVERLAY", str(path))
        options = ()
    run(pytester, "--base-url", URL, *options).stdout.fnmatch_lines([f"target: ('{URL}', 'kimono')"])


def test_other_runs_have_none_of_its_options(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(own="from oneroster.contract import pytest_plugin as plugin; globals().update(vars(plugin))")
    pytester.syspathinsert()
    assert "--oneroster-fuzz" not in pytester.runpytest_inprocess("-p", "own", "--help").stdout.str()
    assert "--oneroster-fuzz" in pytester.runpytest_inprocess(*PLUGIN, "--help").stdout.str()


def test_pytest_knows_the_plugin_by_the_name_that_addopts_give_it() -> None:
    project = tomllib.loads((SUITE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    name = "oneroster.contract.pytest_plugin"
    assert project["project"]["entry-points"]["pytest11"][name] == name
    assert name in project["tool"]["pytest"]["ini_options"]["addopts"]
