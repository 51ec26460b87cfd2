"""A record against the strict document, property by property.

Breaches are told as paths of field names and never as values. The walk goes by the facts of the dialect instead of a
JSON Schema validator, because they know how certain each of them is, and that decides what a breach weighs.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from oneroster.contract.dialects.document_model import DocumentModel
from oneroster_v1p1.tables import Property

__all__ = ["Aspect", "Breach", "breaches"]

ID: Final = "sourcedId"


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
    URI = "not a URI"


@dataclass(frozen=True, slots=True)
class Breach:
    """One property of one record that is not as the document has it; ``trust`` is that of the fact broken."""

    aspect: Aspect
    pointer: str
    trust: str


_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|\+00:00|-00:00)", re.ASCII)
_URI: Final = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+", re.ASCII)
"""Characters of RFC 3986; a relative reference is one as well, for the standard says no more than URI."""
_BOOLEAN_WORDS: Final = frozenset({"true", "false"})
_WRITTEN: Final = {"string": ("true", "false"), "json": (True, False), "either": ("true", "false", True, False)}
_VALUES_OPEN_TO_VENDORS: Final = "ext:"
"""Version 1.2 lets vendors add values with this prefix; for 1.1 the sources do not agree that it forbids them."""


def breaches(element: str, record: dict[str, Any], facts: DocumentModel, path: str = "") -> Iterator[Breach]:
    """Everything about a record that is not as the strict document of the dialect has it.

    ``path`` stands before every pointer.
    """
    for name, known in facts.elements[element].properties.items():
        pointer = f"{path}.{name}" if path else name
        forms = facts.forms.get((element, name), ())
        if name not in record:
            if known.required:
                yield Breach(Aspect.PRESENCE, pointer, known.presence)
        elif any(not any(_value(form, record[name], pointer, facts)) for form in forms):
            # Where the document allows several ways of writing a value, one of them is enough.
            continue
        elif (empty := _empty(known, record[name], pointer)) is not None:
            yield empty
        else:
            yield from _value(known, record[name], pointer, facts)


def _empty(known: Property, value: Any, pointer: str) -> Breach | None:
    """The breach of a property that is there but holds no value, or None when it holds one.

    Whether an absent value may be written as null or "" is not settled, so only what is required is missing when it is
    null. A text may be empty for all that is known, but an id that is empty names nothing.
    """
    if value is None:
        return Breach(Aspect.PRESENCE, pointer, known.presence) if known.required else Breach(Aspect.NULL, pointer, "C")
    if value == "" and known.name == ID:
        return Breach(Aspect.PRESENCE, pointer, known.presence)
    if value == "" and (known.kind == "string" or not known.required):
        return Breach(Aspect.EMPTY, pointer, "C")
    if value == [] and known.required:
        return Breach(Aspect.PRESENCE, pointer, known.presence)
    return None


def _value(known: Property, value: Any, pointer: str, facts: DocumentModel) -> Iterator[Breach]:
    if known.kind in _LISTS:
        if not isinstance(value, list):
            yield Breach(Aspect.TYPE, pointer, known.trust)
            return
        for item in value:
            yield from _single(known, _LISTS[known.kind], item, pointer + "[]", facts)
    else:
        yield from _single(known, known.kind, value, pointer, facts)


def _single(known: Property, kind: str, value: Any, pointer: str, facts: DocumentModel) -> Iterator[Breach]:
    if kind in ("reference", "record"):
        inner = "GUIDRef" if kind == "reference" else known.record or ""
        if isinstance(value, dict):
            yield from breaches(inner, value, facts, pointer)
        else:
            yield Breach(Aspect.TYPE, pointer, known.trust)
    elif kind == "boolean":
        yield from _boolean(value, pointer, facts.booleans)
    elif not _TYPES[kind](value):
        yield Breach(Aspect.TYPE, pointer, known.trust)
    elif kind == "enumeration":
        yield from _enumeration(known, value, pointer, facts)
    elif kind == "date" and not _is_date(value):
        yield Breach(Aspect.DATE, pointer, known.trust)
    elif kind == "date-time" and not _is_utc(value):
        yield Breach(Aspect.DATE_TIME, pointer, known.trust)
    elif kind == "uri" and not _URI.fullmatch(value):
        yield Breach(Aspect.URI, pointer, known.trust)


def _boolean(value: Any, pointer: str, booleans: str) -> Iterator[Breach]:
    word = str(value).lower() if isinstance(value, bool | str) else None
    if word not in _BOOLEAN_WORDS:
        # Neither form of a boolean: that a boolean stands here is not in doubt.
        yield Breach(Aspect.TYPE, pointer, "A")
    elif value not in _WRITTEN[booleans]:
        yield Breach(Aspect.BOOLEAN, pointer, "B")


def _enumeration(known: Property, value: str, pointer: str, facts: DocumentModel) -> Iterator[Breach]:
    name = known.enumeration or ""
    if value not in facts.enumerations[name]:
        listed = max(known.trust, facts.enumeration_trust(name))
        yield Breach(Aspect.ENUMERATION, pointer, "B" if value.startswith(_VALUES_OPEN_TO_VENDORS) else listed)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and float(value).is_integer()


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_blank(value: Any) -> bool:
    return bool(value == "")


def _is_null(value: Any) -> bool:
    return value is None


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
    "array": _is_list,
    "blank": _is_blank,
    "null": _is_null,
    "string": _is_text,
    "uri": _is_text,
    "date": _is_text,
    "date-time": _is_text,
    "enumeration": _is_text,
    "number": _is_number,
    "integer": _is_integer,
    "object": _is_object,
}
