"""Faults of filters: operators and values are misinterpreted, or invalid filters are accepted."""

# ruff: noqa: ARG002  # hooks have a fixed signature

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from oneroster.sandbox.faults.altered_result_sets import FilteredRows, PagesFilteredAfterwards, RowsExceptLastActive
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.faults.unfiltered_replies import unfiltered_reply, unfiltered_rows
from oneroster.sandbox.http.responses import Problem, Reply, error_reply
from oneroster.sandbox.query.filter_parser import FilterSyntaxError, ParsedClause, ParsedFilter, parse_filter
from oneroster.sandbox.query.timestamps import parse_timestamp
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery, all_records
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet

_DAY: Final = 24 * 60 * 60 * 1_000_000
_OFFSET: Final = re.compile(r"[+-]\d\d:\d\d$")
_ALWAYS_TRUE: Final = re.compile(r"\bOR\b\W*'?1'?\W*(=|LIKE)", re.IGNORECASE)
_DESCRIPTION: Final = "the filter cannot be parsed"


class FilterFault(Fault, abstract=True):
    """Misinterprets clauses before the rows are selected."""

    def clause(self, clause: ParsedClause) -> ParsedClause:
        """Return the misinterpreted clause."""
        return clause

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        requested = row_query.query.filter
        if requested is None:
            return row_query
        misread = ParsedFilter(tuple(map(self.clause, requested.clauses)), requested.either)
        return row_query._replace(query=replace(row_query.query, filter=misread))


class FilterIgnored(Fault):
    name = "filter-ignored"
    does = "returns all rows of a collection and ignores the filter"
    breaks = "3.2 what can be filtered [A]: all collections"
    hides = frozenset({"filtered total"})

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        return row_query._replace(query=replace(row_query.query, filter=None))


class FilterWithinPage(Fault):
    name = "filter-within-page"
    does = "cuts the page from all rows, and then applies the filter to its rows"
    breaks = "3.1 limit and offset [A]: of the matching rows"
    needs = Needs(without=SMALL_DATA | {"page-cap"})
    hides = frozenset({"page", "links"})

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        query = request.query
        if query.filter is None:
            return rows
        operation, unfiltered = request.operation, replace(query, filter=None)
        every = RowQuery(request.element, operation.subset, operation.scope, request.ids, unfiltered)
        return PagesFilteredAfterwards(every.select(request.store), rows)


class UnequalAsEqual(FilterFault):
    name = "unequal-as-equal"
    does = "treats != as = for text and enumerations"
    breaks = "3.2 operator != [A]: not equal"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        textual = clause.field.kind in ("string", "enumeration") and clause.operator == "!="
        return replace(clause, operator="=") if textual else clause


class ContainsAsPrefix(Fault):
    name = "contains-as-prefix"
    does = "treats ~ as begins with"
    breaks = "3.2 operator ~ [A]: contains"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        return _matching(request, rows, lambda clause, text: text.casefold().startswith(clause.text.casefold()))


class BoundsExcluded(FilterFault):
    name = "bounds-excluded"
    does = "treats >= as > and <= as < for dates"
    breaks = "3.2 > < on dates [B]: >= and <= include the bound"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        return replace(clause, operator=clause.operator.rstrip("=") or "=") if _is_bound(clause, "date") else clause


class MomentsAsDays(FilterFault):
    name = "moments-as-days"
    does = "ignores the time of day of a date-time in a filter"
    breaks = "5.1 dateLastModified [A]: filterable, the basis of delta synchronisation"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        if clause.field.kind != "date-time" or not isinstance(clause.literal, int):
            return clause
        return replace(clause, literal=clause.literal // _DAY * _DAY)


class OffsetDropped(FilterFault):
    name = "offset-dropped"
    does = "treats a date-time with an offset in a filter as UTC"
    breaks = "3.2 date-time literals [B]: ISO 8601"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        if clause.field.kind != "date-time" or not _OFFSET.search(clause.text):
            return clause
        return replace(clause, literal=parse_timestamp(_OFFSET.sub("Z", clause.text)))


class NumbersComparedAsText(Fault):
    name = "numbers-compared-as-text"
    does = "compares numbers in a filter as text, so that 100 precedes 9"
    breaks = "3.2 > < on numbers [B]: numbers are compared by value"
    needs = Needs(elements=frozenset({"LineItem", "Result"}), without=SMALL_DATA | NO_GRADEBOOK)

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        requested = request.query.filter
        if requested is None or not all(
            _is_bound(clause, "number", ">", "<", ">=", "<=") for clause in requested.clauses
        ):
            return rows
        (clause,) = requested.clauses[:1]
        tests: dict[str, Callable[[str, str], bool]] = {">": str.__gt__, "<": str.__lt__, ">=": str.__ge__}
        test = tests.get(clause.operator, str.__le__)
        return FilteredRows(
            unfiltered_rows(request), lambda row: test(str(row.get(clause.field.property, "")), clause.text)
        )


class BooleansAsNumbers(FilterFault):
    name = "booleans-as-numbers"
    does = "matches booleans in a filter only as 1 and 0"
    breaks = "3.2 booleans compared as their text [B]"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        return replace(clause, literal=f"{clause.text}?") if clause.field.kind == "boolean" else clause


class ListEqualsAny(FilterFault):
    name = "list-equals-any"
    does = "matches a list by = if it holds one of several values"
    breaks = "3.2 list fields [B]: = requires all listed values"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        several = clause.field.many and clause.operator == "=" and "," in clause.text
        return replace(clause, operator="~") if several else clause


class DottedRefused(Fault):
    name = "dotted-refused"
    does = "rejects a filter on a field of a reference"
    breaks = "3.2 nested fields [B]: a dotted name selects a nested field"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        requested = request.query.filter
        dotted = [clause for clause in requested.clauses if clause.field.member is not None] if requested else []
        if not dotted:
            return reply
        problem = Problem(400, "invalid_filter_field", f"{dotted[0].field.property}.{dotted[0].field.member}")
        return error_reply(problem, operation_id=request.operation.operation_id)


class OrAsAnd(Fault):
    name = "or-as-and"
    does = "treats OR as AND"
    breaks = "3.2 logic AND and OR [A]: OR needs one of the two clauses"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        requested = row_query.query.filter
        if requested is None:
            return row_query
        return row_query._replace(query=replace(row_query.query, filter=replace(requested, either=False)))


class UnknownFilterIgnored(Fault):
    name = "unknown-filter-ignored"
    does = "returns all rows if the filter names a field that does not exist"
    breaks = "3.3 filter names an unknown field [A]: 400 and no data"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        error = _filter_error(request, reply)
        return unfiltered_reply(request) if request and error and error.unknown_field else reply


class MalformedFilterIgnored(Fault):
    name = "malformed-filter-ignored"
    does = "returns all rows if the filter cannot be parsed"
    breaks = "6.1 status 400 [A]: malformed parameter"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        error = _filter_error(request, reply)
        return unfiltered_reply(request) if request and error and error.field is None else reply


class MalformedFilterCrashes(Fault):
    name = "malformed-filter-crashes"
    does = "responds with 500 if the filter cannot be parsed"
    breaks = "6.1 status 500 [A]: unexpected failures only"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        error = _filter_error(request, reply)
        problem = Problem(500, "invalid data", _DESCRIPTION)
        return error_reply(problem) if error and error.field is None else reply


class LikeWildcards(Fault):
    name = "like-wildcards"
    does = "treats % and _ in the text of ~ as wildcards"
    breaks = "3.2 operator ~ [A]: contains the literal text"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        def matches_pattern(clause: ParsedClause, text: str) -> bool:
            pattern = re.escape(clause.text).replace("%", ".*").replace("_", ".")
            return re.search(pattern, text, re.IGNORECASE | re.DOTALL) is not None

        return _matching(request, rows, matches_pattern)


class InjectableFilter(Fault):
    name = "injectable-filter"
    does = "inserts the filter into its database query, so that an always-true condition returns every row"
    breaks = "6.1 status 400 [A]: malformed parameter"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        requested = dict(request.pairs).get("filter", "") if request else ""
        return (
            unfiltered_reply(request)
            if request and request.operation.many and _ALWAYS_TRUE.search(requested)
            else reply
        )


class FilterFindsHidden(Fault):
    name = "filter-finds-hidden"
    does = "leaves the last active course out of collections without a filter, and returns it with one"
    breaks = "3.2 filter [A]: selects from the collection"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        if request.element != "Course" or request.query.filter is not None:
            return rows
        return RowsExceptLastActive(rows, all_records(request.element).select(request.store))


def _is_bound(clause: ParsedClause, kind: str, *operators: str) -> bool:
    return clause.field.kind == kind and clause.operator in (operators or (">=", "<="))


def _matching(request: OperationRequest, rows: ResultSet, passes: Callable[[ParsedClause, str], bool]) -> ResultSet:
    """Return the rows that match a single ~ clause on text by another test; other filters are not changed."""
    requested = request.query.filter
    if requested is None or len(requested.clauses) > 1:
        return rows
    (clause,) = requested.clauses
    if clause.operator != "~" or clause.field.many or clause.field.member is not None:
        return rows

    def filter_condition(row: Record) -> bool:
        value: Any = row.get(clause.field.property)
        return isinstance(value, str) and passes(clause, value)

    return FilteredRows(unfiltered_rows(request), filter_condition)


def _filter_error(request: OperationRequest | None, reply: Reply) -> FilterSyntaxError | None:
    """Return the error in the filter of a rejected request."""
    if request is None or reply.status != 400 or not request.operation.many:
        return None
    try:
        parse_filter(
            dict(request.pairs).get("filter", "status='active'"), request.element_definition, request.specification
        )
    except FilterSyntaxError as error:
        return error
    return None
