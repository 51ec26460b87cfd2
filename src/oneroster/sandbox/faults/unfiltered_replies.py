"""Replies that ignore filter and fields: the whole collection, or the whole record."""

from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery
from oneroster.sandbox.requests.query_parameters import NO_PARAMETERS
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet


def unfiltered_rows(request: OperationRequest) -> ResultSet:
    """Return all rows of the requested collection."""
    operation = request.operation
    return RowQuery(request.element, operation.subset, operation.scope, request.ids, NO_PARAMETERS).select(
        request.store
    )


def unfiltered_reply(request: OperationRequest) -> Reply:
    """Return the requested page or record with all fields, and without applying filter and sort."""
    if not request.operation.many:
        row = request.store.read(request.element, request.sourced_id, subset=request.operation.subset) or {}
        return Reply(200, {request.operation.wrapper: _serialize(request, row)})
    rows = unfiltered_rows(request)
    page = [_serialize(request, row) for row in rows.page(request.query.offset, request.query.limit)]
    return Reply(200, {request.operation.wrapper: page}, {"X-Total-Count": str(rows.total)})


def whole_page(request: OperationRequest) -> list[Record]:
    """Return the records of the requested page with all fields, filtered and sorted as requested."""
    operation, query = request.operation, request.query
    rows = RowQuery(request.element, operation.subset, operation.scope, request.ids, query).select(request.store)
    return [_serialize(request, row) for row in rows.page(query.offset, query.limit)]


def _serialize(request: OperationRequest, row: Record) -> Record:
    return request.serializer.serialize(request.element, row, request.origin)
