"""The state of a collection: stored as JSON, and what follows from an outcome."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from oneroster.dlt.collection_state import CollectionState, newest_change
from oneroster.pull import CollectionOutcome, KnownState

DAY = datetime(2026, 1, 10, 3, tzinfo=UTC)
STATE = CollectionState(41, DAY - timedelta(days=3), DAY - timedelta(days=1), DAY - timedelta(days=2))


@pytest.mark.parametrize("state", [STATE, STATE._replace(newest=None)])
def test_the_state_survives_as_json(state: CollectionState) -> None:
    stored: dict[str, Any] = {}
    state.store(stored)
    assert CollectionState.load(json.loads(json.dumps(stored))) == state
    assert state.known == KnownState(41, state.newest)
    assert CollectionState.load({}) is None


def test_a_whole_read_counts_its_rows() -> None:
    outcome = CollectionOutcome("users", rows=38, fetched=40, announced=40, watermark="2026-01-10T03:00:00.000Z")
    after = CollectionState.after(outcome, None, STATE)
    assert after == CollectionState(40, None, DAY, DAY)


def test_changes_keep_the_time_of_the_whole_read_and_take_the_announced_rows() -> None:
    outcome = CollectionOutcome(
        "users", rows=2, fetched=2, announced=42, watermark="2026-01-10T03:00:00.000Z", whole=False
    )
    after = CollectionState.after(outcome, DAY - timedelta(hours=1), STATE)
    assert after == CollectionState(42, DAY - timedelta(hours=1), DAY, STATE.whole_at)
    # A date of the past among the changes does not move the newest change back.
    assert CollectionState.after(outcome, DAY - timedelta(days=9), STATE).newest == STATE.newest


def test_a_whole_read_is_due_after_a_while() -> None:
    assert STATE.is_fresh(DAY, timedelta(days=7))
    assert not STATE.is_fresh(DAY, timedelta(days=2))


def test_the_newest_change_of_a_table() -> None:
    times = pa.array([None, DAY, DAY - timedelta(days=1)], pa.timestamp("us", tz="UTC"))
    table = pa.table({"dateLastModified": times})
    assert newest_change(table) == DAY
    assert newest_change(table.slice(0, 1)) is None
    assert newest_change(table.slice(0, 0)) is None
