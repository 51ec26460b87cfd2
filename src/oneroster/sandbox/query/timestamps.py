"""Date-times as numbers, so that two spellings of the same instant are equal."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_ISO_8601: Final = re.compile(
    r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@lru_cache(maxsize=4096)  # a district has few distinct timestamps, each shared by many records
def parse_timestamp(text: str) -> int:
    """Return a date-time in microseconds since 1970 (clause 1, dateTime [A]).

    A plain date is its midnight; a time without an offset is in UTC, as the standard requires.

    Args:
        text: ISO 8601, as in `2012-04-23T18:25:43.511Z`, `2012-04-23T20:25:43+02:00` or `2012-04-23`.

    Raises:
        ValueError: The text has none of these forms, or the day or hour does not exist.
    """
    if not _ISO_8601.fullmatch(text):
        raise ValueError("expected a date-time such as 2012-04-23T18:25:43.511Z, or a date")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND
