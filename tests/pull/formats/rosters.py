"""Rosters to write: of a whole sandbox, of hostile values, of whatever Hypothesis thinks up."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import httpx
import pyarrow as pa
from hypothesis import strategies as st

from oneroster.pull.roster.columns import columns_of, schema_of
from oneroster.pull.roster.manifest import CHANGES_ONLY, WHOLE_ROSTER, Manifest
from oneroster.pull.roster.roster_protocol import MemoryRoster, Roster
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from oneroster_runtime.specification import Property
from oneroster_v1p1 import specification

ELEMENTS = specification().elements
OPERATIONS = specification().operations

SPECIFICATION = Standard.of().specification
COLLECTED = [name for name, element in ELEMENTS.items() if element.collection is not None]

HOSTILE = {
    "formula": "=HYPERLINK(\"http://example\",'x')",
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "newline": "a\r\nb\nc\rd",
    "quote": '"""',
    "comma": ",,",
    "nul": "a\0b",
    "bidi": "\u202eevil\u202c",
    "separators": "a\u2028b\u2029c\x0bd\x1ce\x85f",
    "blank": " ",
    "null": "null",
    "backslash": '\\N\\"\\u0041',
    "emoji": "👩‍👩‍👧 🏫",
    "byte order mark": "\ufeffa",
    "megabyte": "é" * 500_000 + '"',
}


def table(element: str, *rows: Mapping[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema_of(SPECIFICATION, element))


def roster(*tables: pa.Table, kind: str = WHOLE_ROSTER, **known: Any) -> MemoryRoster:
    named = {found.schema.metadata[b"oneroster.element"].decode(): found for found in tables}
    return MemoryRoster(Manifest(kind=kind, **known), named)


def changes(*tables: pa.Table) -> MemoryRoster:
    return roster(*tables, kind=CHANGES_ONLY)


def tables_of(found: Roster) -> dict[str, pa.Table]:
    return {element: found.read(element).read_all() for element in found.elements()}


@cache
def sandbox_roster(seed: int = 1) -> MemoryRoster:
    """All of a sandbox, as it sends it, turned into columns here, apart from the code under test."""
    tables = []
    with Sandbox(seed=seed) as tenant, httpx.Client(headers={"Authorization": f"Bearer {tenant.token}"}) as door:
        for element in COLLECTED:
            operation = OPERATIONS[ELEMENTS[element].collection or ""]
            answer = door.get(f"{tenant.base_url}{operation.path}", params={"limit": 100_000})
            records = answer.json()[operation.wrapper or ""]
            assert len(records) == int(answer.headers["X-Total-Count"])
            tables.append(table(element, *(row_of(element, record) for record in records)))
    return roster(*tables, base_url="https://sis.example/ims/oneroster/v1p1")


def row_of(element: str, record: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in columns_of(SPECIFICATION, element):
        known = column.property
        if known is None or column.offset_of is not None or known.name not in record:
            continue
        row[column.name] = _value(known, record[known.name])
    return row


def _value(known: Property, value: Any) -> Any:
    match known.kind:
        case "reference":
            return value["sourcedId"]
        case "references":
            return [item["sourcedId"] for item in value]
        case "date":
            return date.fromisoformat(value)
        case "date-time":
            return datetime.fromisoformat(value)
        case "boolean":
            return value == "true"
        case "object":
            return json.dumps(value)
        case _:
            return value


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_extreme = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_instants = st.datetimes(_extreme[0].replace(tzinfo=None), _extreme[1].replace(tzinfo=None)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
_objects = st.dictionaries(texts, _values, max_size=3).map(lambda value: json.dumps(value, ensure_ascii=False))


def _cells(kind: pa.DataType, name: str) -> st.SearchStrategy[Any]:
    if name in ("metadata", "_extras"):
        return _objects
    if pa.types.is_list(kind):
        inner = _cells(kind.value_type, "")
        return st.lists(inner, max_size=3)
    if pa.types.is_struct(kind):
        return st.fixed_dictionaries({field.name: st.none() | texts for field in kind})
    return {
        pa.string(): texts,
        pa.bool_(): st.booleans(),
        pa.date32(): st.dates(),
        pa.float64(): st.floats(allow_nan=False, allow_infinity=False),
        pa.int64(): st.integers(-(2**63), 2**63 - 1),
        pa.int16(): st.integers(-(2**15), 2**15 - 1),
        pa.timestamp("us", "UTC"): _instants,
    }[kind]


@st.composite
def tables(draw: st.DrawFn, element: str) -> pa.Table:
    """Any rows of an element, in any choice of its columns."""
    columns = [
        column for column in columns_of(SPECIFICATION, element) if column.name == "sourcedId" or draw(st.booleans())
    ]
    number = draw(st.integers(0, 4))
    ids = draw(st.lists(texts.filter(bool), min_size=number, max_size=number, unique=True))
    made = [
        {
            column.name: sourced_id
            if column.name == "sourcedId"
            else draw(st.none() | _cells(column.type, column.name))
            for column in columns
        }
        for sourced_id in ids
    ]
    return pa.Table.from_pylist(made, schema=schema_of(SPECIFICATION, element, {column.name for column in columns}))


def student(sourced_id: str, **more: Any) -> dict[str, Any]:
    """A user that has all that CSV requires; of the school `s`."""
    return {
        "sourcedId": sourced_id,
        "status": "active",
        "dateLastModified": datetime(2026, 1, 1, tzinfo=UTC),
        "enabledUser": True,
        "orgSourcedIds": ["s"],
        "role": "student",
        "username": f"name-{sourced_id}",
        "givenName": "Given",
        "familyName": "Family",
        **more,
    }


def school(sourced_id: str = "s", **more: Any) -> dict[str, Any]:
    return {
        "sourcedId": sourced_id,
        "status": "active",
        "dateLastModified": datetime(2026, 1, 1, tzinfo=UTC),
        "name": "School",
        "type": "school",
        **more,
    }


WHEN = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = {"status": "active", "dateLastModified": WHEN}
TERM = {"sourcedId": "t", **HEAD, "title": "Term", "type": "term", "schoolYear": "2026"} | {
    "startDate": date(2025, 8, 1),
    "endDate": date(2026, 6, 1),
}
COURSE = {"sourcedId": "co", **HEAD, "title": "Course", "orgSourcedId": "s"}
CLASS = {"sourcedId": "c", **HEAD, "title": "Class", "classType": "homeroom", "courseSourcedId": "co"} | {
    "schoolSourcedId": "s",
    "termSourcedIds": ["t"],
}
ENROLLMENT = {"sourcedId": "e", **HEAD, "classSourcedId": "c", "schoolSourcedId": "s", "userSourcedId": "u"} | {
    "role": "student"
}
CATEGORY = {"sourcedId": "ca", **HEAD, "title": "Category"}
LINE_ITEM = {"sourcedId": "li", **HEAD, "title": "Item", "assignDate": WHEN, "dueDate": WHEN, "classSourcedId": "c"} | {
    "categorySourcedId": "ca",
    "gradingPeriodSourcedId": "t",
    "resultValueMin": 0.0,
    "resultValueMax": 10.0,
}
RESULT = {"sourcedId": "r", **HEAD, "lineItemSourcedId": "li", "studentSourcedId": "u", "scoreStatus": "submitted"} | {
    "score": 1.0,
    "scoreDate": date(2026, 1, 1),
}
RESOURCE = {"sourcedId": "re", **HEAD, "vendorResourceId": "v"}


def small(**changed: list[dict[str, Any]]) -> dict[str, pa.Table]:
    """One of each; by keyword, other rows of an element."""
    rows = {
        "Org": [school()],
        "AcademicSession": [TERM],
        "Course": [COURSE],
        "Class": [CLASS],
        "User": [student("u")],
        "Enrollment": [ENROLLMENT],
        "Demographics": [{"sourcedId": "u", **HEAD}],
        "Category": [CATEGORY],
        "LineItem": [LINE_ITEM],
        "Result": [RESULT],
        "Resource": [RESOURCE],
    } | changed
    return {element: table(element, *found) for element, found in rows.items()}
