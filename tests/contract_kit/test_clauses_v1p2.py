"""The clauses of OneRoster 1.2: each has a rule or a reason, and stands once."""

from oneroster.contract.catalogue import catalogue
from oneroster.contract.clauses_v1p2 import CLAUSES_V1P2, NOT_IN_V1P1, NOT_IN_V1P2

IDS = {rule.id for rule in catalogue()}


def test_a_clause_has_rules_or_a_reason() -> None:
    for clause in CLAUSES_V1P2:
        assert bool(clause.rules) is not bool(clause.reason), clause
        assert set(clause.rules) <= IDS, clause
        assert clause.trust in ("A", "B", "C")
    assert len({(clause.section, clause.text) for clause in CLAUSES_V1P2}) == len(CLAUSES_V1P2)


def test_a_rule_stands_under_one_clause_or_does_not_apply() -> None:
    """By an entry for each rule nothing is left to a default: a new rule needs one."""
    listed = [rule_id for clause in CLAUSES_V1P2 for rule_id in clause.rules]
    assert {rule_id for rule_id in listed if listed.count(rule_id) > 1} == set()
    assert set(listed) | NOT_IN_V1P2.keys() == IDS
    assert not set(listed) & NOT_IN_V1P2.keys()


def test_rules_that_are_new_are_as_certain_as_the_clause_under_which_they_stand() -> None:
    trust = {rule_id: clause.trust for clause in CLAUSES_V1P2 for rule_id in clause.rules}
    for rule in catalogue():
        assert rule.id not in NOT_IN_V1P1 or f"[{trust[rule.id]}]" in rule.clause, rule.id


def test_exceptions_name_rules_and_give_reasons() -> None:
    for exceptions in (NOT_IN_V1P1, NOT_IN_V1P2):
        assert exceptions.keys() <= IDS
        assert all(exceptions.values())
