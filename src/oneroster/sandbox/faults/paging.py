"""Faults of paging: rows lost, repeated or miscounted between the pages, links that lead astray."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from typing import Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.unfiltered import Reordered, unfiltered
from oneroster.sandbox.http.link_header import LinkSet, Window
from oneroster.sandbox.http.responses import Reply, refusal, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.requests.query_parameters import DEFAULT_LIMIT
from oneroster.sandbox.store.result_set import ResultSet

# Below this the pages are small; those of the default size and larger ones stay right.
_SMALL: Final = DEFAULT_LIMIT


class LimitIgnored(Fault):
    name = "limit-ignored"
    does = "serves pages of 100 rows whatever limit is asked for"
    breaks = "3.1 limit [A]: number of records per page"

    def window(self, call: OperationRequest, window: Window, total: int) -> Window:
        return window._replace(limit=DEFAULT_LIMIT)


class OffsetIgnored(Fault):
    name = "offset-ignored"
    does = "serves the first page whatever offset is asked for"
    breaks = "3.1 offset [A]: index of the first record"

    def window(self, call: OperationRequest, window: Window, total: int) -> Window:
        return window._replace(offset=0)


class LostRow(Fault):
    name = "lost-row"
    does = "begins every later page one row too late when pages are smaller than 100; the total stays right"
    breaks = "3.1 offset [A]: pages side by side hold every record"

    def window(self, call: OperationRequest, window: Window, total: int) -> Window:
        small = window.limit < _SMALL and window.offset > 0
        return window._replace(offset=window.offset + 1) if small else window


class RepeatedRow(Fault):
    name = "repeated-row"
    does = "begins every later page one row too early when pages are smaller than 100"
    breaks = "3.1 offset [A]: pages side by side hold every record once"

    def window(self, call: OperationRequest, window: Window, total: int) -> Window:
        small = window.limit < _SMALL and 0 < window.offset < total
        return window._replace(offset=window.offset - 1) if small else window


class WrongTotal(Fault):
    name = "wrong-total"
    does = "counts one record too many in X-Total-Count"
    breaks = "4 X-Total-Count [A]: number of records that match"

    def total(self, call: OperationRequest, total: int) -> int:
        return total + 1


class WrongNextLink(Fault):
    name = "wrong-next-link"
    does = "skips one row with every next link"
    breaks = "4 Link [B]: next continues where the page ends"

    def links(self, call: OperationRequest, links: LinkSet) -> LinkSet:
        return links._replace(
            pages={
                relation: page._replace(offset=page.offset + 1) if relation == "next" else page
                for relation, page in links.pages.items()
            }
        )


class LinkDropsFilter(Fault):
    name = "link-drops-filter"
    does = "leaves filter, sort and fields out of its links"
    breaks = "4 Link [B]: the other parameters are repeated"

    def links(self, call: OperationRequest, links: LinkSet) -> LinkSet:
        return links._replace(pairs=())


class ErrorPastEnd(Fault):
    name = "error-past-end"
    does = "answers 404 to an offset behind the last record"
    breaks = "3.3 offset beyond the end [B]: 200 with an empty array"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        if call.query.offset == 0 or call.query.offset < total:
            return answer
        return refusal(unknown_object("there is no such page"), operation_id=call.operation.operation_id)


class DefaultLimit20(Fault):
    name = "default-limit-20"
    does = "serves pages of 20 rows when no limit is asked for"
    breaks = "3.1 limit, default [A]: 100"

    def window(self, call: OperationRequest, window: Window, total: int) -> Window:
        told = any(name == "limit" for name, _ in call.pairs)
        return window if told else window._replace(limit=20)


class OrderByPageSize(Fault):
    name = "order-by-page-size"
    does = "gives the rows another order when pages are smaller than 100 and no sort is asked for"
    breaks = "4 Link [B]: the last page may have a smaller limit, so the order is the same for each"

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        small = call.query.limit < _SMALL and call.query.sort is None
        return Reordered(selection, lambda row: str(row["sourcedId"]), descending=True) if small else selection


class UnstableTies(Fault):
    name = "unstable-ties"
    does = "leaves the order of rows that a sort holds for equal to chance: it is another one on later pages"
    breaks = "3.1 sort and offset [A]: pages side by side hold every record once"

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        name = call.query.sort[0] if call.query.sort else "sourcedId"
        if name == "sourcedId" or call.query.offset == 0:
            return selection
        other_ties = Reordered(selection, lambda row: str(row["sourcedId"]), descending=True)
        return Reordered(other_ties, lambda row: str(row.get(name, "")), descending=False)


class TotalBeforeFilter(Fault):
    name = "total-before-filter"
    does = "counts in X-Total-Count also the rows that the filter leaves out"
    breaks = "4 X-Total-Count [A]: after the filter"

    def total(self, call: OperationRequest, total: int) -> int:
        return unfiltered(call).total if call.query.filter is not None else total


class WrongPrevLink(Fault):
    name = "wrong-prev-link"
    does = "leads back with prev to the page that it is on"
    breaks = "4 Link [B]: prev is the page before"

    def links(self, call: OperationRequest, links: LinkSet) -> LinkSet:
        here = Window(call.query.offset, call.query.limit)
        return links._replace(pages=dict(links.pages) | ({"prev": here} if "prev" in links.pages else {}))


class WrongLastLink(Fault):
    name = "wrong-last-link"
    does = "leads with last behind the last row"
    breaks = "4 Link [B]: last is the page with the last rows"

    def links(self, call: OperationRequest, links: LinkSet) -> LinkSet:
        last = links.pages.get("last")
        beyond = {"last": last._replace(offset=last.offset + last.limit)} if last else {}
        return links._replace(pages=dict(links.pages) | beyond)


class LinkForgetsFields(Fault):
    name = "link-forgets-fields"
    does = "leaves fields out of its links"
    breaks = "4 Link [B]: the other parameters are repeated"

    def links(self, call: OperationRequest, links: LinkSet) -> LinkSet:
        return links._replace(pairs=tuple(pair for pair in links.pairs if pair[0] != "fields"))


FAULTS = (
    LimitIgnored,
    OffsetIgnored,
    LostRow,
    RepeatedRow,
    WrongTotal,
    WrongNextLink,
    LinkDropsFilter,
    ErrorPastEnd,
    DefaultLimit20,
    OrderByPageSize,
    UnstableTies,
    TotalBeforeFilter,
    WrongPrevLink,
    WrongLastLink,
    LinkForgetsFields,
)
