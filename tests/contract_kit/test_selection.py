"""What a run judges can be chosen by family, rule and operation; what must be read for it is read all the same."""

from collections.abc import Sequence
from functools import cache

import pytest

from oneroster.contract.dialects.operation_dependencies import with_dependencies
from oneroster.contract.dialects.overlay import dialect_specification
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.target import Target
from oneroster.contract.result import CheckReport
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.run_selection import RuleSelection, rule_selection
from oneroster.contract.runner import check
from oneroster.standard import Standard
from tests.in_process import quick_sandbox

STANDARD = Standard.of("1.1")


def choose(include: Sequence[str] = (), exclude: Sequence[str] = ()) -> RuleSelection:
    return rule_selection(STANDARD.specification, include, exclude)


def test_families_rules_and_operations_are_told_apart() -> None:
    chosen = choose(["paging", "getAllOrgs"], ["OR-PAG-01"])
    assert {rule.family for rule in chosen.rules} == {"paging"}
    assert "OR-PAG-01" not in {rule.id for rule in chosen.rules}
    assert chosen.operations == {"getAllOrgs"}


def test_without_a_name_of_a_sort_all_of_that_sort_are_chosen() -> None:
    assert choose().operations is None
    assert choose(["getAllOrgs"]).rules == choose().rules
    left = choose(exclude=["getAllOrgs"]).operations
    assert left is not None
    assert "getAllOrgs" not in left
    assert "getAllUsers" in left


def test_a_name_that_is_none_of_these_is_told() -> None:
    with pytest.raises(ValueError, match=r"no such family, rule or operation: getEverything; .*`oneroster rules`"):
        choose(["getEverything"])


@pytest.mark.parametrize(
    ("operation", "needed"),
    [
        ("getAllUsers", {"getAllUsers", "getAllOrgs", "getUser"}),
        ("getStudent", {"getAllUsers", "getAllStudents", "getStudent", "getAllOrgs"}),
        ("getAllStudents", {"getAllUsers", "getAllStudents"}),
        ("getStudentsForClass", {"getAllEnrollments", "getAllClasses", "getAllUsers", "getStudentsForClass"}),
    ],
)
def test_what_an_operation_needs_is_read_with_it(operation: str, needed: set[str]) -> None:
    found = with_dependencies(dialect_specification("standard", STANDARD), [operation])
    assert needed <= found
    assert "getAllResults" not in found


def test_a_dialect_s_own_operation_is_found_behind_the_standard_s_name() -> None:
    assert "getAllAcademicSessionsKimono" in with_dependencies(dialect_specification("kimono", STANDARD), ["getClass"])
    assert with_dependencies(dialect_specification("kimono", STANDARD), ["getAllLineItems"]) == frozenset()


@cache
def judged(*include: str, exclude: tuple[str, ...] = (), faults: tuple[str, ...] = ()) -> CheckReport:
    chosen = choose([*include], [*exclude])
    with quick_sandbox(faults=faults) as tenant:
        target = Target(tenant.base_url, access=BearerToken(tenant.token))
        return check(target, RunBudget(requests=1000), rules=chosen.rules, plan=RunPlan(chosen.operations), seed=1)


@pytest.mark.parametrize("operation", ["getAllOrgs", "getStudentsForClass", "getStudent"])
def test_one_operation_is_judged_alone_and_as_fully_as_among_all(operation: str) -> None:
    whole = judged("semantics", "paging", "envelope")
    alone = judged("semantics", "paging", "envelope", operation)
    assert {each.operation_id for each in alone.checks} - {None} == {operation}

    def verdicts(report: CheckReport) -> set[tuple[str, str]]:
        return {(each.id, each.status) for each in report.checks if each.operation_id == operation}

    # Rules that look at a sample of the operations have this one in it when it stands alone.
    assert verdicts(whole) <= verdicts(alone)
    assert alone.target.requests < whole.target.requests


def test_an_operation_left_out_is_not_judged() -> None:
    report = judged("OR-PAG-05", exclude=("getAllUsers",), faults=("wrong-total",))
    named = {each.operation_id for each in report.violations()}
    assert named
    assert "getAllUsers" not in named
