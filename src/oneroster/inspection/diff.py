"""Two rosters side by side: which records came, went and changed, and in which fields.

An empty text or list and an absent one are the same, for not every format tells them apart. Where one of the two is a
CSV bundle, what a bundle does not tell is not held against the other: deleted records, and the time of day.
"""

# ruff: noqa: S608 - the names in its SQL are those of the contract, and values are bound.

from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple

import pyarrow as pa

from oneroster.inspection.duckdb_workspace import DuckDbWorkspace, quoted, workbench
from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.oneroster_csv.reader import DAY, BundleRoster
from oneroster.pull.roster.columns import columns_of
from oneroster.pull.roster.elements import collection_name, in_load_order
from oneroster.pull.roster.manifest import CHANGES_ONLY
from oneroster.pull.roster.roster import Roster

__all__ = ["CollectionDiff", "RecordChange", "differences"]

_KEY: Final = "sourcedId"
_SIDES: Final = ("old", "new")
_LONG: Final = 4096
"""Bytes of a text beyond which its length and digest stand for it, so that a few of them do not fill the memory."""


class RecordChange(NamedTuple):
    """One record that is in both, and not the same.

    Attributes:
        sourced_id: Which.
        fields: By column, the old value and the new one.
    """

    sourced_id: str
    fields: dict[str, tuple[Any, Any]]

    def __repr__(self) -> str:
        return f"Change({self.sourced_id!r}, {', '.join(self.fields)})"


class CollectionDiff(NamedTuple):
    """One collection of both rosters.

    Attributes:
        element: The schema name.
        collection: The wrapper name.
        rows: Rows before and now.
        added: How many are new.
        removed: How many are gone.
        changed: How many are not the same.
        fields: By column, in how many records it changed.
        added_ids: The first of the new ones, by id.
        removed_ids: The first of those that are gone.
        changes: The first of those that changed.
        one_sided: Columns that only one of the rosters has, and so could not be compared.
    """

    element: str
    collection: str
    rows: tuple[int, int]
    added: int
    removed: int
    changed: int
    fields: dict[str, int]
    added_ids: list[str]
    removed_ids: list[str]
    changes: list[RecordChange]
    one_sided: list[str]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed)


def differences(old: Roster, new: Roster, limit: int, only: Collection[str] = ()) -> Iterator[CollectionDiff]:
    """Compare two rosters, collection by collection.

    Args:
        old: What was.
        new: What is.
        limit: Ids and changes that are listed of each kind; 0 for all of them.
        only: Wrapper names of the collections in question; none for all.

    Raises:
        PlaceError: One of them holds changes and no whole roster, or cannot be read; neither has a named collection.
    """
    specification = new.manifest.specification
    elements = in_load_order(specification, {*old.elements(), *new.elements()})
    unknown = set(only) - {collection_name(specification, element) for element in elements}
    if unknown:
        known = ", ".join(collection_name(specification, element) for element in elements)
        raise DestinationError(f"Neither has a collection {min(unknown)!r}; they have {known or 'none'}.")
    for roster, name in ((old, "OLD"), (new, "NEW")):
        if roster.manifest.kind == CHANGES_ONLY:
            raise DestinationError(f"{name} holds changes, not a whole roster; there is nothing to compare it with.")
    with workbench() as bench:
        for element in elements:
            if not only or collection_name(specification, element) in only:
                yield _Comparison(old, new, element).run(bench, limit)


class _Comparison:
    def __init__(self, old: Roster, new: Roster, element: str) -> None:
        self._rosters = (old, new)
        self._specification = new.manifest.specification
        self._element = element
        held = [roster.schema(element) for roster in self._rosters if element in roster.elements()]
        # A collection that one of them does not have is one without rows there.
        self._schemas = held if len(held) == len(_SIDES) else held * 2
        names = [set(schema.names) for schema in self._schemas]
        zones = {column.name for column in columns_of(self._specification, element) if column.offset_of}
        self._one_sided = sorted((names[0] ^ names[1]) - zones)
        self._columns = [name for name in self._schemas[0].names if name in names[1] and name != _KEY]
        # Two bundles leave out the same; of one and another format, only what the bundle can tell counts.
        self._bundled = isinstance(old, BundleRoster) != isinstance(new, BundleRoster)

    def run(self, bench: DuckDbWorkspace, limit: int) -> CollectionDiff:
        rows: list[list[int]] = []
        for side, roster in zip(_SIDES, self._rosters, strict=True):
            only_active = self._bundled and not isinstance(roster, BundleRoster)
            rows.append(bench.take(side, roster, self._element, self._schemas[len(rows)], only_active=only_active))
        bench.rows(f"CREATE OR REPLACE TABLE difference AS {self._query()}")
        return self._told(bench, (rows[0][0], rows[1][0]), limit)

    def _query(self) -> str:
        sides = [self._side(index) for index in range(2)]
        differ = [f"o.c{index} IS DISTINCT FROM n.c{index}" for index in range(len(self._columns))]
        pairs = [
            f"CASE WHEN {differs} THEN {self._told_as(index, side)} END AS {side}{index}"
            for index, differs in enumerate(differ)
            for side in "on"
        ]
        flags = [f"coalesce(o.id = n.id AND {differs}, false) AS d{index}" for index, differs in enumerate(differ)]
        columns = ["coalesce(o.id, n.id) AS id", "o.id IS NULL AS came", "n.id IS NULL AS went", *flags, *pairs]
        return (
            f"SELECT {', '.join(columns)} FROM ({sides[0]}) o FULL JOIN ({sides[1]}) n ON o.id = n.id"
            f" WHERE o.id IS NULL OR n.id IS NULL OR {' OR '.join(differ) or 'false'}"
        )

    def _told_as(self, index: int, side: str) -> str:
        """A value for people: an instant as text, for DuckDB hands out instants only by a library more."""
        name = f"{side}.c{index}"
        field = self._schemas[0].field(self._columns[index])
        if pa.types.is_timestamp(field.type) and not self._is_day(field.name):
            return f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')"
        return name

    def _is_day(self, name: str) -> bool:
        """Whether one of the rosters has but the day of an instant."""
        return any(schema.field(name).metadata == DAY for schema in self._schemas)

    def _side(self, index: int) -> str:
        """The rows of one roster, their columns in the form in which they are compared."""
        schema = self._schemas[index]
        columns = [f"{self._compared(schema, name)} AS c{at}" for at, name in enumerate(self._columns)]
        return f"SELECT {', '.join([f'{_KEY} AS id', *columns])} FROM {_SIDES[index]}"

    def _compared(self, schema: pa.Schema, name: str) -> str:
        """A column in the form in which it is compared, as SQL."""
        field = schema.field(name)
        if pa.types.is_list(field.type):
            return f"CASE WHEN len({quoted(name)}) > 0 THEN {quoted(name)} END"
        if pa.types.is_string(field.type):
            digest = f"length({quoted(name)}) || ' characters, SHA-256 ' || sha256({quoted(name)})"
            return f"CASE WHEN strlen({quoted(name)}) > {_LONG} THEN {digest} ELSE nullif({quoted(name)}, '') END"
        if not self._is_day(name):
            return quoted(name)
        offset = f"{name}Offset"
        minutes = f"coalesce({quoted(offset)}, 0)" if offset in schema.names else "0"
        return f"CAST({quoted(name)} + to_minutes({minutes}) AS DATE)"

    def _told(self, bench: DuckDbWorkspace, rows: tuple[int, int], limit: int) -> CollectionDiff:
        sums = "".join(f", coalesce(sum(d{index}::INT), 0)" for index in range(len(self._columns)))
        kinds = ("came", "went", "NOT came AND NOT went")
        filters = ", ".join(f"count(*) FILTER ({kind})" for kind in kinds)
        counts = bench.rows(f"SELECT {filters}{sums} FROM difference")[0]
        bound = f" LIMIT {limit}" if limit else ""
        came, went, changed = (
            bench.rows(f"SELECT * FROM difference WHERE {kind} ORDER BY id{bound}") for kind in kinds
        )
        return CollectionDiff(
            element=self._element,
            collection=collection_name(self._specification, self._element),
            rows=rows,
            added=counts[0],
            removed=counts[1],
            changed=counts[2],
            fields={name: int(number) for name, number in zip(self._columns, counts[3:], strict=True) if number},
            added_ids=[row[0] for row in came],
            removed_ids=[row[0] for row in went],
            changes=[self._change(row) for row in changed],
            one_sided=self._one_sided,
        )

    def _change(self, row: tuple[Any, ...]) -> RecordChange:
        number = len(self._columns)
        flags, values = row[3 : 3 + number], row[3 + number :]
        return RecordChange(
            row[0],
            {
                name: (values[2 * index], values[2 * index + 1])
                for index, name in enumerate(self._columns)
                if flags[index]
            },
        )
