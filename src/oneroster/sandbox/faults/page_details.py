"""Faults of pages that few requests show: odd offsets, empty pages, large limits, links that cannot be read."""

# ruff: noqa: ARG002  # hooks have a fixed signature

import re
from dataclasses import replace
from typing import Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import SMALL_DATA, Needs
from oneroster.sandbox.http.link_header import PageWindow
from oneroster.sandbox.http.responses import Reply, error_reply, invalid_data
from oneroster.sandbox.requests.operation_request import OperationRequest

_LARGEST: Final = 100
_PARENT: Final = re.compile(r"/(schools|classes|terms|students|teachers|users|courses)/[^/?]+/")


class NullWhenEmpty(Fault):
    name = "null-when-empty"
    does = "sends null instead of an empty array in collections without a parent"
    breaks = "2 wrapper summary [A]: an array"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        wrapper = str(request.operation.wrapper)
        nested = request.operation.scope is not None
        return reply if nested or reply.body[wrapper] else replace(reply, body={**reply.body, wrapper: None})


class LimitOfHundred(Fault):
    name = "large-limit-refused"
    does = "rejects a limit above 100"
    breaks = "3.1 limit [B]: the standard gives no maximum"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if request.query.limit <= _LARGEST:
            return reply
        return error_reply(invalid_data(f"limit: at most {_LARGEST}"), operation_id=request.operation.operation_id)


class OffsetRounded(Fault):
    name = "offset-rounded"
    does = "starts pages of the whole collections at a multiple of the limit"
    breaks = "3.1 offset [A]: index of the first record"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        if request.operation.scope is not None or window.offset > total:
            return window
        return window._replace(offset=window.offset // window.limit * window.limit)


class SortedTotal(Fault):
    name = "sorted-total-wrong"
    does = "counts one record too many in X-Total-Count if there is a sort"
    breaks = "4 X-Total-Count [A]: number of records that match"
    needs = Needs(without=SMALL_DATA | {"no-total", "page-cap"})

    def total_count(self, request: OperationRequest, total: int) -> int:
        return total + 1 if request.query.sort is not None else total


class LinkCut(Fault):
    name = "link-cut"
    does = "sends a Link header that ends in the middle of its first URL"
    breaks = "4 Link [A]: RFC 8288"
    needs = Needs(without=SMALL_DATA | {"no-links", "page-cap"})
    hides = frozenset({"links"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        link = reply.headers.get("Link", "")
        cut = {"Link": link[: link.find("?")]} if "?" in link else {}
        return replace(reply, headers={**reply.headers, **cut})


class NestedLinkElsewhere(Fault):
    name = "nested-link-elsewhere"
    does = "links the pages of another parent in nested collections"
    breaks = "4 Link rules [B]: next continues the collection"
    needs = Needs(without=SMALL_DATA | {"no-links", "page-cap", "one-school"})
    hides = frozenset({"links"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if request.operation.scope is None or "Link" not in reply.headers:
            return reply
        return replace(reply, headers={**reply.headers, "Link": _PARENT.sub(r"/\1/other/", reply.headers["Link"])})
