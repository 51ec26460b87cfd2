"""A roster that can be read: fetched pages, a place on disk, a view of another roster, or tables in memory."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Protocol

import pyarrow as pa

from oneroster.pull.roster.manifest import Manifest
from oneroster_v1p1.tables import ELEMENTS, OPERATIONS

__all__ = ["MemoryRoster", "Roster", "in_load_order", "rows_of", "wrapper_of"]


class Roster(Protocol):
    """Collections of records as Arrow data.

    Attributes:
        manifest: What is known of it.
    """

    @property
    def manifest(self) -> Manifest:
        """What is known of it."""

    def elements(self) -> tuple[str, ...]:
        """The schema names of what it holds, also without a row, in the order of `in_load_order`."""

    def schema(self, element: str) -> pa.Schema:
        """The columns of an element that it holds."""

    def read(self, element: str) -> pa.RecordBatchReader:
        """The rows of an element, each time from the first; batches of some ten thousand rows at most."""


class MemoryRoster:
    """A roster of tables in memory.

    Args:
        manifest: What is known of it.
        tables: By schema name.
    """

    def __init__(self, manifest: Manifest, tables: Mapping[str, pa.Table]) -> None:
        self.manifest = manifest
        self._tables = tables

    def elements(self) -> tuple[str, ...]:
        """See `Roster.elements`."""
        return in_load_order(self._tables)

    def schema(self, element: str) -> pa.Schema:
        """See `Roster.schema`."""
        return self._tables[element].schema

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `Roster.read`."""
        return self._tables[element].to_reader()


def rows_of(roster: Roster, element: str) -> int:
    """How many rows a roster has of an element, counted."""
    return sum(batch.num_rows for batch in roster.read(element))


def in_load_order(elements: Iterable[str]) -> tuple[str, ...]:
    """Elements so that references lead to what stands before; those to the same element aside."""
    wanted = set(elements)
    return tuple(element for element in _load_order() if element in wanted)


@cache
def _load_order() -> tuple[str, ...]:
    order: list[str] = []

    def visit(element: str) -> None:
        if element in order:
            return
        for known in ELEMENTS[element].properties.values():
            if known.refers_to not in (None, element):
                visit(known.refers_to or "")
        order.append(element)

    for name, element in ELEMENTS.items():
        if element.collection is not None:
            visit(name)
    return tuple(order)


@cache
def wrapper_of(element: str) -> str:
    """The name under which an element's collection is known, as in ``users``."""
    return OPERATIONS[ELEMENTS[element].collection or ""].wrapper or ""
