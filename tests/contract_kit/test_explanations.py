"""A check that cannot be judged because of how the server behaves names the failed check that explains it."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from oneroster.contract.errors import ExplainedBy
from oneroster.contract.explanations import SymptomKey, explain, without_repeated
from oneroster.contract.levels import Level
from oneroster.contract.result import Cause, Check, Status


def a_check(rule_id: str, operation_id: str | None, status: Status = Status.FAILED) -> Check:
    return Check(rule_id, "paging", "T", Level.MUST, status, operation_id, "seen")


def a_symptom(rule_id: str, operation_id: str) -> Check:
    return replace(a_check(rule_id, operation_id, Status.NOT_JUDGED), cause=Cause.EXPLAINED)


def nothing(_rule_id: str, _operation_id: str) -> list[Check]:
    return []


def explained(*checks: Check, **symptoms: tuple[str, ...] | str) -> Check:
    """The last check, with symptoms of the given rules on its operation."""
    operation_id = checks[-1].operation_id
    raised: dict[SymptomKey, ExplainedBy] = {
        (name.replace("_", "-"), operation_id): ExplainedBy(rules, "seen") for name, rules in symptoms.items()
    }
    return explain(checks, raised, nothing)[len(checks) - 1]


def test_a_failed_check_of_the_same_operation_explains() -> None:
    found = explained(a_check("OR-PAG-02", "getAllOrgs"), a_symptom("OR-PAG-05", "getAllOrgs"), OR_PAG_05="OR-PAG-02")
    assert (found.cause, found.explained_by, found.explained_on) == (Cause.EXPLAINED, "OR-PAG-02", "getAllOrgs")
    assert found.message == "explained by OR-PAG-02: seen"


def test_the_first_rule_that_failed_explains() -> None:
    checks = (a_check("OR-PAG-04", "getAllOrgs"), a_symptom("OR-PAG-05", "getAllOrgs"))
    assert explained(*checks, OR_PAG_05=("OR-PAG-02", "OR-PAG-04")).explained_by == "OR-PAG-04"


def test_a_rule_that_judges_one_operation_explains_all() -> None:
    checks = (a_check("OR-ERR-02", "getAllOrgs"), a_symptom("OR-ERR-07", "getAllUsers"))
    found = explained(*checks, OR_ERR_07="OR-ERR-02")
    assert (found.explained_by, found.explained_on) == ("OR-ERR-02", "getAllOrgs")


def test_a_rule_that_failed_elsewhere_explains_nothing() -> None:
    failed, holds = a_check("OR-PAG-02", "getAllOrgs"), a_check("OR-PAG-02", "getAllUsers", Status.PASSED)
    found = explained(failed, holds, a_symptom("OR-PAG-05", "getAllUsers"), OR_PAG_05="OR-PAG-02")
    assert (found.cause, found.explained_by) == (Cause.UNEXPLAINED, None)
    assert Cause.UNEXPLAINED.leaves_a_gap


@pytest.mark.parametrize(("level", "rule_id"), [(Level.MUST, None), (Level.SHOULD, "OR-FLT-02")])
def test_what_is_wrong_with_an_uncertain_operation_explains_no_must_elsewhere(
    level: Level, rule_id: str | None
) -> None:
    failed = replace(a_check("OR-FLT-02", "getAllOfVendor", Status.WARNED), level=Level.SHOULD)
    symptom = replace(a_symptom("OR-FLT-16", "getAllOrgs"), level=level)
    raised: dict[SymptomKey, ExplainedBy] = {
        ("OR-FLT-16", "getAllOrgs"): ExplainedBy("OR-FLT-02", "seen", anywhere=True, otherwise="seen")
    }
    others = a_check("OR-FLT-02", "getAllUsers", Status.PASSED)
    found = explain([failed, others, symptom], raised, nothing, uncertain=frozenset({"getAllOfVendor"}))[-1]
    assert (found.status is Status.FAILED, found.explained_by) == (rule_id is None, rule_id)


@pytest.mark.parametrize("status", [Status.PASSED, Status.OPEN, Status.ACCEPTED, Status.NOT_JUDGED])
def test_a_check_that_did_not_fail_explains_nothing(status: Status) -> None:
    checks = (a_check("OR-PAG-02", "getAllOrgs", status), a_symptom("OR-PAG-05", "getAllOrgs"))
    assert explained(*checks, OR_PAG_05="OR-PAG-02").cause is Cause.UNEXPLAINED


def test_what_explains_a_symptom_explains_those_that_name_it() -> None:
    checks = (
        a_check("OR-ENV-01", "getAllOrgs"),
        a_symptom("OR-PAG-02", "getAllOrgs"),
        a_symptom("OR-PAG-05", "getAllOrgs"),
    )
    found = explained(*checks, OR_PAG_05="OR-PAG-02", OR_PAG_02="OR-ENV-01")
    assert found.explained_by == "OR-ENV-01"


def test_symptoms_that_name_each_other_are_not_explained() -> None:
    checks = (a_symptom("OR-PAG-02", "getAllOrgs"), a_symptom("OR-PAG-05", "getAllOrgs"))
    assert explained(*checks, OR_PAG_05="OR-PAG-02", OR_PAG_02="OR-PAG-05").cause is Cause.UNEXPLAINED


def test_a_rule_that_is_not_part_of_the_run_is_evaluated_once() -> None:
    asked: list[tuple[str, str]] = []

    def judge(rule_id: str, operation_id: str) -> list[Check]:
        asked.append((rule_id, operation_id))
        return [a_check(rule_id, operation_id)]

    checks = [a_symptom("OR-PAG-05", "getAllOrgs"), a_symptom("OR-PAG-09", "getAllOrgs")]
    raised: dict[SymptomKey, ExplainedBy] = {
        (each.id, each.operation_id): ExplainedBy("OR-PAG-02", "seen") for each in checks
    }
    first, second, further = explain(checks, raised, judge)
    assert asked == [("OR-PAG-02", "getAllOrgs")]
    assert first.explained_by == second.explained_by == further.id == "OR-PAG-02"
    assert further.status is Status.FAILED


def test_an_excluded_rule_is_not_evaluated() -> None:
    def judge(_rule_id: str, _operation_id: str) -> list[Check]:
        raise AssertionError

    raised: dict[SymptomKey, ExplainedBy] = {("OR-PAG-05", "getAllOrgs"): ExplainedBy("OR-PAG-02", "seen")}
    (found,) = explain([a_symptom("OR-PAG-05", "getAllOrgs")], raised, judge, frozenset({"OR-PAG-02"}))
    assert found.cause is Cause.NOT_REQUESTED
    assert found.message == "seen; OR-PAG-02, which may explain it, is excluded from the run"


def test_a_rule_that_could_not_be_judged_hands_its_gap_on() -> None:
    unanswered = replace(a_check("OR-ACC-01", "getAllOrgs", Status.NOT_JUDGED), cause=Cause.NO_RESPONSE)
    found = explained(unanswered, a_symptom("OR-ACC-03", "getAllOrgs"), OR_ACC_03="OR-ACC-01")
    assert (found.cause, found.explained_by) == (Cause.NO_RESPONSE, None)


def test_what_suppressed_the_explaining_check_explains() -> None:
    suppressed = replace(a_symptom("OR-ERR-07", "getOrg"), explained_by="OR-ERR-06", explained_on="getOrg")
    found = explained(
        a_check("OR-ERR-06", "getOrg"), suppressed, a_symptom("OR-ERR-08", "getOrg"), OR_ERR_08="OR-ERR-07"
    )
    assert found.explained_by == "OR-ERR-06"


def test_a_symptom_that_became_a_violation_explains_those_that_follow() -> None:
    first, later = a_symptom("OR-CMB-01", "getAllOrgs"), a_symptom("OR-CMB-02", "getAllOrgs")
    seen = ExplainedBy(("OR-CMB-01", "OR-SRT-01"), "seen", otherwise="rejected")
    found = explain([first, later], {(each.id, "getAllOrgs"): seen for each in (first, later)}, nothing)
    assert [(each.status, each.explained_by) for each in found] == [
        (Status.FAILED, None),
        (Status.NOT_JUDGED, "OR-CMB-01"),
    ]


def settled(*checks: Check, **symptom_of: str) -> list[tuple[str, Status, str | None]]:
    """The checks, when those of the given rules are symptoms of others, as id, status and what explains them."""
    known = {check: (symptom_of[name],) for check in checks if (name := check.id.replace("-", "_")) in symptom_of}
    return [(each.id, each.status, each.explained_by) for each in without_repeated(checks, known)]


def test_a_finding_is_explained_by_a_rule_that_ran_later() -> None:
    first, later = a_check("OR-WRT-10", "putResult"), a_check("OR-WRT-03", "putResult")
    assert settled(first, later, OR_WRT_10="OR-WRT-03") == [
        ("OR-WRT-03", Status.FAILED, None),
        ("OR-WRT-10", Status.NOT_JUDGED, "OR-WRT-03"),
    ]


def test_two_rules_that_report_the_same_do_not_hide_each_other() -> None:
    one, other = a_check("OR-WRT-10", "putResult"), a_check("OR-WRT-03", "putResult")
    found = settled(one, other, OR_WRT_10="OR-WRT-03", OR_WRT_03="OR-WRT-10")
    assert [status for _, status, _ in found] == [Status.FAILED, Status.NOT_JUDGED]


def test_a_finding_is_no_symptom_of_itself_or_of_another_operation() -> None:
    one, elsewhere = a_check("OR-WRT-10", "putResult"), a_check("OR-WRT-03", "putLineItem")
    found = settled(one, elsewhere, OR_WRT_10="OR-WRT-03", OR_WRT_03="OR-WRT-03")
    assert [status for _, status, _ in found] == [Status.FAILED, Status.FAILED]


def test_a_must_is_no_symptom_of_a_should() -> None:
    warned = replace(a_check("OR-WRT-03", "putResult", Status.WARNED), level=Level.SHOULD)
    assert settled(a_check("OR-WRT-10", "putResult"), warned, OR_WRT_10="OR-WRT-03")[0][1] is Status.FAILED


def test_what_a_symptom_explained_is_explained_by_its_cause() -> None:
    symptom, cause = a_check("OR-WRT-10", "putResult"), a_check("OR-WRT-03", "putResult")
    follower = replace(a_symptom("OR-WRT-07", "putResult"), explained_by="OR-WRT-10", explained_on="putResult")
    assert settled(symptom, cause, follower, OR_WRT_10="OR-WRT-03")[1] == (
        "OR-WRT-07",
        Status.NOT_JUDGED,
        "OR-WRT-03",
    )


def calls_of_explained_by() -> Iterator[tuple[str, ast.Call]]:
    """Every call of `ExplainedBy` in the kit, with the place of it."""
    for path in sorted((Path(__file__).parents[2] / "src" / "oneroster" / "contract").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ExplainedBy":
                yield f"{path.name}:{node.lineno}", node


def test_a_symptom_that_may_become_a_finding_has_evidence() -> None:
    """A finding without evidence has no command that repeats it."""
    named = {place: {each.arg for each in call.keywords} for place, call in calls_of_explained_by()}
    assert [place for place, keywords in named.items() if "otherwise" in keywords and "evidence" not in keywords] == []
