"""In a tenant of OneRoster 1.2 each fault violates its rule and no other, as far as 1.2 has what it needs."""

from collections import Counter
from typing import Final

import pytest

from oneroster.contract.catalogue import catalogue, select
from oneroster.contract.clauses_by_version import applicable
from oneroster.contract.grounds import standing_of
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.result import CheckReport, Status
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox
from oneroster.sandbox.faults import CLIENT_FAULTS, FAULTS
from oneroster.standard import Standard
from tests.contract.fault_sets import rules_for
from tests.contract.matrix import SEEN_BY_CHANCE, TOKEN_LIFETIME, WAYS_IN, broken_by
from tests.contract.ways_in import way_into
from tests.in_process import quick_sandbox

VERSION: Final = "1.2"
STANDARD: Final = Standard.of(VERSION)
BROKEN_BY: Final = broken_by(VERSION)
IN_1_1: Final = broken_by("1.1")
OF_BOTH: Final = sorted(fault for fault, rule in BROKEN_BY.items() if IN_1_1.get(fault) == rule)
RULES: Final = {rule.id: rule for rule in catalogue()}
PLANS: Final = {
    "OR-ENG-04": RunPlan(negative=True),
    "OR-ENG-05": RunPlan(negative=True),
    "OR-ENG-06": RunPlan(stateful=True),
}


def judged(fault: str, *, whole: bool) -> CheckReport:
    rule_id = BROKEN_BY[fault]
    writes = FAULTS[fault].needs.writes
    include = ["writes"] if rule_id.startswith("OR-WRT") else [] if whole else rules_for([fault], VERSION)
    exclude = ["engine"] if whole and not rule_id.startswith("OR-ENG") else []
    with quick_sandbox(40, faults=[fault], token_lifetime=TOKEN_LIFETIME.get(fault, 3600), standard=STANDARD) as tenant:
        way = way_into(tenant, WAYS_IN.get(fault, "bearer"), writes=writes)
        target = Target(tenant.base_url, access=way, allow_writes=writes, standard=STANDARD)
        rules, plan = select(include, exclude), PLANS.get(rule_id)
        return check(target, RunBudget(requests=6000), rules=rules, plan=plan, seed=1)


@pytest.mark.series
@pytest.mark.parametrize("fault", sorted(set(BROKEN_BY) - set(OF_BOTH)))
def test_a_fault_is_seen_when_its_rule_is_judged_alone_in_1_2(fault: str) -> None:
    require_its_rule_only(judged(fault, whole=False), fault)


@pytest.mark.series
@pytest.mark.parametrize("fault", OF_BOTH)
def test_a_fault_of_both_versions_is_seen_when_its_rule_is_judged_alone_in_1_2(fault: str) -> None:
    require_its_rule_only(judged(fault, whole=False), fault)


@pytest.mark.only_with_all
@pytest.mark.parametrize("fault", sorted(BROKEN_BY))
def test_a_fault_violates_its_rule_and_no_other_in_1_2(fault: str) -> None:
    require_its_rule_only(judged(fault, whole=True), fault)


def require_its_rule_only(report: CheckReport, fault: str) -> None:
    broken = {each.id for each in report.violations(Level.SHOULD)}
    told = broken | {each.id for each in report.checks if each.status is Status.OPEN and each.id == BROKEN_BY[fault]}
    assert told - ({SEEN_BY_CHANCE.get(fault)} - {BROKEN_BY[fault]}) == {BROKEN_BY[fault]}
    assert report.exit_code(Level.SHOULD) == (1 if broken else 0)
    assert not report.kit_errors()


def test_each_rule_of_1_2_has_a_fault() -> None:
    assert set(BROKEN_BY.values()) == {rule.id for rule in applicable(catalogue(), VERSION)}


def test_faults_that_1_2_cannot_have_say_why() -> None:
    others = {name: FAULTS[name].needs.missing_from(STANDARD.specification) for name in FAULTS}
    reasons = Counter(missing[0] for missing in others.values() if missing)
    assert reasons == {"OAuth 1.0a": 11, "warnings beside data": 12, "references to teachers": 1}
    assert set(BROKEN_BY) == {name for name, missing in others.items() if not missing} - CLIENT_FAULTS
    with pytest.raises(ValueError, match=r"fault nonce-twice: OneRoster 1\.2 has no OAuth 1\.0a"):
        Sandbox(standard=STANDARD, faults=["nonce-twice"]).__enter__()


def test_levels_of_1_2_are_its_own() -> None:
    wanted = {"OR-FLD-03": Level.OPEN, "OR-WRT-18": Level.MUST, "OR-SRT-04": Level.OPEN}
    assert {rule_id: standing_of(RULES[rule_id], VERSION).level for rule_id in wanted} == wanted
