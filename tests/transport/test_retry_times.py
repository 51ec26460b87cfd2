"""When a busy server wants to be asked again, in each form that servers use."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.transport.retry_times import seconds_to_wait

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(seconds=90)
YEAR = 31_536_000
NAMES = (
    "Retry-After", "X-Retry-After", "Retry-After-Ms", "X-Ms-Retry-After-Ms", "RateLimit-Reset", "X-RateLimit-Reset",
    "X-Rate-Limit-Reset", "X-RateLimit-Reset-After", "X-RateLimit-Retry-After", "Rate-Limit-Reset", "RateLimit",
)  # fmt: skip


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("1.5", 1.5),
        ("30s", 30),
        ("1m30s", 90),
        ("250ms", 0.25),
        ("30 seconds", 30),
        ("1 Minute", 60),
        ("2 mins 5 sec", 125),
        ("PT1M30S", 90),
        ("00:01:30", 90),
        ("+5", 5),
        ("5, 20", 20),
        (f"{int(SOON.timestamp())}, {int(SOON.timestamp())}", 90),
        (", ".join([format_datetime(SOON, usegmt=True)] * 2), 90),
        ("1,2,", None),
        ("30 months", None),
        ("PT", None),
        ("5 s or so", None),
        ("00:99:30", None),
        ('"20"', 20),
        (format_datetime(SOON, usegmt=True), 90),
        ("Friday, 01-May-26 12:01:30 GMT", 90),
        ("Fri May  1 12:01:30 2026", 90),
        ("2026-05-01T12:01:30Z", 90),
        ("2026-05-01T08:01:30-04:00", 90),
        (str(int(SOON.timestamp())), 90),
        (str(int(SOON.timestamp() * 1000)), 90),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0),
        ("9" * 5000, YEAR),
        ("9" * 5000 + ".5", YEAR),
        (None, None),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("1e3", None),
        ("\u00b2", None),
        ("1 Jan 2024 " + "9" * 40 + ":0:0 GMT", None),
        ("Mon, 32 Foo 99999 00:00:00 +9999", None),
    ],
)
def test_retry_after_is_read_in_each_form_c4_c10(header: str | None, seconds: float | None) -> None:
    headers = {} if header is None else {"Retry-After": header}
    for status in (429, 500, 503):
        assert seconds_to_wait(status, headers, NOW) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("name", "value", "seconds"),
    [
        ("RateLimit-Reset", "30", 30),
        ("X-RateLimit-Reset", "30", 30),
        ("X-RateLimit-Reset", str(int(SOON.timestamp())), 90),
        ("X-RateLimit-Reset", str(int(SOON.timestamp() * 1000)), 90),
        ("X-Rate-Limit-Reset", SOON.isoformat(), 90),
        ("X-RateLimit-Reset-After", "2.5", 2.5),
        ("RateLimit", "limit=100, remaining=0, reset=30", 30),
        ("RateLimit", '"default";r=0;t=30', 30),
        ("RateLimit", "limit=100, remaining=0", None),
        ("RateLimit", '"second";r=0;t=5, "minute";r=0;t=40, "day";r=9;t=40000', 40),
        ("RateLimit", '"minute";r=3;t=40, "day";r=9;t=40000', 40),
        ("X-RateLimit-Reset-Ms", "1500", 1.5),
        ("X-RateLimit-Reset", str(int(NOW.timestamp()) - 5), None),
        ("X-RateLimit-Reset", "0", None),
        ("X-RateLimit-Limit", "30", None),
    ],
)
def test_a_rate_limit_says_when_it_ends_c4(name: str, value: str, seconds: float | None) -> None:
    for status in (429, 503):
        assert seconds_to_wait(status, {name: value}, NOW) == (None if seconds is None else pytest.approx(seconds))
    # Elsewhere it describes a limit that was not reached.
    assert seconds_to_wait(500, {name: value}, NOW) is None


def test_retry_after_outranks_the_rate_limit_c4() -> None:
    headers = {"X-RateLimit-Reset": "90", "Retry-After": "5", "Retry-After-Ms": "700"}
    assert seconds_to_wait(429, headers, NOW) == 5
    assert seconds_to_wait(429, {"Retry-After-Ms": "700"}, NOW) == pytest.approx(0.7)


@given(st.dictionaries(st.sampled_from(NAMES), st.text() | st.from_regex(r"[0-9a-z:=;, .-]*", fullmatch=True)))
def test_no_header_breaks_the_reading_c10(headers: dict[str, str]) -> None:
    seconds = seconds_to_wait(429, headers, NOW)
    assert seconds is None or 0 <= seconds <= YEAR
