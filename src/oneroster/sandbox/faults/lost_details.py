"""Faults in which a server loses a detail of a request or of a record, with certain parameters or values only."""

# ruff: noqa: ARG002  # hooks have a fixed signature

import re
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from oneroster.sandbox.faults.altered_result_sets import FilteredRows
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.faults.filtering import FilterFault
from oneroster.sandbox.http.link_header import LinkSet, PageWindow
from oneroster.sandbox.http.responses import Reply, error_reply, unknown_object
from oneroster.sandbox.query.filter_parser import ParsedClause
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery, parameter_of
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet

_PAGED: Final = Needs(without=SMALL_DATA | {"page-cap"})
_LINKED: Final = Needs(without=SMALL_DATA | {"page-cap", "no-links"})
_WARNINGS: Final = frozenset({"warnings beside data"})
_NAMES: Final = ("givenName", "familyName")


def _unlimited(window: PageWindow, total: int) -> PageWindow:
    return window._replace(limit=max(total, 1))


def _has_unknown_sort(request: OperationRequest) -> bool:
    return parameter_of(request, "sort") is not None and request.query.sort is None


def _with_rows(request: OperationRequest, body: Record, change: Callable[[list[Record]], list[Record]]) -> Record:
    wrapper = str(request.operation.wrapper)
    return body | {wrapper: change(body[wrapper])}


def _without_href(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_href(each) for each in value]
    if isinstance(value, dict):
        return {name: _without_href(each) for name, each in value.items() if name != "href"}
    return value


class OffsetNeedsLimit(Fault):
    name = "offset-needs-limit"
    does = "ignores an offset if there is no limit"
    breaks = "3.1 offset [A]: index of the first record"
    needs = _PAGED

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        return window if parameter_of(request, "limit") is not None else window._replace(offset=0)


class OneFieldUnlimited(Fault):
    name = "one-field-unlimited"
    does = "ignores the limit if one field is selected"
    breaks = "3.1 limit [A]: number of records"
    needs = _PAGED

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        alone = request.query.fields is not None and len(request.query.fields) == 1
        return _unlimited(window, total) if alone else window


class UnknownSortUnlimited(Fault):
    name = "unknown-sort-unlimited"
    does = "ignores the limit of a whole collection if the sort names an unknown field"
    breaks = "3.3 sort names an unknown field [A]: all other parameters count"
    needs = Needs(without=SMALL_DATA | {"page-cap"}, features=_WARNINGS)

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        is_whole = request.operation.scope is None and request.operation.subset is None
        return _unlimited(window, total) if is_whole and _has_unknown_sort(request) else window


class NestedUnknownSortUnlimited(Fault):
    name = "nested-unknown-sort-unlimited"
    does = "ignores the limit of a nested collection if the sort names an unknown field"
    breaks = "3.3 sort names an unknown field [A]: all other parameters count"
    needs = Needs(without=SMALL_DATA | {"page-cap"}, features=_WARNINGS)

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        is_nested = request.operation.scope is not None
        return _unlimited(window, total) if is_nested and _has_unknown_sort(request) else window


class LimitAboveTotal(Fault):
    name = "limit-above-total-refused"
    does = (
        "responds with 404 if the limit of a whole collection is larger than its total, and nothing else is asked for"
    )
    breaks = "3.1 limit [A]: the largest number of records; 100 is the default"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        is_plain = {name for name, _ in request.pairs} == {"limit", "offset"} and request.query.offset == 0
        if request.operation.scope is not None or not is_plain or not 0 < total < request.query.limit:
            return reply
        return error_reply(unknown_object("no such page"), operation_id=request.operation.operation_id)


class NestedPrevSkips(Fault):
    name = "nested-prev-skips"
    does = "leads from a page beyond the last row of a nested collection back to the first row"
    breaks = "4 Link rules [B]: prev, the page before"
    needs = _LINKED

    def links(self, request: OperationRequest, links: LinkSet) -> LinkSet:
        if request.operation.scope is None or "next" in links.pages or "prev" not in links.pages:
            return links
        return links._replace(pages={**links.pages, "prev": PageWindow(0, request.query.limit)})


class NestedNextNeverEnds(Fault):
    name = "nested-next-never-ends"
    does = "sends a next link with every page of a nested collection"
    breaks = "4 Link rules [B]: next, if more rows follow"
    needs = _LINKED

    def links(self, request: OperationRequest, links: LinkSet) -> LinkSet:
        if request.operation.scope is None or "next" in links.pages or not links.pages:
            return links
        following = PageWindow(request.query.offset + request.query.limit, request.query.limit)
        return links._replace(pages={**links.pages, "next": following})


class SortByStatusIgnored(Fault):
    name = "sort-by-status-ignored"
    does = "ignores a sort by status"
    breaks = "3.1 sort [A]: in the order of the field"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        sort = row_query.query.sort
        by_status = sort is not None and sort[0] == "status"
        return row_query._replace(query=replace(row_query.query, sort=None)) if by_status else row_query


class SearchAsPattern(Fault):
    name = "search-as-regular-expression"
    does = "reads the value of ~ as a regular expression"
    breaks = "3.2 operator ~ [A]: contains the value"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        clauses = request.query.filter.clauses if request.query.filter is not None else ()
        if len(clauses) != 1 or clauses[0].operator != "~" or clauses[0].field.member or clauses[0].field.many:
            return rows
        name, text = clauses[0].field.property, clauses[0].text
        if re.escape(text) == text or text.startswith("*"):
            return rows
        query = replace(request.query, filter=None)
        operation = request.operation
        every = RowQuery(request.element, operation.subset, operation.scope, request.ids, query).select(request.store)
        pattern = re.compile(text.rstrip("\\"), re.IGNORECASE)
        return FilteredRows(every, lambda row: name in row and pattern.search(str(row[name])) is not None)


class NamesByBeginning(Fault):
    name = "names-equal-by-beginning"
    does = "finds by a given or a family name whoever has a name that begins with it"
    breaks = "3.2 operator = [A]: equal"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        clauses = request.query.filter.clauses if request.query.filter is not None else ()
        if len(clauses) != 1 or clauses[0].operator != "=" or clauses[0].field.property not in _NAMES:
            return rows
        name, text = clauses[0].field.property, clauses[0].text.casefold()
        operation = request.operation
        query = replace(request.query, filter=None)
        every = RowQuery(request.element, operation.subset, operation.scope, request.ids, query).select(request.store)
        return FilteredRows(every, lambda row: bool(text) and str(row.get(name, "")).casefold().startswith(text))


class RoleUnequalAsEqual(FilterFault):
    name = "role-unequal-as-equal"
    does = "treats != as = for the role of an enrollment"
    breaks = "3.2 operator != [A]: not equal"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        return super().row_query(request, row_query) if request.element == "Enrollment" else row_query

    def clause(self, clause: ParsedClause) -> ParsedClause:
        negated = clause.field.property == "role" and clause.operator == "!="
        return replace(clause, operator="=") if negated else clause


class NestedIdsByPart(FilterFault):
    name = "nested-ids-by-part"
    does = "finds a record of a nested collection by a part of its id"
    breaks = "3.2 operator = [A]: equal"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        return super().row_query(request, row_query) if request.operation.scope is not None else row_query

    def clause(self, clause: ParsedClause) -> ParsedClause:
        is_id = clause.field.property == "sourcedId" and clause.operator == "="
        return replace(clause, operator="~") if is_id else clause


class _SelectedRead(Fault, abstract=True):
    """Changes the record of a single read with a selection."""

    def body(self, request: OperationRequest, body: Record) -> Record:
        if request.operation.many or request.query.fields is None:
            return body
        wrapper = str(request.operation.wrapper)
        return body | {wrapper: self.selected(request, body[wrapper])}

    @abstractmethod
    def selected(self, request: OperationRequest, record: Record) -> Record:
        """Return another record of a selection."""


class OneFieldIgnoredOnReads(_SelectedRead):
    name = "one-field-ignored-on-reads"
    does = "returns the whole record of a single read if one field is selected"
    breaks = "3.1 fields [B]: on all reads"

    def selected(self, request: OperationRequest, record: Record) -> Record:
        found = request.store.read(request.element, request.sourced_id)
        if found is None or request.query.fields is None or len(request.query.fields) > 1:
            return record
        return request.serializer.serialize(request.element, found, request.origin)


class SelectedListsJoined(_SelectedRead):
    name = "selected-lists-joined"
    does = "joins the texts of a list with commas if a single read selects fields"
    breaks = "5 data model, types [A]: a list is an array"

    def selected(self, request: OperationRequest, record: Record) -> Record:
        is_list = {each.name for each in request.element_definition.properties.values() if each.kind == "strings"}
        return {name: ",".join(value) if name in is_list else value for name, value in record.items()}


class SelectedDaysLost(_SelectedRead):
    name = "selected-days-lost"
    does = "leaves out dates and booleans that a single read selects"
    breaks = "3.4 field selection [B]: the requested fields"

    def selected(self, request: OperationRequest, record: Record) -> Record:
        kinds = {each.name: each.kind for each in request.element_definition.properties.values()}
        return {name: value for name, value in record.items() if kinds.get(name) not in ("date", "boolean")}


class SelectedAbsentRowsLost(Fault):
    name = "rows-without-selected-field-lost"
    does = "leaves out the rows that lack one of the selected fields"
    breaks = "3.1 fields [A]: the fields to return, not the rows"
    needs = Needs(without=SMALL_DATA | {"all-optional"})

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        names = request.query.fields
        return rows if names is None else FilteredRows(rows, lambda row: names <= row.keys())


class SortedHrefLost(Fault):
    name = "nested-sorted-href-lost"
    does = "leaves out the href of references in nested collections if there is a sort"
    breaks = "5.2 GUIDRef.href [A]: required"

    def body(self, request: OperationRequest, body: Record) -> Record:
        is_sorted = request.operation.scope is not None and request.query.sort is not None
        return _without_href(body) if is_sorted else body


class SelectedValuesShifted(Fault):
    name = "selected-values-shifted"
    does = "gives each record the field of the next one, if a page is sorted and selects another field than the id"
    breaks = "3.1 fields [A]: fields of the record"

    def body(self, request: OperationRequest, body: Record) -> Record:
        names = sorted((request.query.fields or set()) - {"sourcedId", "status", "dateLastModified"})
        if not request.operation.many or request.query.sort is None or not names:
            return body
        return _with_rows(request, body, lambda rows: _shifted(rows, names[0]))


def _shifted(rows: list[Record], name: str) -> list[Record]:
    others = [{name: row[name]} if name in row else {} for row in [*rows[1:], *rows[:1]]]
    kept = [{key: value for key, value in row.items() if key != name} for row in rows]
    return [{**row, **other} for row, other in zip(kept, others, strict=True)]


class SelectedStatusUnknown(Fault):
    name = "nested-selected-status-unknown"
    does = "has the status inactive in nested collections if fields are selected"
    breaks = "5.15 StatusType [A]: active or tobedeleted"

    def body(self, request: OperationRequest, body: Record) -> Record:
        if request.operation.scope is None or request.query.fields is None:
            return body
        changed = {"status": "inactive"}
        return _with_rows(request, body, lambda rows: [row | changed if "status" in row else row for row in rows])


class CategoriesUnlisted(Fault):
    name = "categories-unlisted"
    does = "lists no categories, although line items refer to them and each can be read"
    breaks = "2 endpoints [A]: /categories, all categories"
    needs = Needs(elements=frozenset({"Category"}), without=SMALL_DATA | NO_GRADEBOOK)

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        return FilteredRows(rows, lambda _: False) if request.element == "Category" else rows
