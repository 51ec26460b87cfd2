"""One request to one operation, as far as it is understood; and what is asked of the store for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from oneroster.sandbox.http.responses import Problem, unknown_object
from oneroster.sandbox.requests.query_parameters import ALL, Query
from oneroster.sandbox.store.store import ResultSet, Store
from oneroster_v1p1.tables import OPERATIONS, Operation, Scope, Subset


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """One request.

    Attributes:
        store: the data of the tenant.
        operation: what is called.
        ids: the path parameters, decoded.
        url: the address called, without the query.
        base_url: the address of the tenant up to the version segment.
        pairs: names and values of the query string, in order.
        query: the parameters that the operation knows, read.
    """

    store: Store
    operation: Operation
    ids: Mapping[str, str]
    url: str
    base_url: str
    pairs: tuple[tuple[str, str], ...] = ()
    query: Query = ALL

    @property
    def element(self) -> str:
        """The schema name of what the operation reads or writes."""
        return element_of(self.operation)

    @property
    def sourced_id(self) -> str:
        """The id of the one record that the path names."""
        return next(iter(self.ids.values()))


class RowQuery(NamedTuple):
    """Which rows a collection holds, in the words of the store."""

    element: str
    subset: Subset | None
    scope: Scope | None
    parents: Mapping[str, str]
    query: Query

    def select(self, store: Store) -> ResultSet:
        """The rows."""
        return store.select(
            self.element,
            subset=self.subset,
            scope=self.scope,
            parents=self.parents,
            filter=self.query.filter,
            sort=self.query.sort,
        )


def element_of(operation: Operation) -> str:
    """The schema name of what an operation reads, writes or deletes.

    A DELETE neither sends nor takes a record: its element is that of the read under the same path.

    Raises:
        LookupError: nothing is read there, which the document does not allow.
    """
    for other in (operation, *OPERATIONS.values()):
        if other.path == operation.path and (found := other.element or other.body):
            return found
    raise LookupError(f"{operation.operation_id}: no operation reads what stands at {operation.path}")


def unlimited(element: str) -> RowQuery:
    """All records of an element in the store's own order."""
    return RowQuery(element, None, None, {}, ALL)


def absent_parents(call: OperationRequest) -> list[Problem]:
    """A nested collection of a parent that does not exist is a 404, one entry for each parent (choice, 6.1)."""
    scope = call.operation.scope
    absent = []
    for parent in scope.parents if scope is not None else ():
        read = OPERATIONS[parent.read]
        found = call.store.read(read.element or "", call.ids[parent.parameter], subset=read.subset)
        if found is None:
            absent.append(unknown_object(f"{parent.parameter}: {parent.read} finds no such record"))
    return absent
