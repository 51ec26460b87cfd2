"""One file of a OneRoster CSV bundle: its columns in order, and where in a roster their values come from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.roster.columns import Column, column_of_property, columns_of
from oneroster.standard import Standard
from oneroster_runtime.specification import Specification

__all__ = ["FIX", "KEY", "LEADING_COLUMNS", "CsvFile", "parse_file"]

KEY: Final = "sourcedId"

LEADING_COLUMNS: Final = (KEY, "status", "dateLastModified")
"""The first columns of every file. In bulk files only sourcedId has a value (5 [A], 3 [A])."""

FIX: Final = "Change the rows in oneroster/pull/formats/oneroster_csv/file_definitions.py"

_WORD: Final = re.compile(r"(?P<name>\w+)(=(?P<sources>[\w.|]+|-))?(?P<marks>[!@%]*)")


@dataclass(frozen=True, eq=False)
class CsvFile:
    """One file of a bundle.

    The source of a column is a column of its element, as in ``title``; a field of nested records, as in
    ``roles.beginDate``; or a column of the record that a reference leads to, as in ``classSourcedId.schoolSourcedId``.

    Attributes:
        version: The version of OneRoster.
        name: The file name without suffix.
        element: The schema name of its records, or of those that its rows are parts of.
        columns: All columns after `LEADING_COLUMNS`.
        required: The columns that must have a value.
        days: Columns with a date where REST has a date-time.
        percents: Columns with a whole number from 0 to 100 where REST has any number.
        sources: The sources of columns that are not the column of the same name; the first one with a value counts.
        nested: In files of parts of records: the columns that hold them, from the outermost. Otherwise empty.
        key: In files of parts of records: the sources that tell the parts of all records apart. Ids are derived from
            them, because REST has none.
        row_id: In files of parts of records: the source that the id of a row stands for when the file is read.
        derived: Columns that refer to rows of another file of parts, by the name of that file.
        earlier: Columns that earlier releases of the binding have besides, each after the column that it maps to.
    """

    version: str
    name: str
    element: str
    columns: tuple[str, ...]
    required: frozenset[str]
    days: frozenset[str] = frozenset()
    percents: frozenset[str] = frozenset()
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nested: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    row_id: str = ""
    derived: Mapping[str, str] = field(default_factory=dict)
    earlier: Mapping[str, str] = field(default_factory=dict)

    @property
    def specification(self) -> Specification:
        """The specification of the version."""
        return Standard.of(self.version).specification

    @property
    def header(self) -> tuple[str, ...]:
        """The names of all columns."""
        return (*LEADING_COLUMNS, *self.columns)

    @property
    def earlier_header(self) -> tuple[str, ...]:
        """The names of all columns in earlier releases of the binding."""
        return tuple(
            name
            for column in self.header
            for name in (column, *(each for each, before in self.earlier.items() if before == column))
        )

    @property
    def item(self) -> str:
        """In files of parts of records: the source of the part itself."""
        return ".".join(self.nested)

    def sources_of(self, name: str) -> tuple[str, ...]:
        """Return the sources of a column; the first one with a value counts. A column without any is left blank."""
        return self.sources.get(name, (name,))

    def is_lookup(self, source: str) -> bool:
        """Return whether a source is a column of the record that a reference leads to."""
        head, _, rest = source.partition(".")
        found = _column_at(self.specification, self.element, head)
        return bool(rest) and found is not None and found.property is not None and found.property.record is None

    def stored_as(self, name: str) -> str | None:
        """Return the source that takes the values of a column when the file is read; None if none does."""
        source = next(iter(self.sources_of(name)), "")
        if not source or self.is_lookup(source):
            return None
        return source if not self.nested or source.partition(".")[0] == self.nested[0] else None

    def owner(self) -> str:
        """In files of parts of records: the column with the id of the record."""
        return next(name for name in self.columns if self.sources_of(name) == (KEY,))

    def column(self, name: str) -> Column:
        """Return the definition of a column: its type and its property in the standard."""
        source = name if name in LEADING_COLUMNS else next(iter(self.sources_of(name)), "")
        if not source:
            return Column(name, None, pa.string())
        found = _column_at(self.specification, self.element, source)
        if found is None:
            raise DestinationError(
                f"{self.name}.csv has the column {source}, which {self.element} does not have; {FIX}"
            )
        if self.nested and source == self.item and pa.types.is_list(found.type):
            return found._replace(type=found.type.value_type)
        return found

    def field(self, name: str) -> str:
        """Return the name of the property of a column; that of the column if it has none."""
        if self.nested:
            return name
        known = self.column(name).property
        return name if known is None else known.name

    def refers_to(self, name: str) -> str | None:
        """Return the element that a column refers to, or the file of parts; None if it refers to none."""
        if name in self.derived:
            return self.derived[name]
        known = self.column(name).property
        return None if known is None else known.refers_to

    def listed(self, name: str) -> tuple[str, ...]:
        """Return the values that the standard lists for a column; empty if it lists none."""
        known = self.column(name).property
        if known is None or known.enumeration is None:
            return ()
        return tuple(self.specification.enumerations[known.enumeration])

    def extension(self, name: str) -> str | None:
        """Return the pattern of further values of a column; None without any."""
        known = self.column(name).property
        return None if known is None else self.specification.extensions.get(known.enumeration or "")

    def unknown_sources(self, specification: Specification) -> list[str]:
        """Return the sources that a specification does not have."""
        named = [source for name in self.columns for source in self.sources_of(name)]
        return [
            source
            for source in dict.fromkeys([*LEADING_COLUMNS, *self.key, *named])
            if _column_at(specification, self.element, source) is None
        ]


@cache
def _column_at(specification: Specification, element: str, source: str) -> Column | None:
    """Return the column at a source."""
    head, *rest = source.split(".")
    columns = {column.name: column for column in columns_of(specification, element)}
    found = columns.get(head)
    for name in rest:
        known = None if found is None else found.property
        if known is None:
            return None
        if known.record is not None:
            inner = specification.elements[known.record].properties.values()
            columns = {each.name: each for each in (column_of_property(specification, one) for one in inner)}
        elif known.refers_to is not None:
            columns = {column.name: column for column in columns_of(specification, known.refers_to)}
        else:
            return None
        found = columns.get(name)
    return found


def parse_file(
    version: str,
    name: str,
    element: str,
    columns: str,
    nested: str = "",
    key: str = "",
    *,
    row_id: str = "",
    derived: Mapping[str, str] | None = None,
    earlier: Mapping[str, str] | None = None,
) -> CsvFile:
    """Return the file that a list of columns describes.

    Args:
        version: The version of OneRoster.
        name: The file name without suffix.
        element: The schema name of its records.
        columns: The columns, each with ``=`` and its sources separated by ``|`` if it has others, or ``-`` for none,
            and with marks: ``!`` for a required one, ``@`` for a required one that has a date, ``%`` for a percentage.
        nested: The columns that hold the parts, as in ``userProfiles.credentials``.
        key: The sources that tell the parts apart.
        row_id: See `CsvFile`.
        derived: See `CsvFile`.
        earlier: See `CsvFile`.
    """
    found = [match for match in map(_WORD.fullmatch, columns.split()) if match is not None]

    def marked(marks: str) -> frozenset[str]:
        return frozenset(match["name"] for match in found if set(marks) & set(match["marks"]))

    return CsvFile(
        version,
        name,
        element,
        tuple(match["name"] for match in found),
        marked("!@"),
        marked("@"),
        marked("%"),
        {
            match["name"]: () if match["sources"] == "-" else tuple(match["sources"].split("|"))
            for match in found
            if match["sources"]
        },
        tuple(nested.split(".")) if nested else (),
        tuple(key.split()),
        row_id,
        derived or {},
        earlier or {},
    )
