"""Faults that show only with several parameters, in nested collections, or in the values of selected fields."""

# ruff: noqa: ARG002  # hooks have a fixed signature

import re
from dataclasses import replace
from typing import Any, Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import SMALL_DATA, Needs
from oneroster.sandbox.faults.unfiltered_replies import unfiltered_rows
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery
from oneroster.sandbox.serialization import Record

_HIDING: Final = SMALL_DATA | {"page-cap", "one-school"}
_NEEDS: Final = Needs(without=_HIDING)
_SORT: Final = re.compile(r"[&?]sort=[^&>]*")


class CombinedFilterLost(Fault):
    name = "combined-filter-lost"
    does = "ignores the filter of a nested collection if there is a sort as well"
    breaks = "3.1 filter and sort [A]: both apply"
    needs = _NEEDS

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        both = request.query.filter is not None and request.query.sort is not None
        if request.operation.scope is None or not both:
            return row_query
        return row_query._replace(query=replace(row_query.query, filter=None))


class NestedFilterIgnored(Fault):
    name = "nested-filter-ignored"
    does = "ignores the filter of a nested collection"
    breaks = "3.1 filter [A]: on every collection"
    needs = _NEEDS

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        if request.operation.scope is None:
            return row_query
        return row_query._replace(query=replace(row_query.query, filter=None))


class CombinedTotal(Fault):
    name = "combined-total-wrong"
    does = "counts the rows before the filter if there is a sort as well"
    breaks = "4 X-Total-Count [A]: the rows of the request"
    needs = Needs(without=_HIDING | {"no-total"})

    def total_count(self, request: OperationRequest, total: int) -> int:
        if request.query.filter is None or request.query.sort is None:
            return total
        return unfiltered_rows(request).total


class CombinedLinks(Fault):
    name = "combined-links-forget-sort"
    does = "leaves the sort out of links if there is a filter as well"
    breaks = "4 Link rules [B]: links repeat the parameters"
    needs = Needs(without=_HIDING | {"no-links"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        links = reply.headers.get("Link")
        if request.query.filter is None or request.query.sort is None or links is None:
            return reply
        return replace(reply, headers={**reply.headers, "Link": _SORT.sub("", links)})


class SelectedReferencesShort(Fault):
    name = "selected-references-short"
    does = "leaves the href out of references when fields are selected"
    breaks = "5.2 GUIDRef.href [A]: required"

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.query.fields is None:
            return record
        return {name: _without_href(value) for name, value in record.items()}


def _without_href(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_href(item) for item in value]
    if isinstance(value, dict) and "href" in value:
        return {name: member for name, member in value.items() if name != "href"}
    return value
