"""Retries: how often, how long, and when not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster import ConfigurationError, Retry
from oneroster.transport.retry import RETRIED_STATUSES, delay_before_retry


def test_waits_double_up_to_the_longest() -> None:
    retry = Retry(attempts=10, first_delay=1, longest_delay=5)
    assert [delay_before_retry(retry, sent, 0, None, lambda: 1.0) for sent in range(1, 6)] == [1, 2, 4, 5, 5]


@pytest.mark.parametrize(
    ("sent", "elapsed", "asked"),
    [(5, 0.0, None), (1, 300.0, None), (1, 0.0, 121.0), (1, 290.0, 60.0)],
    ids=["attempts spent", "deadline passed", "pause too long", "pause ends after the deadline"],
)
def test_there_is_no_further_send(sent: int, elapsed: float, asked: float | None) -> None:
    assert delay_before_retry(Retry(), sent, elapsed, asked, lambda: 1.0) is None


@given(st.integers(1, 4), st.floats(0, 300), st.none() | st.floats(0, 1000), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_shorter_than_asked_and_never_passes_the_deadline(
    sent: int, elapsed: float, asked: float | None, drawn: float
) -> None:
    retry = Retry()
    delay = delay_before_retry(retry, sent, elapsed, asked, lambda: drawn)
    if delay is not None:
        assert delay >= (asked or 0)
        assert elapsed + delay <= retry.deadline


def test_senseless_limits_are_refused() -> None:
    assert Retry().checked() == Retry()
    nan = float("nan")
    for wrong in (Retry(attempts=0), Retry(deadline=-1), Retry(deadline=nan), Retry(first_delay=nan)):
        with pytest.raises(ConfigurationError, match="attempts must be at least 1"):
            wrong.checked()


def test_a_busy_server_is_asked_in_longer_steps_up_to_the_deadline_c4() -> None:
    for draw in (0.0, 1.0):
        retry, elapsed, sent, delays = Retry(), 0.0, 1, []
        while (delay := delay_before_retry(retry, sent, elapsed, None, lambda: draw, busy=True)) is not None:  # noqa: B023  # called in this round
            delays.append(delay)
            elapsed, sent = elapsed + delay, sent + 1
        assert delays == sorted(delays)
        assert 200 < elapsed <= retry.deadline
    assert delay_before_retry(Retry(attempts=1), 1, 0, None, lambda: 0.0, busy=True) is None
    assert delay_before_retry(Retry(attempts=2, busy_attempts=3), 3, 0, None, lambda: 0.0, busy=True) is None


def test_a_server_error_is_retried_c3() -> None:
    assert 500 in RETRIED_STATUSES
