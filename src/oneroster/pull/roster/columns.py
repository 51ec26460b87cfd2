"""The columns of an element, derived from the specification.

References become ids (``school`` becomes ``schoolSourcedId``, ``terms`` becomes ``termSourcedIds``), lists remain
lists, free objects become JSON text, and unknown fields are collected in ``_extras``. The names are those of the CSV
binding wherever it has the field.
"""

from collections.abc import Collection
from functools import cache
from typing import Final, NamedTuple

import pyarrow as pa

from oneroster.standard import Standard
from oneroster_runtime.specification import Property, Specification

__all__ = [
    "EXTRAS_COLUMN",
    "KEY_COLUMN",
    "MODIFIED_COLUMN",
    "STATUS_COLUMN",
    "Column",
    "column_of_property",
    "columns_of",
    "element_of",
    "reference_column",
    "refers_to",
    "schema_of",
    "specification_of",
]

EXTRAS_COLUMN: Final = "_extras"
"""The column for fields that the document does not know: a JSON object as text."""

KEY_COLUMN: Final = "sourcedId"
"""The column that identifies a row."""

STATUS_COLUMN: Final = "status"
MODIFIED_COLUMN: Final = "dateLastModified"
"""With `KEY_COLUMN`, the columns of every record, which are never left out."""

_INSTANT: Final = pa.timestamp("us", "UTC")
_ELEMENT: Final = b"oneroster.element"
_STANDARD: Final = b"oneroster.standard"

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
    """A column.

    Attributes:
        name: The name.
        property: The property of the document; None for `EXTRAS_COLUMN`.
        type: The Arrow type.
        offset_of: For ``assignDateOffset`` and the like: the date-time column whose UTC offset it holds, in minutes
            east, as the server wrote it; null for Z and for no offset.
    """

    name: str
    property: Property | None
    type: pa.DataType
    offset_of: str | None = None


@cache
def columns_of(specification: Specification, element: str) -> tuple[Column, ...]:
    """Return all columns of an element in the order of the document, `EXTRAS_COLUMN` last.

    Args:
        specification: The version of the standard.
        element: The schema name, as in ``User``.
    """
    columns: list[Column] = []
    for known in specification.elements[element].properties.values():
        columns.append(column_of_property(specification, known))
        # dateLastModified is compared as an instant. Of other date-times the day matters, as the server wrote it.
        if known.kind == "date-time" and known.name != MODIFIED_COLUMN:
            columns.append(Column(f"{known.name}Offset", known, pa.int16(), known.name))
    return (*columns, Column(EXTRAS_COLUMN, None, pa.string()))


@cache
def _schema(specification: Specification, element: str, names: frozenset[str] | None) -> pa.Schema:
    fields = [
        pa.field(column.name, column.type, nullable=column.name != KEY_COLUMN)
        for column in columns_of(specification, element)
        if names is None or column.name in names
    ]
    return pa.schema(fields, {_ELEMENT: element.encode(), _STANDARD: specification.version.encode()})


def schema_of(specification: Specification, element: str, names: Collection[str] | None = None) -> pa.Schema:
    """Return the Arrow schema of an element.

    Args:
        specification: The version of the standard.
        element: The schema name.
        names: The columns to include, in the order of the document; None for all.
    """
    return _schema(specification, element, None if names is None else frozenset(names))


def column_of_property(specification: Specification, known: Property) -> Column:
    """Return the column of a property, also of one of a nested record.

    Args:
        specification: The version of the standard.
        known: The property.
    """
    return Column(_name(known), known, _type(specification, known))


def element_of(schema: pa.Schema) -> str:
    """Return the element for which `schema_of` made a schema."""
    return str((schema.metadata or {})[_ELEMENT], "utf-8")


def specification_of(schema: pa.Schema) -> Specification:
    """Return the specification for which `schema_of` made a schema."""
    return Standard.of(str((schema.metadata or {})[_STANDARD], "utf-8")).specification


def refers_to(specification: Specification, element: str, name: str) -> str | None:
    """Return the element that a column refers to; None if it is no reference, or does not exist."""
    columns = columns_of(specification, element)
    return next((each.property.refers_to for each in columns if each.name == name and each.property is not None), None)


def reference_column(known: Property) -> str:
    """Return the name of the column with the ids of a reference, or of a list of references."""
    if known.kind == "reference":
        return f"{known.name}SourcedId"
    return f"{known.name.removesuffix('s')}SourcedIds"


def _name(known: Property) -> str:
    return reference_column(known) if known.kind in ("reference", "references") else known.name


def _type(specification: Specification, known: Property) -> pa.DataType:
    if known.kind not in ("record", "records"):
        return _TYPES[known.kind]
    nested = specification.elements[known.record or ""].properties.values()
    record = pa.struct([pa.field(_name(inner), _type(specification, inner)) for inner in nested])
    return record if known.kind == "record" else pa.list_(record)
