"""When a busy server wants to be asked again, in each form that servers use to say it. No I/O.

Servers say it in ``Retry-After`` (whole or decimal seconds, a duration as in ``30s``, ``30 seconds``, ``PT30S`` or
``00:00:30``, or a date), in vendors' variants of it (milliseconds), or in the headers of their rate limits:
``RateLimit-Reset`` and ``X-RateLimit-Reset`` with seconds, a Unix time or a date, and ``RateLimit`` with a member
``reset`` or ``t``. A header that is sent twice arrives as a list; the longest time counts.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["seconds_to_wait"]

_YEAR: Final = 31_536_000.0
_LONGEST_TEXT: Final = 100
_MOST_REPEATS: Final = 10
_UNIX_TIME: Final = 1e9
"""Larger numbers are Unix times in seconds, and from a thousand times this in milliseconds."""
_BUSY: Final = frozenset({429, 503})
"""Statuses with which the headers of a rate limit count; elsewhere they describe a limit that was not reached."""

_RETRY_AFTER: Final = ("Retry-After", "X-Retry-After")
_MILLISECONDS: Final = ("Retry-After-Ms", "X-Ms-Retry-After-Ms")
_RESET: Final = (
    "RateLimit-Reset",
    "Rate-Limit-Reset",
    "X-RateLimit-Reset-After",
    "X-RateLimit-Retry-After",
    "X-RateLimit-Reset",
    "X-Rate-Limit-Reset",
)
_RESET_MILLISECONDS: Final = ("X-RateLimit-Reset-Ms",)
_RATE_LIMIT: Final = "RateLimit"

_NUMBER: Final = re.compile(r"\+?[0-9]+(?:\.[0-9]*)?", re.ASCII)
_UNIT: Final = r"(ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?)"
_PART: Final = re.compile(rf"([0-9]+(?:\.[0-9]+)?) ?{_UNIT}(?![a-z])", re.ASCII | re.IGNORECASE)
_CLOCK: Final = re.compile(r"([0-9]{1,3}):([0-5][0-9]):([0-5][0-9](?:\.[0-9]+)?)", re.ASCII)
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_MEMBER: Final = re.compile(r"\b(?:reset|t)\s*=\s*([0-9]+(?:\.[0-9]+)?)", re.ASCII | re.IGNORECASE)
_USED_UP: Final = re.compile(r"\b(?:remaining|r)\s*=\s*0\b", re.ASCII | re.IGNORECASE)


def seconds_to_wait(status: int, headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a response asks to wait; 0 for a past time, None if it does not say or not readably.

    Args:
        status: The status of the response.
        headers: Its headers; names in any case.
        now: The current time, with a time zone.
    """
    return next(_times(status, headers, now), None)


def _times(status: int, headers: Mapping[str, str], now: datetime) -> Iterator[float]:
    yield from _read(headers, _RETRY_AFTER, lambda text: _delay(text, now))
    yield from _read(headers, _MILLISECONDS, lambda text: _scaled(text, 0.001))
    if status in _BUSY:
        yield from _read(headers, _RESET, lambda text: _reset(text, now))
        yield from _read(headers, _RESET_MILLISECONDS, lambda text: _scaled(text, 0.001) or None)
        yield from _read(headers, (_RATE_LIMIT,), _member)


def _read(headers: Mapping[str, str], names: tuple[str, ...], parse: Callable[[str], float | None]) -> Iterator[float]:
    for name in names:
        text = (headers.get(name) or "").strip().strip('"')
        # A longer text is nothing that a server means, apart from a number, and costs time to parse.
        seconds = parse(text[:_LONGEST_TEXT] if text.isdigit() else text) if len(text) > 0 else None
        if seconds is not None:
            yield min(max(seconds, 0.0), _YEAR)


def _delay(text: str, now: datetime) -> float | None:
    """Read Retry-After: seconds, a duration, or a date (RFC 9110, 10.2.3, and what servers send instead)."""
    seconds = _longest(text)
    if seconds is None:
        seconds = _duration(text)
    elif seconds >= _UNIX_TIME:
        # No server means decades.
        return _until_unix_time(seconds, now)
    return seconds if seconds is not None else _until_date(text, now)


def _longest(text: str) -> float | None:
    """Read a number, or the largest of a list of numbers, which is what a header that is sent twice becomes."""
    if text.count(",") > _MOST_REPEATS:
        return None
    numbers = [_scaled(part.strip(), 1.0) for part in text.split(",")]
    known = [number for number in numbers if number is not None]
    return max(known) if len(known) == len(numbers) else None


def _reset(text: str, now: datetime) -> float | None:
    """Read the end of a rate limit: seconds, a Unix time, a duration, or a date. One that is over says nothing."""
    seconds = _delay(text, now)
    return seconds if seconds is not None and seconds > 0 else None


def _scaled(text: str, unit: float) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    return min(float(text), _YEAR * _UNIX_TIME) * unit


def _until_unix_time(moment: float, now: datetime) -> float:
    seconds = moment / 1000 if moment >= _UNIX_TIME * 1000 else moment
    return seconds - now.timestamp()


def _duration(text: str) -> float | None:
    """Read a duration as in ``1m30s``, ``30 seconds``, ``PT1M30S`` (ISO 8601) or ``00:01:30``."""
    if len(text) > _LONGEST_TEXT:
        return None
    if clock := _CLOCK.fullmatch(text):
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3])
    text = text[2:] if text[:2].upper() == "PT" else text
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        return None
    return sum(float(number) * _UNITS["ms" if unit.lower() == "ms" else unit[0].lower()] for number, unit in parts)


def _until_date(text: str, now: datetime) -> float | None:
    if len(text) > _LONGEST_TEXT:
        return None
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            when = parse(text)
            return ((when if when.tzinfo else when.replace(tzinfo=UTC)) - now).total_seconds()
        except (TypeError, ValueError, IndexError, OverflowError):
            continue
    return None


def _member(text: str) -> float | None:
    """Read the limits of a ``RateLimit`` header: the longest time of those that are used up, or else of the first."""
    limits = [text[:_LONGEST_TEXT]] if "t=" not in text.replace("reset=", "") else text[:_LONGEST_TEXT].split(",")
    found = [(bool(_USED_UP.search(limit)), float(time[1])) for limit in limits if (time := _MEMBER.search(limit))]
    used_up = [seconds for is_used_up, seconds in found if is_used_up]
    return (max(used_up) if used_up else found[0][1] if found else 0) or None
