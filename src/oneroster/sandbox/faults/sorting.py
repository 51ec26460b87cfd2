"""Faults of sorting: wrong order, lost rows, or missing warnings."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace

from oneroster.sandbox.faults.altered_result_sets import FilteredRows, SortedRows
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.http.responses import Problem, Reply, error_reply
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery
from oneroster.sandbox.store.result_sets import ResultSet


class SortIgnored(Fault):
    name = "sort-ignored"
    does = "returns rows in the default order and ignores sort"
    breaks = "3.1 sort [A]: providers must support it"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        return row_query._replace(query=replace(row_query.query, sort=None))


class NumbersSortedAsText(Fault):
    name = "numbers-sorted-as-text"
    does = "sorts numbers as text, so that 100 precedes 9"
    breaks = "3.1 sort [A]: numbers are sorted by value"
    needs = Needs(elements=frozenset({"LineItem", "Result"}), without=SMALL_DATA | NO_GRADEBOOK)

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        name, descending = request.query.sort or ("", False)
        known = request.element_definition.properties.get(name)
        if known is None or known.kind != "number":
            return rows
        return SortedRows(rows, lambda row: str(row.get(name, "")), descending=descending)


class DescIgnored(Fault):
    name = "desc-ignored"
    does = "sorts in ascending order even with orderBy=desc"
    breaks = "3.1 orderBy [A]: asc or desc"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        if row_query.query.sort is None:
            return row_query
        return row_query._replace(query=replace(row_query.query, sort=(row_query.query.sort[0], False)))


class DescendingByDefault(Fault):
    name = "descending-by-default"
    does = "sorts in descending order if the request has no orderBy"
    breaks = "3.1 orderBy, default [B]: asc in practice"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        given = any(name == "orderBy" for name, _ in request.pairs)
        if row_query.query.sort is None or given:
            return row_query
        return row_query._replace(query=replace(row_query.query, sort=(row_query.query.sort[0], True)))


class SortReversed(Fault):
    name = "sort-reversed"
    does = "sorts in descending order for asc and in ascending order for desc"
    breaks = "3.1 orderBy [A]: asc or desc"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        if row_query.query.sort is None:
            return row_query
        field, descending = row_query.query.sort
        return row_query._replace(query=replace(row_query.query, sort=(field, not descending)))


class UnknownSortRefused(Fault):
    name = "unknown-sort-refused"
    does = "rejects a sort by a field that does not exist"
    breaks = "3.3 sort names an unknown field [A]: 200 with all data"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        problem = Problem(400, "invalid_sort_field", "this field does not exist")
        warned = _warned(reply, "invalid_sort_field")
        return error_reply(problem, operation_id=request.operation.operation_id) if warned else reply


class UnknownSortSilent(Fault):
    name = "unknown-sort-silent"
    does = "sends no warning if the sort field does not exist"
    breaks = "3.3 sort names an unknown field [B]: a warning beside the data"
    needs = Needs(features=frozenset({"warnings beside data"}))

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if not _warned(reply, "invalid_sort_field"):
            return reply
        return replace(reply, body={name: data for name, data in reply.body.items() if name != "statusInfoSet"})


class SortDropsAbsent(Fault):
    name = "sort-drops-absent"
    does = "leaves out the rows without the sort field"
    breaks = "3.1 sort [A]: sorting changes the order and keeps all rows"
    needs = Needs(without=SMALL_DATA | {"all-optional", "page-cap"})

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        name = request.query.sort[0] if request.query.sort else None
        return rows if name is None or "." in name else FilteredRows(rows, lambda row: name in row)


def _warned(reply: Reply, code_minor: str) -> bool:
    """Return whether a reply has data and a warning with this code."""
    entries = reply.body.get("statusInfoSet", ()) if isinstance(reply.body, dict) else ()
    return reply.status == 200 and any(entry["imsx_codeMinor"] == code_minor for entry in entries)
