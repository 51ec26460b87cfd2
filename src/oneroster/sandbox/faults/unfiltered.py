"""What a careless server gives instead of refusing or narrowing: the whole collection, the whole record."""

from collections.abc import Callable

from oneroster.sandbox.handlers.serialization import Presenter, Record
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery
from oneroster.sandbox.requests.query_parameters import ALL
from oneroster.sandbox.store.result_set import ResultSet


class Only(ResultSet):
    """Those rows of a selection that pass a test, in their order.

    Looks through all rows at once, which takes a while in a large district.
    """

    def __init__(self, rows: ResultSet, passes: Callable[[Record], bool]) -> None:
        self._rows = [row for row in rows.page(0, rows.total) if passes(row)]
        self.total = len(self._rows)

    def page(self, offset: int, limit: int) -> list[Record]:
        return self._rows[offset : offset + limit]


class Reordered(Only):
    """The rows of a selection in another order; a function gives each row's key."""

    def __init__(self, rows: ResultSet, key: Callable[[Record], str], *, descending: bool) -> None:
        super().__init__(rows, lambda _: True)
        self._rows.sort(key=key, reverse=descending)


def unfiltered(call: OperationRequest) -> ResultSet:
    """All rows of the collection that is called."""
    operation = call.operation
    return RowQuery(call.element, operation.subset, operation.scope, call.ids, ALL).select(call.store)


def presented(call: OperationRequest, row: Record) -> Record:
    """A row with all of its fields, as it goes out."""
    profile = "standard" if "standard" in call.operation.profiles else call.operation.profiles[0]
    return Presenter(profile).present(call.element, row, call.base_url)


def everything(call: OperationRequest) -> Reply:
    """The page of the collection, or the record, that the request asks for when its other parameters are not read."""
    if not call.operation.many:
        row = call.store.read(call.element, call.sourced_id, subset=call.operation.subset) or {}
        return Reply(200, {call.operation.wrapper: presented(call, row)})
    rows = unfiltered(call)
    page = [presented(call, row) for row in rows.page(call.query.offset, call.query.limit)]
    return Reply(200, {call.operation.wrapper: page}, {"X-Total-Count": str(rows.total)})
