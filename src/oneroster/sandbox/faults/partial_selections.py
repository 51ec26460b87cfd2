"""Faults on a part of the reads: single reads with fields, lists without tombstones, default pages, warnings."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Any, Final

from oneroster.sandbox.faults.altered_result_sets import FilteredRows
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, SMALL_DATA, Needs
from oneroster.sandbox.faults.target_records import is_active
from oneroster.sandbox.faults.unfiltered_replies import unfiltered_reply
from oneroster.sandbox.http.link_header import PageWindow
from oneroster.sandbox.http.responses import Problem, Reply, error_reply
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery
from oneroster.sandbox.store.result_sets import ResultSet

_WARNINGS: Final = frozenset({"warnings beside data"})
_LISTED: Final = SMALL_DATA | KIMONO | {"page-cap", "one-school"}
_SELECTED: Final = Needs(without=SMALL_DATA | {"all-optional", "no-optional"})
_FEW: Final = 10


def _codes(reply: Reply) -> set[str]:
    entries = reply.body.get("statusInfoSet", ()) if isinstance(reply.body, dict) else ()
    return {entry["imsx_codeMinor"] for entry in entries}


def _with_codes(reply: Reply, **codes: str) -> Reply:
    entries = [entry | codes for entry in reply.body["statusInfoSet"]]
    return replace(reply, body={**reply.body, "statusInfoSet": entries})


class WarningSaysError(Fault):
    name = "warning-says-error"
    does = "sends warnings beside the data with the severity error"
    breaks = "3.3 sort or fields names an unknown field [A]: success and warning"
    needs = Needs(features=_WARNINGS)

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return _with_codes(reply, imsx_severity="error") if reply.status == 200 and _codes(reply) else reply


class NotFoundSaysFullSuccess(Fault):
    name = "not-found-says-full-success"
    does = "sends the code minor of full success with 404"
    breaks = "6.2 code values [A]: unknown object"
    needs = Needs(features=_WARNINGS)

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return _with_codes(reply, imsx_codeMinor="full success") if reply.status == 404 and _codes(reply) else reply


class UnknownFieldsRefusedOnSingles(Fault):
    name = "unknown-fields-refused-on-singles"
    does = "rejects a single read with an unknown name in fields"
    breaks = "3.1 fields on single reads [B]; 3.3 an unknown name is a warning"
    needs = Needs(features=_WARNINGS)

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        single = request is not None and not request.operation.many and reply.status == 200
        refused = single and "invalid_selection_field" in _codes(reply)
        return error_reply(Problem(400, "invalid_selection_field", "unknown")) if refused else reply


class BlankFieldsServedOnSingles(Fault):
    name = "blank-fields-served-on-singles"
    does = "returns the whole record for a single read with blank fields"
    breaks = "3.3 fields is blank [B]: 400"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.many or reply.status != 400:
            return reply
        return unfiltered_reply(request) if ("fields", "") in request.pairs else reply


class NullForAbsent(Fault):
    name = "null-for-absent"
    does = "sends null for selected fields that a record of a collection does not have"
    breaks = "3.4 field selection [B]: the requested fields of the record"
    needs = _SELECTED

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if request.query.fields is None:
            return reply
        wrapper = str(request.operation.wrapper)
        rows = [dict.fromkeys(sorted(request.query.fields)) | row for row in reply.body[wrapper]]
        return replace(reply, body={**reply.body, wrapper: rows})


class NullForAbsentOnSingles(Fault):
    name = "null-for-absent-on-singles"
    does = "sends null for selected fields that a single record does not have"
    breaks = "3.4 field selection [B]: the requested fields of the record"
    needs = _SELECTED

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.many or reply.status != 200 or request.query.fields is None:
            return reply
        wrapper = str(request.operation.wrapper)
        record: Any = dict.fromkeys(sorted(request.query.fields)) | reply.body[wrapper]
        return replace(reply, body={**reply.body, wrapper: record})


class SpecialWithoutTombstones(Fault):
    name = "special-without-tombstones"
    does = "leaves records that are tobedeleted out of specialised collections"
    breaks = "2 specialised endpoints [B]: all records of that role or type"
    needs = Needs(without=_LISTED)

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        special = request.operation.subset is not None and request.operation.scope is None
        return FilteredRows(rows, is_active) if special else rows


class NestedWithoutTombstones(Fault):
    name = "nested-without-tombstones"
    does = "leaves enrollments and classes that are tobedeleted out of nested collections"
    breaks = "2 nested endpoints [B]: all rows of the parent in the path"
    needs = Needs(without=_LISTED)

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        nested = request.operation.scope is not None and request.element in ("Class", "Enrollment")
        return FilteredRows(rows, is_active) if nested else rows


class NestedDefaultOfTen(Fault):
    name = "nested-default-of-ten"
    does = "returns ten rows of a nested collection if the request has no limit"
    breaks = "3.1 limit, default 100 [A]"
    needs = Needs(without=_LISTED)

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        given = any(name == "limit" for name, _ in request.pairs)
        return window if given or request.operation.scope is None else window._replace(limit=_FEW)


class NextLinkBeyondEnd(Fault):
    name = "next-link-beyond-end"
    does = "sends a next link with an empty page beyond the last row"
    breaks = "4 Link rules [B]: next continues the collection"
    needs = Needs(without=_LISTED | {"no-links"})
    hides = frozenset({"links"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        offset, limit = request.query.offset, request.query.limit
        if not total or offset < total:
            return reply
        link = f'<{request.url}?limit={limit}&offset={offset + limit}>; rel="next"'
        return replace(reply, headers={**reply.headers, "Link": link})


class FilteredWrapperByPath(Fault):
    name = "filtered-wrapper-by-path"
    does = "puts filtered schools under the key schools"
    breaks = "2 wrapper summary [A]: orgs"
    hides = frozenset({"wrapper"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        schools = request is not None and request.operation.operation_id == "getAllSchools" and reply.status == 200
        if request is None or not schools or request.query.filter is None:
            return reply
        body = {("schools" if name == "orgs" else name): value for name, value in reply.body.items()}
        return replace(reply, body=body)


class NestedNullWhenEmpty(Fault):
    name = "nested-null-when-empty"
    does = "sends null instead of an empty array beyond the last row of nested collections"
    breaks = "2 wrapper summary [A]: an array"
    needs = Needs(without=_LISTED)
    hides = frozenset({"wrapper"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        wrapper = str(request.operation.wrapper)
        empty = request.operation.scope is not None and total > 0 and not reply.body[wrapper]
        return replace(reply, body={**reply.body, wrapper: None}) if empty else reply


class StartSortedByTitle(Fault):
    name = "start-sorted-by-title"
    does = "sorts sessions by their title if they are sorted by startDate"
    breaks = "3.1 sort [A]: a single field"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        sort = row_query.query.sort
        if sort is None or sort[0] != "startDate":
            return row_query
        return row_query._replace(query=replace(row_query.query, sort=("title", sort[1])))


class UnselectedSortCrashes(Fault):
    name = "unselected-sort-crashes"
    does = "responds with 500 to a sort by a field that fields does not name"
    breaks = "6.1 status 500 [A]: unexpected failures only"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        sort, fields = request.query.sort, request.query.fields
        crashes = sort is not None and fields is not None and sort[0] not in fields
        return error_reply(Problem(500, "invalid data", "unexpected failure")) if crashes else reply
