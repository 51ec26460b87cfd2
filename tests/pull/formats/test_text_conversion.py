"""Dates, timestamps and lists as text, and back."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from oneroster.pull.formats.text_conversion import dates_as_text, lists_as_json, timestamps_as_text, to_arrow

INSTANT = pa.timestamp("us", "UTC")


def test_timestamps_are_iso_8601_in_utc_with_the_decimals_of_the_unit() -> None:
    column = pa.array([datetime(2024, 8, 1, 6, 0, 0, 123456, tzinfo=UTC), None], INSTANT)
    assert timestamps_as_text(column).to_pylist() == ["2024-08-01T06:00:00.123456Z", None]
    assert timestamps_as_text(column, "ms").to_pylist() == ["2024-08-01T06:00:00.123Z", None]


def test_text_is_converted_back_to_the_same_values() -> None:
    moments = pa.array([datetime(2024, 8, 1, 6, tzinfo=UTC), None], INSTANT)
    assert to_arrow(timestamps_as_text(moments).to_pylist(), INSTANT) == moments
    days = pa.array([date(2024, 8, 1), None])
    assert dates_as_text(days).to_pylist() == ["2024-08-01", None]
    assert to_arrow(["2024-08-01", None], pa.date32()) == days
    assert to_arrow([1, 0, None], pa.bool_()) == pa.array([True, False, None])


def test_lists_are_json_without_fields_that_have_no_value() -> None:
    users = pa.array([[{"type": "a", "identifier": None}], [], None])
    assert lists_as_json(users) == ['[{"type":"a"}]', "[]", None]


def test_a_value_of_another_type_is_an_error() -> None:
    with pytest.raises(pa.ArrowException):
        to_arrow(["yesterday"], pa.date32())
