"""Known deviations: accepted with a reason, told when they are met no more; what is new fails as ever."""

import json
from pathlib import Path
from typing import Any

import pytest

from oneroster.contract.baseline import AcceptedDeviation, KnownError, accept, known_of, read_known, write_known
from oneroster.contract.levels import Level
from oneroster.contract.result import Check, CheckReport, Evidence, Status, TargetInfo

TICKET = "vendor ticket 4711"


def a_check(status: Status, operation: str | None = "getAllOrgs", rule: str = "OR-PAG-05", pointer: str = "") -> Check:
    evidence = (Evidence(pointer=pointer),) if pointer else ()
    return Check(rule, "paging", "T", Level.MUST, status, operation, "it is 7", evidence)


def a_report(*checks: Check) -> CheckReport:
    return CheckReport("1", TargetInfo("https://sis.example", "standard", "", 0.0, 0), checks, 1)


def test_what_is_known_is_accepted_and_does_not_fail() -> None:
    report, stale = accept(
        a_report(a_check(Status.FAILED)), [AcceptedDeviation("OR-PAG-05", "getAllOrgs", reason=TICKET)]
    )
    (check,) = report.checks
    assert report.exit_code() == 0
    assert check.as_json()["status"] == "skipped"
    assert check.as_json()["accepted"] == TICKET
    assert check.message == f"accepted ({TICKET}): it is 7"
    assert stale == ()


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
    report, _ = accept(a_report(a_check(Status.FAILED), new), known)
    assert report.breaches() == [new]
    assert report.exit_code() == 1


def test_an_entry_without_operation_is_for_all_and_a_pointer_narrows_it() -> None:
    checks = [a_check(Status.WARNED, name, "OR-SCH-01", "title") for name in ("getAllOrgs", "getAllUsers")]
    report, _ = accept(a_report(*checks), [AcceptedDeviation("OR-SCH-01", pointer="title", reason=TICKET)])
    assert report.breaches(Level.SHOULD) == []


def test_an_entry_that_is_met_no_more_is_told_when_it_was_judged() -> None:
    gone = AcceptedDeviation("OR-PAG-05", "getAllOrgs", reason=TICKET)
    not_judged = AcceptedDeviation("OR-PAG-04", "getAllOrgs", reason=TICKET)
    skipped = AcceptedDeviation("OR-PAG-03", "getAllOrgs", reason=TICKET)
    checks = [a_check(Status.PASSED), a_check(Status.SKIPPED, rule="OR-PAG-03")]
    assert accept(a_report(*checks), [gone, not_judged, skipped])[1] == (gone,)
    assert str(gone) == "OR-PAG-05 getAllOrgs"


def test_what_is_broken_can_be_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    broken = a_report(
        a_check(Status.FAILED), a_check(Status.WARNED, rule="OR-SCH-01", pointer="title"), a_check(Status.PASSED)
    )
    write_known(known_of(broken, TICKET), path)
    known = read_known(path)
    assert [each.rule for each in known] == ["OR-PAG-05", "OR-SCH-01"]
    accepted, stale = accept(broken, known)
    assert accepted.breaches(Level.SHOULD) == []
    assert stale == ()
    # An older reason outlives a newer one.
    assert {each.reason for each in known_of(accepted, "later")} == {TICKET}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[", "is no file of known deviations"),
        ({"known": [{"rule": "OR-PAG-05", "why": "x"}]}, "is no file of known deviations"),
        ({"known": [{"rule": "OR-PAG-00", "reason": "x"}]}, "entry 1: there is no rule 'OR-PAG-00'"),
        ({"known": [{"rule": "OR-PAG-05", "operation": "getAll", "reason": "x"}]}, "there is no operation 'getAll'"),
        ({"known": [{"rule": "OR-PAG-05", "operation": "getAllOrgs", "reason": " "}]}, "say in `reason` why"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_meant_that_way_is_told(content: Any, said: str, tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    if content is not None:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    with pytest.raises(KnownError, match=said):
        read_known(path)
