"""Times of changes, the filter that requests them, and what is known of the rows before."""

from datetime import UTC, datetime

import pytest

from oneroster import ConfigurationError
from oneroster.pull.incremental.watermark import (
    KnownState,
    changes_filter,
    count_unchanged,
    format_time,
    known_state,
    parse_time,
)
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.roster_protocol import MemoryRoster
from oneroster.standard import Standard
from tests.pull.formats.rosters import school, table

SPECIFICATION = Standard.of().specification
JANUARY, JUNE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def orgs(**dates: datetime | None) -> MemoryRoster:
    rows = [school(name, dateLastModified=when) for name, when in dates.items()]
    return MemoryRoster(Manifest(), {"Org": table("Org", *rows)})


def test_times_are_in_utc() -> None:
    assert parse_time("2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)
    assert parse_time("2026-01-31T06:00:00+02:00") == datetime(2026, 1, 31, 4, tzinfo=UTC)


def test_a_filter_of_two_clauses_cannot_be_joined() -> None:
    when = datetime(2026, 1, 31, tzinfo=UTC)
    assert changes_filter(SPECIFICATION, None, when, "User") == "dateLastModified>='2026-01-31T00:00:00.000Z'"
    assert (
        changes_filter(SPECIFICATION, "role='student'", when, "User")
        == "role='student' AND dateLastModified>='2026-01-31T00:00:00.000Z'"
    )
    assert changes_filter(SPECIFICATION, "role='student' OR role='teacher'", when, "User") is None


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no time zone"):
        parse_time("2026-01-31T06:00:00")
    assert format_time(parse_time("2026-01-31T06:00:00+02:00")) == "2026-01-31T04:00:00.000Z"


def test_the_newest_change_of_a_roster_is_known() -> None:
    assert known_state(orgs(a=JANUARY, b=JUNE, c=None), "Org") == KnownState(3, JUNE)
    assert known_state(orgs(a=None), "Org") == KnownState(1, None)


def test_unchanged_rows_are_those_without_a_change() -> None:
    assert count_unchanged(orgs(a=JANUARY, b=JANUARY), orgs(b=JUNE, c=JUNE), "Org") == 1
