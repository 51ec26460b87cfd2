"""Each fault of the sandbox violates one rule and no other, and each rule has such a fault."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pytest

from oneroster.contract.catalogue import catalogue, select
from oneroster.contract.clauses_by_version import applicable
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.result import CheckReport, Status
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from oneroster.sandbox.faults import CLIENT_FAULTS, FAULTS
from oneroster.standard import Standard
from tests.contract.fault_sets import CERTAIN, families_for, rules_for, unseen
from tests.contract.fault_sets import judged as narrowly_judged
from tests.contract.matrix import ADDITIONS, BROKEN_BY, SEEN_BY_CHANCE, TOKEN_LIFETIME, WAYS_IN
from tests.contract.ways_in import way_into
from tests.in_process import quick_sandbox

STANDARD = Standard.of("1.1")

WRITING = "OR-WRT"
ENGINE = "OR-ENG"
PLANS = {
    "OR-ENG-04": RunPlan(negative=True),
    "OR-ENG-05": RunPlan(negative=True),
    "OR-ENG-06": RunPlan(stateful=True),
}
"""Run plans for the engine rules that run only on request."""
ENOUGH = RunBudget(requests=3000)
LEVELS = {rule.id: rule.level for rule in catalogue()}


def judged(fault: str) -> CheckReport:
    """Return the report on a sandbox with one fault; the engine runs only for faults of engine rules.

    Write faults have no effect on reads, so only the write rules run for them.
    """
    family = BROKEN_BY[fault].rpartition("-")[0]
    if FAULTS[fault].needs.writes:
        include = sorted({"writes", BROKEN_BY[fault]})
        return judged_by(include, (), [fault], allow_writes=True, way=WAYS_IN.get(fault, "bearer"))
    way, lifetime = WAYS_IN.get(fault, "bearer"), TOKEN_LIFETIME.get(fault, 3600)
    exclude = () if family == ENGINE else ("engine",)
    return judged_by((), exclude, [fault], way=way, token_lifetime=lifetime, plan=PLANS.get(BROKEN_BY[fault]))


def judged_by(
    include: Sequence[str],
    exclude: Sequence[str],
    faults: Sequence[str],
    *,
    allow_writes: bool = False,
    way: str = "bearer",
    token_lifetime: int = 3600,
    plan: RunPlan | None = None,
) -> CheckReport:
    with quick_sandbox(faults=faults, token_lifetime=token_lifetime) as tenant:
        target = Target(tenant.base_url, access=way_into(tenant, way, writes=allow_writes), allow_writes=allow_writes)
        return check(target, ENOUGH, rules=select(include, exclude), plan=plan, seed=1)


def family(parameters: Mapping[str, Any]) -> str:
    """Return the rule family of a fault."""
    return BROKEN_BY[parameters["fault"]].rpartition("-")[0]


@pytest.mark.series(by=family)
@pytest.mark.parametrize("fault", sorted(BROKEN_BY))
def test_a_fault_violates_its_rule_and_no_other(fault: str) -> None:
    report = judged(fault)
    broken = {each.id for each in report.violations(Level.SHOULD)}
    if LEVELS[BROKEN_BY[fault]] is Level.OPEN:
        assert broken == set()
        added = open_findings(report) - open_findings(conforming(BROKEN_BY[fault].startswith(WRITING)))
        assert {rule_id for rule_id, _, _ in added} == {BROKEN_BY[fault]}
    else:
        assert broken - {SEEN_BY_CHANCE.get(fault)} == {BROKEN_BY[fault]}
    assert report.exit_code(Level.SHOULD) == (1 if broken else 0)
    assert not report.kit_errors()


@pytest.mark.series
@pytest.mark.parametrize("fault", sorted(BROKEN_BY))
def test_a_fault_is_seen_when_its_rule_is_judged_alone(fault: str) -> None:
    report = narrowly_judged([fault], rules=rules_for([fault]))
    assert unseen(report, [fault]) == set()


PROBABLE = sorted(name for name in BROKEN_BY if CERTAIN not in FAULTS[name].breaks)
"""Faults against what the sheet of the standard calls probable or open."""


@pytest.mark.series
@pytest.mark.parametrize("fault", PROBABLE)
def test_a_fault_against_a_probable_fact_fails_no_must(fault: str) -> None:
    report = narrowly_judged([fault], size=41, rules=families_for([fault]))
    assert report.violations() == []


def test_records_of_another_kind_are_no_parents_of_nested_collections() -> None:
    report = narrowly_judged(["subset-unfiltered"], size=41, rules=["OR-SEM-35"])
    assert {each.status for each in report.checks if each.id == "OR-SEM-35"} == {Status.PASSED}


UNUSABLE_TOKENS = sorted(fault for fault, rule_id in BROKEN_BY.items() if rule_id == "OR-ACC-15")


@pytest.mark.parametrize("fault", UNUSABLE_TOKENS)
def test_a_token_that_cannot_be_used_hides_no_scope_that_is_ignored(fault: str) -> None:
    names = ["scopes-ignored", fault]
    report = narrowly_judged(names, rules=rules_for(names))
    assert unseen(report, names) == set()


WITHOUT_ENGINE = sorted(
    fault
    for fault, rule_id in BROKEN_BY.items()
    if not rule_id.startswith((WRITING, ENGINE)) and not FAULTS[fault].needs.writes
)


@pytest.mark.series(dear=True)
@pytest.mark.parametrize("fault", WITHOUT_ENGINE)
def test_the_engine_reports_no_fault_a_second_time(fault: str) -> None:
    way, lifetime = WAYS_IN.get(fault, "bearer"), TOKEN_LIFETIME.get(fault, 3600)
    report = judged_by((), (), [fault], way=way, token_lifetime=lifetime)
    expected = set() if LEVELS[BROKEN_BY[fault]] is Level.OPEN else {BROKEN_BY[fault]}
    assert {each.id for each in report.violations(Level.SHOULD)} == expected
    assert not report.kit_errors()


@cache
def conforming(writing: bool) -> CheckReport:
    """Return the report on a sandbox without faults."""
    return judged_by(["writes"] if writing else (), ["engine"], (), allow_writes=writing)


def open_findings(report: CheckReport) -> set[tuple[str, str | None, str]]:
    """Return the open findings by rule and operation."""
    found = (each for each in report.checks if each.status is Status.OPEN)
    return {(each.id, each.operation_id, each.message) for each in found}


@pytest.mark.parametrize("fault", ["wrong-total", "offset-ignored", "single-in-list"])
def test_rules_whose_prerequisite_fails_are_skipped(fault: str) -> None:
    followers = {rule.id for rule in catalogue() if BROKEN_BY[fault] in rule.needs and rule.family != "engine"}
    report = judged_by([BROKEN_BY[fault], *followers], (), [fault])
    broken = {each.operation_id for each in report.violations()}
    followed = [each for each in report.checks if each.id in followers and each.operation_id in broken]
    assert all(each.status is Status.NOT_JUDGED for each in followed)


def test_a_must_fails_the_run_and_a_should_only_with_fail_on_should() -> None:
    for fault, failed in (("wrong-total", 1), ("json-booleans", 0)):
        report = judged_by([BROKEN_BY[fault]], (), [fault])
        assert report.exit_code(Level.MUST) == failed
        assert report.exit_code(Level.SHOULD) == 1


def test_every_fault_has_a_rule_and_every_rule_a_fault() -> None:
    assert set(BROKEN_BY) | set(ADDITIONS) == set(FAULTS) - CLIENT_FAULTS
    assert set(BROKEN_BY.values()) == {rule.id for rule in applicable(catalogue(), STANDARD.version)}
