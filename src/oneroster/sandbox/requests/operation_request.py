"""A parsed request to one operation, and the query for rows that it leads to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from oneroster.sandbox.http.responses import Problem, unknown_object
from oneroster.sandbox.requests.query_parameters import NO_PARAMETERS, Query
from oneroster.sandbox.serialization import RecordSerializer
from oneroster.sandbox.store.result_sets import ResultSet
from oneroster.sandbox.store.store import Store
from oneroster_runtime.specification import Element, Operation, Scope, Specification, Subset


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """One request.

    Attributes:
        store: The data of the tenant.
        serializer: Turns stored records into the JSON of the tenant's profile.
        operation: The requested operation.
        element: The name of the element that the operation reads or writes.
        ids: The path parameters, decoded.
        url: The URL without the query.
        origin: Scheme and host of the tenant.
        pairs: Names and values of the query string, in order.
        query: The parameters that the operation knows, parsed.
    """

    store: Store
    serializer: RecordSerializer
    operation: Operation
    element: str
    ids: Mapping[str, str]
    url: str
    origin: str
    pairs: tuple[tuple[str, str], ...] = ()
    query: Query = NO_PARAMETERS

    @property
    def specification(self) -> Specification:
        """The specification of the version that the tenant serves."""
        return self.store.specification

    @property
    def element_definition(self) -> Element:
        """The element with all properties of the standard, including those that the profile lacks."""
        return self.specification.elements[self.element]

    @property
    def sourced_id(self) -> str:
        """The id of the single record in the path; empty if it cannot be decoded."""
        return next(iter(self.ids.values()), "")


def parameter_of(request: OperationRequest | None, name: str) -> str | None:
    """Return the first value of a query parameter as it was sent; None without it, or without a request."""
    pairs = request.pairs if request is not None else ()
    return next((value for given, value in pairs if given == name), None)


class RowQuery(NamedTuple):
    """Which rows a collection holds."""

    element: str
    subset: Subset | None
    scope: Scope | None
    parents: Mapping[str, str]
    query: Query

    def select(self, store: Store) -> ResultSet:
        """Return the rows."""
        return store.select(
            self.element,
            subset=self.subset,
            scope=self.scope,
            parents=self.parents,
            filter=self.query.filter,
            sort=self.query.sort,
        )


def element_of(operation: Operation, specification: Specification) -> str:
    """Return the name of the element that an operation reads, writes or deletes.

    A DELETE has neither a request body nor a response body: its element is that of the read at the same path.

    Raises:
        LookupError: No operation reads or writes at this path, which the document does not allow.
    """
    for other in (operation, *specification.operations.values()):
        same_path = other.path == operation.path and other.service == operation.service
        if same_path and (found := other.element or other.body):
            return found
    raise LookupError(f"{operation.operation_id}: no operation reads or writes at {operation.path}")


def all_records(element: str) -> RowQuery:
    """Return the query for all records of an element in their default order."""
    return RowQuery(element, None, None, {}, NO_PARAMETERS)


def missing_parents(request: OperationRequest) -> list[Problem]:
    """Return one 404 problem for each parent of a nested collection that does not exist (choice, 6.1)."""
    scope = request.operation.scope
    missing = []
    for parent in scope.parents if scope is not None else ():
        read = request.specification.operations[parent.read]
        found = request.store.read(read.element or "", request.ids[parent.parameter], subset=read.subset)
        if found is None:
            missing.append(unknown_object(f"{parent.parameter}: {parent.read} finds no such record"))
    return missing
