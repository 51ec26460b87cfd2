"""Faults of filters, sorts and selections that show with one field, one operator or one combination."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Any, Final

from oneroster.sandbox.faults.altered_result_sets import FilteredRows
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.faults.filtering import FilterFault
from oneroster.sandbox.faults.unfiltered_replies import unfiltered_reply, unfiltered_rows
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, error_reply
from oneroster.sandbox.query.filter_parser import ParsedClause
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery, parameter_of
from oneroster.sandbox.store.result_sets import ResultSet

_WARNINGS: Final = frozenset({"warnings beside data"})
_NESTED: Final = SMALL_DATA | KIMONO | {"one-school", "no-nested", "page-cap"}
_GRADES: Final = Needs(without=SMALL_DATA | NO_GRADEBOOK)
_USERS: Final = Needs(without=SMALL_DATA | {"one-school"})
_REVERSED: Final = {">": "<", "<": ">", ">=": "<=", "<=": ">="}


def _codes(reply: Reply) -> set[str]:
    entries = reply.body.get("statusInfoSet", ()) if isinstance(reply.body, dict) else ()
    # Another fault may send one object in place of the array.
    return {entry["imsx_codeMinor"] for entry in ([entries] if isinstance(entries, dict) else entries)}


class EmailFilterReadsUsername(FilterFault):
    name = "email-filter-reads-username"
    does = "compares the username in a filter by email"
    breaks = "3.2 what can be filtered [A]: any data element"
    needs = _USERS

    def clause(self, clause: ParsedClause) -> ParsedClause:
        by_email = clause.field.property == "email"
        return replace(clause, field=replace(clause.field, property="username")) if by_email else clause


class DueFilterReadsAssigned(FilterFault):
    name = "due-filter-reads-assigned"
    does = "compares the assignDate in a filter by dueDate"
    breaks = "3.2 > < on date-times [B]; what can be filtered [A]: any data element"
    needs = _GRADES

    def clause(self, clause: ParsedClause) -> ParsedClause:
        by_due = clause.field.property == "dueDate"
        return replace(clause, field=replace(clause.field, property="assignDate")) if by_due else clause


class BeginBoundsExcluded(FilterFault):
    name = "begin-bounds-excluded"
    does = "treats >= as > and <= as < for the beginDate of enrollments"
    breaks = "3.2 > < on dates [B]: >= and <= include the value"
    needs = Needs(without=SMALL_DATA)

    def clause(self, clause: ParsedClause) -> ParsedClause:
        bounded = clause.field.property == "beginDate" and clause.operator in (">=", "<=")
        return replace(clause, operator=clause.operator[0]) if bounded else clause


class ScoresReversed(FilterFault):
    name = "scores-reversed"
    does = "treats > as < and < as > for scores"
    breaks = "3.2 > < on numbers [B]"
    needs = _GRADES

    def clause(self, clause: ParsedClause) -> ParsedClause:
        scored = clause.field.property == "score" and clause.operator in _REVERSED
        return replace(clause, operator=_REVERSED[clause.operator]) if scored else clause


class WordsPartlyEqual(FilterFault):
    name = "words-partly-equal"
    does = "treats = as ~ for the scoreStatus of results"
    breaks = "3.2 operator = [A]: equal"
    needs = _GRADES

    def clause(self, clause: ParsedClause) -> ParsedClause:
        equal = clause.field.property == "scoreStatus" and clause.operator == "="
        return replace(clause, operator="~") if equal else clause


class AsciiCaseOnly(Fault):
    name = "ascii-case-only"
    does = "ignores the case of ASCII letters only in a filter with ~"
    breaks = "3.2 ~ on strings [B]: case-insensitive"
    needs = _USERS

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        asked = request.query.filter
        clause = asked.clauses[0] if asked is not None and len(asked.clauses) == 1 else None
        if (
            clause is None
            or clause.operator != "~"
            or clause.text.isascii()
            or clause.field.many
            or clause.field.member
        ):
            return rows
        text = _ascii_lower(clause.text)
        return FilteredRows(rows, lambda row: text in _ascii_lower(str(row.get(clause.field.property))))


def _ascii_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


class SecondOperatorLost(Fault):
    name = "second-operator-lost"
    does = "reads the second clause of a filter with ="
    breaks = "3.2 logic [A]: two clauses, each with its operator"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        asked = row_query.query.filter
        if asked is None or len(asked.clauses) == 1 or asked.clauses[1].operator != "!=":
            return row_query
        clauses = (asked.clauses[0], replace(asked.clauses[1], operator="="))
        return row_query._replace(query=replace(row_query.query, filter=replace(asked, clauses=clauses)))


class UnknownFilterBesideSort(Fault):
    name = "unknown-filter-beside-sort"
    does = "ignores a filter by an unknown field if there is a sort"
    breaks = "3.3 filter names an unknown field [A]: 400 and no data"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        rejected = request is not None and request.operation.many and "invalid_filter_field" in _codes(reply)
        beside = rejected and request is not None and parameter_of(request, "sort") is not None
        return unfiltered_reply(request) if request is not None and beside else reply


class UnknownSearchEmpty(Fault):
    name = "unknown-search-empty"
    does = "returns an empty array for a filter by an unknown field with ~"
    breaks = "3.3 filter names an unknown field [A]: 400"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        rejected = request is not None and request.operation.many and "invalid_filter_field" in _codes(reply)
        if request is None or not rejected or "~" not in (parameter_of(request, "filter") or ""):
            return reply
        return Reply(200, {str(request.operation.wrapper): []}, {"X-Total-Count": "0"})


class UnknownSortDropsFilter(Fault):
    name = "unknown-sort-drops-filter"
    does = "ignores the filter if the sort names an unknown field"
    breaks = "3.3 sort names an unknown field [A]: in another order, the same rows"
    needs = Needs(without=_NESTED, features=_WARNINGS)

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        unknown = parameter_of(request, "sort") is not None and row_query.query.sort is None
        return row_query._replace(query=replace(row_query.query, filter=None)) if unknown else row_query


class UnknownSelectionCut(Fault):
    name = "nested-unknown-selection-cut"
    does = "returns only the known fields of nested records if fields has an unknown name"
    breaks = "3.3 fields names an unknown field: all fields; certified servers return the known ones [B]"
    needs = Needs(without=_NESTED, features=_WARNINGS)

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if request.operation.scope is None or "invalid_selection_field" not in _codes(reply):
            return reply
        names = set((parameter_of(request, "fields") or "").split(","))
        wrapper = str(request.operation.wrapper)
        rows = [{name: value for name, value in row.items() if name in names} for row in reply.body[wrapper]]
        return replace(reply, body={**reply.body, wrapper: rows})


class NestedReferenceIgnored(Fault):
    name = "nested-reference-ignored"
    does = "ignores a filter by the id of a reference in nested collections"
    breaks = "3.2 nested fields [B]"
    needs = Needs(without=_NESTED)

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        asked = row_query.query.filter
        dotted = asked is not None and any(clause.field.member == "sourcedId" for clause in asked.clauses)
        if request.operation.scope is None or not dotted:
            return row_query
        return row_query._replace(query=replace(row_query.query, filter=None))


class MetadataRefused(Fault):
    name = "metadata-refused"
    does = "rejects a filter by a key of the metadata"
    breaks = "3.2 nested fields [B]: metadata.x"
    needs = Needs(without=SMALL_DATA)

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        named = (parameter_of(request, "filter") or "").startswith("metadata.")
        return error_reply(Problem(400, "invalid_filter_field", "metadata")) if named else reply


class RolesFilterIgnored(Fault):
    name = "roles-filter-ignored"
    does = "returns all users for a filter by roles.role"
    breaks = "3.2 dotted paths [B]: roles.role"
    needs = Needs(without=SMALL_DATA, features=frozenset({"roles and profiles of users"}))

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        asked = request.query.filter
        by_role = asked is not None and all(
            clause.field.property == "roles" and clause.field.member == "role" for clause in asked.clauses
        )
        return unfiltered_rows(request) if by_role else rows


class NestedLimitCrashes(Fault):
    name = "nested-limit-crashes"
    does = "responds with 500 to a limit of letters on a nested collection"
    breaks = "6.1 status 500 [A]: unexpected failures only"
    needs = Needs(without=_NESTED)

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        nested = request is not None and request.operation.scope is not None
        crashed = nested and (parameter_of(request, "limit") or "1").isalpha()
        return error_reply(Problem(500, "invalid data", "crashed")) if crashed else reply


class DescendingDropsAbsent(Fault):
    name = "descending-drops-absent"
    does = "leaves out the rows without the sort field in descending order"
    breaks = "3.1 sort [A]: a collection in another order"
    needs = Needs(without=SMALL_DATA | {"all-optional"})

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        sort = request.query.sort
        if sort is None or not sort[1]:
            return rows
        return FilteredRows(rows, lambda row: row.get(sort[0]) is not None)


class SelectionWithSortField(Fault):
    name = "selection-with-sort-field"
    does = "returns the field of the sort as well if it is not selected"
    breaks = "3.4 field selection [B]: exactly the requested fields"
    needs = Needs(without=SMALL_DATA)

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        names, sort = request.query.fields, request.query.sort
        if names is None or sort is None or sort[0] in names:
            return reply
        wrapper = str(request.operation.wrapper)
        rows = [{**row, sort[0]: "2026-01-01T00:00:00.000Z"} for row in reply.body[wrapper]]
        return replace(reply, body={**reply.body, wrapper: rows})


class SelectedReferencesFlat(Fault):
    name = "selected-references-flat"
    does = "sends a reference as the id alone if it is selected"
    breaks = "5.2 GUIDRef [A]: an object"
    needs = Needs(without=SMALL_DATA)

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if request.query.fields is None:
            return reply
        wrapper = str(request.operation.wrapper)
        rows = [{name: _flat(value) for name, value in row.items()} for row in reply.body[wrapper]]
        return replace(reply, body={**reply.body, wrapper: rows})


def _flat(value: Any) -> Any:
    return value["sourcedId"] if isinstance(value, dict) and "sourcedId" in value else value


class SelectedStatusMadeUp(Fault):
    name = "selected-status-made-up"
    does = "sends the status active for every record if the status is selected"
    breaks = "3.4 field selection [B]: the requested fields of the record"
    needs = Needs(without=SMALL_DATA)

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if "status" not in (request.query.fields or ()) or "sourcedId" in (request.query.fields or ()):
            return reply
        wrapper = str(request.operation.wrapper)
        rows = [{**row, "status": "active"} for row in reply.body[wrapper]]
        return replace(reply, body={**reply.body, wrapper: rows})


class SmallestPageEmpty(Fault):
    name = "smallest-page-empty"
    does = "returns an empty page for limit=1"
    breaks = "3.1 limit [A]: the number of records on a page"
    needs = Needs(without=SMALL_DATA)

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if [name for name, _ in request.pairs if name != "offset"] != ["limit"] or request.query.limit != 1:
            return reply
        return replace(reply, body={**reply.body, str(request.operation.wrapper): []})


class NotFoundSaysInvalidData(Fault):
    name = "not-found-says-invalid-data"
    does = "sends the code minor of invalid data with 404"
    breaks = "6.2 code values [A]: unknown object"
    needs = Needs(without=SMALL_DATA | {"no-minor-codes"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if reply.status != 404 or not _codes(reply):
            return reply
        entries = [{**entry, "imsx_codeMinor": "invalid data"} for entry in reply.body["statusInfoSet"]]
        return replace(reply, body={**reply.body, "statusInfoSet": entries})


class UsernameBegins(FilterFault):
    name = "username-begins"
    does = "compares only the beginning of the username with the value of a filter with ~"
    breaks = "3.2 operator ~ [A]: contains"
    needs = _USERS

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        asked = request.query.filter
        clause = asked.clauses[0] if asked is not None and len(asked.clauses) == 1 else None
        if clause is None or clause.field.property != "username" or clause.operator != "~":
            return rows
        text = clause.text.casefold()
        return FilteredRows(rows, lambda row: str(row.get("username")).casefold().startswith(text))


class ClassSchoolReadsCourse(FilterFault):
    name = "class-school-reads-course"
    does = "compares the course in a filter by the school of a class"
    breaks = "3.2 nested fields [B]: school.sourcedId"
    needs = _USERS

    def clause(self, clause: ParsedClause) -> ParsedClause:
        by_school = clause.field.property == "school" and clause.field.member == "sourcedId"
        return replace(clause, field=replace(clause.field, property="course")) if by_school else clause

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        whole = request.element == "Class" and request.operation.scope is None
        return super().row_query(request, row_query) if whole else row_query


class SubjectsSearchedAsEqual(FilterFault):
    name = "subjects-searched-as-equal"
    does = "treats ~ as = for subjects, so that all values must be there"
    breaks = "3.2 list fields [B]: ~ any of them"
    needs = _USERS

    def clause(self, clause: ParsedClause) -> ParsedClause:
        searched = clause.field.property == "subjects" and clause.operator == "~"
        return replace(clause, operator="=") if searched else clause


class SingleSelectionCut(Fault):
    name = "single-selection-cut"
    does = "sends dateLastModified without its time in a single read with fields"
    breaks = "1 encodings [A]: a dateTime has a time"
    hides = frozenset({"selected record"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.many or reply.status != 200 or request.query.fields is None:
            return reply
        wrapper = str(request.operation.wrapper)
        record = {
            name: value[:10] if name == "dateLastModified" else value for name, value in reply.body[wrapper].items()
        }
        return replace(reply, body={**reply.body, wrapper: record})


class SelectedPageShort(Fault):
    name = "selected-page-short"
    does = "leaves the last row out of pages with fields and no filter"
    breaks = "3.1 limit and fields [A]: the rows of the page"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        wrapper = str(request.operation.wrapper)
        if request.query.fields is None or request.query.filter is not None or len(reply.body[wrapper]) < 2:
            return reply
        return replace(reply, body={**reply.body, wrapper: reply.body[wrapper][:-1]})


class DescriptionListed(Fault):
    name = "description-listed"
    does = "sends the description of its status objects as a list"
    breaks = "3.5 imsx_description [A]: a text"
    needs = Needs(features=frozenset({"nested minor codes"}))

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if not isinstance(reply.body, dict) or "imsx_description" not in reply.body:
            return reply
        return replace(reply, body={**reply.body, "imsx_description": [reply.body["imsx_description"]]})


class ScaleTypeIgnored(Fault):
    name = "scale-type-ignored"
    does = "ignores a filter by the type of a score scale"
    breaks = "3.2 operators [B]"
    needs = Needs(features=frozenset({"score scales"}), without=SMALL_DATA | NO_GRADEBOOK)

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        asked = row_query.query.filter
        by_type = asked is not None and any(clause.field.property == "type" for clause in asked.clauses)
        if request.element != "ScoreScale" or not by_type:
            return row_query
        return row_query._replace(query=replace(row_query.query, filter=None))
