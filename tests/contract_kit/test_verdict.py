"""Nothing exercised is not good: the exit status and the headline of a run (A4)."""

import pytest

from oneroster.contract.causes import Cause
from oneroster.contract.check_model import Check, Status
from oneroster.contract.errors import NotRequested
from oneroster.contract.levels import Level
from oneroster.contract.verdict import Outcome, Verdict, verdict_on

GAPS = [cause for cause in Cause if cause.leaves_a_gap]
WITHOUT_BLAME = [Cause.NOT_ENOUGH_DATA, Cause.NOT_OFFERED]


def a_check(
    rule_id: str = "OR-PAG-01",
    status: Status = Status.PASSED,
    cause: Cause | None = None,
    family: str = "paging",
    mark: str = "A",
    message: str = "",
) -> Check:
    level = {"A": Level.MUST, "B": Level.SHOULD, "C": Level.OPEN}[mark]
    return Check(rule_id, family, "T", level, status, "getAllOrgs", message, (), f"3.1 limit [{mark}]", cause)


def untested(cause: Cause, rule_id: str = "OR-PAG-02", family: str = "paging", message: str = "") -> Check:
    return a_check(rule_id, Status.NOT_JUDGED, cause, family, message=message)


def on(
    *checks: Check, named: tuple[str, ...] = (), fail_on: Level = Level.MUST, unjudged: str | None = None
) -> Verdict:
    return verdict_on(checks, unjudged, frozenset(named), fail_on)


def test_what_was_tested_and_holds_ends_with_0() -> None:
    verdict = on(a_check(), a_check("OR-PAG-02"))
    assert (verdict.exit_status, verdict.outcome) == (0, Outcome.HOLDS)
    assert verdict.headline == "2 of 2 tested must rules passed"


@pytest.mark.parametrize("cause", Cause)
def test_a_violation_comes_before_all_else(cause: Cause) -> None:
    verdict = on(a_check(status=Status.FAILED), untested(cause), unjudged="nobody answers")
    assert (verdict.exit_status, verdict.gaps) == (1, ())
    assert verdict.headline.endswith("; the rest could not be judged: nobody answers")


def test_a_should_fails_only_when_asked_to() -> None:
    checks = (a_check(), a_check("OR-PAG-07", Status.WARNED, mark="B"))
    assert on(*checks).exit_status == 0
    assert on(*checks).outcome is Outcome.WARNED
    assert on(*checks, fail_on=Level.SHOULD).exit_status == 1


def test_an_error_of_the_kit_comes_before_what_could_not_be_judged() -> None:
    verdict = on(untested(Cause.KIT_ERROR), unjudged="nobody answers")
    assert (verdict.exit_status, verdict.outcome) == (4, Outcome.KIT_ERROR)


@pytest.mark.parametrize("cause", GAPS)
def test_a_must_that_a_gap_left_untested_everywhere_ends_with_3(cause: Cause) -> None:
    verdict = on(a_check(), untested(cause), untested(Cause.NOT_OFFERED))
    assert verdict.exit_status == 3
    assert verdict.gaps == (f"OR-PAG-02 was not tested ({cause})",)
    # Elsewhere it was tested, so the gap is one operation.
    assert on(a_check(), untested(cause, "OR-PAG-01")).exit_status == 0


@pytest.mark.parametrize("cause", [*WITHOUT_BLAME, Cause.OTHER_AUTHENTICATION, Cause.NOT_REQUESTED, Cause.EXPLAINED])
def test_a_must_that_is_untested_without_blame_is_counted(cause: Cause) -> None:
    verdict = on(a_check(), untested(cause))
    assert verdict.exit_status == 0
    assert verdict.headline == f"1 of 1 tested must rule passed; 1 not tested: {cause} 1"


def test_a_family_without_any_tested_must_ends_with_3() -> None:
    cause = Cause.NOT_ENOUGH_DATA
    verdict = on(a_check(), untested(cause, "OR-SRT-01", "sorting"), untested(cause, "OR-SRT-02", "sorting"))
    assert verdict.exit_status == 3
    assert verdict.gaps == ("no must of sorting was tested (not enough data 2)",)


@pytest.mark.parametrize("cause", [Cause.NOT_REQUESTED, Cause.OTHER_AUTHENTICATION, Cause.NOT_OFFERED])
def test_a_family_that_the_run_does_not_ask_for_may_stay_untested(cause: Cause) -> None:
    checks = (a_check(), untested(cause, "OR-WRT-01", "writes"))
    assert on(*checks).exit_status == 0
    assert on(*checks, named=("writes",)).exit_status == 3


def test_a_rule_that_is_named_is_a_family_of_its_own() -> None:
    checks = (a_check(), untested(Cause.NOT_ENOUGH_DATA))
    assert on(*checks, named=("OR-PAG-01", "OR-PAG-02")).gaps == ("OR-PAG-02 was not tested (not enough data)",)
    assert on(*checks, named=("paging",)).exit_status == 0


def test_a_run_without_any_tested_rule_ends_with_3() -> None:
    assert on().exit_status == 0
    verdict = on(a_check("OR-PAG-07", Status.NOT_JUDGED, Cause.NOT_OFFERED, mark="B"))
    assert (verdict.exit_status, verdict.gaps) == (3, ("no rule was tested",))


def test_an_accepted_violation_counts_as_tested() -> None:
    verdict = on(a_check(status=Status.ACCEPTED), named=("OR-PAG-01",))
    assert verdict.exit_status == 0
    assert verdict.headline == "0 of 1 tested must rule passed; 1 accepted by the baseline"


def test_an_open_point_counts_as_tested() -> None:
    assert on(a_check(status=Status.OPEN), named=("OR-PAG-01",)).exit_status == 0


def test_the_headline_names_what_was_not_asked_for() -> None:
    verdict = on(
        a_check(),
        untested(Cause.NOT_REQUESTED, "OR-WRT-01", "writes", str(NotRequested("writes"))),
        untested(Cause.NOT_REQUESTED, "OR-WRT-03", "writes", str(NotRequested("writes"))),
        untested(Cause.OTHER_AUTHENTICATION, "OR-ACC-14", "access"),
        untested(Cause.NOT_REQUESTED, "OR-ENG-04", "engine", str(NotRequested("negative"))),
    )
    assert verdict.headline == (
        "1 of 1 tested must rule passed; 4 not tested: writes not allowed 2, other authentication 1, optional 1"
    )
    assert verdict.exit_status == 0


def test_of_several_causes_of_one_rule_the_gap_counts() -> None:
    checks = [a_check(), untested(Cause.NOT_OFFERED), untested(Cause.REFUSED), untested(Cause.NOT_ENOUGH_DATA)]
    assert on(*checks).musts.not_tested == {"refused": 1}


def test_a_should_finding_of_a_must_rule_is_no_failure_of_it() -> None:
    finding = Check("OR-PAG-01", "paging", "T", Level.SHOULD, Status.WARNED, None, "m", (), "3.1 limit [A]")
    assert on(finding).musts.passed == 1


def test_a_run_of_shoulds_counts_shoulds() -> None:
    assert on(a_check(mark="B")).headline == "1 of 1 tested should rule passed"
