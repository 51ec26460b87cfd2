"""Client faults of paging: lowered limits, wrong totals and links, pages that are empty once, and changing rows."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from abc import abstractmethod
from dataclasses import replace
from typing import Any, ClassVar, Final

from oneroster.sandbox.faults.altered_result_sets import RotatedRows, RowsExceptId
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.client.attempt_counter import AttemptCounter, request_key
from oneroster.sandbox.faults.client.transport import foreign_url
from oneroster.sandbox.faults.target_records import is_active, reversed_rows
from oneroster.sandbox.http.link_header import PageWindow
from oneroster.sandbox.http.percent_encoding import encode
from oneroster.sandbox.http.responses import Reply, error_reply, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, all_records
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet

_CLAMPED_LIMIT: Final = 7
_CHANGING_REQUEST: Final = 3  # the number of the request for a collection at which its rows change
_CURSOR: Final = "after"


def _without(reply: Reply, *names: str) -> Reply:
    return replace(reply, headers={name: value for name, value in reply.headers.items() if name not in names})


class LimitClamped(Fault):
    name = "limit-clamped"
    does = "returns at most 7 rows per page, even if the limit is larger, and sends neither X-Total-Count nor Link"
    breaks = "3.1 limit [A]: number of records per page"

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        return window._replace(limit=min(window.limit, _CLAMPED_LIMIT))

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        return _without(reply, "X-Total-Count", "Link")


class OffsetStuck(Fault):
    name = "offset-stuck"
    does = "returns the second page for every larger offset"
    breaks = "3.1 offset [A]: index of the first record"

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        return window._replace(offset=min(window.offset, window.limit))


class TotalMissing(Fault):
    name = "total-missing"
    does = "sends neither X-Total-Count nor Link"
    breaks = "4 X-Total-Count [C]: the number of records"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        return _without(reply, "X-Total-Count", "Link")


class TotalZero(Fault):
    name = "total-zero"
    does = "always sends 0 in X-Total-Count"
    breaks = "4 X-Total-Count [A]: number of records that match"

    def total_count(self, request: OperationRequest, total: int) -> int:
        return 0


class TotalOfPage(Fault):
    name = "total-of-page"
    does = "sends the number of rows on the page in X-Total-Count"
    breaks = "4 X-Total-Count [A]: number of records that match"

    def total_count(self, request: OperationRequest, total: int) -> int:
        return max(0, min(request.query.limit, total - request.query.offset))


class TotalTooSmall(Fault):
    name = "total-too-small"
    does = "sends half the number of rows in X-Total-Count"
    breaks = "4 X-Total-Count [A]: number of records that match"

    def total_count(self, request: OperationRequest, total: int) -> int:
        return total // 2


class TotalShrinks(Fault):
    name = "total-shrinks"
    does = "lowers X-Total-Count by one on every further page, although no row is missing"
    breaks = "4 X-Total-Count [A]: number of records that match"

    def total_count(self, request: OperationRequest, total: int) -> int:
        return max(0, total - request.query.offset // max(1, request.query.limit))


class TiesReordered(Fault):
    name = "ties-reordered"
    does = "changes the order of the rows on every page unless sorted by sourcedId, so that rows repeat or are lost"
    breaks = "3.1 offset [A]: consecutive pages hold every record once"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        by_id = request.query.sort is not None and request.query.sort[0] == "sourcedId"
        pages = request.query.offset // max(1, request.query.limit)
        return rows if by_id else RotatedRows(rows, 3 * pages)


class _Changing(Fault, abstract=True):
    """Removes or adds one row of a collection at the third request for it: the first row of the first request.

    Attributes:
        removes: Whether the row is removed or added.
        changed: The rows that are removed or added.
    """

    removes: ClassVar[bool]

    def __init__(self) -> None:
        self._attempts = AttemptCounter()
        self._targets: dict[str, str] = {}
        self.changed: set[str] = set()

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        if request.url not in self._targets:
            first = rows.page(0, 1)
            if not first:
                return rows
            self._targets[request.url] = str(first[0]["sourcedId"])
        changed = self._attempts.next(request.url) >= _CHANGING_REQUEST
        if changed:
            self.changed.add(self._targets[request.url])
        return RowsExceptId(rows, self._targets[request.url]) if changed is self.removes else rows


class RowDeleted(_Changing):
    name = "row-deleted"
    does = "removes the first row of a collection at the third request for it"
    breaks = "3.1 offset [A]: consecutive pages hold every record"
    removes = True

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.many or request.sourced_id not in self.changed:
            return reply
        return error_reply(unknown_object(request.sourced_id), operation_id=request.operation.operation_id)


class RowInserted(_Changing):
    name = "row-inserted"
    does = "adds the first row of a collection at the third request for it"
    breaks = "3.1 offset [A]: consecutive pages hold every record once"
    removes = False


class _EmptyOnce(Fault, abstract=True):
    """Returns a page in the middle without rows at every other attempt, starting with the first."""

    def __init__(self) -> None:
        self._attempts = AttemptCounter()

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        is_later_page = reply.status == 200 and 0 < request.query.offset < total
        return self.empty(request, reply) if is_later_page and self._attempts.next(request_key(request)) % 2 else reply

    @abstractmethod
    def empty(self, request: OperationRequest, reply: Reply) -> Reply:
        """Return the reply without rows."""


class EmptyPage(_EmptyOnce):
    name = "empty-page"
    does = "returns every page except the first without rows at every other attempt, starting with the first"
    breaks = "3.1 offset [A]: consecutive pages hold every record"

    def empty(self, request: OperationRequest, reply: Reply) -> Reply:
        return replace(reply, body={request.operation.wrapper: []})


class NullPage(_EmptyOnce):
    name = "null-page"
    does = (
        "returns every page except the first with null instead of rows at every other attempt, starting with the first"
    )
    breaks = "2 wrapper summary [A]: a collection holds an array"

    def empty(self, request: OperationRequest, reply: Reply) -> Reply:
        return replace(reply, body={request.operation.wrapper: None})


class NoContentPage(_EmptyOnce):
    name = "no-content-page"
    does = "responds with 204 to every page except the first at every other attempt, starting with the first"
    breaks = "6.1 status 200 [A]: success"

    def empty(self, request: OperationRequest, reply: Reply) -> Reply:
        return Reply(204, headers=reply.headers)


class EmptyFirst(Fault):
    name = "empty-first"
    does = "returns no rows and a total of 0 for the first page at every other attempt, starting with the first"
    breaks = "3.1 offset [A]: consecutive pages hold every record"

    def __init__(self) -> None:
        self._attempts = AttemptCounter()

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        is_first_page = reply.status == 200 and not request.query.offset
        if not is_first_page or not self._attempts.next(request_key(request)) % 2:
            return reply
        kept = _without(reply, "Link")
        return replace(kept, body={request.operation.wrapper: []}, headers={**kept.headers, "X-Total-Count": "0"})


class DeadEnd(Fault):
    name = "dead-end"
    does = "returns rows on the first page only, although X-Total-Count says otherwise"
    breaks = "3.1 offset [A]: consecutive pages hold every record"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        behind = reply.status == 200 and request.query.offset > 0
        return replace(reply, body={request.operation.wrapper: []}) if behind else reply


class CursorLinks(Fault):
    name = "cursor-links"
    does = "pages by next links with a cursor parameter, ignores offset, and sends no X-Total-Count"
    breaks = "3.1 offset [A]: index of the first record"

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        return window._replace(offset=_cursor(request))

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        without_headers = _without(reply, "X-Total-Count", "Link")
        target = self.target(request, total)
        if target is None:
            return without_headers
        return replace(without_headers, headers={**without_headers.headers, "Link": f'<{target}>; rel="next"'})

    def target(self, request: OperationRequest, total: int) -> str | None:
        """Return the target of the next link, or None on the last page."""
        after = _cursor(request) + request.query.limit
        return self.url_with_cursor(request, request.url, after) if after < total else None

    def url_with_cursor(self, request: OperationRequest, url: str, after: int) -> str:
        """Return a URL with a cursor."""
        kept = [(name, value) for name, value in request.pairs if name not in ("offset", _CURSOR)]
        return f"{url}?{'&'.join(f'{encode(name)}={encode(value)}' for name, value in [*kept, (_CURSOR, str(after))])}"


def _cursor(request: OperationRequest) -> int:
    value = dict(request.pairs).get(_CURSOR, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


class CursorLoop(CursorLinks):
    name = "cursor-loop"
    does = "pages by next links with a cursor parameter, and the last of them leads to the first page"
    breaks = "4 Link [B]: next continues at the end of the page"

    def target(self, request: OperationRequest, total: int) -> str | None:
        return super().target(request, total) or self.url_with_cursor(request, request.url, 0)


class ForeignLinks(CursorLinks):
    name = "foreign-links"
    does = "pages by next links that lead to another host name of this machine, which is a foreign origin"
    breaks = "7 security [A]: credentials are sent to the tenant only"

    def target(self, request: OperationRequest, total: int) -> str | None:
        after, foreign = _cursor(request) + request.query.limit, foreign_url(request.url)
        return self.url_with_cursor(request, foreign or request.url, after) if after < total else None


class BareArray(Fault):
    name = "bare-array"
    does = "sends collections as a bare array without an envelope"
    breaks = "2 wrapper summary [A]: a collection has a wrapper"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        return replace(reply, body=_rows(reply)) if reply.status == 200 else reply


class BrokenRecord(Fault):
    name = "broken-record"
    does = "sends one record of each element with an object as status and a number as dateLastModified"
    breaks = "5.1 base [A]: status and dateLastModified are strings"

    def __init__(self) -> None:
        self._targets: dict[str, str | None] = {}

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.element not in self._targets:
            rows = reversed_rows(all_records(request.element).select(request.store))
            self._targets[request.element] = next((row["sourcedId"] for row in rows if is_active(row)), None)
        if record["sourcedId"] == self._targets[request.element]:
            record |= {"status": {"value": record["status"]}, "dateLastModified": 17}
        return record


class RowNoObject(Fault):
    name = "row-no-object"
    does = "sends the sourcedId as a string instead of the first record of every page"
    breaks = "2 wrapper summary [A]: a collection holds objects"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        rows = _rows(reply) if reply.status == 200 else []
        if not rows:
            return reply
        return replace(reply, body={request.operation.wrapper: [rows[0].get("sourcedId"), *rows[1:]]})


def _rows(reply: Reply) -> list[Any]:
    """Return the rows of a page, which another fault may have renamed or removed."""
    found = next(iter(reply.body.values()), None) if isinstance(reply.body, dict) else reply.body
    return found if isinstance(found, list) else []
