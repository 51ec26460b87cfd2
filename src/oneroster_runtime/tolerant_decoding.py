"""From JSON data to Python values, tolerantly.

Deviations from the standard that have one meaning are read: booleans in any case or as JSON, "" for an absent optional
field, an empty object for no reference, one value where a list is expected, a whole number where the standard has text,
text where it has a number. Other values are kept unchanged, and accessing the field raises an error.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from oneroster_runtime.errors import DecodeError
from oneroster_runtime.json_encoding import deep_copy
from oneroster_runtime.json_types import json_type

if TYPE_CHECKING:
    from oneroster_runtime.fields import Field

__all__ = [
    "BOOLEANS",
    "are_objects",
    "are_references",
    "are_strings",
    "copied_object",
    "is_empty_reference",
    "is_number",
    "keep_additional",
    "read_date",
    "read_date_time",
    "read_instant",
    "read_tolerantly",
]

# A plain dict: generated code looks up every boolean of every record here.
BOOLEANS: Final[dict[object, bool]] = {
    True: True,
    False: False,
    "true": True,
    "false": False,
    "True": True,
    "False": False,
}
"""The regular notations. 1 and 0 equal True and False and are not among them: check the type before a look-up."""

_from_iso: Final = datetime.fromisoformat
_UNREADABLE: Final = object()
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_DATE_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[-+][0-9]{2}:?[0-9]{2})?)?",
    re.ASCII,
)


def copied_object(model: str, source: object) -> dict[str, Any]:
    """Return a copy of a JSON object that shares nothing with the original.

    Raises:
        DecodeError: The data is not a JSON object.
    """
    copy = deep_copy(source)
    if not isinstance(copy, dict):
        raise DecodeError(f"{model} is read from a JSON object, not from {json_type(source)}")
    return copy


def read_date(text: object) -> date | None:
    """Return a date from ``YYYY-MM-DD``, None for anything else."""
    # Python also reads 20240801 and 2024-W31-4, which OneRoster does not write; they have no dashes here.
    if not isinstance(text, str) or len(text) != 10 or text[4:8:3] != "--":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_date_time(value: object) -> datetime | None:
    """Return a date-time in UTC from ISO 8601, None for anything else. Without a zone it is read as UTC."""
    return read_instant(value) if isinstance(value, str) else None


def read_instant(text: str) -> datetime | None:
    """Do the same as `read_date_time` for a value that is known to be a string."""
    try:
        if text[4:20:3] == "--T::." and text[-1] == "Z" and len(text) > 21:
            return _from_iso(text)  # a fast path for the usual notation: in UTC and with a fraction
        if _DATE_TIME.fullmatch(text) is None:
            return None
        instant = _from_iso(text.upper())
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_number(value: object) -> bool:
    """Return whether a value is a JSON number; a lenient parser also returns NaN and Infinity, which are not."""
    return type(value) is int or (type(value) is float and math.isfinite(value))


def are_strings(items: list[Any]) -> bool:
    """Return whether all items are strings."""
    # A loop, because a generator expression costs more than most of these short lists.
    for item in items:  # noqa: SIM110 - see above
        if type(item) is not str:
            return False
    return True


def are_objects(items: list[Any]) -> bool:
    """Return whether all items are JSON objects."""
    for item in items:  # noqa: SIM110 - as in are_strings
        if type(item) is not dict:
            return False
    return True


def are_references(items: list[Any]) -> bool:
    """Return whether all items are JSON objects with a sourcedId."""
    for item in items:  # noqa: SIM110 - as in are_strings
        if type(item) is not dict or not item.get("sourcedId"):
            return False
    return True


def is_empty_reference(value: object) -> bool:
    """Return whether a value that stands for a reference leads to nothing: an object that says at most a type."""
    if not isinstance(value, dict):
        return value is None or value in ("", [])
    return all(each is None or each == "" or name == "type" for name, each in value.items())


def keep_additional(record: Any, source: dict[str, Any], known: frozenset[str]) -> None:
    """Keep the properties that the document does not have in `additional_properties`."""
    additional = {name: value for name, value in source.items() if name not in known}
    if additional:
        record.additional_properties = additional


def read_tolerantly(record: Any, field: "Field", value: object) -> None:
    """Set a field from a value in any notation, or keep the value if it has no meaning for the field."""
    if field.kind == "reference" and is_empty_reference(value) and value != "":
        if not field.required:
            setattr(record, field.attribute, None)
        return
    read = None if value == "" and not field.required else _read(field, value)
    if read is not _UNREADABLE:
        setattr(record, field.attribute, read)
    else:
        record.keep_unparsed(field, value)


def _read(field: "Field", value: object) -> object:
    reader = _LISTS.get(field.kind)
    if reader is not None:
        items = value if isinstance(value, list) else [value]
        if field.kind == "references":
            items = [item for item in items if not is_empty_reference(item)]
        read = [reader(field, item) for item in items]
        return _UNREADABLE if any(item is _UNREADABLE for item in read) else read
    return _SCALARS[field.kind](field, value)


def _read_string(_field: "Field", value: object) -> object:
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int else _UNREADABLE


def _read_member(field: "Field", value: object) -> object:
    if not isinstance(value, str) or not value:
        return _UNREADABLE
    return next((member for member in field.values or () if member == value), value)


def _read_record(field: "Field", value: object) -> object:
    return field.model.from_dict(value) if field.model is not None and isinstance(value, dict) else _UNREADABLE


def _read_boolean(_field: "Field", value: object) -> object:
    if isinstance(value, bool):
        return value
    return BOOLEANS.get(value.strip().lower(), _UNREADABLE) if isinstance(value, str) else _UNREADABLE


def _read_number(_field: "Field", value: object) -> object:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value) if any(sign in value for sign in ".eE") else int(value)
    return value if is_number(value) else _UNREADABLE


def _unreadable(_field: "Field", _value: object) -> object:
    return _UNREADABLE


_SCALARS: Final[Mapping[str, Callable[["Field", object], object]]] = MappingProxyType(
    {
        "string": _read_string,
        "uri": _read_string,
        "enumeration": _read_member,
        "boolean": _read_boolean,
        "number": _read_number,
        "integer": _unreadable,
        "date": _unreadable,
        "date-time": _unreadable,
        "object": _unreadable,
        "reference": _read_record,
        "record": _read_record,
    }
)
_LISTS: Final[Mapping[str, Callable[["Field", object], object]]] = MappingProxyType(
    {
        "strings": _read_string,
        "enumerations": _read_member,
        "references": _read_record,
        "records": _read_record,
    }
)
