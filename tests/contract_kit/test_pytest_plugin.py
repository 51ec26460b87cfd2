"""The plugin that lets pytest judge a live tenant, beside whatever other plugins there are."""

from pathlib import Path

import pytest

from oneroster.sandbox import Sandbox

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "oneroster.contract.pytest_plugin", "-p", "no:cacheprovider")
URL = "https://sis.example/ims/oneroster/v1p1"
SUITE = Path(__file__).parents[1] / "contract"

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
    for name in ("BASE_URL", "TOKEN", "CLIENT_ID", "CLIENT_SECRET", "TOKEN_URL", "PROFILE"):
        monkeypatch.delenv(f"ONEROSTER_{name}", raising=False)


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(SHOWS_THE_TARGET)
    return pytester.runpytest_subprocess(*PLUGIN, "-s", *arguments)


def test_without_an_address_there_is_no_target(pytester: pytest.Pytester) -> None:
    run(pytester).stdout.fnmatch_lines(["target: None"])


def test_options_name_the_target_and_its_secret_is_not_shown(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--base-url", URL, "--token", "s3cret", "--profile", "kimono")
    result.stdout.fnmatch_lines([f"oneroster: judging {URL}", f"target: ('{URL}', 'kimono')", "access: BearerToken()"])
    result.stdout.no_fnmatch_line("*s3cret*")


def test_the_environment_names_it_too(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEROSTER_BASE_URL", URL)
    monkeypatch.setenv("ONEROSTER_CLIENT_ID", "me")
    monkeypatch.setenv("ONEROSTER_CLIENT_SECRET", "s3cret")
    result = run(pytester)
    result.stdout.fnmatch_lines([f"target: ('{URL}', 'standard')", "access: OAuth1(client_id='me')"])


def test_settings_that_cannot_be_meant_are_wrong_usage(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--base-url", URL, "--client-id", "me")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*a client id and a client secret belong together*"])


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
        result = pytester.runpytest_subprocess(*plugins, "-s", "--base-url", URL)
    result.stdout.fnmatch_lines([f"target: ('{URL}', 'standard')"])
    assert result.ret == 0


def test_the_suite_judges_a_live_tenant_one_test_a_rule(pytester: pytest.Pytester) -> None:
    with Sandbox(faults=["missing-required", "json-booleans"]) as tenant:
        result = pytester.runpytest_subprocess(
            *PLUGIN,
            "-rfxs",
            str(SUITE),
            f"--rootdir={SUITE.parent}",
            "--base-url",
            tenant.base_url,
            "--token",
            tenant.token,
        )
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 1
    assert outcomes["xfailed"] == 1
    assert set(outcomes) <= {"failed", "xfailed", "passed", "skipped", "warnings"}
    result.stdout.fnmatch_lines(["*title is missing in 1 of * records*", "FAILED *test_rule*OR-SCH-01*"])
    result.stdout.fnmatch_lines(["XFAIL *test_rule*OR-SCH-06*"])
    result.stdout.no_fnmatch_line(f"*{tenant.token}*")
