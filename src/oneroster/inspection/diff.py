"""Compare two rosters: added, removed and changed records, and the fields that changed.

Empty and missing texts or lists are treated as equal, because not every format distinguishes them. If one of the two
rosters is a CSV bundle, what a bundle does not contain is ignored in the other: deleted records, and the time of day.
"""

# ruff: noqa: S608 - SQL is built from names of the standard only; values are bound.

from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple

import pyarrow as pa

from oneroster.inspection.duckdb_workspace import DuckDbWorkspace, open_workspace
from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.oneroster_csv.comparable import as_in_a_bundle, is_in_bundles
from oneroster.pull.formats.oneroster_csv.reader import DAY_PRECISION, BundleRoster
from oneroster.pull.formats.sql_helpers import quoted_identifier as quoted
from oneroster.pull.formats.store_roster import StoreRoster
from oneroster.pull.roster.columns import columns_of
from oneroster.pull.roster.elements import collection_name, in_load_order
from oneroster.pull.roster.manifest import CHANGES_ONLY
from oneroster.pull.roster.roster_protocol import Roster

__all__ = ["CollectionDiff", "RecordChange", "diff_rosters"]

_KEY: Final = "sourcedId"
_SIDES: Final = ("old", "new")
_MAX_TEXT_BYTES: Final = 4096
"""Longer texts are compared and shown by length and digest, so that a few of them do not fill the memory."""


class RecordChange(NamedTuple):
    """One record that differs between the rosters.

    Attributes:
        sourced_id: The sourcedId of the record.
        fields: The old and the new value of each changed column.
    """

    sourced_id: str
    fields: dict[str, tuple[Any, Any]]

    def __repr__(self) -> str:
        return f"RecordChange({self.sourced_id!r}, {', '.join(self.fields)})"


class CollectionDiff(NamedTuple):
    """The differences in one collection.

    Attributes:
        element: The schema name.
        collection: The wrapper name.
        rows: Number of rows in the old and the new roster.
        added: Number of added records.
        removed: Number of removed records.
        changed: Number of changed records.
        fields: Number of records in which each column changed.
        added_ids: The first added ids, in order of id.
        removed_ids: The first removed ids.
        changes: The first changed records.
        one_sided: Columns of only one of the rosters, which are not compared.
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
        """Whether the collection is equal in both rosters."""
        return not (self.added or self.removed or self.changed)


def diff_rosters(old: Roster, new: Roster, limit: int, only: Collection[str] = ()) -> Iterator[CollectionDiff]:
    """Compare two rosters, collection by collection.

    Args:
        old: The old roster.
        new: The new roster.
        limit: Maximum ids and changes to list of each kind and collection; 0 for all.
        only: Wrapper names of the collections to compare; empty for all.

    Raises:
        DestinationError: One of them contains changes instead of a whole roster, or cannot be read; or neither has a
            named collection.
    """
    if old.manifest.standard != new.manifest.standard:
        raise DestinationError(
            f"OLD is of OneRoster {old.manifest.standard} and NEW of {new.manifest.standard}, and cannot be compared."
            f" Pull NEW again in the form of OLD (oneroster pull --as {old.manifest.standard}), or OLD in that of NEW."
        )
    specification = new.manifest.specification
    elements = in_load_order(specification, {*old.elements(), *new.elements()})
    if _is_bundle(old) != _is_bundle(new):
        elements = tuple(element for element in elements if is_in_bundles(new.manifest.standard, element))
    unknown = set(only) - {collection_name(specification, element) for element in elements}
    if unknown:
        known = ", ".join(collection_name(specification, element) for element in elements)
        raise DestinationError(f"Neither roster has a collection {min(unknown)!r}; collections: {known or 'none'}.")
    for roster, name in ((old, "OLD"), (new, "NEW")):
        if roster.manifest.kind == CHANGES_ONLY:
            raise DestinationError(f"{name} contains changes instead of a whole roster, so it cannot be compared.")
    with open_workspace() as workspace:
        for element in elements:
            if not only or collection_name(specification, element) in only:
                yield _Comparison(old, new, element).run(workspace, limit)


def _is_bundle(roster: Roster) -> bool:
    return isinstance(roster.local() if isinstance(roster, StoreRoster) else roster, BundleRoster)


class _Comparison:
    def __init__(self, old: Roster, new: Roster, element: str) -> None:
        self._rosters = (old, new)
        self._element = element
        self._specification = new.manifest.specification
        schemas = [roster.schema(element) for roster in self._rosters if element in roster.elements()]
        # A collection that only one roster has counts as empty in the other.
        self._schemas = schemas if len(schemas) == len(_SIDES) else schemas * 2
        names = [set(schema.names) for schema in self._schemas]
        offsets = {column.name for column in columns_of(self._specification, element) if column.offset_of}
        self._one_sided = sorted((names[0] ^ names[1]) - offsets)
        self._columns = [name for name in self._schemas[0].names if name in names[1] and name != _KEY]
        # Two bundles have the same gaps. Against another format, only what a bundle contains is compared.
        zones = {roster.manifest.time_zone for roster in self._rosters} - {""}
        self._time_zone = zones.pop().replace("'", "") if len(zones) == 1 else ""
        self._mixed = _is_bundle(old) != _is_bundle(new)
        self._bundles = tuple(map(_is_bundle, self._rosters))

    def run(self, workspace: DuckDbWorkspace, limit: int) -> CollectionDiff:
        rows: list[list[int]] = []
        for side, roster, is_bundle in zip(_SIDES, self._rosters, self._bundles, strict=True):
            only_active = self._mixed and not is_bundle
            shown = as_in_a_bundle(roster) if self._mixed else roster
            rows.append(
                workspace.register(side, shown, self._element, self._schemas[len(rows)], only_active=only_active)
            )
        workspace.query(f"CREATE OR REPLACE TABLE difference AS {self._query()}")
        return self._result(workspace, (rows[0][0], rows[1][0]), limit)

    def _query(self) -> str:
        sides = [self._side(index) for index in range(2)]
        differ = [f"o.c{index} IS DISTINCT FROM n.c{index}" for index in range(len(self._columns))]
        pairs = [
            f"CASE WHEN {differs} THEN {self._display_value(index, side)} END AS {side}{index}"
            for index, differs in enumerate(differ)
            for side in "on"
        ]
        flags = [f"coalesce(o.id = n.id AND {differs}, false) AS d{index}" for index, differs in enumerate(differ)]
        columns = ["coalesce(o.id, n.id) AS id", "o.id IS NULL AS added", "n.id IS NULL AS removed", *flags, *pairs]
        return (
            f"SELECT {', '.join(columns)} FROM ({sides[0]}) o FULL JOIN ({sides[1]}) n ON o.id = n.id"
            f" WHERE o.id IS NULL OR n.id IS NULL OR {' OR '.join(differ) or 'false'}"
        )

    def _display_value(self, index: int, side: str) -> str:
        """Return SQL for a value to show: timestamps as text, because DuckDB needs another library to return them."""
        name = f"{side}.c{index}"
        field = self._schemas[0].field(self._columns[index])
        if pa.types.is_timestamp(field.type) and not self._is_day(field.name):
            return f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')"
        return name

    def _is_day(self, name: str) -> bool:
        """Return whether one of the rosters only has the date of a timestamp."""
        return any(schema.field(name).metadata == DAY_PRECISION for schema in self._schemas)

    def _side(self, index: int) -> str:
        """Return SQL for the rows of one roster with comparable columns."""
        schema = self._schemas[index]
        columns = [f"{self._comparable(schema, name)} AS c{at}" for at, name in enumerate(self._columns)]
        return f"SELECT {', '.join([f'{_KEY} AS id', *columns])} FROM {_SIDES[index]}"

    def _comparable(self, schema: pa.Schema, name: str) -> str:
        """Return SQL for a column in a form that can be compared across formats."""
        field = schema.field(name)
        if pa.types.is_list(field.type):
            return f"CASE WHEN len({quoted(name)}) > 0 THEN {quoted(name)} END"
        if pa.types.is_string(field.type):
            digest = f"length({quoted(name)}) || ' characters, SHA-256 ' || sha256({quoted(name)})"
            text = f"nullif({quoted(name)}, '')"
            return f"CASE WHEN strlen({quoted(name)}) > {_MAX_TEXT_BYTES} THEN {digest} ELSE {text} END"
        if not self._is_day(name):
            return quoted(name)
        return f"CAST({self._local_time(schema, name)} AS DATE)"

    def _local_time(self, schema: pa.Schema, name: str) -> str:
        """Return SQL for a timestamp in the time zone in which a bundle has its day."""
        if schema.field(name).metadata == DAY_PRECISION:
            return quoted(name)
        if self._time_zone:
            return f"timezone('{self._time_zone}', {quoted(name)})"
        offset = f"{name}Offset"
        minutes = f"coalesce({quoted(offset)}, 0)" if offset in schema.names else "0"
        return f"({quoted(name)} + to_minutes({minutes}))"

    def _result(self, workspace: DuckDbWorkspace, rows: tuple[int, int], limit: int) -> CollectionDiff:
        sums = "".join(f", coalesce(sum(d{index}::INT), 0)" for index in range(len(self._columns)))
        kinds = ("added", "removed", "NOT added AND NOT removed")
        filters = ", ".join(f"count(*) FILTER ({kind})" for kind in kinds)
        counts = workspace.query(f"SELECT {filters}{sums} FROM difference")[0]
        limit_clause = f" LIMIT {limit}" if limit else ""
        added, removed, changed = (
            workspace.query(f"SELECT * FROM difference WHERE {kind} ORDER BY id{limit_clause}") for kind in kinds
        )
        return CollectionDiff(
            element=self._element,
            collection=collection_name(self._specification, self._element),
            rows=rows,
            added=counts[0],
            removed=counts[1],
            changed=counts[2],
            fields={name: int(number) for name, number in zip(self._columns, counts[3:], strict=True) if number},
            added_ids=[row[0] for row in added],
            removed_ids=[row[0] for row in removed],
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
