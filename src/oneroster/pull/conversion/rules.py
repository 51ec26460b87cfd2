"""The rules of which the mappings between versions consist: where a column of the other version gets its values."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.roster.columns import Column

__all__ = [
    "ByTarget",
    "ColumnRule",
    "ElementMapping",
    "EveryField",
    "FieldOfFirst",
    "FirstOf",
    "OnePerItem",
    "OnlyItem",
    "Source",
    "VersionMapping",
    "WithDefaults",
]

_EXTENSION: Final = "ext:"
_WRITTEN: Final = "{} written as {}"


class Source(NamedTuple):
    """What rules read: the columns of a batch, and those of records that references lead to.

    Attributes:
        columns: The columns by name.
        look_up: Returns the values at a source such as ``classSourcedId.schoolSourcedId``; None without one.
        lost: Counts values without a form in the other version, by column.
        changed: Counts values that are written as others, by column and sentence.
        without_form: For each row, the column for which the row has no form; None if it has one.
    """

    columns: Mapping[str, pa.Array]
    look_up: Callable[[str], pa.Array | None]
    lost: Counter[str]
    changed: Counter[tuple[str, str]]
    without_form: list[str | None]

    def get(self, source: str) -> pa.Array | None:
        """Return the values at a source; None without any."""
        return self.columns[source] if source in self.columns else self.look_up(source)


class ColumnRule(Protocol):
    """Where a column gets its values."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that the rule accounts for: it counts what it loses of them."""

    def apply(self, source: Source, column: Column) -> pa.Array | None:
        """Return the values of a column; None if what it needs was not fetched.

        Args:
            source: What to read.
            column: The column.
        """


@dataclass(frozen=True)
class FirstOf:
    """The first of several sources that has a value.

    A source is a column, a column of the record that a reference leads to (``classSourcedId.schoolSourcedId``), or a
    field of the first nested record (``userProfiles.credentials.username``).

    Attributes:
        sources: The sources, separated by ``|``.
    """

    sources: str

    @property
    def reads(self) -> tuple[str, ...]:
        """See `ColumnRule`."""
        return tuple(source for source in self.sources.split("|") if "." not in source)

    def apply(self, source: Source, column: Column) -> pa.Array | None:
        """See `ColumnRule`."""
        found = [values for each in self.sources.split("|") if (values := source.get(each)) is not None]
        if not found:
            return None
        chosen = found[0] if len(found) == 1 else pc.coalesce(*found)
        for each in self.reads:
            if each != column.name and each in source.columns:
                values = source.columns[each]
                other = pc.and_(pc.is_valid(values), pc.fill_null(pc.not_equal(values, chosen), True))
                source.lost[each] += pc.sum(other).as_py() or 0
        if number := found[0].null_count - chosen.null_count:
            source.changed[column.name, f"missing values taken from {self.sources.partition('|')[2]}"] += number
        return chosen.cast(column.type)


@dataclass(frozen=True)
class WithDefaults:
    """A list of nested records, with constants for fields without a value.

    Attributes:
        column: The column.
        defaults: The constants by field.
    """

    column: str
    defaults: Mapping[str, str]

    @property
    def reads(self) -> tuple[str, ...]:
        """See `ColumnRule`."""
        return (self.column,)

    def apply(self, source: Source, column: Column) -> pa.Array | None:
        """See `ColumnRule`."""
        if self.column not in source.columns:
            return None
        lists = source.columns[self.column].to_pylist()
        return pa.array([self._filled(items, source, column.name) for items in lists], column.type)

    def _filled(self, items: list[dict[str, Any]] | None, source: Source, name: str) -> list[dict[str, Any]] | None:
        for item in items or ():
            for each, constant in self.defaults.items():
                if item.get(each) is None:
                    item[each] = constant
                    source.changed[name, f"missing {each} written as {constant}"] += 1
        return items


@dataclass(frozen=True)
class OnlyItem:
    """The item of a list that has no other.

    Attributes:
        column: The list.
    """

    column: str

    @property
    def reads(self) -> tuple[str, ...]:
        """See `ColumnRule`."""
        return ()

    def apply(self, source: Source, column: Column) -> pa.Array | None:
        """See `ColumnRule`."""
        if self.column not in source.columns:
            return None
        lists = source.columns[self.column].to_pylist()
        return pa.array([items[0] if items and len(items) == 1 else None for items in lists], column.type)


@dataclass(frozen=True)
class ByTarget:
    """A value that depends on the record that a reference leads to.

    Attributes:
        column: The column of that record, as in ``type``.
        values: The values by that of the column.
        otherwise: The value for others; for records that are not known there is none.
    """

    column: str
    values: Mapping[str, str]
    otherwise: str

    def of(self, found: str | None) -> str | None:
        """Return the value for one of the column."""
        return None if found is None else self.values.get(found, self.otherwise)


@dataclass(frozen=True)
class OnePerItem:
    """A list of nested records, one for each item of a list of references.

    Attributes:
        each: The list of references.
        item: The field with the reference.
        constants: Fields with the same value in all records.
        field: The field that has the value of a column of the record.
        column: That column.
        values: What its values are written as, where they differ.
    """

    each: str
    item: str
    constants: Mapping[str, str]
    field: str
    column: str
    values: Mapping[str, ByTarget]

    @property
    def reads(self) -> tuple[str, ...]:
        """See `ColumnRule`."""
        return (self.each, self.column)

    def apply(self, source: Source, column: Column) -> pa.Array | None:
        """See `ColumnRule`."""
        if self.each not in source.columns or self.column not in source.columns:
            return None
        ids = source.columns[self.each]
        kinds: dict[str, Iterable[Any]] = {}
        for value, rule in self.values.items():
            found = source.look_up(f"{self.each}.{rule.column}")
            kinds[value] = iter([None] * len(ids.flatten()) if found is None else found.to_pylist())
        rows = zip(ids.to_pylist(), source.columns[self.column].to_pylist(), strict=True)
        return pa.array([self._records(items, value, kinds, source) for items, value in rows], column.type)

    def _records(
        self, items: list[str] | None, value: str | None, kinds: Mapping[str, Iterable[Any]], source: Source
    ) -> list[dict[str, Any]] | None:
        if items is None:
            source.lost[self.column] += value is not None
            return None
        made = []
        for item in items:
            found = {each: next(iter(known)) for each, known in kinds.items()}
            written = value
            if value is not None and value in self.values:
                written = self.values[value].of(found[value])
            if value is not None and written is None:
                source.lost[self.column] += 1
                continue
            if written != value:
                source.changed[self.column, _WRITTEN.format(value, written)] += 1
            made.append({**self.constants, self.item: item, self.field: written})
        if not items:
            source.lost[self.column] += value is not None
        return made


@dataclass(frozen=True)
class FieldOfFirst:
    """A field of the first nested record that fits.

    Attributes:
        of: The list of nested records.
        field: The field.
        where: Fields and the values that they must have.
        at: A field, and the column whose value it should have, if one of the records has it.
        values: What values of the field are written as. Terms that extend an enumeration have no form.
    """

    of: str
    field: str
    where: Mapping[str, str]
    at: tuple[str, str]
    values: Mapping[str, str]

    @property
    def reads(self) -> tuple[str, ...]:
        """See `ColumnRule`."""
        return (self.of,)

    def apply(self, source: Source, column: Column) -> pa.Array | None:
        """See `ColumnRule`."""
        if self.of not in source.columns:
            return None
        lists = source.columns[self.of].to_pylist()
        preferred = source.columns[self.at[1]].to_pylist() if self.at[1] in source.columns else [None] * len(lists)
        chosen = [self._chosen(items or [], first) for items, first in zip(lists, preferred, strict=True)]
        for row, (items, record) in enumerate(zip(lists, chosen, strict=True)):
            written = self._written(record)
            source.lost[self.of] += sum(not self._is_told(item, written) for item in items or ())
            if record is not None and written != record[self.field]:
                source.changed[column.name, _WRITTEN.format(record[self.field], written)] += 1
            if items and record is None and not any(self._has_form(item) for item in items):
                source.without_form[row] = self.of
        return pa.array([self._written(record) for record in chosen], column.type)

    def _chosen(self, items: Sequence[dict[str, Any]], first: str | None) -> dict[str, Any] | None:
        fitting = [item for item in items if self._fits(item) and self._has_form(item)]
        at = next((item for item in fitting if first is not None and item[self.at[0]] == first), None)
        return at or next(iter(fitting), None)

    def _fits(self, item: Mapping[str, Any]) -> bool:
        return all(item[name] == value for name, value in self.where.items())

    def _has_form(self, item: Mapping[str, Any]) -> bool:
        value = item[self.field]
        return value is not None and not value.startswith(_EXTENSION)

    def _written(self, record: Mapping[str, Any] | None) -> str | None:
        return None if record is None else self.values.get(record[self.field], record[self.field])

    def _is_told(self, item: Mapping[str, Any], written: str | None) -> bool:
        """Return whether what a record says is said by the column, and by the list of references."""
        others = {name for name, value in item.items() if value is not None} - {self.field, self.at[0], *self.where}
        return self._fits(item) and self._written(item) == written and not others


@dataclass(frozen=True)
class EveryField:
    """The distinct values of a field of nested records.

    Attributes:
        of: The list of nested records.
        field: The field.
        first: The column whose value comes first, if the list has it.
    """

    of: str
    field: str
    first: str

    @property
    def reads(self) -> tuple[str, ...]:
        """See `ColumnRule`."""
        return (self.of, self.first)

    def apply(self, source: Source, column: Column) -> pa.Array | None:
        """See `ColumnRule`."""
        if self.of not in source.columns:
            return None
        lists = source.columns[self.of].to_pylist()
        firsts = source.columns[self.first].to_pylist() if self.first in source.columns else [None] * len(lists)
        found = []
        for items, first in zip(lists, firsts, strict=True):
            distinct = list(dict.fromkeys(item[self.field] for item in items or () if item[self.field] is not None))
            source.lost[self.first] += first is not None and first not in distinct
            ahead = [first] if first in distinct else []
            found.append(None if items is None else list(dict.fromkeys([*ahead, *distinct])))
        return pa.array(found, column.type)


@dataclass(frozen=True)
class ElementMapping:
    """How the records of an element are written in the other version.

    Columns of the same name are the same in both versions, so only the others are listed.

    Attributes:
        columns: Where columns of the other version get their values.
        needed: Columns of the other version without which a record has no form.
        implied: Columns that the other version does not have, and the source that says the same there.
    """

    columns: Mapping[str, ColumnRule] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    implied: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VersionMapping:
    """How a roster of one version is written in another.

    Attributes:
        elements: The mappings by schema name. Elements that the other version does not have, have no form there.
        values: What values are written as, in all elements, by column.
    """

    elements: Mapping[str, ElementMapping]
    values: Mapping[str, Mapping[str, str]]
