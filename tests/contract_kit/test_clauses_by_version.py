"""For each version every rule has a clause with a level, or the reason why it does not apply."""

import pytest

from oneroster.contract.catalogue import catalogue, select
from oneroster.contract.clauses import CLAUSES
from oneroster.contract.clauses_by_version import VERSIONS, applicable, basis, clauses_in
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.result import Cause
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from oneroster.standard import Standard


@pytest.mark.parametrize("version", VERSIONS)
def test_every_rule_has_an_entry_for_each_version(version: str) -> None:
    for rule in catalogue():
        found = basis(rule, version)
        assert bool(found.clause) is not bool(found.reason), rule.id
        assert isinstance(found.level, Level) is bool(found.clause)
    assert {rule.id for clause in clauses_in(version) for rule in [*catalogue()] if rule.id in clause.rules} == {
        rule.id for rule in applicable(catalogue(), version)
    }


def test_all_supported_versions_have_a_table() -> None:
    assert set(VERSIONS) == set(Standard.versions())


def test_a_version_without_a_table_has_the_rules_of_the_first() -> None:
    assert clauses_in("9.9") == CLAUSES
    assert applicable(catalogue(), "9.9") == applicable(catalogue(), "1.1")


def test_a_rule_that_does_not_apply_is_left_out_unless_it_is_named() -> None:
    (rule,) = select(["OR-ACC-12"])
    target = Target("http://127.0.0.1:9/ims/oneroster/rostering/v1p2", standard=Standard.of("1.2"))
    assert check(target, rules=[rule]).checks == ()
    (told,) = check(target, rules=[rule], plan=RunPlan(named=frozenset({rule.id}))).checks
    assert (told.cause, told.message) == (Cause.NOT_OFFERED, basis(rule, "1.2").reason)
