"""A run as a whole: what it survives, what it reports of it, and that a crash is never a pass."""

import json
import socket
import threading
from collections.abc import Collection, Iterator, Sequence

import pytest

from oneroster.contract.catalogue import catalogue, select
from oneroster.contract.clauses_by_version import applicable
from oneroster.contract.errors import ExplainedBy, NotOffered
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import collections
from oneroster.contract.result import Cause, Check, CheckReport, Finding, Status
from oneroster.contract.rule import Rule
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.run_progress import ProgressCallback, RunProgress
from oneroster.contract.runner import check, musts_first, run_rules
from oneroster.sandbox import Sandbox
from oneroster_runtime.specification import Operation
from tests.contract_kit.hostile import (
    Behaviour,
    answer,
    drips,
    lies_about_its_length,
    never_ends,
    resets,
    says,
    serving,
)

SECRET_VALUE = "Zaphod Beeblebrox"


def judged(behave: Behaviour, limits: RunBudget | None = None) -> CheckReport:
    with serving(behave) as server:
        return check(Target(server.base_url, access=BearerToken("t")), limits or RunBudget(timeout=5, rate=None))


@pytest.mark.series
@pytest.mark.parametrize(
    ("behave", "limits", "reason"),
    [
        (resets, RunBudget(timeout=5), "got no response"),
        (never_ends, RunBudget(timeout=20, body=100_000), "got no response"),
        (drips, RunBudget(timeout=0.2), "got no response"),
        (says(answer(b"<html>not here</html>", "404 Not Found")), RunBudget(timeout=5), "no collection can be read"),
        (says(answer(b"", "302 Found", Location="/login")), RunBudget(timeout=5), "no collection can be read"),
        (says(answer(b"", "401 Unauthorized")), RunBudget(timeout=5), "check the credentials"),
        (says(answer(b"", "403 Forbidden")), RunBudget(timeout=5), "check the credentials"),
        (says(answer(b'{"orgs": []}')), RunBudget(timeout=5, requests=3), "the limit of 3 requests"),
    ],
)
def test_a_tenant_that_cannot_be_judged_ends_with_3_and_says_why(
    behave: Behaviour, limits: RunBudget, reason: str
) -> None:
    report = judged(behave, limits)
    assert report.exit_code() == 3
    assert reason in (report.unjudged or "")
    assert {each.status for each in report.checks} == {Status.NOT_JUDGED}
    assert {each.id for each in report.checks} == {rule.id for rule in applicable(select(), "1.1")}


@pytest.mark.parametrize(
    ("behave", "rule_id"),
    [(lies_about_its_length, "OR-HTP-08"), (says(answer(b"", "500 Internal Server Error")), "OR-ERR-10")],
)
def test_what_keeps_a_tenant_from_being_read_is_a_finding(behave: Behaviour, rule_id: str) -> None:
    report = judged(behave)
    assert report.exit_code() == 1
    assert "no collection can be read" in (report.unjudged or "")
    assert [each.id for each in report.checks if each.status is not Status.NOT_JUDGED] == [rule_id]


@pytest.mark.parametrize(
    ("behave", "exit_code"), [(resets, 3), (never_ends, 3), (drips, 3), (lies_about_its_length, 1)]
)
def test_several_workers_survive_the_same(behave: Behaviour, exit_code: int) -> None:
    report = judged(behave, RunBudget(timeout=0.3, body=100_000, workers=4))
    assert report.exit_code() == exit_code
    assert not report.kit_errors()


def test_a_tenant_that_takes_its_time_is_judged_within_the_time_of_the_run() -> None:
    slowly = threading.Event()

    def behave(connection: socket.socket, head: bytes) -> None:
        slowly.wait(0.1)
        says(answer(b'{"orgs": [], "users": []}'))(connection, head)

    # One answer takes a small part of the time of the run, on a busy machine too.
    report = judged(behave, RunBudget(timeout=30, seconds=2))
    assert any("the 2 seconds allowed" in each.message for each in report.checks if each.cause is Cause.BUDGET)
    assert report.exit_code() in (1, 3)


@pytest.mark.series
@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Kim Lund</body></html>",
        b"[" * 100_000,
        b'{"orgs": [null, 1, "Kim Lund"], "users": {"Kim Lund": 1}}',
        b'{"users": [{"sourcedId": {"a": 1}, "orgs": [[["Kim Lund"]]], "role": ["Kim Lund"], "agents": "Kim Lund"}]}',
        b'{"classes": [{"sourcedId": "..", "terms": {}}], "orgs": [{"sourcedId": "", "children": [1], "parent": []}]}',
        b'{"enrollments": [{"sourcedId": "e", "user": {"sourcedId": 1}, "class": null, "role": {}}]}',
    ],
)
def test_whatever_stands_under_200_gets_a_verdict(body: bytes) -> None:
    report = judged(says(answer(body)))
    # A page of HTML for every collection is no OneRoster server.
    assert report.exit_code() == (3 if body.startswith(b"<html") else 1)
    assert not report.kit_errors()
    assert "Kim Lund" not in json.dumps([each.as_json() for each in report.checks])


def test_a_tenant_that_goes_away_in_the_middle_is_judged_in_part() -> None:
    asked = 0

    def behave(connection: socket.socket, head: bytes) -> None:
        nonlocal asked
        asked += 1
        (says(answer(b'{"orgs": [], "users": []}')) if asked < 30 else resets)(connection, head)

    report = judged(behave)
    assert "got no response" in (report.unjudged or "")
    # What was found before stands.
    assert report.exit_code() == 1
    assert any(each.cause is Cause.NO_RESPONSE for each in report.checks)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Target]:
    with Sandbox() as tenant:
        yield Target(tenant.base_url, access=BearerToken(tenant.token))


def by(*rules: Rule, target: Target, operations: Collection[str] | None = ("getAllCategories",)) -> CheckReport:
    """The report of these rules over few operations, or over all of them."""
    plan = RunPlan(None if operations is None else frozenset(operations))
    return check(target, rules=rules, plan=plan, seed=1)


def rule_that(
    judge: object, *, needs: Sequence[str] = (), clause: str = "3.1 limit [A]", name: str = "OR-TRY-01"
) -> Rule:
    return Rule(name, "paging", "It holds", clause, collections, tuple(needs), judge)  # type: ignore[arg-type]  # of either kind


def holds(_tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    return iter(())


def breaks(_tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    yield Finding("it is broken")


def breaks_openly(_tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    yield Finding("it does this", level=Level.OPEN)


def crashes(_tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    raise KeyError(SECRET_VALUE)


def has_nothing(_tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    raise NotOffered("there is nothing")


def test_no_finding_is_a_pass_on_every_operation(sandbox: Target) -> None:
    report = by(rule_that(holds), target=sandbox, operations=None)
    assert report.summary() == {"passed": 16, "failed": 0, "warned": 0, "open": 0, "accepted": 0, "not judged": 0}
    assert report.exit_code() == 0


@pytest.mark.parametrize(
    ("judge", "clause", "status", "exit_code", "strict_exit_code"),
    [
        (breaks, "3.1 limit [A]", Status.FAILED, 1, 1),
        (breaks, "3.1 limit [B]", Status.WARNED, 0, 1),
        (breaks, "3.1 limit [C]", Status.OPEN, 0, 0),
        (breaks_openly, "3.1 limit [A]", Status.OPEN, 0, 0),
        (has_nothing, "3.1 limit [A]", Status.NOT_JUDGED, 3, 3),
        (crashes, "3.1 limit [A]", Status.NOT_JUDGED, 4, 4),
    ],
)
def test_levels_make_statuses_and_statuses_the_exit_code(
    judge: object, clause: str, status: Status, exit_code: int, strict_exit_code: int, sandbox: Target
) -> None:
    report = by(rule_that(judge, clause=clause), target=sandbox)
    assert {each.status for each in report.checks} == {status}
    assert report.exit_code() == exit_code
    assert report.exit_code(Level.SHOULD) == strict_exit_code


def test_a_crash_says_where_and_not_what(sandbox: Target) -> None:
    report = by(rule_that(crashes), target=sandbox)
    message = report.kit_errors()[0].message
    assert message.startswith("error of the kit, please report it: KeyError in test_runner.py, line ")
    assert SECRET_VALUE not in message


def test_a_crash_in_choosing_operations_is_an_error_of_the_kit_too(sandbox: Target) -> None:
    def over(_tenant: ObservedTenant) -> Iterator[Operation]:
        raise KeyError(SECRET_VALUE)

    report = by(Rule("OR-TRY-01", "paging", "T", "3.1 limit [A]", over, (), holds), target=sandbox)
    assert report.exit_code() == 4
    assert SECRET_VALUE not in report.kit_errors()[0].message


def test_a_crash_before_the_rules_is_an_error_of_the_kit_too(sandbox: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise KeyError(SECRET_VALUE)

    monkeypatch.setattr("oneroster.contract.runner.read_all_collections", fails)
    report = by(rule_that(holds), target=sandbox)
    assert report.exit_code() == 4
    assert SECRET_VALUE not in report.kit_errors()[0].message


def test_one_cause_gives_one_finding(sandbox: Target) -> None:
    cause = rule_that(breaks)
    follower = rule_that(breaks, needs=[cause.id], name="OR-TRY-02")
    report = by(cause, follower, target=sandbox)
    assert {each.id for each in report.violations()} == {cause.id}
    assert {each.explained_by for each in report.checks if each.id == follower.id} == {"OR-TRY-01"}


@pytest.mark.parametrize(("named", "found"), [("OR-TRY-01", {"OR-TRY-01"}), ("OR-TRY-00", {"OR-TRY-01", "OR-TRY-02"})])
def test_a5_a_finding_is_explained_only_by_a_failed_rule_that_it_names(
    named: str, found: set[str], sandbox: Target
) -> None:
    def looks_the_same(_tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
        yield Finding("the same", symptom_of=(named,))

    report = by(rule_that(breaks), rule_that(looks_the_same, name="OR-TRY-02"), target=sandbox)
    assert {each.id for each in report.violations()} == found


@pytest.mark.parametrize("otherwise", ["", "no other rule reports it"])
def test_what_no_failed_check_explains_is_a_finding_or_a_gap(otherwise: str, sandbox: Target) -> None:
    def supposes(_tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
        raise ExplainedBy("OR-TRY-01", "as if that rule failed", otherwise=otherwise)

    rules = [rule_that(holds), rule_that(supposes, name="OR-TRY-02")]
    checks = run_rules_on(sandbox, rules)
    (other,) = {(each.status, each.cause) for each in checks if each.id == "OR-TRY-02"}
    assert other == ((Status.FAILED, None) if otherwise else (Status.NOT_JUDGED, Cause.UNEXPLAINED))


def run_rules_on(target: Target, rules: Sequence[Rule]) -> list[Check]:
    """Run rules without the report, which a fixture of these tests would refuse."""
    with Gateway(target) as gateway:
        plan = RunPlan(operations=frozenset({"getAllOrgs"}))
        return run_rules(ObservedTenant(gateway, 1, plan), rules).checks


def test_musts_get_the_requests_first_and_writes_and_the_engine_stay_in_order() -> None:
    ordered = musts_first(catalogue())
    reads = [each for each in ordered if each.family not in ("writes", "engine")]
    levels = [each.level is Level.MUST for each in reads]
    assert levels == sorted(levels, reverse=True)
    assert ordered[: len(reads)] == reads
    assert ordered[len(reads) :] == [each for each in catalogue() if each.family in ("writes", "engine")]


def test_a_prerequisite_that_was_not_judged_keeps_nothing_back(sandbox: Target) -> None:
    report = by(rule_that(holds, needs=["OR-TRY-00"]), target=sandbox)
    assert report.summary()["passed"] == 1


def test_progress_goes_forward_to_its_end(sandbox: Target) -> None:
    told: list[tuple[int, int]] = []
    check(sandbox, rules=[rule_that(holds)], progress=lambda run: told.append((run.done, run.steps)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]


def test_a_rule_over_nothing_is_skipped_as_not_offered(sandbox: Target) -> None:
    report = by(Rule("OR-TRY-01", "paging", "T", "3.1 limit [A]", lambda _: (), (), holds), target=sandbox)
    ((status, reason),) = {(each.status, each.cause) for each in report.checks}
    assert (status, reason) == (Status.NOT_JUDGED, Cause.NOT_OFFERED)


def interrupting(rule_id: str) -> ProgressCallback:
    """A progress that interrupts the run when it comes to a rule."""

    def progress(run: RunProgress) -> None:
        if rule_id in run.step:
            raise KeyboardInterrupt

    return progress


def test_an_interrupted_run_keeps_what_it_has_and_judges_no_more(sandbox: Target) -> None:
    rules = select(["OR-ENV-01", "OR-PAG-01", "OR-PAG-02", "OR-ERR-10"])
    plan = RunPlan(operations=frozenset({"getAllOrgs"}))
    report = check(
        sandbox, rules=rules, plan=plan, seed=1, progress=interrupting("OR-PAG-02"), interrupted=lambda: False
    )
    outcomes = {each.id: (each.status, each.cause) for each in report.checks}
    assert outcomes == {
        "OR-ENV-01": (Status.PASSED, None),
        "OR-PAG-01": (Status.PASSED, None),
        "OR-PAG-02": (Status.NOT_JUDGED, Cause.BUDGET),
        "OR-ERR-10": (Status.NOT_JUDGED, Cause.BUDGET),
    }
    assert (report.interrupted, report.exit_code()) == (True, 130)
    assert "2 not tested: interrupted 2" in report.verdict().headline


def test_an_interrupt_that_a_library_swallowed_ends_the_run_before_the_next_rule(sandbox: Target) -> None:
    plan = RunPlan(operations=frozenset({"getAllOrgs"}))
    report = check(sandbox, rules=select(["OR-ENV-01"]), plan=plan, seed=1, interrupted=lambda: True)
    assert report.exit_code() == 130
    assert {each.status for each in report.checks} == {Status.NOT_JUDGED}


def test_without_a_callback_for_interrupts_an_interrupt_is_raised(sandbox: Target) -> None:
    with pytest.raises(KeyboardInterrupt):
        check(sandbox, rules=select(["OR-ENV-01"]), seed=1, progress=interrupting("reading"))
