"""Faults of pages and totals that show with some parameters, or on some pages, only."""

# ruff: noqa: ARG002  # hooks have a fixed signature

import re
from dataclasses import replace
from typing import Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import SMALL_DATA, Needs
from oneroster.sandbox.http.link_header import LinkSet, PageWindow
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery, parameter_of

_PAGED: Final = Needs(without=SMALL_DATA | {"page-cap"})
_LINKED: Final = Needs(without=SMALL_DATA | {"no-links", "page-cap"})
_NEXT: Final = re.compile(r'(<[^>]*)limit=\d+&([^>]*>; rel="next")')
_LINKED_PATH: Final = re.compile(r"<[^?>]*")
_SHORT: Final = 10
_FEW: Final = 2
_BEYOND: Final = 100_000


class FilteredDefaultOfTen(Fault):
    name = "filtered-default-of-ten"
    does = "returns ten rows of a collection without a parent if the request has a filter and no limit"
    breaks = "3.1 limit [A]: 100 without the parameter"
    needs = _PAGED

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        applies = (
            request.query.filter is not None
            and request.operation.scope is None
            and parameter_of(request, "limit") is None
        )
        return window._replace(limit=_SHORT) if applies else window


class SpecialDefaultOfTwo(Fault):
    name = "special-default-of-two"
    does = "returns two rows of students, teachers and terms if the request has no limit"
    breaks = "3.1 limit [A]: 100 without the parameter"
    needs = _PAGED

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        special = request.operation.subset is not None and request.operation.scope is None
        return window._replace(limit=_FEW) if special and parameter_of(request, "limit") is None else window


class OffsetDefaultOne(Fault):
    name = "offset-default-one"
    does = "begins with the second row if the request has no offset"
    breaks = "3.1 offset [A]: 0 without the parameter"
    needs = _PAGED

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        return window if parameter_of(request, "offset") is not None or total < _FEW else window._replace(offset=1)


class NestedLinkIdsEncodedTwice(Fault):
    name = "nested-link-ids-encoded-twice"
    does = "percent-encodes the ids in the links of nested collections twice"
    breaks = "4 Link rules [B]: links lead to pages of the collection"
    needs = Needs(without=_LINKED.without | {"one-school"})
    hides = frozenset({"links"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if request.operation.scope is None or "Link" not in reply.headers:
            return reply
        link = _LINKED_PATH.sub(lambda found: found[0].replace("%", "%25"), reply.headers["Link"])
        return replace(reply, headers={**reply.headers, "Link": link})


class PrevBeforeStart(Fault):
    name = "prev-before-start"
    does = "subtracts the limit from the offset in its prev links, so that they may have a negative offset"
    breaks = "4 Link rules [B]: prev leads to the rows before"
    needs = _LINKED

    def links(self, request: OperationRequest, links: LinkSet) -> LinkSet:
        offset, limit = request.query.offset, request.query.limit
        if "prev" not in links.pages or offset >= limit:
            return links
        return links._replace(pages={**links.pages, "prev": PageWindow(offset - limit, limit)})


class NextWithoutLimit(Fault):
    name = "next-without-limit"
    does = "leaves the limit out of its next links"
    breaks = "4 Link rules [B]: next has the limit of the request"
    needs = _LINKED
    hides = frozenset({"links"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        link = reply.headers.get("Link", "")
        return replace(reply, headers={**reply.headers, "Link": _NEXT.sub(r"\1\2", link)}) if link else reply


class FilteredLastBeyondEnd(Fault):
    name = "filtered-last-beyond-end"
    does = "leads beyond the last row in its last links if there is a filter"
    breaks = "4 Link rules [B]: last leads to the last rows"
    needs = _LINKED

    def links(self, request: OperationRequest, links: LinkSet) -> LinkSet:
        if request.query.filter is None or not links.pages:
            return links
        return links._replace(pages={**links.pages, "last": PageWindow(_BEYOND, 1)})


class EitherTotalAdded(Fault):
    name = "either-total-added"
    does = "adds the rows of each clause of a filter with OR on one field for X-Total-Count"
    breaks = "4 X-Total-Count [A]: number of records that match"
    needs = Needs(without=SMALL_DATA | {"no-total", "page-cap"})

    def total_count(self, request: OperationRequest, total: int) -> int:
        filter_ = request.query.filter
        if filter_ is None or not filter_.either or len({each.field for each in filter_.clauses}) > 1:
            return total
        if request.operation.scope is not None:
            return total
        # One more, as if a record matched both clauses, which those of the data may not.
        counts = [
            RowQuery(
                request.element,
                request.operation.subset,
                None,
                {},
                replace(request.query, filter=replace(filter_, clauses=(clause,))),
            )
            .select(request.store)
            .total
            for clause in filter_.clauses
        ]
        return sum(counts) + 1


class SelectedRecordBare(Fault):
    name = "selected-record-bare"
    does = "sends the record of a single read without its wrapper if there are fields"
    breaks = "2 wrapper summary [A]: a single record is an object under its key"
    hides = frozenset({"selected record"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.many or not request.query.fields or reply.status != 200:
            return reply
        record = reply.body.get(request.operation.wrapper) if isinstance(reply.body, dict) else None
        return reply if record is None else replace(reply, body=record)
