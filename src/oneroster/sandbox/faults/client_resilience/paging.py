"""Faults met on the walk through a collection, to rehearse a client: limits cut, totals and links that mislead, pages
that are empty once, rows that come or go meanwhile.
"""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from abc import abstractmethod
from dataclasses import replace
from typing import Any, ClassVar, Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.client_resilience.attempt_counter import AttemptCounter, request_of
from oneroster.sandbox.faults.client_resilience.transport import foreign_url
from oneroster.sandbox.faults.target_records import backwards, is_alive
from oneroster.sandbox.http.link_header import Window
from oneroster.sandbox.http.percent_encoding import encode
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.requests.operation_request import OperationRequest, unlimited
from oneroster.sandbox.store.result_set import ResultSet
from oneroster.sandbox.store.table_mapping import Record

_FEW: Final = 7
_CHANGE: Final = 3  # the request for a collection with which its rows change
_CURSOR: Final = "after"


def _without(answer: Reply, *names: str) -> Reply:
    return replace(answer, headers={name: value for name, value in answer.headers.items() if name not in names})


class LimitClamped(Fault):
    name = "limit-clamped"
    does = "serves at most 7 rows whatever limit is asked for, and sends neither X-Total-Count nor Link"
    breaks = "3.1 limit [A]: number of records per page"

    def window(self, call: OperationRequest, window: Window, total: int) -> Window:
        return window._replace(limit=min(window.limit, _FEW))

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        return _without(answer, "X-Total-Count", "Link")


class OffsetStuck(Fault):
    name = "offset-stuck"
    does = "serves the second page for every offset behind it"
    breaks = "3.1 offset [A]: index of the first record"

    def window(self, call: OperationRequest, window: Window, total: int) -> Window:
        return window._replace(offset=min(window.offset, window.limit))


class TotalMissing(Fault):
    name = "total-missing"
    does = "sends neither X-Total-Count nor Link"
    breaks = "4 X-Total-Count [C]: the number of records is told"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        return _without(answer, "X-Total-Count", "Link")


class TotalZero(Fault):
    name = "total-zero"
    does = "says 0 in X-Total-Count whatever there is"
    breaks = "4 X-Total-Count [A]: number of records that match"

    def total(self, call: OperationRequest, total: int) -> int:
        return 0


class TotalOfPage(Fault):
    name = "total-of-page"
    does = "counts the rows of the page alone in X-Total-Count"
    breaks = "4 X-Total-Count [A]: number of records that match"

    def total(self, call: OperationRequest, total: int) -> int:
        return max(0, min(call.query.limit, total - call.query.offset))


class TotalTooSmall(Fault):
    name = "total-too-small"
    does = "counts half of the rows in X-Total-Count"
    breaks = "4 X-Total-Count [A]: number of records that match"

    def total(self, call: OperationRequest, total: int) -> int:
        return total // 2


class TotalShrinks(Fault):
    name = "total-shrinks"
    does = "counts one row less in X-Total-Count with every further page, though all are there"
    breaks = "4 X-Total-Count [A]: number of records that match"

    def total(self, call: OperationRequest, total: int) -> int:
        return max(0, total - call.query.offset // max(1, call.query.limit))


class TiesReordered(Fault):
    name = "ties-reordered"
    does = "orders the rows anew for every page unless sorted by sourcedId, so that some repeat and some are lost"
    breaks = "3.1 offset [A]: pages side by side hold every record once"

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        by_id = call.query.sort is not None and call.query.sort[0] == "sourcedId"
        pages = call.query.offset // max(1, call.query.limit)
        return selection if by_id else _Turned(selection, 3 * pages)


class _Turned(ResultSet):
    """The rows of a selection with some of the first behind the last."""

    def __init__(self, rows: ResultSet, by: int) -> None:
        self._rows = rows
        self._by = by
        self.total = rows.total

    def page(self, offset: int, limit: int) -> list[Record]:
        wanted = max(0, min(limit, self.total - offset))
        if not wanted:
            return []
        rows = self._rows.page((offset + self._by) % self.total, wanted)
        return rows + self._rows.page(0, wanted - len(rows))


class _Changing(Fault):
    """Changes a collection at its third request, for good. One row is concerned: the first that was asked for.

    Attributes:
        deletes: whether the row goes or comes.
    """

    deletes: ClassVar[bool]

    def __init__(self) -> None:
        self._turns = AttemptCounter()
        self._victims: dict[str, str] = {}

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        if call.url not in self._victims:
            first = selection.page(0, 1)
            if not first:
                return selection
            self._victims[call.url] = str(first[0]["sourcedId"])
        changed = self._turns.next(call.url) >= _CHANGE
        return _Less(selection, self._victims[call.url]) if changed is self.deletes else selection


class _Less(ResultSet):
    """The rows of a selection but one."""

    def __init__(self, rows: ResultSet, victim: str) -> None:
        self._kept = [row for row in rows.page(0, rows.total) if row["sourcedId"] != victim]
        self.total = len(self._kept)

    def page(self, offset: int, limit: int) -> list[Record]:
        return self._kept[offset : offset + limit]


class RowDeleted(_Changing):
    name = "row-deleted"
    does = "takes the first row out of a collection at its third request, for good"
    breaks = "3.1 offset [A]: pages side by side hold every record"
    deletes = True


class RowInserted(_Changing):
    name = "row-inserted"
    does = "puts the first row into a collection not before its third request"
    breaks = "3.1 offset [A]: pages side by side hold every record once"
    deletes = False


class _EmptyOnce(Fault):
    """Gives nothing for a page in the middle when it is asked for the first time, then the page, then begins anew."""

    def __init__(self) -> None:
        self._turns = AttemptCounter()

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        middle = answer.status == 200 and 0 < call.query.offset < total
        return self.empty(call, answer) if middle and self._turns.next(request_of(call)) % 2 else answer

    @abstractmethod
    def empty(self, call: OperationRequest, answer: Reply) -> Reply:
        """The answer without rows."""


class EmptyPage(_EmptyOnce):
    name = "empty-page"
    does = "answers every page but the first with no rows, once, before it gives them"
    breaks = "3.1 offset [A]: pages side by side hold every record"

    def empty(self, call: OperationRequest, answer: Reply) -> Reply:
        return replace(answer, body={call.operation.wrapper: []})


class NullPage(_EmptyOnce):
    name = "null-page"
    does = "answers every page but the first with null in place of its rows, once, before it gives them"
    breaks = "2 wrapper summary [A]: a collection holds an array"

    def empty(self, call: OperationRequest, answer: Reply) -> Reply:
        return replace(answer, body={call.operation.wrapper: None})


class NoContentPage(_EmptyOnce):
    name = "no-content-page"
    does = "answers every page but the first with 204, once, before it gives its rows"
    breaks = "6.1 status 200 [A]: success"

    def empty(self, call: OperationRequest, answer: Reply) -> Reply:
        return Reply(204, headers=answer.headers)


class DeadEnd(Fault):
    name = "dead-end"
    does = "has no rows on any page but the first, though X-Total-Count says otherwise"
    breaks = "3.1 offset [A]: pages side by side hold every record"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        behind = answer.status == 200 and call.query.offset > 0
        return replace(answer, body={call.operation.wrapper: []}) if behind else answer


class CursorLinks(Fault):
    name = "cursor-links"
    does = "pages by next links with a parameter of its own alone: ignores offset, and sends no X-Total-Count"
    breaks = "3.1 offset [A]: index of the first record"

    def window(self, call: OperationRequest, window: Window, total: int) -> Window:
        return window._replace(offset=_cursor(call))

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        bare = _without(answer, "X-Total-Count", "Link")
        target = self.target(call, total)
        if target is None:
            return bare
        return replace(bare, headers={**bare.headers, "Link": f'<{target}>; rel="next"'})

    def target(self, call: OperationRequest, total: int) -> str | None:
        """Where the next link leads; None behind the last page."""
        after = _cursor(call) + call.query.limit
        return self.address(call, call.url, after) if after < total else None

    def address(self, call: OperationRequest, url: str, after: int) -> str:
        """An address with a cursor."""
        kept = [(name, value) for name, value in call.pairs if name not in ("offset", _CURSOR)]
        return f"{url}?{'&'.join(f'{encode(name)}={encode(value)}' for name, value in [*kept, (_CURSOR, str(after))])}"


def _cursor(call: OperationRequest) -> int:
    value = dict(call.pairs).get(_CURSOR, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


class CursorLoop(CursorLinks):
    name = "cursor-loop"
    does = "pages by links with a parameter of its own, of which the last leads back to the first page"
    breaks = "4 Link [B]: next continues where the page ends"

    def target(self, call: OperationRequest, total: int) -> str | None:
        return super().target(call, total) or self.address(call, call.url, 0)


class ForeignLinks(CursorLinks):
    name = "foreign-links"
    does = "pages by links with a parameter of its own that lead to this machine under another name, a foreign origin"
    breaks = "7 security [A]: credentials go to the tenant only"

    def target(self, call: OperationRequest, total: int) -> str | None:
        after, foreign = _cursor(call) + call.query.limit, foreign_url(call.url)
        return self.address(call, foreign or call.url, after) if after < total else None


class BareArray(Fault):
    name = "bare-array"
    does = "leaves out the envelope of collections: a bare array"
    breaks = "2 wrapper summary [A]: collections stand under their wrapper"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        return replace(answer, body=_rows(answer)) if answer.status == 200 else answer


class BrokenRecord(Fault):
    name = "broken-record"
    does = "sends one record of each kind with an object for status and a number for dateLastModified"
    breaks = "5.1 base [A]: status and dateLastModified are strings"

    def __init__(self) -> None:
        self._victims: dict[str, str | None] = {}

    def record(self, call: OperationRequest, record: Record) -> Record:
        if call.element not in self._victims:
            rows = backwards(unlimited(call.element).select(call.store))
            self._victims[call.element] = next((row["sourcedId"] for row in rows if is_alive(row)), None)
        if record["sourcedId"] == self._victims[call.element]:
            record |= {"status": {"value": record["status"]}, "dateLastModified": 17}
        return record


class RowNoObject(Fault):
    name = "row-no-object"
    does = "sends the bare sourcedId in place of the first record of every page"
    breaks = "2 wrapper summary [A]: a collection holds objects"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        rows = _rows(answer) if answer.status == 200 else []
        if not rows:
            return answer
        return replace(answer, body={call.operation.wrapper: [rows[0].get("sourcedId"), *rows[1:]]})


def _rows(answer: Reply) -> list[Any]:
    """The rows of a page, whatever another fault called them; none when it took them away."""
    found = next(iter(answer.body.values()), None) if isinstance(answer.body, dict) else answer.body
    return found if isinstance(found, list) else []


FAULTS = (
    LimitClamped,
    OffsetStuck,
    TotalMissing,
    TotalZero,
    TotalOfPage,
    TotalTooSmall,
    TotalShrinks,
    TiesReordered,
    RowDeleted,
    RowInserted,
    EmptyPage,
    NullPage,
    NoContentPage,
    DeadEnd,
    CursorLinks,
    CursorLoop,
    ForeignLinks,
    BareArray,
    BrokenRecord,
    RowNoObject,
)
