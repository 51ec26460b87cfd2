"""A record against the strict document, property by property.

Breaches are told as paths of field names and never as values. The walk goes by the generated tables instead of a JSON
Schema validator, because the tables know how certain each fact is, and that decides what a breach weighs.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

from oneroster.contract.dialect import enumeration_trust
from oneroster_v1p1.tables import ELEMENTS, ENUMERATIONS, Property

__all__ = ["Aspect", "Breach", "breaches"]


class Aspect(StrEnum):
    """What about a property is not as the document has it."""

    PRESENCE = "missing"
    TYPE = "of the wrong JSON type"
    ENUMERATION = "not one of the documented values"
    DATE = "not a date YYYY-MM-DD"
    DATE_TIME = "not a date-time in UTC"
    BOOLEAN = "not written as the dialect writes booleans"
    NULL = "null instead of left out"
    EMPTY = "an empty string instead of left out"


@dataclass(frozen=True, slots=True)
class Breach:
    """One property of one record that is not as the document has it; ``trust`` is that of the fact broken."""

    aspect: Aspect
    pointer: str
    trust: str


_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|\+00:00|-00:00)", re.ASCII)
_BOOLEAN_WORDS: Final = frozenset({"true", "false"})
_VALUES_OPEN_TO_VENDORS: Final = "ext:"
"""Version 1.2 lets vendors add values with this prefix; for 1.1 the sources do not agree that it forbids them."""


def breaches(element: str, record: dict[str, Any], profile: str, booleans: str, path: str = "") -> Iterator[Breach]:
    """Everything about a record that is not as the strict document has it.

    ``booleans`` is how the profile writes them (``string`` or ``json``); ``path`` stands before every pointer.
    """
    for name, known in ELEMENTS[element].properties.items():
        if known.profiles and profile not in known.profiles:
            continue
        pointer = f"{path}.{name}" if path else name
        if name not in record:
            if known.required:
                yield Breach(Aspect.PRESENCE, pointer, known.presence)
        elif (empty := _empty(known, record[name], pointer)) is not None:
            yield empty
        else:
            yield from _value(known, record[name], pointer, profile, booleans)


def _empty(known: Property, value: Any, pointer: str) -> Breach | None:
    """The breach of a property that is there but holds no value, or None when it holds one.

    Whether an absent value may be written as null or "" is not settled, so only a required one is missing then.
    """
    textual = known.kind in ("string", "uri")
    if value is None:
        return Breach(Aspect.PRESENCE, pointer, known.presence) if known.required else Breach(Aspect.NULL, pointer, "C")
    if value == "" and not textual and not known.required:
        return Breach(Aspect.EMPTY, pointer, "C")
    if value == [] and known.required:
        return Breach(Aspect.PRESENCE, pointer, known.presence)
    return None


def _value(known: Property, value: Any, pointer: str, profile: str, booleans: str) -> Iterator[Breach]:
    if known.kind in _LISTS:
        if not isinstance(value, list):
            yield Breach(Aspect.TYPE, pointer, known.trust)
            return
        for item in value:
            yield from _single(known, _LISTS[known.kind], item, pointer + "[]", profile, booleans)
    else:
        yield from _single(known, known.kind, value, pointer, profile, booleans)


def _single(known: Property, kind: str, value: Any, pointer: str, profile: str, booleans: str) -> Iterator[Breach]:
    if kind in ("reference", "record"):
        inner = "GUIDRef" if kind == "reference" else known.record or ""
        if isinstance(value, dict):
            yield from breaches(inner, value, profile, booleans, pointer)
        else:
            yield Breach(Aspect.TYPE, pointer, known.trust)
    elif kind == "boolean":
        yield from _boolean(value, pointer, booleans)
    elif not _TYPES[kind](value):
        yield Breach(Aspect.TYPE, pointer, known.trust)
    elif kind == "enumeration":
        yield from _enumeration(known, value, pointer)
    elif kind == "date" and not _is_date(value):
        yield Breach(Aspect.DATE, pointer, known.trust)
    elif kind == "date-time" and not _is_utc(value):
        yield Breach(Aspect.DATE_TIME, pointer, known.trust)


def _boolean(value: Any, pointer: str, booleans: str) -> Iterator[Breach]:
    word = str(value).lower() if isinstance(value, bool | str) else None
    if word not in _BOOLEAN_WORDS:
        # Neither form of a boolean: that a boolean stands here is not in doubt.
        yield Breach(Aspect.TYPE, pointer, "A")
    elif isinstance(value, bool) is not (booleans == "json") or (isinstance(value, str) and value != word):
        yield Breach(Aspect.BOOLEAN, pointer, "B")


def _enumeration(known: Property, value: str, pointer: str) -> Iterator[Breach]:
    name = known.enumeration or ""
    if value not in ENUMERATIONS[name]:
        trust = "B" if value.startswith(_VALUES_OPEN_TO_VENDORS) else max(known.trust, _trust_of(name))
        yield Breach(Aspect.ENUMERATION, pointer, trust)


@cache
def _trust_of(enumeration: str) -> str:
    return enumeration_trust(enumeration)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and float(value).is_integer()


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_date(value: str) -> bool:
    return _DATE.fullmatch(value) is not None and _parses(date.fromisoformat, value)


def _is_utc(value: str) -> bool:
    return _DATE_TIME.fullmatch(value) is not None and _parses(datetime.fromisoformat, value)


def _parses(parse: Callable[[str], object], value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


_LISTS: Final = {
    "strings": "string",
    "enumerations": "enumeration",
    "references": "reference",
    "records": "record",
}
_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "string": _is_text,
    "uri": _is_text,
    "date": _is_text,
    "date-time": _is_text,
    "enumeration": _is_text,
    "number": _is_number,
    "integer": _is_integer,
    "object": _is_object,
}
