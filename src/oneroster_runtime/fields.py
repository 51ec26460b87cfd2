"""The description of a field of a record, and the values it accepts."""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from enum import StrEnum

__all__ = ["EXPECTED_TYPES", "Field", "FieldProblem", "NestedModel", "accepts"]


class NestedModel(Protocol):
    """The class of a nested record; see `oneroster_runtime.records.Record`."""

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Read a record tolerantly."""


class Field(NamedTuple):
    """A field of a model, as the document describes it."""

    name: str
    """The wire name."""
    attribute: str
    """The Python name."""
    kind: str
    """One of the kinds of `oneroster_runtime.specification.Property`."""
    required: bool = False
    personal: bool = False
    """Whether it is personal data or a secret, which no ``repr`` shows."""
    values: "type[StrEnum] | None" = None
    """The enumeration, for kinds of enumerations."""
    model: type[NestedModel] | None = None
    """The nested model, for kinds of records and references."""


class FieldProblem(NamedTuple):
    """A field that was not read."""

    field: str
    """The wire name; ``orgs[0].href`` for a field of a nested record."""
    reason: str
    """``missing`` or ``unreadable``."""


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


_SCALARS: Final[Mapping[str, Callable[[object], bool]]] = MappingProxyType(
    {
        "string": lambda value: isinstance(value, str),
        "uri": lambda value: isinstance(value, str),
        "enumeration": lambda value: isinstance(value, str),
        "boolean": lambda value: isinstance(value, bool),
        "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
        "number": _is_number,
        "date": lambda value: isinstance(value, date) and not isinstance(value, datetime),
        # The server would read a date-time without a zone as UTC, and it was probably meant as local time.
        "date-time": lambda value: isinstance(value, datetime) and value.utcoffset() is not None,
        "object": lambda value: isinstance(value, dict),
    }
)

EXPECTED_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "string": "a str",
        "uri": "a str",
        "enumeration": "a member of its enumeration or a str",
        "boolean": "a bool",
        "integer": "an int",
        "number": "a finite int or float",
        "date": "a datetime.date",
        "date-time": "a datetime.datetime with a time zone",
        "object": "a dict",
        "reference": "a record of its model",
        "record": "a record of its model",
        "strings": "a list of str",
        "enumerations": "a list of members of its enumeration or str",
        "references": "a list of records of its model",
        "records": "a list of records of its model",
    }
)
"""The Python type of each kind of field, in words."""


def accepts(field: Field, value: object) -> bool:
    """Return whether a value has the type of a field; whether an enumeration lists it is not checked."""
    if field.kind in {"strings", "enumerations"}:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if field.model is None:
        return _SCALARS[field.kind](value)
    if field.kind in {"references", "records"}:
        return isinstance(value, list) and all(isinstance(item, field.model) for item in value)
    return isinstance(value, field.model)
