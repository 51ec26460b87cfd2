"""From Python values to JSON data in OneRoster's notation."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from oneroster_runtime.errors import WriteError

if TYPE_CHECKING:
    from enum import StrEnum

    from oneroster_runtime.fields import Field

__all__ = ["deep_copy", "is_json", "may_be_sent", "write", "write_date_time", "write_strictly"]


def write(field: "Field", value: Any) -> Any:
    """Return the value of a field as JSON data."""
    if field.kind in {"strings", "enumerations"}:
        return [str.__str__(item) for item in value]
    if field.kind in {"references", "records"}:
        return [item.to_dict() for item in value]
    if field.model is not None:
        return value.to_dict()
    return _write_scalar(field.kind, value)


def write_strictly(subject: str, sourced_id: str | None, field: "Field", value: Any) -> Any:
    """Return the value of a field as JSON data, and refuse what the document does not allow.

    Args:
        subject: The model, for the message.
        sourced_id: The sourcedId of the record, for the message.
        field: The field.
        value: Its value, of the type of the field.

    Raises:
        WriteError: An enumeration does not list the value, JSON cannot represent it, or a nested record is refused.
    """
    values = field.values
    items = value if isinstance(value, list) else [value]
    if values is not None and not all(may_be_sent(values, each) for each in items):
        raise WriteError(subject, field.name, f"has a value that {values.__name__} does not list", sourced_id)
    if field.kind == "object" and not is_json(value):
        raise WriteError(subject, field.name, "contains something that JSON cannot represent", sourced_id)
    if field.model is None:
        return write(field, value)
    nested = value if isinstance(value, list) else [value]
    written = []
    for index, item in enumerate(nested):
        try:
            written.append(item.to_wire())
        except WriteError as error:
            path = f"{field.name}[{index}]" if isinstance(value, list) else field.name
            raise WriteError(subject, f"{path}.{error.field}", error.reason, sourced_id) from None
    return written if isinstance(value, list) else written[0]


def may_be_sent(values: "type[StrEnum]", value: str) -> bool:
    """Return whether an enumeration lists a value, or has a pattern of further values that it matches."""
    if value in {member.value for member in values}:
        return True
    pattern = getattr(values, "__extension__", None)
    # $ also matches before a line break at the end, which no value may have.
    return pattern is not None and value.isprintable() and re.search(pattern, value) is not None


def write_date_time(value: datetime) -> str:
    """Return a date-time in UTC, as in ``2012-04-23T18:25:43.511Z``."""
    instant = value.astimezone(UTC)
    precision = "microseconds" if instant.microsecond % 1000 else "milliseconds"
    return instant.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def deep_copy(value: Any) -> Any:
    """Return a copy of JSON data that shares nothing with the original, however deep it is nested."""
    try:
        return _copied(value)
    except RecursionError:  # a parser reads what is nested deeper than the frames of a function may be
        return _copied_step_by_step(value)


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copied(item) for item in value]
    return value


def _copied_step_by_step(value: Any) -> Any:
    whole: list[Any] = [value]
    pending: list[Any] = [whole]
    while pending:
        copy = pending.pop()
        for key, item in list(copy.items() if isinstance(copy, dict) else enumerate(copy)):
            if isinstance(item, (Mapping, list, tuple)):
                copy[key] = dict(item) if isinstance(item, Mapping) else list(item)
                pending.append(copy[key])
    return whole[0]


def _write_scalar(kind: str, value: Any) -> Any:
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "date-time":
        return write_date_time(value)
    if kind == "date":
        return value.isoformat()
    if kind == "object":
        return deep_copy(value)
    return str.__str__(value) if isinstance(value, str) else value


def is_json(value: object) -> bool:
    """Return whether JSON can represent a value."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(is_json(item) for item in value)
    return value is None or isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))
