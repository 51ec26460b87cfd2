"""A roster in the form of another version of OneRoster, and the counts of what has no form there."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from typing import Final, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from oneroster.errors import ConfigurationError
from oneroster.pull.conversion.mappings import MAPPINGS
from oneroster.pull.conversion.rules import ElementMapping, Source
from oneroster.pull.roster.columns import KEY_COLUMN, Column, columns_of, refers_to, schema_of
from oneroster.pull.roster.elements import collection_name, in_load_order
from oneroster.pull.roster.lookups import Lookups
from oneroster.pull.roster.roster_protocol import Roster, count_rows
from oneroster.pull.roster.spelling import is_listed
from oneroster.standard import Standard
from oneroster_runtime.specification import Property, Specification

__all__ = ["ConvertedRoster", "FormCounts", "check_conversion"]

_UNCERTAIN: Final = "C"
"""The trust mark of what the sources of the standard do not agree on."""

_EMPTY: Final = ElementMapping()


def check_conversion(version: str, other: str) -> None:
    """Check that rosters of a version can be written in the form of another.

    Raises:
        ConfigurationError: They cannot, or a version is not supported.
    """
    Standard.of(other)
    if version != other and (version, other) not in MAPPINGS:
        known = ", ".join(f"{one} as {two}" for one, two in MAPPINGS)
        raise ConfigurationError(
            f"A roster of OneRoster {version} cannot be written as {other}; supported conversions: {known}. Pull"
            " without --as."
        )


class FormCounts(NamedTuple):
    """What has no form in the other version, or another one, by collection.

    Attributes:
        rows: Records that are left out; the column that has no form, or an empty one where the whole record has none.
        lost: Values that are left out, by column.
        missing: Values that the other version requires and that this one does not have, by column.
        changed: Values that are written as others, by column and sentence.
        dependents: Values that refer to records that are left out, by column and the collection of these.
    """

    rows: Counter[tuple[str, str]]
    lost: Counter[tuple[str, str]]
    missing: Counter[tuple[str, str]]
    changed: Counter[tuple[str, str, str]]
    dependents: Counter[tuple[str, str, str]]

    @classmethod
    def empty(cls) -> "FormCounts":
        """Return counts of nothing."""
        return cls(Counter(), Counter(), Counter(), Counter(), Counter())

    def without_form(self) -> dict[str, dict[str, int]]:
        """Return the number of records and values without a form by collection; records are under ``rows``."""
        found: dict[str, dict[str, int]] = {}
        for (name, _), number in sorted(self.rows.items()):
            of_collection = found.setdefault(name, {})
            of_collection["rows"] = of_collection.get("rows", 0) + number
        for (name, column), number in sorted(self.lost.items()):
            if number:
                found.setdefault(name, {})[column] = number
        return found

    def notes(self, version: str) -> list[str]:
        """Return the counts as sentences, one or more for each collection."""
        found = [
            f"{name}: records{f' without a {column} that has a form' if column else ''} left out, because they have no"
            f" form in OneRoster {version}: {number}."
            for (name, column), number in sorted(self.rows.items())
        ]
        lost: dict[str, list[str]] = {}
        for (name, column), number in sorted(self.lost.items()):
            if number:
                lost.setdefault(name, []).append(f"{column} {number}")
        found += [
            f"{name}: values left out, because they have no form in OneRoster {version}: {', '.join(columns)}."
            for name, columns in lost.items()
        ]
        found += [
            f"{name}.{column}: missing, although OneRoster {version} requires a value: {number}."
            for (name, column), number in sorted(self.missing.items())
        ]
        found += [
            f"{name}.{column}: refers to {target} that are left out, because they have no form in OneRoster {version}:"
            f" {number}."
            for (name, column, target), number in sorted(self.dependents.items())
        ]
        return found + [
            f"{name}.{column}: {sentence}: {number}."
            for (name, column, sentence), number in sorted(self.changed.items())
        ]


class ConvertedRoster:
    """A view of a roster in the form of another version. Its rows are converted as they are read.

    Args:
        roster: The roster.
        version: The version to convert to.
        wanted: Returns the columns to have of an element, those without values included; None for those only that get
            values.

    Raises:
        ConfigurationError: The roster cannot be converted.

    Attributes:
        manifest: See `oneroster.pull.roster.roster_protocol.Roster`.
    """

    def __init__(
        self, roster: Roster, version: str, wanted: Callable[[str], Collection[str] | None] | None = None
    ) -> None:
        check_conversion(roster.manifest.standard, version)
        self._roster, self._wanted = roster, wanted or (lambda _: None)
        self._mapping = MAPPINGS[roster.manifest.standard, version]
        self._lookups = Lookups(roster)
        self._converters: dict[str, _Converter] = {}
        self.manifest = msgspec.structs.replace(roster.manifest, standard=version)

    def elements(self) -> tuple[str, ...]:
        """See `oneroster.pull.roster.roster_protocol.Roster.elements`."""
        known = self.manifest.specification.elements
        return in_load_order(self.manifest.specification, [each for each in self._roster.elements() if each in known])

    def schema(self, element: str) -> pa.Schema:
        """See `oneroster.pull.roster.roster_protocol.Roster.schema`."""
        return self._converter(element).schema

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `oneroster.pull.roster.roster_protocol.Roster.read`."""
        converter = self._converter(element)
        return pa.RecordBatchReader.from_batches(converter.schema, converter.batches(FormCounts.empty()))

    def counts(self) -> FormCounts:
        """Read the roster once, and return what has no form in the other version."""
        counts = FormCounts.empty()
        for element in self._roster.elements():
            if element in self.elements():
                for _ in self._converter(element).batches(counts):
                    pass
            elif rows := count_rows(self._roster, element):
                counts.rows[collection_name(self._roster.manifest.specification, element), ""] += rows
        left_out = {element: each.left_out for element, each in self._converters.items() if each.left_out}
        for element in self.elements() if left_out else ():
            self._count_dependents(element, left_out, counts)
        return counts

    def _count_dependents(self, element: str, left_out: Mapping[str, set[str]], counts: FormCounts) -> None:
        """Count the values of an element that refer to records that are left out."""
        specification = self.manifest.specification
        targets = {name: refers_to(specification, element, name) for name in self.schema(element).names}
        known = {name: target for name, target in targets.items() if target in left_out}
        for batch in self.read(element) if known else ():
            for name, target in known.items():
                column = batch.column(name)
                ids = column.flatten() if pa.types.is_list(column.type) else column
                found = pc.is_in(ids, pa.array(sorted(left_out[target or ""]), pa.string()))
                if number := pc.sum(found).as_py():
                    names = collection_name(specification, element), name, collection_name(specification, target or "")
                    counts.dependents[names] += number

    def _converter(self, element: str) -> "_Converter":
        if element not in self._converters:
            mapping = self._mapping.elements.get(element, _EMPTY)
            self._converters[element] = _Converter(
                self._roster,
                element,
                self.manifest.specification,
                mapping,
                self._mapping.values,
                self._lookups,
                self._wanted(element),
            )
        return self._converters[element]


class _Converter:
    """Converts the records of one element."""

    def __init__(
        self,
        roster: Roster,
        element: str,
        other: Specification,
        mapping: ElementMapping,
        values: Mapping[str, Mapping[str, str]],
        lookups: Lookups,
        wanted: Collection[str] | None,
    ) -> None:
        self._roster, self._element, self._other = roster, element, other
        self._mapping, self._values, self._lookups = mapping, values, lookups
        self._own = roster.manifest.specification
        self._names = frozenset(roster.schema(element).names)
        self._columns = [each for each in columns_of(other, element) if wanted is None or each.name in wanted]
        self._all_wanted = wanted is not None
        self._collection = collection_name(other, element)
        self.left_out: set[str] = set()

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns of the converted records."""
        empty = pa.RecordBatch.from_pylist([], schema=self._roster.schema(self._element))
        found = self._convert(empty, FormCounts.empty())
        return schema_of(self._other, self._element, list(found))

    def batches(self, counts: FormCounts) -> Iterator[pa.RecordBatch]:
        """Yield the converted records, and count what has no form."""
        for batch in self._roster.read(self._element):
            found = self._convert(batch, counts)
            converted = pa.RecordBatch.from_arrays([found[name] for name in self.schema.names], schema=self.schema)
            if converted.num_rows:
                yield converted

    def _convert(self, batch: pa.RecordBatch, counts: FormCounts) -> dict[str, pa.Array]:
        given = dict(zip(batch.schema.names, batch.columns, strict=True))
        source = Source(given, lambda each: self._look_up(each, given), Counter(), Counter(), [None] * batch.num_rows)
        found: dict[str, pa.Array] = {}
        for column in self._columns:
            values = self._values_of(column, source)
            if values is not None:
                found[column.name] = self._with_form(column, values, source)
        self._count_unmapped(source)
        return self._kept(found, source, counts)

    def _values_of(self, column: Column, source: Source) -> pa.Array | None:
        rule = self._mapping.columns.get(column.name)
        values = source.columns.get(column.name) if rule is None else rule.apply(source, column)
        if values is None and self._all_wanted:
            return pa.nulls(len(source.without_form), column.type)
        if values is not None and column.name in self._values:
            for value, written in self._values[column.name].items():
                values = pc.if_else(pc.fill_null(pc.equal(values, value), False), written, values)
        return values

    def _with_form(self, column: Column, values: pa.Array, source: Source) -> pa.Array:
        """Return the values without those of an enumeration that only this version has."""
        known = column.property
        before = self._property(column.name)
        if known is None or before is None or known.enumeration is None or before.enumeration is None:
            return values
        if pa.types.is_list(values.type):
            return self._items_with_form(column, values, known, before, source)
        lost = self._without_form(values, known, before)
        number = pc.sum(lost).as_py() or 0
        if not number:
            return values
        if known.required:
            for row, is_lost in enumerate(lost.to_pylist()):
                if is_lost:
                    source.without_form[row] = source.without_form[row] or column.name
            return values
        source.lost[column.name] += number
        return pc.if_else(lost, None, values)

    def _items_with_form(
        self, column: Column, values: pa.Array, known: Property, before: Property, source: Source
    ) -> pa.Array:
        lost = self._without_form(values.flatten(), known, before)
        number = pc.sum(lost).as_py() or 0
        if not number:
            return values
        source.lost[column.name] += number
        flags = iter(lost.to_pylist())
        kept = [None if items is None else [each for each in items if not next(flags)] for items in values.to_pylist()]
        return pa.array(kept, values.type)

    def _without_form(self, values: pa.Array, known: Property, before: Property) -> pa.Array:
        """Return for each value whether this version has it and the other one has not."""
        here, there = (
            is_listed(values, specification.enumerations[name], specification.extensions.get(name))
            for specification, name in ((self._own, before.enumeration or ""), (self._other, known.enumeration or ""))
        )
        return pc.and_(here, pc.invert(there))

    def _property(self, name: str) -> Property | None:
        return next((each.property for each in columns_of(self._own, self._element) if each.name == name), None)

    def _count_unmapped(self, source: Source) -> None:
        """Count the values of columns that the other version has no place for."""
        mapped = {column.name for column in columns_of(self._other, self._element)}
        mapped |= {name for rule in self._mapping.columns.values() for name in rule.reads}
        for name, values in source.columns.items():
            if name in mapped:
                continue
            filled = _is_filled(values)
            if name in self._mapping.implied:
                said = source.look_up(self._mapping.implied[name])
                if said is not None:
                    filled = pc.and_(filled, pc.fill_null(pc.not_equal(values, said), True))
            source.lost[name] += pc.sum(filled).as_py() or 0

    def _kept(self, found: dict[str, pa.Array], source: Source, counts: FormCounts) -> dict[str, pa.Array]:
        """Return the columns of the records that have a form, and count."""
        name = self._collection
        for needed in self._mapping.needed & found.keys():
            for row, is_filled in enumerate(_is_filled(found[needed]).to_pylist()):
                if not is_filled:
                    source.without_form[row] = source.without_form[row] or needed
        counts.rows.update((name, column) for column in source.without_form if column is not None)
        counts.lost.update({(name, column): number for column, number in source.lost.items()})
        counts.changed.update({(name, *key): number for key, number in source.changed.items()})
        if any(source.without_form):
            kept = pa.array([column is None for column in source.without_form], pa.bool_())
            if KEY_COLUMN in source.columns:
                self.left_out.update(source.columns[KEY_COLUMN].filter(pc.invert(kept)).to_pylist())
            found = {each: values.filter(kept) for each, values in found.items()}
        for column in self._columns:
            known, before = column.property, self._property(column.name)
            is_new = before is None or not before.required
            if known is None or column.offset_of or not is_new or not known.required or known.presence == _UNCERTAIN:
                continue
            if column.name in found and (number := pc.sum(pc.invert(_is_filled(found[column.name]))).as_py()):
                counts.missing[name, column.name] += number
        return found

    def _look_up(self, source: str, given: Mapping[str, pa.Array]) -> pa.Array | None:
        """Return the values at a source with dots; those of a list of references for each of its items."""
        head, _, rest = source.partition(".")
        if head not in given or not rest:
            return None
        target = refers_to(self._own, self._element, head)
        if target is None:
            return _first_nested(given[head], rest.split("."))
        if not self._lookups.has(target, rest):
            return None
        ids = given[head].flatten() if pa.types.is_list(given[head].type) else given[head]
        return self._lookups.values(target, rest, ids)


def _first_nested(column: pa.Array, path: list[str]) -> pa.Array:
    """Return for each row a field of the first nested record that has it."""

    def values(items: list[dict[str, object]] | None, names: list[str]) -> Iterator[object]:
        for item in items or ():
            value = item.get(names[0])
            if len(names) == 1:
                yield value
            elif isinstance(value, list):
                yield from values(value, names[1:])

    found = [next((each for each in values(items, path) if each is not None), None) for items in column.to_pylist()]
    return pa.array(found, pa.string())


def _is_filled(values: pa.Array) -> pa.Array:
    if pa.types.is_list(values.type):
        return pc.greater(pc.fill_null(pc.list_value_length(values), 0), 0)
    return pc.is_valid(values)
