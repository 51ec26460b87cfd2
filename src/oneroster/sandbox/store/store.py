"""The records of the embedded tenant: read by pages, filtered, sorted and written."""

import sqlite3
from array import array
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from oneroster.sandbox.district import Size
from oneroster.sandbox.query.filter_parser import ParsedFilter
from oneroster.sandbox.store import database as building
from oneroster.sandbox.store.database import DISTRICT, Progress, default_cache
from oneroster.sandbox.store.filter_sql import Sql
from oneroster.sandbox.store.result_set import Positions, ResultSet, Selections
from oneroster.sandbox.store.scope_sql import Scoping, every
from oneroster.sandbox.store.select_sql import Wanted, sortable, statement
from oneroster.sandbox.store.table_mapping import Record, column, layout_of
from oneroster_v1p1.tables import Scope, Subset

__all__ = ["ResultSet", "Store", "default_cache", "sortable"]

_PRIVATE: Final = "main"
_ID: Final = column("sourcedId")

_encode: Final = msgspec.json.Encoder().encode


class Store:
    """A district in SQLite, with the same records in the same default order for every size of page.

    The district is built once into a file, which is opened read-only ever after. The first write to an element copies
    its table into a private database that ends with the store; from then on that copy is the one read.

    One connection serves all threads, one at a time, under a lock: a page takes about a millisecond, so that waiting
    costs less than keeping several connections and the private tables among them in step.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Use `open`; the connection has the district attached."""
        self._connection = connection
        self._lock = RLock()
        self._selections = Selections()
        self._private: set[str] = set()
        # Positions without gaps, for which no list is needed.
        self._whole = {element: range(1, rows + 1) for element, rows in building.counts(connection).items()}

    @classmethod
    def open(cls, size: Size, seed: int, *, cache: Path | None, progress: Progress | None = None) -> Self:
        """The tenant of that size and seed.

        Args:
            size: how many users.
            seed: any number; each gives another district.
            cache: the folder in which built districts are kept (`default_cache()` is the user's own), made when
                absent; None to build a passing one.
            progress: called with users done and users in total while a district is built.

        Raises:
            OSError: the folder cannot be written.
        """
        return cls(building.connect(size, seed, cache, progress))

    def close(self) -> None:
        """Let go of the district and of everything written."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

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
            element: the schema name.
            subset: which of them a specialised collection holds.
            scope: to which parents a nested collection is bound.
            parents: the ids of the parents by the path parameters that the scope names; an id that leads nowhere
                selects nothing.
            filter: what the records must satisfy.
            sort: a field for which `sortable` is true and whether to descend. Text is sorted by Unicode code points;
                records without the value come last either way; equals keep the default order.

        Raises:
            ValueError: the sort field is not sortable.
        """
        bound = (
            tuple((parent.parameter, (parents or {})[parent.parameter]) for parent in scope.parents) if scope else ()
        )
        wanted = Wanted(element, subset, scope, bound, filter, sort)
        with self._lock:
            positions = self._positions(wanted)
        return ResultSet(positions, lambda some: self._fetch(element, some))

    def sortable(self, element: str, field: str) -> bool:
        """Whether the records of an element can be sorted by a field: see `sortable`."""
        return sortable(element, field)

    def read(self, element: str, sourced_id: str, *, subset: Subset | None = None) -> Record | None:
        """The record with that id, None when there is none or the specialised collection does not hold it."""
        with self._lock:
            scoping = Scoping(self._table)
            conditions = [Sql(f"t.{_ID} = ?", (sourced_id,)), *([scoping.subset(subset, "t")] if subset else [])]
            where = every(conditions)
            row = self._connection.execute(
                f"SELECT {_columns(element)} FROM {scoping.table(element)} AS t WHERE {where.text}",
                where.parameters,
            ).fetchone()
        return None if row is None else layout_of(element).join(row)

    def put(self, element: str, record: Mapping[str, Any]) -> bool:
        """Create the record, or replace the one with its sourcedId, which keeps its place in the default order.

        Args:
            element: the schema name.
            record: valid by the contract; of references only `sourcedId` and `type` are kept.

        Returns:
            True when it was created.
        """
        row = layout_of(element).split(record)
        marks = ", ".join("?" * len(row))
        with self._lock:
            self._make_private(element)
            row[0] = position = self._position(element, record["sourcedId"])
            self._connection.execute(f"INSERT OR REPLACE INTO {self._table(element)} VALUES ({marks})", row)
            self._selections.forget(element)
            if position is None and element in self._whole:
                self._whole[element] = range(1, len(self._whole[element]) + 2)
        return position is None

    def delete(self, element: str, sourced_id: str) -> bool:
        """Remove a record for good; references to it stay as they are. True when there was one."""
        with self._lock:
            position = self._position(element, sourced_id)
            if position is None:
                return False
            self._make_private(element)
            self._connection.execute(f"DELETE FROM {self._table(element)} WHERE position = ?", (position,))
            self._selections.forget(element)
            self._whole.pop(element, None)
        return True

    def clear(self) -> None:
        """Forget every record, as if the tenant were new; what is written later is kept."""
        with self._lock:
            for element in building.counts(self._connection):
                self._make_private(element)
                self._connection.execute(f"DELETE FROM {self._table(element)}")
                self._selections.forget(element)
                self._whole[element] = range(1, 1)

    def _position(self, element: str, sourced_id: str) -> int | None:
        found = self._connection.execute(f"SELECT position FROM {self._table(element)} WHERE {_ID} = ?", (sourced_id,))
        return next((position for (position,) in found), None)

    def _positions(self, wanted: Wanted) -> Positions:
        if wanted.everything and wanted.element in self._whole:
            return self._whole[wanted.element]
        kept = self._selections.get(wanted)
        if kept is not None:
            return kept
        scoping = Scoping(self._table)
        positions = array("q", (position for (position,) in self._connection.execute(*statement(wanted, scoping))))
        self._selections.keep(wanted, positions, frozenset(scoping.elements))
        return positions

    def _fetch(self, element: str, positions: Positions) -> list[Record]:
        wanted = _encode(list(positions)).decode()
        with self._lock:
            rows = self._connection.execute(
                f"SELECT {_columns(element)} FROM json_each(?) AS wanted CROSS JOIN {self._table(element)} AS t"
                " ON t.position = wanted.value ORDER BY wanted.key",
                (wanted,),
            ).fetchall()
        return list(map(layout_of(element).join, rows))

    def _table(self, element: str) -> str:
        return f"{_PRIVATE if element in self._private else DISTRICT}.{column(element)}"

    def _make_private(self, element: str) -> None:
        if element in self._private:
            return
        # In one transaction, for half a copy must never stand before the district's own table.
        self._connection.execute("BEGIN")
        with self._connection:
            self._connection.execute(layout_of(element).create(_PRIVATE))
            self._connection.execute(
                f"INSERT INTO {_PRIVATE}.{column(element)} SELECT * FROM {DISTRICT}.{column(element)}"
            )
            building.index(self._connection, _PRIVATE, element)
        self._private.add(element)


@cache
def _columns(element: str) -> str:
    return ", ".join(f"t.{column(name)}" for name in layout_of(element).columns)
