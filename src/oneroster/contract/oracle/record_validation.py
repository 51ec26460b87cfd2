"""Validate a record against the strict document, property by property.

Violations are paths of field names and never hold values. This is not done by a JSON Schema validator, because the
specification knows the trust mark of each property, which decides the level of a violation.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from oneroster.contract.dialects.dialect_specification import DocumentModel
from oneroster.contract.http.parsed_response import json_type
from oneroster.contract.oracle.reference_forms import stand_in
from oneroster_runtime.specification import Property

__all__ = ["Violation", "ViolationKind", "violations"]

ID: Final = "sourcedId"


class ViolationKind(StrEnum):
    """How a property differs from the document."""

    PRESENCE = "missing"
    TYPE = "of the wrong JSON type"
    ENUMERATION = "not one of the documented values"
    DATE = "not a date YYYY-MM-DD"
    DATE_TIME = "not a date-time in UTC"
    BOOLEAN = "not written as the dialect writes booleans"
    NULL = "null instead of left out"
    EMPTY = "an empty string instead of left out"
    BLANK = "an empty string, which is not a value of its kind, instead of left out"
    URI = "not a URI"
    RELATIVE = "a relative URI instead of an absolute one"


@dataclass(frozen=True, slots=True)
class Violation:
    """One property of one record that differs from the document.

    Attributes:
        kind: How it differs.
        pointer: The path of field names.
        trust: The trust mark of the violated fact.
        came: What is there, if the kind does not say it: a JSON type, null, or the property that has its place.
    """

    kind: ViolationKind
    pointer: str
    trust: str
    came: str = ""

    def __str__(self) -> str:
        return f"{self.pointer} is {self.came or self.kind}"


_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|\+00:00|-00:00)", re.ASCII)
_URI: Final = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+", re.ASCII)
"""Characters of RFC 3986; relative references have them too."""
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)
_WORDS: Final = {
    "array": "an array",
    "object": "an object",
    "number": "a number",
    "integer": "a whole number",
    "null": "null",
    "blank": "an empty string",
}
"""The JSON types of the kinds that are not strings."""
_BOOLEAN_WORDS: Final = frozenset({"true", "false"})
_BOOLEAN_DIGITS: Final = ("0", "1", 0, 1)
_WRITTEN: Final = {"string": ("true", "false"), "json": (True, False), "either": ("true", "false", True, False)}
_VENDOR_PREFIX: Final = "ext:"
"""Version 1.2 allows vendors to add values with this prefix; for 1.1 the sources disagree."""


def violations(
    element: str, record: dict[str, Any], specification: DocumentModel, path: str = ""
) -> Iterator[Violation]:
    """Yield the violations of a record.

    Args:
        element: The name of its element.
        record: The record.
        specification: The specification of the dialect.
        path: A prefix of every pointer.
    """
    for name, known in specification.elements[element].properties.items():
        pointer = f"{path}.{name}" if path else name
        forms = specification.forms.get((element, name), ())
        if name not in record:
            if known.required:
                other = stand_in(record, name)
                strange = other is not None and other not in specification.elements[element].properties
                came = f"missing (there is {other} instead)" if strange else ""
                yield Violation(ViolationKind.PRESENCE, pointer, known.presence, came)
        elif forms and any(not any(_value(form, record[name], pointer, specification)) for form in forms):
            # If the document allows several forms of a value, one is enough.
            continue
        elif (empty := _empty(known, record[name], pointer)) is not None:
            yield empty
        else:
            yield from _value(known, record[name], pointer, specification)


def _empty(known: Property, value: Any, pointer: str) -> Violation | None:
    """Return the violation of a property that is present but has no value; None if it has one.

    The standard does not say whether a missing value may be sent as null or "", so null violates a fact of known
    certainty only if the property is required. A string may be empty, except the sourcedId.
    """
    if value is None:
        return (
            Violation(ViolationKind.PRESENCE, pointer, known.presence, "null")
            if known.required
            else Violation(ViolationKind.NULL, pointer, "C")
        )
    if value == "" and known.name == ID:
        return Violation(ViolationKind.PRESENCE, pointer, known.presence, "an empty string")
    if value == "" and (known.kind == "string" or not known.required):
        return Violation(ViolationKind.EMPTY if known.kind == "string" else ViolationKind.BLANK, pointer, "C")
    if value == [] and known.required:
        return Violation(ViolationKind.PRESENCE, pointer, known.presence, "an empty array")
    return None


def _value(known: Property, value: Any, pointer: str, specification: DocumentModel) -> Iterator[Violation]:
    if known.kind in _LISTS:
        if not isinstance(value, list):
            yield _wrong_type(known, "array", value, pointer)
            return
        for item in value:
            yield from _single(known, _LISTS[known.kind], item, pointer + "[]", specification)
    else:
        yield from _single(known, known.kind, value, pointer, specification)


def _single(known: Property, kind: str, value: Any, pointer: str, specification: DocumentModel) -> Iterator[Violation]:
    if kind in ("reference", "record"):
        inner = "GUIDRef" if kind == "reference" else known.record or ""
        if isinstance(value, dict):
            yield from violations(inner, value, specification, pointer)
        else:
            yield _wrong_type(known, "object", value, pointer)
    elif kind == "boolean":
        yield from _boolean(known, value, pointer, specification.booleans)
    elif not _TYPES[kind](value):
        yield _wrong_type(known, kind, value, pointer)
    elif kind == "enumeration":
        yield from _enumeration(known, value, pointer, specification)
    elif kind == "date" and not _is_date(value):
        yield Violation(ViolationKind.DATE, pointer, known.trust)
    elif kind == "date-time" and not _is_utc(value):
        yield Violation(ViolationKind.DATE_TIME, pointer, known.trust)
    elif kind == "uri" and not _URI.fullmatch(value):
        yield Violation(ViolationKind.URI, pointer, known.trust)
    elif kind == "uri" and not _ABSOLUTE.match(value):
        # The type is anyURI, which a relative reference satisfies by the letter.
        yield Violation(ViolationKind.RELATIVE, pointer, max(known.trust, "B"))


def _wrong_type(known: Property, wanted: str, value: Any, pointer: str) -> Violation:
    came = f"{json_type(value)} instead of {_WORDS.get(wanted, 'a string')}"
    if wanted == "integer" and _is_number(value):
        came = "a number with a fraction instead of a whole number"
    return Violation(ViolationKind.TYPE, pointer, known.trust, came)


def _boolean(known: Property, value: Any, pointer: str, booleans: str) -> Iterator[Violation]:
    word = str(value).lower() if isinstance(value, bool | str) else None
    if known.trust != "A" and value in _BOOLEAN_DIGITS and not isinstance(value, bool):
        # That booleans are words and no digits is as uncertain as their form.
        yield Violation(ViolationKind.BOOLEAN, pointer, "B", "a digit instead of a boolean")
    elif word not in _BOOLEAN_WORDS:
        # Not a boolean in any form; only the form is uncertain, not the type.
        came = "" if isinstance(value, str) else f"{json_type(value)} instead of a boolean"
        yield Violation(ViolationKind.TYPE, pointer, "A", came)
    elif value not in _WRITTEN[booleans]:
        came = "a JSON boolean instead of a string" if isinstance(value, bool) else "a boolean in other letters"
        # Where the form is certain, it is a matter of the type, or of the listed values.
        certain = ViolationKind.TYPE if isinstance(value, bool) else ViolationKind.ENUMERATION
        kind = certain if known.trust == "A" else ViolationKind.BOOLEAN
        yield Violation(kind, pointer, "A" if kind is certain else "B", came)


def _enumeration(known: Property, value: str, pointer: str, specification: DocumentModel) -> Iterator[Violation]:
    name = known.enumeration or ""
    if not specification.specification.allows(name, value):
        listed = max(known.trust, specification.enumeration_trust(name))
        folded = {each.casefold() for each in specification.enumerations[name]}
        came = "a documented value in other letters" if value.casefold() in folded else ""
        yield Violation(ViolationKind.ENUMERATION, pointer, "B" if value.startswith(_VENDOR_PREFIX) else listed, came)


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
