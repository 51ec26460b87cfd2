"""Hypothesis strategies for JSON data that the document allows, made from the specification."""

import string
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st

from oneroster_runtime.specification import Property
from oneroster_v1p1 import specification

ELEMENTS = specification().elements
ENUMERATIONS = specification().enumerations

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXT, inside, max_size=3),
    max_leaves=5,
)


def _date_time(value: datetime) -> str:
    precision = "microseconds" if value.microsecond % 1000 else "milliseconds"
    return value.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT,
    "uri": st.text(string.ascii_letters + string.digits + "-._~/", min_size=1, max_size=12),
    "date": st.dates(min_value=date(1000, 1, 1)).map(date.isoformat),
    "date-time": st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)).map(_date_time),  # noqa: DTZ001  # a bound
    "boolean": st.sampled_from(["true", "false"]),
    "number": st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    "integer": st.integers(),
    "object": st.dictionaries(TEXT, JSON, max_size=3),
    "strings": st.lists(TEXT, max_size=3),
}


def values(found: Property) -> st.SearchStrategy[Any]:
    """Values of a property as the document allows them."""
    if found.name == "schoolYear" and found.kind == "string":
        return st.integers(1000, 9999).map(str)
    if found.enumeration:
        member = st.sampled_from(ENUMERATIONS[found.enumeration])
        return st.lists(member, max_size=3) if found.kind == "enumerations" else member
    if found.kind in SIMPLE:
        return SIMPLE[found.kind]
    inside = elements("GUIDRef" if found.kind in {"reference", "references"} else found.record or "")
    if found.kind in {"reference", "record"}:
        return inside
    return st.lists(inside, min_size=1 if found.required else 0, max_size=2)


@cache
def elements(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Records of an element as the document allows them."""
    properties = ELEMENTS[name].properties
    return st.fixed_dictionaries(
        {key: values(found) for key, found in properties.items() if found.required},
        optional={key: values(found) for key, found in properties.items() if not found.required},
    )
