"""Rules about the whole run: judged once at the end, also for a tenant that cannot be read, and for any selection."""

import socket
from collections.abc import Iterator

import pytest

from oneroster.contract.catalogue import catalogue
from oneroster.contract.causes import Cause
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken, OAuth2Credentials
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.whole_run import whole_run
from oneroster.contract.result import CheckReport
from oneroster.contract.run_options import RunOptions
from oneroster.contract.run_selection import rule_selection
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from tests.contract_kit.hostile import Behaviour, answer, says, serving
from tests.in_process import quick_sandbox

RULES = {rule.id for rule in catalogue() if rule.over is whole_run}
SPECIFICATION = Standard.of("1.1").specification
CRASH = answer(b"", "500 Internal Server Error")
QUICK = RunBudget(requests=60, timeout=2)


def judged(behave: Behaviour) -> CheckReport:
    with serving(behave) as server:
        return check(Target(server.base_url, access=BearerToken("t")), QUICK, seed=1)


def found(report: CheckReport) -> set[tuple[str, str]]:
    return {(each.id, str(each.level)) for each in report.checks if each.id in RULES and each.evidence}


def test_a_few_rules_are_about_the_whole_run() -> None:
    assert {
        "OR-ERR-10",
        "OR-ERR-16",
        "OR-ERR-17",
        "OR-ERR-18",
        "OR-ADD-22",
        "OR-HTP-08",
        "OR-ACC-15",
        "OR-ENV-07",
        "OR-ENV-08",
        "OR-ENV-09",
        "OR-ENV-10",
        "OR-PAG-14",
        "OR-SCH-08",
    } == RULES


def test_a_tenant_that_only_crashes_is_reported() -> None:
    report = judged(says(CRASH))
    assert found(report) == {("OR-ERR-10", "must")}
    assert report.exit_code() == 1


def test_a_tenant_whose_bodies_are_cut_off_is_reported() -> None:
    cut_off = (
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\nConnection: close\r\n\r\n{"orgs'
    )
    report = judged(says(cut_off))
    assert found(report) == {("OR-HTP-08", "must")}
    assert report.exit_code() == 1


def once(status: bytes) -> Behaviour:
    """Fail every URL the first time, and then answer with an empty collection."""
    seen: set[bytes] = set()

    def behave(connection: socket.socket, head: bytes) -> None:
        target = head.split(b" ")[1]
        wrapper = target.partition(b"?")[0].rpartition(b"/")[2]
        body = b'{"%s": []}' % wrapper
        reply = answer(body) if target in seen else status
        # Noted before the reply, after which the kit repeats the request at once.
        seen.add(target)
        connection.sendall(reply)

    return behave


def test_a_server_error_that_passes_is_a_should() -> None:
    report = judged(once(CRASH))
    assert found(report) == {("OR-ERR-10", "should")}


@pytest.mark.parametrize(
    "body",
    [b'{"access_token": "t", "expires_in": ' + b"9" * 400 + b"}", b"[" * 100_000, b'{"access_token": "\xff"}', b"{}"],
    ids=["long life", "nested", "not UTF-8", "no token"],
)
def test_a20_an_unusable_token_response_is_a_finding_of_access(body: bytes) -> None:
    def behave(connection: socket.socket, head: bytes) -> None:
        connection.sendall(answer(body) if head.startswith(b"POST") else answer(b'{"orgs": []}'))

    with serving(behave) as server:
        access = OAuth2Credentials(server.base_url.replace("/ims/oneroster/v1p1", "/token"), "me", "secret")
        report = check(Target(server.base_url, access=access), QUICK, seed=1)
    assert ("OR-ACC-15", "must") in found(report)
    assert report.exit_code() == 1
    assert not report.kit_errors()
    # What was not read for want of a token is not a tenant with too few records; the token of a long life works.
    few = {each.id for each in report.checks if each.cause is Cause.NOT_ENOUGH_DATA}
    assert not few or b'"t"' in body


@pytest.fixture(scope="module")
def crashing() -> Iterator[Sandbox]:
    with quick_sandbox(faults=["end-crashes"]) as tenant:
        yield tenant


@pytest.mark.parametrize(("exclude", "reported"), [((), True), (("OR-ERR-10",), False)])
def test_a_server_error_is_reported_whichever_family_was_named(
    crashing: Sandbox, exclude: tuple[str, ...], reported: bool
) -> None:
    options = RunOptions(rule_selection(SPECIFICATION, ["paging", "getAllClasses"], exclude))
    report = options.run(Target(crashing.base_url, access=BearerToken(crashing.token)))
    assert (("OR-ERR-10", "must") in found(report)) is reported
    (weaker,) = (each for each in report.checks if each.id == "OR-PAG-07")
    assert weaker.explained_by == ("OR-ERR-10" if reported else None)


def test_a_selected_rule_of_the_whole_run_passes_when_nothing_went_wrong() -> None:
    with quick_sandbox() as tenant:
        rules = [rule for rule in catalogue() if rule.id in RULES]
        report = check(Target(tenant.base_url, access=BearerToken(tenant.token)), rules=rules, seed=1)
    assert {each.id: str(each.status) for each in report.checks} == {
        "OR-ERR-10": "passed",
        "OR-HTP-08": "passed",
        "OR-ENV-07": "passed",
        "OR-ENV-08": "passed",
        "OR-ENV-09": "passed",
        "OR-ENV-10": "passed",
        "OR-PAG-14": "passed",
        "OR-SCH-08": "passed",
        # Nothing went wrong.
        "OR-ERR-16": "not judged",
        "OR-ERR-17": "not judged",
        "OR-ERR-18": "not judged",
        # The tenant is accessed without a token endpoint.
        "OR-ACC-15": "not judged",
    }


def test_it_selects_no_operation() -> None:
    with serving(says(CRASH)) as server:
        target = Target(server.base_url)
        with Gateway(target) as gateway:
            assert not list(whole_run(ObservedTenant(gateway)))
