"""The records of the tenant: read in pages, filtered, sorted and written."""

import sqlite3
from array import array
from collections.abc import Mapping
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from oneroster.sandbox.district.mapping import DistrictMapping, mapping_for
from oneroster.sandbox.district.size import Size
from oneroster.sandbox.query.filter_parser import ParsedFilter
from oneroster.sandbox.store import database
from oneroster.sandbox.store.database import DISTRICT, Progress
from oneroster.sandbox.store.filter_sql import SqlFragment
from oneroster.sandbox.store.result_sets import Positions, ResultSet, ResultSetCache
from oneroster.sandbox.store.scope_sql import ConditionBuilder, all_of
from oneroster.sandbox.store.select_sql import RecordQuery, is_sortable, select_statement
from oneroster.sandbox.store.table_layout import Record, TableLayout, column
from oneroster.standard import Standard
from oneroster_runtime.specification import Scope, Specification, Subset

__all__ = ["Store"]

_PRIVATE: Final = "main"
_ID: Final = column("sourcedId")

_encode: Final = msgspec.json.Encoder().encode


class Store:
    """A district in SQLite, whose records have the same default order for every page size.

    The district is generated once into a file, which is then opened read-only. The first write to an element copies
    its table into a private database that is deleted with the store; from then on the copy is read.

    One connection serves all threads, one at a time, under a lock. A page takes about a millisecond, so waiting costs
    less than keeping several connections and the private tables in step.

    Attributes:
        standard: The version of OneRoster of the stored records.
    """

    def __init__(self, connection: sqlite3.Connection, standard: Standard) -> None:
        """Use `open`; the connection has the district attached."""
        self.standard = standard
        self._connection = connection
        self._lock = RLock()
        self._cache = ResultSetCache()
        self._private: set[str] = set()
        counts = database.record_counts(connection)
        self._layouts = {name: TableLayout(self.specification.elements[name]) for name in counts}
        # The positions of all records, while they have no gaps and need no list.
        self._all_positions = {element: range(1, rows + 1) for element, rows in counts.items()}

    @classmethod
    def open(
        cls,
        size: Size,
        seed: int,
        *,
        cache: Path | None,
        standard: Standard | None = None,
        mapping: DistrictMapping | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Open the district of a size and seed, and generate it if necessary.

        Args:
            size: The size of the district.
            seed: Any number; each gives another district.
            cache: The folder that keeps generated districts, created if necessary (`default_cache()` is the user's);
                None generates a temporary one.
            standard: The version of OneRoster; the default version if None.
            mapping: Turns the district into the elements of that version; if None, the one that the sandbox has.
            progress: Called with the number of users generated so far and in total.

        Raises:
            OSError: The folder cannot be written.
            ValueError: There is no mapping for the standard.
        """
        standard = standard or Standard.of()
        mapping = mapping or mapping_for(standard)
        return cls(database.open_district(size, seed, standard.specification, mapping, cache, progress), standard)

    @property
    def specification(self) -> Specification:
        """The specification of the version of the stored records."""
        return self.standard.specification

    def close(self) -> None:
        """Close the database and discard everything that was written."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def has(self, element: str) -> bool:
        """Return whether the store has a collection of an element."""
        return element in self._layouts

    def select(
        self,
        element: str,
        *,
        subset: Subset | None = None,
        scope: Scope | None = None,
        parents: Mapping[str, str] | None = None,
        filter: ParsedFilter | None = None,  # noqa: A002 -- the parameter of the standard has this name
        sort: tuple[str, bool] | None = None,
    ) -> ResultSet:
        """Find the records of a collection.

        Args:
            element: The name of the element.
            subset: The subset of a specialised collection.
            scope: How rows of a nested collection belong to their parents.
            parents: The ids of the parents by path parameter; an unknown id selects no rows.
            filter: The condition on the records.
            sort: A field for which `is_sortable` is true, and whether to sort in descending order. Text is sorted by
                code points; records without the value are last; equal values keep the default order.

        Raises:
            ValueError: The records cannot be sorted by the field.
        """
        ids = tuple((parent.parameter, (parents or {})[parent.parameter]) for parent in scope.parents) if scope else ()
        query = RecordQuery(element, subset, scope, ids, filter, sort)
        with self._lock:
            positions = self._positions(query)
        return ResultSet(positions, lambda some: self._fetch(element, some))

    def is_sortable(self, element: str, field: str) -> bool:
        """Return whether the records of an element can be sorted by a field."""
        return is_sortable(self.specification, element, field)

    def read(self, element: str, sourced_id: str, *, subset: Subset | None = None) -> Record | None:
        """Return the record with that id, or None if it does not exist or is not in the subset."""
        with self._lock:
            builder = self._conditions()
            conditions = [
                SqlFragment(f"t.{_ID} = ?", (sourced_id,)),
                *([builder.subset(subset, "t")] if subset else []),
            ]
            where = all_of(conditions)
            row = self._connection.execute(
                f"SELECT {self._columns(element)} FROM {builder.table(element)} AS t WHERE {where.text}",
                where.parameters,
            ).fetchone()
        return None if row is None else self._layouts[element].to_record(row)

    def put(self, element: str, record: Mapping[str, Any]) -> bool:
        """Create a record, or replace the one with its sourcedId, which keeps its position in the default order.

        Args:
            element: The name of the element.
            record: A valid record; of references only `sourcedId` and `type` are kept.

        Returns:
            Whether it was created.
        """
        row = self._layouts[element].to_row(record)
        marks = ", ".join("?" * len(row))
        with self._lock:
            self._make_private(element)
            row[0] = position = self._position(element, record["sourcedId"])
            self._connection.execute(f"INSERT OR REPLACE INTO {self._table(element)} VALUES ({marks})", row)
            self._cache.invalidate(element)
            if position is None and element in self._all_positions:
                self._all_positions[element] = range(1, len(self._all_positions[element]) + 2)
        return position is None

    def delete(self, element: str, sourced_id: str) -> bool:
        """Remove a record and keep references to it; return whether it existed."""
        with self._lock:
            position = self._position(element, sourced_id)
            if position is None:
                return False
            self._make_private(element)
            self._connection.execute(f"DELETE FROM {self._table(element)} WHERE position = ?", (position,))
            self._cache.invalidate(element)
            self._all_positions.pop(element, None)
        return True

    def clear(self) -> None:
        """Remove all records."""
        with self._lock:
            for element in self._layouts:
                self._make_private(element)
                self._connection.execute(f"DELETE FROM {self._table(element)}")
                self._cache.invalidate(element)
                self._all_positions[element] = range(1, 1)

    def _conditions(self) -> ConditionBuilder:
        return ConditionBuilder(self.specification, self._table)

    def _position(self, element: str, sourced_id: str) -> int | None:
        found = self._connection.execute(f"SELECT position FROM {self._table(element)} WHERE {_ID} = ?", (sourced_id,))
        return next((position for (position,) in found), None)

    def _positions(self, query: RecordQuery) -> Positions:
        if query.selects_all and query.element in self._all_positions:
            return self._all_positions[query.element]
        cached = self._cache.get(query)
        if cached is not None:
            return cached
        builder = self._conditions()
        rows = self._connection.execute(*select_statement(query, builder))
        positions = array("q", (position for (position,) in rows))
        self._cache.put(query, positions, frozenset(builder.elements))
        return positions

    def _fetch(self, element: str, positions: Positions) -> list[Record]:
        wanted = _encode(list(positions)).decode()
        with self._lock:
            rows = self._connection.execute(
                f"SELECT {self._columns(element)} FROM json_each(?) AS wanted CROSS JOIN {self._table(element)} AS t"
                " ON t.position = wanted.value ORDER BY wanted.key",
                (wanted,),
            ).fetchall()
        return list(map(self._layouts[element].to_record, rows))

    def _columns(self, element: str) -> str:
        return ", ".join(f"t.{column(name)}" for name in self._layouts[element].columns)

    def _table(self, element: str) -> str:
        return f"{_PRIVATE if element in self._private else DISTRICT}.{column(element)}"

    def _make_private(self, element: str) -> None:
        if element in self._private:
            return
        # In one transaction, so that a half-made copy never hides the district's table.
        self._connection.execute("BEGIN")
        with self._connection:
            self._connection.execute(self._layouts[element].create_statement(_PRIVATE))
            self._connection.execute(
                f"INSERT INTO {_PRIVATE}.{column(element)} SELECT * FROM {DISTRICT}.{column(element)}"
            )
            database.create_indexes(self._connection, _PRIVATE, element, self.specification)
        self._private.add(element)
