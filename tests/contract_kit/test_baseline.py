"""Baselines: findings accepted with a reason, obsolete entries, and files that are refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from oneroster.contract.baseline import (
    AcceptedDeviation,
    BaselineError,
    apply_baseline,
    baseline_of,
    read_baseline,
    write_baseline,
)
from oneroster.contract.levels import Level
from oneroster.contract.result import Check, CheckReport, Evidence, Status, TargetInfo
from oneroster.standard import Standard

TICKET = "vendor ticket 4711"
SPECIFICATION = Standard.of().specification


def a_check(status: Status, operation: str | None = "getAllOrgs", rule: str = "OR-PAG-05", pointer: str = "") -> Check:
    evidence = (Evidence(pointer=pointer),) if pointer else ()
    return Check(rule, "paging", "T", Level.MUST, status, operation, "it is 7", evidence)


def a_report(*checks: Check) -> CheckReport:
    return CheckReport("1", TargetInfo("https://sis.example", "1.1", "standard", "", 0.0, 0), checks, 1)


def test_a_finding_of_the_baseline_is_accepted_and_does_not_fail() -> None:
    report, obsolete = apply_baseline(
        a_report(a_check(Status.FAILED)), [AcceptedDeviation("OR-PAG-05", "getAllOrgs", reason=TICKET)]
    )
    (check,) = report.checks
    assert report.exit_code() == 0
    assert check.as_json()["status"] == "accepted"
    assert check.as_json()["accepted"] == TICKET
    assert check.message == f"accepted ({TICKET}): it is 7"
    assert obsolete == ()


@pytest.mark.parametrize(
    "new",
    [
        a_check(Status.FAILED, "getAllUsers"),
        a_check(Status.FAILED, rule="OR-PAG-04"),
        a_check(Status.FAILED, rule="OR-SCH-01", pointer="orgs[].href"),
    ],
)
def test_what_is_new_fails(new: Check) -> None:
    known = [
        AcceptedDeviation("OR-PAG-05", "getAllOrgs", reason=TICKET),
        AcceptedDeviation("OR-SCH-01", pointer="title", reason=TICKET),
    ]
    report, _ = apply_baseline(a_report(a_check(Status.FAILED), new), known)
    assert report.violations() == [new]
    assert report.exit_code() == 1


def test_an_entry_without_operation_is_for_all_and_a_pointer_narrows_it() -> None:
    checks = [a_check(Status.WARNED, name, "OR-SCH-01", "title") for name in ("getAllOrgs", "getAllUsers")]
    report, _ = apply_baseline(a_report(*checks), [AcceptedDeviation("OR-SCH-01", pointer="title", reason=TICKET)])
    assert report.violations(Level.SHOULD) == []


def test_an_entry_whose_finding_no_longer_occurs_is_obsolete() -> None:
    gone = AcceptedDeviation("OR-PAG-05", "getAllOrgs", reason=TICKET)
    not_judged = AcceptedDeviation("OR-PAG-04", "getAllOrgs", reason=TICKET)
    skipped = AcceptedDeviation("OR-PAG-03", "getAllOrgs", reason=TICKET)
    checks = [a_check(Status.PASSED), a_check(Status.NOT_JUDGED, rule="OR-PAG-03")]
    assert apply_baseline(a_report(*checks), [gone, not_judged, skipped])[1] == (gone,)
    assert str(gone) == "OR-PAG-05 getAllOrgs"


def test_a_baseline_can_be_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    broken = a_report(
        a_check(Status.FAILED), a_check(Status.WARNED, rule="OR-SCH-01", pointer="title"), a_check(Status.PASSED)
    )
    write_baseline(baseline_of(broken, TICKET), path)
    known = read_baseline(path, SPECIFICATION)
    assert json.loads(path.read_text(encoding="utf-8"))["format"] == 2
    assert [each.rule for each in known] == ["OR-PAG-05", "OR-SCH-01"]
    accepted, obsolete = apply_baseline(broken, known)
    assert accepted.violations(Level.SHOULD) == []
    assert obsolete == ()
    # Existing entries keep their reasons.
    assert {each.reason for each in baseline_of(accepted, "later")} == {TICKET}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[", "is not a baseline file"),
        ("[]", "is not a baseline file"),
        ({"format": 2, "accepted": [{"rule": "OR-PAG-05", "why": "x"}]}, "is not a baseline file"),
        ({"format": 2, "accepted": [{"rule": "OR-PAG-00", "reason": "x"}]}, "entry 1: unknown rule 'OR-PAG-00'"),
        (
            {"format": 2, "accepted": [{"rule": "OR-PAG-05", "operation": "getAll", "reason": "x"}]},
            "unknown operation 'getAll'",
        ),
        (
            {"format": 2, "accepted": [{"rule": "OR-PAG-05", "operation": "getAllOrgs", "reason": " "}]},
            "`reason` must say why",
        ),
        ({"known": [{"rule": "OR-PAG-05", "reason": "x"}]}, "older version; write it again with --update-baseline"),
        ({"accepted": []}, "older version; write it again with --update-baseline"),
        ({"format": 3, "accepted": []}, "does not have format 2"),
        (None, "cannot be read"),
    ],
)
def test_an_unusable_baseline_is_refused(content: Any, said: str, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    with pytest.raises(BaselineError, match=said):
        read_baseline(path, SPECIFICATION)
