"""Retries: how often, how long, and when not at all."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster import ConfigurationError, Retry
from oneroster.transport.retry import delay_before_retry, retry_after_seconds

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0),
        ("9" * 5000, 31_536_000),
        (None, None),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("1.5", None),
        ("²", None),
    ],
)
def test_retry_after_is_read_in_both_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@given(st.text())
def test_no_retry_after_header_breaks_the_reading(header: str) -> None:
    seconds = retry_after_seconds(header, NOW)
    assert seconds is None or seconds >= 0


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
    for wrong in (Retry(attempts=0), Retry(deadline=-1)):
        with pytest.raises(ConfigurationError, match="attempts must be at least 1"):
            wrong.checked()
