"""What is missing from a nested collection, or too much, has a level: open only where some reading allows it."""

from typing import Final

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.result import CheckReport, Status
from oneroster.contract.runner import check
from oneroster.standard import Standard
from tests.in_process import quick_sandbox

VERSIONS: Final = ("1.1", "1.2")


def judged(version: str, fault: str, rule_id: str) -> CheckReport:
    standard = Standard.of(version)
    with quick_sandbox("small", faults=[fault], standard=standard) as tenant:
        target = Target(tenant.base_url, access=BearerToken(tenant.token), standard=standard)
        return check(target, RunBudget(requests=3000), rules=select([rule_id], []), seed=1)


def found(report: CheckReport, rule_id: str) -> dict[str | None, Level]:
    violated = (each for each in report.checks if each.status in (Status.FAILED, Status.WARNED, Status.OPEN))
    return {each.operation_id: each.level for each in violated if each.id == rule_id}


def nested(version: str, marks: str = "BC") -> set[str]:
    operations = Standard.of(version).specification.operations.values()
    reads = (each for each in operations if each.method == "GET" and each.scope is not None)
    return {each.operation_id for each in reads if each.scope is not None and each.scope.trust in marks}


def offered(version: str, marks: str) -> set[str]:
    """The nested collections of which the sandbox has rows: one is a dialect's, and no user has resources."""
    return nested(version, marks) - ({"getCategoriesForClass"} if version == "1.1" else {"getResourcesForUser"})


@pytest.mark.parametrize("version", VERSIONS)
def test_a_lost_row_is_a_should_in_every_kind_of_nested_collection(version: str) -> None:
    levels = found(judged(version, "scope-incomplete", "OR-SEM-04"), "OR-SEM-04")
    assert set(levels.values()) == {Level.SHOULD}
    # The last category of a class may be that of a deleted line item.
    assert offered(version, "BC") - {"getCategoriesForClass"} <= levels.keys()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_row_that_every_reading_gives_a_parent_is_no_open_point(version: str) -> None:
    levels = found(judged(version, "nested-first-row-lost", "OR-SEM-04"), "OR-SEM-04")
    assert levels == dict.fromkeys(offered(version, "C"), Level.SHOULD)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_user_who_belongs_to_a_school_by_no_reading_is_no_open_point(version: str) -> None:
    levels = found(judged(version, "scope-ignored", "OR-SEM-03"), "OR-SEM-03")
    open_points = {name for name, level in levels.items() if level is Level.OPEN}
    assert {"getStudentsForSchool", "getTeachersForSchool", "getClassesForSchool"} <= levels.keys() - open_points
    assert open_points <= {"getTermsForSchool", "getCategoriesForClass", "getScoreScalesForSchool"}
