"""Faults of queries that show with one value, one field, one page or one kind of collection."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Any, Final

from oneroster.sandbox.faults.altered_result_sets import FilteredRows, RepeatedRows, SortedRows
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.faults.filtering import FilterFault
from oneroster.sandbox.faults.unfiltered_replies import unfiltered_reply, unfiltered_rows, whole_page
from oneroster.sandbox.http.responses import Problem, Reply, error_reply
from oneroster.sandbox.query.filter_parser import ParsedClause, ParsedFilter
from oneroster.sandbox.query.timestamps import parse_timestamp
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery, all_records
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet

_NESTED: Final = SMALL_DATA | KIMONO | {"page-cap", "one-school"}
_WARNINGS: Final = frozenset({"warnings beside data"})
_SECOND: Final = 1_000_000
_DAY: Final = 24 * 60 * 60 * _SECOND


class IdBegins(Fault):
    name = "id-begins"
    does = "returns the records whose sourcedId begins with the value of a filter by ="
    breaks = "3.2 operator = [A]: equal"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        asked = request.query.filter
        starts = [
            each.text.casefold()
            for each in (asked.clauses if asked is not None and (asked.either or len(asked.clauses) == 1) else ())
            if each.operator == "=" and each.field.property == "sourcedId" and each.field.member is None
        ]
        if not starts:
            return rows
        held = {row["sourcedId"] for row in rows.page(0, rows.total)}
        return FilteredRows(
            unfiltered_rows(request),
            lambda row: row["sourcedId"] in held or row["sourcedId"].casefold().startswith(tuple(starts)),
        )


class SecondsCompared(Fault):
    name = "fractions-ignored"
    does = "compares dateLastModified without its fraction of a second"
    breaks = "3.2 date-times [B]: another precision than the server sends"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        asked = request.query.filter
        later = asked is not None and len(asked.clauses) == 1 and asked.clauses[0].operator == ">"
        if asked is None or not later or asked.clauses[0].field.property != "dateLastModified":
            return rows
        after = int(asked.clauses[0].literal) // _SECOND
        return FilteredRows(rows, lambda row: parse_timestamp(row["dateLastModified"]) // _SECOND > after)


class DueDaysEqual(Fault):
    name = "due-days-equal"
    does = "compares the day of dueDate if the operator of a filter is ="
    breaks = "3.2 operator = [A]: equal"
    needs = Needs(elements=frozenset({"LineItem"}), without=SMALL_DATA | NO_GRADEBOOK)

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        asked = request.query.filter
        days = {
            int(each.literal) // _DAY
            for each in (asked.clauses if asked is not None and (asked.either or len(asked.clauses) == 1) else ())
            if each.operator == "=" and each.field.property == "dueDate"
        }
        if not days:
            return rows
        return FilteredRows(unfiltered_rows(request), lambda row: parse_timestamp(row["dueDate"]) // _DAY in days)


class NestedDaysCompared(FilterFault):
    name = "nested-days-compared"
    does = "compares the day of dateLastModified in nested collections"
    breaks = "5.1 dateLastModified [A]: filterable, by its instant"
    needs = Needs(without=_NESTED)

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        return super().row_query(request, row_query) if request.operation.scope is not None else row_query

    def clause(self, clause: ParsedClause) -> ParsedClause:
        if clause.field.property != "dateLastModified" or clause.operator not in (">=", "<"):
            return clause
        return replace(clause, literal=int(clause.literal) // _DAY * _DAY)


class EndExcluded(FilterFault):
    name = "end-excluded"
    does = "leaves out the records with the value of a filter by endDate<="
    breaks = "3.2 <= on dates [B]: the value itself matches"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        bound = clause.field.property == "endDate" and clause.operator == "<="
        return replace(clause, operator="<") if bound else clause


class NestedFieldsUnfiltered(Fault):
    name = "nested-fields-unfiltered"
    does = "ignores a filter of a nested collection by another field than the id, the status and the date of change"
    breaks = "3.2 what can be filtered [A]: any data element"
    needs = Needs(without=_NESTED)

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        asked = row_query.query.filter
        if request.operation.scope is None or asked is None:
            return row_query
        kept = tuple(each for each in asked.clauses if each.field.member or each.field.property in _OF_ALL)
        other = ParsedFilter(kept, asked.either) if kept else None
        return row_query._replace(query=replace(row_query.query, filter=other))


_OF_ALL: Final = frozenset({"sourcedId", "status", "dateLastModified"})


class UnknownFilterOfCourses(Fault):
    name = "nested-unknown-filter-served"
    does = "ignores a filter by an unknown field in nested collections of courses"
    breaks = "3.3 filter names an unknown field [A]: 400 and no data"
    needs = Needs(without=_NESTED)

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        nested = request is not None and request.element == "Course" and request.operation.scope is not None
        if request is None or not nested or reply.status != 400:
            return reply
        unknown = any(entry["imsx_codeMinor"] == "invalid_filter_field" for entry in reply.body["statusInfoSet"])
        return unfiltered_reply(request) if unknown else reply


class FilterErrorsSucceed(Fault):
    name = "filter-errors-succeed"
    does = "says success in the status payload of a 400 for the field of a filter"
    breaks = "6.2 code values [A]: failure and error"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        asked = request is not None and any(name == "filter" for name, _ in request.pairs)
        if not asked or reply.status != 400:
            return reply
        entries = [entry | {"imsx_codeMajor": "success"} for entry in reply.body["statusInfoSet"]]
        return replace(reply, body={"statusInfoSet": entries})


class StartDaysFirst(Fault):
    name = "start-sorted-by-day"
    does = "sorts startDate by the day of the month first"
    breaks = "3.1 sort [A]: the order of the values"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        name, descending = request.query.sort or ("", False)
        if name != "startDate":
            return rows
        return SortedRows(rows, lambda row: "".join(reversed(row["startDate"].split("-"))), descending=descending)


class ClassTypesUnsorted(Fault):
    name = "class-types-unsorted"
    does = "ignores a sort of classes by classType"
    breaks = "3.1 sort [A]: a single field"
    needs = Needs(without=SMALL_DATA | {"no-optional"})

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        sort = row_query.query.sort
        if sort is None or sort[0] != "classType":
            return row_query
        return row_query._replace(query=replace(row_query.query, sort=None))


class DemographicsSortRefused(Fault):
    name = "demographics-sort-refused"
    does = "rejects a sort of demographics by a field that does not exist"
    breaks = "3.3 sort names an unknown field [A]: 200 with all data"
    needs = Needs(features=_WARNINGS, without=SMALL_DATA | KIMONO)

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        unknown = request.query.sort is None and any(name == "sort" for name, _ in request.pairs)
        if request.element != "Demographics" or not unknown:
            return reply
        problem = Problem(400, "invalid_sort_field", "this field does not exist")
        return error_reply(problem, operation_id=request.operation.operation_id)


class SortOfSelected(Fault):
    name = "sort-of-selected-only"
    does = "ignores a sort by a field that is not selected"
    breaks = "3.1 sort and fields [A]: both apply"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        sort, fields = row_query.query.sort, row_query.query.fields
        if sort is None or fields is None or sort[0] in fields:
            return row_query
        return row_query._replace(query=replace(row_query.query, sort=None))


class NestedSortDropsAbsent(Fault):
    name = "nested-sort-drops-absent"
    does = "leaves out the rows of a nested collection that do not have the field of the sort"
    breaks = "3.1 sort [A]: sorting changes the order and keeps all rows"
    needs = Needs(without=_NESTED | {"all-optional", "no-optional"})

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        if request.operation.scope is None or request.query.sort is None:
            return rows
        name = request.query.sort[0]
        return rows if "." in name else FilteredRows(rows, lambda row: name in row)


class DemographicsBadId(Fault):
    name = "demographics-id-refused"
    does = "returns 400 for demographics of an unknown id"
    breaks = "6.1 404 [A]: reading a sourcedId that was never assigned"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.element != "Demographics" or reply.status != 404:
            return reply
        problem = Problem(400, "invalid data", "this id has no demographics")
        return error_reply(problem, operation_id=request.operation.operation_id)


class LaterFieldsIgnored(Fault):
    name = "later-fields-ignored"
    does = "ignores fields on pages with an offset"
    breaks = "3.4 field selection [B]: the requested fields"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def body(self, request: OperationRequest, body: Record) -> Record:
        asked = request.query
        if not request.operation.many or asked.fields is None or not asked.offset:
            return body
        return body | {str(request.operation.wrapper): whole_page(request)}


class EitherLostLater(Fault):
    name = "either-lost-later"
    does = "reads OR in a filter as AND on pages with an offset"
    breaks = "3.2 logic OR [A]: at least one clause"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        asked = row_query.query.filter
        if asked is None or not asked.either or not row_query.query.offset:
            return row_query
        return row_query._replace(query=replace(row_query.query, filter=ParsedFilter(asked.clauses)))


class NoMatchIsNull(Fault):
    name = "no-match-is-null"
    does = "returns null instead of an empty array for a filter that no record matches"
    breaks = "2 wrapper summary [A]: an array"

    def body(self, request: OperationRequest, body: Record) -> Record:
        wrapper = str(request.operation.wrapper)
        empty = request.operation.many and request.query.filter is not None and not body[wrapper]
        return body | {wrapper: None} if empty else body


class EmptyValueIgnored(Fault):
    name = "empty-value-ignored"
    does = "ignores a filter with an empty value"
    breaks = "3.2 operator = [A]: equal"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        asked = row_query.query.filter
        if asked is None or all(clause.text for clause in asked.clauses):
            return row_query
        return row_query._replace(query=replace(row_query.query, filter=None))


class EmailEqualsPart(FilterFault):
    name = "email-equals-part"
    does = "treats = as ~ for the email of users"
    breaks = "3.2 operator = [A]: equal"
    needs = Needs(without=SMALL_DATA | {"no-optional"})

    def clause(self, clause: ParsedClause) -> ParsedClause:
        return replace(clause, operator="~") if clause.field.property == "email" and clause.operator == "=" else clause


class SortByListRepeats(Fault):
    name = "sort-by-list-repeats"
    does = "returns a record once for each entry of the list that it is sorted by"
    breaks = "3.1 sort [A]: sorting changes the order and keeps all rows"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        name = next((value for given, value in request.pairs if given == "sort"), "")
        if request.query.sort is not None or not name:
            return rows
        return RepeatedRows(rows, lambda row: len(row[name]) if isinstance(row.get(name), list) else 1)


class ListSearchRepeats(Fault):
    name = "list-search-repeats"
    does = "returns a record once for each entry of a list that a filter by ~ finds"
    breaks = "3.2 list fields [B]: any of the values"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        asked = request.query.filter
        if asked is None or len(asked.clauses) > 1 or not asked.clauses[0].field.many or asked.clauses[0].field.member:
            return rows
        clause = asked.clauses[0]
        wanted = set(clause.text.split(",")) if clause.operator == "~" else set()
        return RepeatedRows(rows, lambda row: len(wanted.intersection(row.get(clause.field.property, ()))) or 1)


class SingleReferencesShort(Fault):
    name = "single-references-short"
    does = "leaves the href out of the references of a single read when fields are selected"
    breaks = "5.2 GUIDRef.href [A]: required"

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.query.fields is None or request.operation.many:
            return record
        return {name: _without_href(value) for name, value in record.items()}


def _without_href(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_href(each) for each in value]
    return {name: each for name, each in value.items() if name != "href"} if isinstance(value, dict) else value


class SingleSelectionFirst(Fault):
    name = "single-selection-of-first"
    does = "returns the first record of a collection for every single read with fields"
    breaks = "3.4 field selection [B]: the values of the record"

    def single_record(self, request: OperationRequest, record: Record) -> Record:
        return (
            record if request.query.fields is None else all_records(request.element).select(request.store).page(0, 1)[0]
        )
