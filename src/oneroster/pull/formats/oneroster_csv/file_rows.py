"""The rows of a roster as a file of a bundle has them: renamed, looked up, or split into the parts of each record."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import sha256
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.formats.oneroster_csv.csv_file import KEY, LEADING_COLUMNS, CsvFile
from oneroster.pull.roster.columns import refers_to
from oneroster.pull.roster.lookups import Lookups
from oneroster.pull.roster.roster_protocol import Roster

__all__ = ["FileRows"]


class FileRows:
    """Converts the rows of a roster to those of one file.

    Args:
        file: The file.
        roster: The roster.
    """

    def __init__(self, file: CsvFile, roster: Roster) -> None:
        self._file, self._roster = file, roster
        self._given = frozenset(roster.schema(file.element).names)
        self._lookups = Lookups(roster)
        sources = {name: self._available(name) for name in file.columns}
        self._sources: Mapping[str, tuple[str, ...]] = {name: found for name, found in sources.items() if found}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns of the file for which the roster has a source."""
        leading = [name for name in LEADING_COLUMNS if name in self._given]
        return (*leading, *(name for name in self._file.columns if name in self._sources))

    def _available(self, name: str) -> tuple[str, ...]:
        return tuple(source for source in self._file.sources_of(name) if self._is_available(source))

    def _is_available(self, source: str) -> bool:
        head, _, rest = source.partition(".")
        if head not in self._given or not self._file.is_lookup(source):
            return head in self._given
        return self._lookups.has(self._target(head), rest)

    def _target(self, reference: str) -> str:
        return refers_to(self._file.specification, self._file.element, reference) or ""

    def convert(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows of a batch of records.

        A file of records keeps the columns that it has no place for, so that they can be counted.
        """
        return self._parts(batch) if self._file.nested else self._records(batch)

    def _records(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if not self._file.sources:
            return batch
        given = dict(zip(batch.schema.names, batch.columns, strict=True))
        named = {name: self._value(sources, given) for name, sources in self._sources.items()}
        renamed = {source for name, sources in self._sources.items() for source in sources if source != name}
        found: dict[str, pa.Array] = {name: column for name, column in given.items() if name not in renamed}
        return pa.RecordBatch.from_pydict(found | named)

    def _parts(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        file = self._file
        plain = {source for sources in self._sources.values() for source in sources if "." not in source}
        kept = {*LEADING_COLUMNS, file.nested[0], *plain} & self._given
        given = _split({name: batch.column(name) for name in sorted(kept)}, file.nested)
        found = {name: self._value(sources, given) for name, sources in self._sources.items()}
        for name in file.derived.keys() & found.keys():
            pairs = zip(given[KEY].to_pylist(), found[name].to_pylist(), strict=True)
            found[name] = pa.array([None if part is None else _derived_id((owner, part)) for owner, part in pairs])
            found[name] = found[name].cast(pa.string())
        key = zip(*(given[source].to_pylist() for source in file.key), strict=True)
        ids, first = _derived_ids(key, zip(*(column.to_pylist() for column in found.values()), strict=True))
        leading = {name: given[name] for name in LEADING_COLUMNS[1:] if name in given}
        converted: dict[str, pa.Array] = {KEY: pa.array(ids, pa.string())} | leading | found
        rows = pa.RecordBatch.from_pydict(converted)
        return rows.filter(pa.array(first, pa.bool_()))

    def _value(self, sources: Iterable[str], given: Mapping[str, pa.Array]) -> pa.Array:
        values = [given[source] if source in given else self._looked_up(source, given) for source in sources]
        return values[0] if len(values) == 1 else pc.coalesce(*values)

    def _looked_up(self, source: str, given: Mapping[str, pa.Array]) -> pa.Array:
        head, _, name = source.partition(".")
        return self._lookups.values(self._target(head), name, given[head])


def _split(columns: dict[str, pa.Array], nested: Iterable[str]) -> dict[str, pa.Array]:
    """Return the columns with one row for each part, whose fields have columns named after their source."""
    source = ""
    for name in nested:
        source = f"{source}.{name}" if source else name
        column = columns.pop(source)
        if pa.types.is_list(column.type):
            owners, items = pc.list_parent_indices(column), column.flatten()
        else:
            owners, items = pa.array(range(len(column)), pa.int64()), column
        filled = pc.is_valid(items)
        owners, items = owners.filter(filled), items.filter(filled)
        columns = {each: values.take(owners) for each, values in columns.items()}
        if pa.types.is_struct(items.type):
            fields = zip(items.type, items.flatten(), strict=True)
            columns |= {f"{source}.{field.name}": values for field, values in fields}
        else:
            columns[source] = items
    return columns


def _derived_ids(keys: Iterable[tuple[Any, ...]], rows: Iterable[tuple[Any, ...]]) -> tuple[list[str], list[bool]]:
    """Return an id for each part, the same in every pull, and whether no earlier part is equal to it."""
    ids: list[str] = []
    first: list[bool] = []
    seen: set[tuple[Any, ...]] = set()
    number: dict[tuple[Any, ...], int] = {}
    for key, row in zip(keys, rows, strict=True):
        first.append(row not in seen)
        seen.add(row)
        if first[-1]:
            number[key] = number.get(key, -1) + 1
        ids.append(_derived_id(key if not number[key] else (*key, str(number[key]))))
    return ids, first


def _derived_id(key: Iterable[str | None]) -> str:
    # REST has no id for a part of a record; this one is the same in every pull (5.9).
    return f"cr-{sha256(chr(0).join(part or '' for part in key).encode()).hexdigest()[:32]}"
