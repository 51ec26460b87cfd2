"""Faults of paging: rows lost, repeated or miscounted between the pages, links that lead astray."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from typing import Final

from oneroster.sandbox.answers import Answer, refusal, unknown_object
from oneroster.sandbox.call import Call
from oneroster.sandbox.faults.frame import Fault
from oneroster.sandbox.links import LinkSet, Window
from oneroster.sandbox.queries import DEFAULT_LIMIT

# Below this the pages are small; those of the default size and larger ones stay right.
_SMALL: Final = DEFAULT_LIMIT


class LimitIgnored(Fault):
    name = "limit-ignored"
    does = "serves pages of 100 rows whatever limit is asked for"
    breaks = "3.1 limit [A]: number of records per page"

    def window(self, call: Call, window: Window, total: int) -> Window:
        return window._replace(limit=DEFAULT_LIMIT)


class OffsetIgnored(Fault):
    name = "offset-ignored"
    does = "serves the first page whatever offset is asked for"
    breaks = "3.1 offset [A]: index of the first record"

    def window(self, call: Call, window: Window, total: int) -> Window:
        return window._replace(offset=0)


class LostRow(Fault):
    name = "lost-row"
    does = "begins every later page one row too late when pages are smaller than 100; the total stays right"
    breaks = "3.1 offset [A]: pages side by side hold every record"

    def window(self, call: Call, window: Window, total: int) -> Window:
        small = window.limit < _SMALL and window.offset > 0
        return window._replace(offset=window.offset + 1) if small else window


class RepeatedRow(Fault):
    name = "repeated-row"
    does = "begins every later page one row too early when pages are smaller than 100"
    breaks = "3.1 offset [A]: pages side by side hold every record once"

    def window(self, call: Call, window: Window, total: int) -> Window:
        small = window.limit < _SMALL and 0 < window.offset < total
        return window._replace(offset=window.offset - 1) if small else window


class WrongTotal(Fault):
    name = "wrong-total"
    does = "counts one record too many in X-Total-Count"
    breaks = "4 X-Total-Count [A]: number of records that match"

    def total(self, call: Call, total: int) -> int:
        return total + 1


class WrongNextLink(Fault):
    name = "wrong-next-link"
    does = "skips one row with every next link"
    breaks = "4 Link [B]: next continues where the page ends"

    def links(self, call: Call, links: LinkSet) -> LinkSet:
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

    def links(self, call: Call, links: LinkSet) -> LinkSet:
        return links._replace(pairs=())


class ErrorPastEnd(Fault):
    name = "error-past-end"
    does = "answers 404 to an offset behind the last record"
    breaks = "3.3 offset beyond the end [B]: 200 with an empty array"

    def page(self, call: Call, answer: Answer, total: int) -> Answer:
        if call.query.offset == 0 or call.query.offset < total:
            return answer
        return refusal(unknown_object("there is no such page"), operation_id=call.operation.operation_id)


FAULTS = (
    LimitIgnored,
    OffsetIgnored,
    LostRow,
    RepeatedRow,
    WrongTotal,
    WrongNextLink,
    LinkDropsFilter,
    ErrorPastEnd,
)
