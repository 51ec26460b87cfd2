"""The tests that are collected cover all that a run judges, and collecting them sends nothing."""

import pytest

from oneroster.contract.catalogue import catalogue
from oneroster.contract.clauses_by_version import applicable
from oneroster.contract.http.credentials import BearerToken, OAuth1Credentials, OAuth2Credentials
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.pytest_suite.candidates import WHOLE_RUN, candidates
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox

UNNAMED = "http://tenant.invalid"


@pytest.mark.parametrize("way", ["bearer", pytest.param("oauth1", marks=pytest.mark.series)])
def test_every_check_of_a_run_has_a_test(way: str) -> None:
    """Rules of five families that choose by the data, by the document, by the credentials, and nothing."""
    rules = [rule for rule in catalogue() if rule.family in ("sorting", "fields", "access", "errors", "writes")]
    with Sandbox() as tenant:
        access = {
            "bearer": BearerToken(tenant.token),
            "oauth1": OAuth1Credentials(tenant.client_id, tenant.client_secret),
        }[way]
        target = Target(tenant.base_url, access=access)
        plan = RunPlan(frozenset({"getAllUsers", "getUser", "getAllClasses", "getAllOrgs", "getClass"}))
        known = candidates(target, rules, plan)
        report = check(target, rules=rules, plan=plan, seed=1)
    judged = {(each.id, each.operation_id) for each in report.checks if each.operation_id is not None}
    assert judged
    assert judged <= {(name, operation) for name, operations in known.items() for operation in operations}


def test_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a request was sent")

    monkeypatch.setattr(Gateway, "send", refuse)
    rules = catalogue()
    access = OAuth2Credentials(f"{UNNAMED}/token", "me", "s")
    known = candidates(Target(UNNAMED, access=access), rules, RunPlan())
    assert known.keys() == {rule.id for rule in applicable(rules, "1.1")}
    assert all(known.values())


def test_a_rule_about_the_whole_run_and_one_that_is_not_requested_have_one_test() -> None:
    rules = applicable(catalogue(), "1.1")
    without = candidates(Target(UNNAMED), rules, RunPlan())
    assert {name for name, operations in without.items() if WHOLE_RUN in operations} >= {"OR-ACC-15", "OR-ENG-04"}
    allowed = candidates(Target(UNNAMED, allow_writes=True), rules, RunPlan(negative=True))
    assert WHOLE_RUN not in allowed["OR-ENG-04"]
    writes = [rule.id for rule in rules if rule.family == "writes"]
    assert all(without[name] == (WHOLE_RUN,) for name in writes)
    assert all(WHOLE_RUN not in allowed[name] for name in writes)


def test_included_operations_and_the_dialect_limit_them() -> None:
    only = candidates(Target(UNNAMED), catalogue(), RunPlan(frozenset({"getAllUsers"})))
    assert {name for operations in only.values() for name in operations} == {"getAllUsers", WHOLE_RUN}
    kimono = candidates(Target(UNNAMED, profile="kimono"), catalogue(), RunPlan())
    assert kimono != candidates(Target(UNNAMED), catalogue(), RunPlan())
