"""Hypothesis strategies for responses that are valid by the document."""

from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st

from oneroster.standard import Standard
from oneroster_runtime.specification import Operation, Property, Specification

DEFAULT = Standard.of("1.1").specification
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
TIMESTAMPS = st.datetimes(datetime.fromisoformat("1000-01-01"))
FRACTIONS = st.sampled_from(["", ".5", ".000", ".123456"])
UNDOCUMENTED = st.dictionaries(
    st.sampled_from(["vendorNote", "x.y", "ünicode"]), TEXT | st.booleans() | st.integers(0, 9)
)


def responses(operation: Operation, specification: Specification = DEFAULT) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for valid bodies of an operation's response with status 200."""
    assert operation.wrapper is not None
    assert operation.element is not None
    data = records(operation.element, specification)
    return st.fixed_dictionaries({operation.wrapper: st.lists(data, max_size=3) if operation.many else data})


def records(element: str, specification: Specification = DEFAULT) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for records: all required properties, some optional ones, and sometimes a vendor's own."""
    known = specification.elements[element].properties
    required = {name: values(each, specification) for name, each in known.items() if each.required}
    optional = {name: values(each, specification) for name, each in known.items() if not each.required}
    documented = st.fixed_dictionaries(required, optional=optional)
    return st.builds(lambda extra, record: {**extra, **record}, UNDOCUMENTED, documented)


def values(known: Property, specification: Specification) -> st.SearchStrategy[Any]:
    """Return a strategy for values of a property; lists have at least one item, because required ones must."""
    single = SINGLE_OF.get(known.kind)
    if single is None:
        return one(known, known.kind, specification)
    return st.lists(one(known, single, specification), min_size=1, max_size=3)


def one(known: Property, kind: str, specification: Specification) -> st.SearchStrategy[Any]:
    if kind == "enumeration":
        return st.sampled_from(specification.enumerations[known.enumeration or ""])
    if kind == "reference":
        types = st.sampled_from(known.reference_types or specification.enumerations["GUIDType"])
        reference = records("GUIDRef", specification)
        return st.builds(lambda made, kind_of: {**made, "type": kind_of}, reference, types)
    if kind == "record":
        return records(known.record or "", specification)
    if known.name == "schoolYear":
        return st.integers(1000, 9999).map(str)
    return PLAIN[kind]


SINGLE_OF = {"strings": "string", "enumerations": "enumeration", "references": "reference", "records": "record"}
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT.filter(bool),
    "uri": st.integers(0, 999).map("https://sis.example/ims/oneroster/v1p1/orgs/{}".format),
    "date": st.dates(date(1000, 1, 1)).map(str),
    "date-time": st.builds("{:%Y-%m-%dT%H:%M:%S}{}Z".format, TIMESTAMPS, FRACTIONS),
    "boolean": st.sampled_from(["true", "false"]),
    "number": st.integers(-1000, 1000) | st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: round(number, 3)),
    "integer": st.integers(0, 1000),
    "object": st.dictionaries(TEXT, TEXT | st.none() | st.lists(st.integers(0, 9), max_size=2), max_size=2),
}
