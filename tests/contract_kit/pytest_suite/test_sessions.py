"""Whole sessions of pytest: what they send, with and without workers, and how they end."""

import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from oneroster.contract.http.gateway import OWN
from oneroster.contract.http.target import Target
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox, app
from oneroster.standard import Standard

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "oneroster.contract.pytest_plugin", "-p", "no:cacheprovider")
PACKAGE = ("--pyargs", "oneroster.contract")
INCLUDED = ("--oneroster-include", "writes", "--oneroster-include", "putCategory", "--oneroster-seed", "1")


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the requests that sandboxes receive: reads by the last word of the path, ids of the kit as one."""
    lock = threading.Lock()
    counted: Counter[str] = Counter()
    serve = app.serve

    def counting(tenant: object, request: app.RawRequest) -> object:
        word = request.raw_path.decode().rpartition("/")[2] if request.method == "GET" else request.method
        with lock:
            counted[OWN if word.startswith(OWN) else word] += 1
        return serve(tenant, request)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(app, "serve", counting)
    return counted


@pytest.fixture
def tenant() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


def access(tenant: Sandbox) -> tuple[str, ...]:
    return ("--base-url", tenant.base_url, "--token", tenant.token)


def test_several_workers_send_and_write_what_one_does(
    pytester: pytest.Pytester, received: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    seen = []
    for workers in ("0", "2"):
        with Sandbox() as tenant:
            options = ("-p", "xdist", "-n", workers, "--oneroster-allow-writes", *INCLUDED, *access(tenant))
            result = pytester.runpytest_subprocess(*PLUGIN, *PACKAGE, *options)
        assert result.ret == pytest.ExitCode.OK
        told = result.parseoutcomes()
        told.pop("warnings", None)
        assert result.stdout.str().count("tested must rules passed") == 1
        seen.append((dict(received), told))
        received.clear()
    one, several = seen
    assert one == several
    assert one[0]["PUT"] > 0


SUITE = "oneroster.contract.test_contract"
ON_TWO = ("getAllCategories", "getAllOrgs")
SELECTIONS = {
    "keyword": (*PACKAGE, "--oneroster-include", "paging", "-k", "OR-PAG-05 and (getAllCategories or getAllOrgs)"),
    "node ids": ("--pyargs", *(f"{SUITE}::paging::OR-PAG-05::{name}" for name in ON_TWO)),
    "include": (*PACKAGE, *(f"--oneroster-include={name}" for name in ("OR-PAG-05", *ON_TWO))),
}


@pytest.mark.parametrize("way", SELECTIONS)
def test_what_is_selected_narrows_what_is_sent(
    way: str, pytester: pytest.Pytester, received: Counter[str], tenant: Sandbox
) -> None:
    result = pytester.runpytest_inprocess(*PLUGIN, *SELECTIONS[way], *access(tenant))
    result.assert_outcomes(passed=2, deselected=result.parseoutcomes().get("deselected", 0))
    assert {"categories", "orgs"} <= received.keys()
    # Besides them, single records of both, and no other collection.
    collections = {
        each.path.rpartition("/")[2] for each in Standard.of().specification.operations.values() if each.many
    }
    assert collections & received.keys() == {"categories", "orgs"}
    assert received.total() == len(received)


def test_collecting_sends_nothing(pytester: pytest.Pytester, received: Counter[str], tenant: Sandbox) -> None:
    result = pytester.runpytest_inprocess(*PLUGIN, *PACKAGE, *INCLUDED, *access(tenant), "--collect-only", "-q")
    result.stdout.fnmatch_lines(["*test_contract.py::writes::OR-WRT-01::tenant"])
    assert not received


@pytest.mark.parametrize("how", ["down", "refuses"])
def test_a_tenant_that_cannot_be_judged_is_one_error_in_the_words_of_the_command(
    how: str, pytester: pytest.Pytester, tenant: Sandbox
) -> None:
    url, words = ("http://127.0.0.1:9/x", ()) if how == "down" else (tenant.base_url, ("--token", "wrong"))
    pytester.makepyfile("def test_other(): pass")
    options = ("-rs", "--base-url", url, *words, "--oneroster-include", "fields")
    result = pytester.runpytest_inprocess(*PLUGIN, *PACKAGE, pytester.path, *options)
    told = result.parseoutcomes()
    assert (told["passed"], told.get("failed"), told["errors"]) == (1, None, 1)
    # The error belongs to the suite, whatever runs after it.
    result.stdout.fnmatch_lines(["*ERROR at teardown of fields.OR-FLD*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    sentence = check(Target(url), seed=1).unjudged if how == "down" else "every collection is refused (HTTP 401"
    assert sentence is not None
    result.stdout.fnmatch_lines([f"Could not be judged: *{sentence.replace('[', '[[]')}*"])
    result.stdout.fnmatch_lines(["SKIPPED * not judged, *"])


def test_what_ends_the_command_with_3_fails_the_session(pytester: pytest.Pytester, tenant: Sandbox) -> None:
    included = ("--oneroster-include", "OR-WRT-01")
    result = pytester.runpytest_inprocess(*PLUGIN, *PACKAGE, *access(tenant), *included)
    result.assert_outcomes(skipped=1, errors=1)
    result.stdout.fnmatch_lines(["Could not be judged: OR-WRT-01 was not tested (writes not allowed)*"])
