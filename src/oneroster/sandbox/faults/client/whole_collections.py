"""Client faults of whole collections: no paging at all, rows twice, null for a row, a second order that lacks rows."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Any, ClassVar, Final

from oneroster.sandbox.faults.altered_result_sets import RowsExceptId
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.client.attempt_counter import AttemptCounter
from oneroster.sandbox.http.link_header import PageWindow
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.requests.operation_request import OperationRequest, all_records
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet

_PAGE: Final = 7
_TOTAL: Final = "X-Total-Count"


def _rows(request: OperationRequest, reply: Reply) -> list[Any] | None:
    """Return the rows of a page as sent; None if it is none, or another fault has changed its form."""
    body = reply.body
    found = body.get(request.operation.wrapper) if reply.status == 200 and isinstance(body, dict) else None
    return found if isinstance(found, list) else None


def _with_rows(request: OperationRequest, reply: Reply, rows: list[Any]) -> Reply:
    return replace(reply, body={**reply.body, request.operation.wrapper: rows})


class NoPaging(Fault):
    name = "no-paging"
    does = "returns all rows, whatever limit and offset are"
    breaks = "3.1 limit [A]: number of records per page"

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        return PageWindow(0, max(1, total))


class NullLast(Fault):
    name = "null-last"
    does = "ends every page with null in place of its last row"
    breaks = "2 wrapper summary [A]: a collection holds objects"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        rows = _rows(request, reply)
        return _with_rows(request, reply, [*rows[:-1], None]) if rows else reply


class _RowTwice(ResultSet):
    """The rows with one of them repeated at once, with some values changed."""

    def __init__(self, rows: ResultSet, at: int, **changed: Any) -> None:
        listed = rows.page(0, rows.total)
        at = min(at, len(listed) - 1)
        twin = [{**listed[at], **changed}] if listed else []
        self._rows = [*listed[: at + 1], *twin, *listed[at + 1 :]]
        self.total = len(self._rows)

    def page(self, offset: int, limit: int) -> list[Record]:
        return self._rows[offset : offset + limit]


class IdenticalTwins(Fault):
    name = "identical-twins"
    does = "lists the seventh row of every collection twice, with the same content"
    breaks = "5.1 sourcedId [A]: unique identifier"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        return _RowTwice(rows, _PAGE - 1) if request.operation.many else rows


class ConflictingTwins(Fault):
    name = "conflicting-twins"
    does = "lists the seventh row of every collection twice, the second time with another dateLastModified"
    breaks = "5.1 sourcedId [A]: unique identifier"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        changed = {"dateLastModified": "2020-01-01T00:00:00.000Z"}
        return _RowTwice(rows, _PAGE - 1, **changed) if request.operation.many else rows


class _SortedDiffers(Fault, abstract=True):
    """Returns the first seven rows whatever the offset, and something else if the request has a sort.

    Attributes:
        rows: How many rows it has if the request has a sort.
        counted: Whether it announces the number of these rows.
        status: The status of its response.
    """

    rows: ClassVar[int] = 0
    counted: ClassVar[bool] = False
    status: ClassVar[int] = 200

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        return PageWindow(0, min(window.limit, _PAGE))

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        rows = _rows(request, reply)
        if request.query.sort is None or rows is None:
            return reply
        if self.counted:
            reply = replace(reply, headers={**reply.headers, _TOTAL: str(self.rows)})
        if self.status != 200:
            return Reply(self.status, headers=reply.headers)
        return _with_rows(request, reply, rows[: self.rows] if request.query.offset < self.rows else [])


class SortedEmpty(_SortedDiffers):
    name = "sorted-empty"
    does = "returns the first 7 rows whatever the offset is, and no row of a sorted collection"
    breaks = "3.2 sort [A]: the same rows in another order"


class SortedUncounted(_SortedDiffers):
    name = "sorted-total-zero"
    does = "returns the first 7 rows whatever the offset is, and no row of a sorted collection with 0 in X-Total-Count"
    breaks = "3.2 sort [A]: the same rows in another order"
    counted = True


class SortedNoContent(_SortedDiffers):
    name = "sorted-no-content"
    does = "returns the first 7 rows whatever the offset is, and responds with 204 to a sort"
    breaks = "3.2 sort [A]: the same rows in another order"
    counted = True
    status = 204


class SortedOneRow(_SortedDiffers):
    name = "sorted-one-row"
    does = "returns the first 7 rows whatever the offset is, and one row of a sorted collection with X-Total-Count 1"
    breaks = "3.2 sort [A]: the same rows in another order"
    rows = 1
    counted = True


class TotalFalls(Fault):
    name = "total-falls"
    does = "never returns the row with the greatest sourcedId, and counts it in its first response only"
    breaks = "4 X-Total-Count [A]: number of records that match"

    def __init__(self) -> None:
        self._attempts = AttemptCounter()

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        names = [str(row["sourcedId"]) for row in rows.page(0, rows.total)] if request.operation.many else []
        return RowsExceptId(rows, max(names)) if names else rows

    def total_count(self, request: OperationRequest, total: int) -> int:
        return total + 1 if self._attempts.next(request.url) == 1 else total


class WrongRecord(Fault):
    name = "wrong-record"
    does = "returns the first record of the collection to every single read"
    breaks = "2 single reads [A]: the record with that sourcedId"

    def single_record(self, request: OperationRequest, record: Record) -> Record:
        return (all_records(request.element).select(request.store).page(0, 1) or [record])[0]
