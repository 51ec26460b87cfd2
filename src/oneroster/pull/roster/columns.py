"""The columns of an element's table, derived from the tables of the contract.

References become ids (``school`` becomes ``schoolSourcedId``, ``terms`` becomes ``termSourcedIds``), lists stay lists,
free objects become JSON text, and what the document does not know is kept together in ``_extras``. So the names are
those of the CSV binding wherever it has the field.
"""

from collections.abc import Collection
from functools import cache
from typing import Final, NamedTuple

import pyarrow as pa

from oneroster_v1p1.tables import ELEMENTS, Property

__all__ = ["EXTRAS", "KEY", "MODIFIED", "STATUS", "Column", "columns_of", "element_of", "reference_column", "schema_of"]

EXTRAS: Final = "_extras"
"""The column of what the document does not know: a JSON object as text."""

KEY: Final = "sourcedId"
"""The column that tells rows apart."""

STATUS: Final = "status"
MODIFIED: Final = "dateLastModified"
"""With `KEY`, what every record has: the columns that are never left out."""

_INSTANT: Final = pa.timestamp("us", "UTC")
_ELEMENT: Final = b"oneroster.element"

_TYPES: Final = {
    "string": pa.string(),
    "uri": pa.string(),
    "enumeration": pa.string(),
    "strings": pa.list_(pa.string()),
    "enumerations": pa.list_(pa.string()),
    "reference": pa.string(),
    "references": pa.list_(pa.string()),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "date-time": _INSTANT,
    "number": pa.float64(),
    "integer": pa.int64(),
    "object": pa.string(),
}


class Column(NamedTuple):
    """One column.

    Attributes:
        name: Its name.
        property: The property of the document behind it; None for `EXTRAS`.
        type: Its Arrow type.
        offset_of: For ``assignDateOffset`` and its like: the column of the date-time whose zone it keeps, in minutes
            east of UTC as the server wrote it; null stands for Z and for no zone at all.
    """

    name: str
    property: Property | None
    type: pa.DataType
    offset_of: str | None = None


@cache
def columns_of(element: str) -> tuple[Column, ...]:
    """All columns of an element, in the order of the document, `EXTRAS` last.

    Args:
        element: The schema name, as in ``User``.
    """
    columns: list[Column] = []
    for known in ELEMENTS[element].properties.values():
        columns.append(Column(_name(known), known, _type(known)))
        # That one is compared as an instant; of every other date-time the day as the server wrote it may matter.
        if known.kind == "date-time" and known.name != MODIFIED:
            columns.append(Column(f"{known.name}Offset", known, pa.int16(), known.name))
    return (*columns, Column(EXTRAS, None, pa.string()))


@cache
def _schema(element: str, names: frozenset[str] | None) -> pa.Schema:
    fields = [
        pa.field(column.name, column.type, nullable=column.name != KEY)
        for column in columns_of(element)
        if names is None or column.name in names
    ]
    return pa.schema(fields, {_ELEMENT: element.encode()})


def schema_of(element: str, names: Collection[str] | None = None) -> pa.Schema:
    """The Arrow schema of an element.

    Args:
        element: The schema name.
        names: The columns wanted; None for all. They keep the order of the document.
    """
    return _schema(element, None if names is None else frozenset(names))


def element_of(schema: pa.Schema) -> str:
    """The element that a schema of `schema_of` is for."""
    return str((schema.metadata or {})[_ELEMENT], "utf-8")


def reference_column(known: Property) -> str:
    """The name of the column that holds the ids of a reference, or of a list of them."""
    if known.kind == "reference":
        return f"{known.name}SourcedId"
    return f"{known.name.removesuffix('s')}SourcedIds"


def _name(known: Property) -> str:
    return reference_column(known) if known.kind in ("reference", "references") else known.name


def _type(known: Property) -> pa.DataType:
    if known.kind not in ("record", "records"):
        return _TYPES[known.kind]
    inside = ELEMENTS[known.record or ""].properties.values()
    record = pa.struct([pa.field(_name(inner), _type(inner)) for inner in inside])
    return record if known.kind == "record" else pa.list_(record)
