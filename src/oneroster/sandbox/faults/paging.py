"""Faults of paging: rows are lost, repeated or miscounted between pages, or links have wrong targets."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from typing import Final

from oneroster.sandbox.faults.altered_result_sets import SortedRows
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import SMALL_DATA, Needs
from oneroster.sandbox.faults.unfiltered_replies import unfiltered_rows
from oneroster.sandbox.http.link_header import LinkSet, PageWindow
from oneroster.sandbox.http.responses import Reply, error_reply, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.requests.query_parameters import DEFAULT_LIMIT
from oneroster.sandbox.store.result_sets import ResultSet

# Pages below this size are faulty; pages of the default size and larger ones are correct.
_SMALL: Final = DEFAULT_LIMIT


class LimitIgnored(Fault):
    name = "limit-ignored"
    does = "returns pages of 100 rows and ignores limit"
    breaks = "3.1 limit [A]: number of records per page"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        return window._replace(limit=DEFAULT_LIMIT)


class OffsetIgnored(Fault):
    name = "offset-ignored"
    does = "returns the first page and ignores offset"
    breaks = "3.1 offset [A]: index of the first record"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        return window._replace(offset=0)


class LostRow(Fault):
    name = "lost-row"
    does = "skips one row before every page except the first if pages are smaller than 100; the total is correct"
    breaks = "3.1 offset [A]: consecutive pages hold every record"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        small = window.limit < _SMALL and window.offset > 0
        return window._replace(offset=window.offset + 1) if small else window


class RepeatedRow(Fault):
    name = "repeated-row"
    does = "repeats one row at the start of every page except the first if pages are smaller than 100"
    breaks = "3.1 offset [A]: consecutive pages hold every record once"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        small = window.limit < _SMALL and 0 < window.offset < total
        return window._replace(offset=window.offset - 1) if small else window


class WrongTotal(Fault):
    name = "wrong-total"
    does = "counts one record too many in X-Total-Count"
    breaks = "4 X-Total-Count [A]: number of records that match"
    needs = Needs(without=SMALL_DATA | {"no-total", "page-cap"})

    def total_count(self, request: OperationRequest, total: int) -> int:
        return total + 1


class WrongNextLink(Fault):
    name = "wrong-next-link"
    does = "skips one row in every next link"
    breaks = "4 Link [B]: next continues at the end of the page"
    needs = Needs(without=SMALL_DATA | {"no-links", "page-cap"})

    def links(self, request: OperationRequest, links: LinkSet) -> LinkSet:
        return links._replace(
            pages={
                relation: page._replace(offset=page.offset + 1) if relation == "next" else page
                for relation, page in links.pages.items()
            }
        )


class LinkDropsFilter(Fault):
    name = "link-drops-filter"
    does = "leaves filter, sort and fields out of its links"
    breaks = "4 Link [B]: links repeat the other parameters"
    needs = Needs(without=SMALL_DATA | {"no-links", "page-cap"})

    def links(self, request: OperationRequest, links: LinkSet) -> LinkSet:
        return links._replace(pairs=())


class ErrorPastEnd(Fault):
    name = "error-past-end"
    does = "responds with 404 to an offset after the last record"
    breaks = "3.3 offset beyond the end [B]: 200 with an empty array"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if request.query.offset == 0 or request.query.offset < total:
            return reply
        return error_reply(unknown_object("this page does not exist"), operation_id=request.operation.operation_id)


class DefaultLimit20(Fault):
    name = "default-limit-20"
    does = "returns pages of 20 rows if the request has no limit"
    breaks = "3.1 limit, default [A]: 100"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        has_limit = any(name == "limit" for name, _ in request.pairs)
        return window if has_limit else window._replace(limit=20)


class OrderByPageSize(Fault):
    name = "order-by-page-size"
    does = "changes the order of the rows if pages are smaller than 100 and the request has no sort"
    breaks = "4 Link [B]: the last page may have a smaller limit, so the order does not depend on the limit"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        small = request.query.limit < _SMALL and request.query.sort is None
        return SortedRows(rows, lambda row: str(row["sourcedId"]), descending=True) if small else rows


class UnstableTies(Fault):
    name = "unstable-ties"
    does = "changes the order of rows with equal sort values on later pages"
    breaks = "3.1 sort and offset [A]: consecutive pages hold every record once"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        name = request.query.sort[0] if request.query.sort else "sourcedId"
        if name == "sourcedId" or request.query.offset == 0:
            return rows
        other_ties = SortedRows(rows, lambda row: str(row["sourcedId"]), descending=True)
        return SortedRows(other_ties, lambda row: str(row.get(name, "")), descending=False)


class TotalBeforeFilter(Fault):
    name = "total-before-filter"
    does = "counts the rows that the filter excludes in X-Total-Count"
    breaks = "4 X-Total-Count [A]: after the filter"
    needs = Needs(without=SMALL_DATA | {"no-total", "page-cap"})
    hides = frozenset({"filtered total"})

    def total_count(self, request: OperationRequest, total: int) -> int:
        return unfiltered_rows(request).total if request.query.filter is not None else total


class WrongPrevLink(Fault):
    name = "wrong-prev-link"
    does = "links the current page as prev"
    breaks = "4 Link [B]: prev is the previous page"
    needs = Needs(without=SMALL_DATA | {"no-links", "page-cap"})

    def links(self, request: OperationRequest, links: LinkSet) -> LinkSet:
        current = PageWindow(request.query.offset, request.query.limit)
        return links._replace(pages=dict(links.pages) | ({"prev": current} if "prev" in links.pages else {}))


class WrongLastLink(Fault):
    name = "wrong-last-link"
    does = "links a page after the last row as last"
    breaks = "4 Link [B]: last is the page with the last rows"
    needs = Needs(without=SMALL_DATA | {"no-links", "page-cap"})

    def links(self, request: OperationRequest, links: LinkSet) -> LinkSet:
        last = links.pages.get("last")
        too_far = {"last": last._replace(offset=last.offset + last.limit)} if last else {}
        return links._replace(pages=dict(links.pages) | too_far)


class LinkForgetsFields(Fault):
    name = "link-forgets-fields"
    does = "leaves fields out of its links"
    breaks = "4 Link [B]: links repeat the other parameters"
    needs = Needs(without=SMALL_DATA | {"no-links", "page-cap"})

    def links(self, request: OperationRequest, links: LinkSet) -> LinkSet:
        return links._replace(pairs=tuple(pair for pair in links.pairs if pair[0] != "fields"))
