"""The clauses of the standard: each has a rule or a reason, and each rule has a clause."""

import pytest

from oneroster.contract.catalogue import catalogue
from oneroster.contract.clauses import CLAUSES, Fact, uncovered_clauses
from oneroster.contract.clauses_v1p2 import NOT_IN_V1P1

IDS = {rule.id for rule in catalogue()}


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: f"{clause.section} {clause.text}")
def test_a_clause_has_rules_or_a_reason(clause: Fact) -> None:
    assert bool(clause.rules) is not bool(clause.reason)
    assert set(clause.rules) <= IDS
    assert clause.trust in ("A", "B", "C")


def test_every_rule_checks_a_clause() -> None:
    assert IDS - {name for clause in CLAUSES for name in clause.rules} == set(NOT_IN_V1P1)


def test_no_clause_is_listed_twice() -> None:
    assert len({(clause.section, clause.text) for clause in CLAUSES}) == len(CLAUSES)


def test_uncovered_clauses_have_no_rule() -> None:
    assert uncovered_clauses()
    assert all(not clause.rules for clause in uncovered_clauses())
