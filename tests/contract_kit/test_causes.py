"""The closed list of causes: each has one exception that rules raise, or one error that interrupts them."""

import pytest

from oneroster.contract import errors
from oneroster.contract.causes import Cause
from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotJudged, NotRequested, OtherAuthentication

RAISED = {cls.cause for cls in NotJudged.__subclasses__()}


def test_every_cause_but_a_failure_of_the_kit_is_raised_by_rules() -> None:
    assert set(Cause) - RAISED == {Cause.KIT_ERROR, Cause.UNEXPLAINED}
    assert {cls.__name__ for cls in NotJudged.__subclasses__()} < set(errors.__all__)


@pytest.mark.parametrize("cause", Cause)
def test_a_gap_is_what_was_asked_for_and_could_not_be_done(cause: Cause) -> None:
    gaps = {Cause.REFUSED, Cause.BUDGET, Cause.NO_RESPONSE, Cause.UNEXPLAINED}
    assert cause.leaves_a_gap is (cause in gaps)


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (NotRequested("writes"), "writes are tested only with --allow-writes"),
        (OtherAuthentication("OAuth 1.0a"), "the tenant is not accessed with OAuth 1.0a"),
        (NotEnoughData(1, 2, "rows"), "needs 2 rows, found 1"),
        (ExplainedBy("OR-PAG-02", "a page repeats"), "a page repeats"),
    ],
)
def test_a_cause_says_why(reason: NotJudged, text: str) -> None:
    assert str(reason) == text
