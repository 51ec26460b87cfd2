"""Faults of field selection: wrong fields are returned, or errors and warnings are missing."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Final

from oneroster.sandbox.faults.altered_result_sets import FilteredRows
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import Needs
from oneroster.sandbox.faults.unfiltered_replies import unfiltered_reply, whole_page
from oneroster.sandbox.http.responses import Problem, Reply, error_reply
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.store.result_sets import ResultSet

_UNKNOWN: Final = "invalid_selection_field"
_BLANK: Final = "invalid_blank_selection_field"


class FieldsIgnored(Fault):
    name = "fields-ignored"
    does = "returns full records in collections and ignores fields"
    breaks = "3.4 field selection [B]: exactly the requested fields"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if request.query.fields is None or request.query.filter is not None:
            return reply
        return replace(reply, body=reply.body | {str(request.operation.wrapper): whole_page(request)})


class FieldsKeepId(Fault):
    name = "fields-keep-id"
    does = "always returns the sourcedId of the records of a collection, even if fields does not name it"
    breaks = "3.4 field selection [B]: other fields are omitted, even mandatory ones"
    hides = frozenset({"wrapper"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if request.query.fields is None or request.query.filter is not None or reply.status != 200:
            return reply
        wrapper = request.operation.wrapper or ""
        pairs = zip(whole_page(request), reply.body[wrapper], strict=False)
        rows = [{"sourcedId": full["sourcedId"]} | served for full, served in pairs]
        return replace(reply, body=reply.body | {wrapper: rows})


class FieldsIgnoredOnSingles(Fault):
    name = "fields-ignored-on-singles"
    does = "returns the full record in a single read and ignores fields"
    breaks = "3.1 fields [B]: applies to single reads as well"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        single = request is not None and not request.operation.many and reply.status == 200
        return unfiltered_reply(request) if request and single and request.query.fields is not None else reply


class UnknownFieldsRefused(Fault):
    name = "unknown-fields-refused"
    does = "rejects fields with a name that does not exist"
    breaks = "3.3 fields names an unknown field [A]: 200 with the data"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if not _has_code(reply, 200, _UNKNOWN):
            return reply
        return error_reply(Problem(400, _UNKNOWN, "this field does not exist"))


class UnknownFieldsSilent(Fault):
    name = "unknown-fields-silent"
    does = "sends no warning if a name in fields does not exist"
    breaks = "3.3 fields names an unknown field [B]: a warning beside the data"
    needs = Needs(features=frozenset({"warnings beside data"}))

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if not _has_code(reply, 200, _UNKNOWN):
            return reply
        return replace(reply, body={name: data for name, data in reply.body.items() if name != "statusInfoSet"})


class BlankFieldsServed(Fault):
    name = "blank-fields-served"
    does = "returns full records if fields is blank"
    breaks = "3.3 fields is blank [B]: 400"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return unfiltered_reply(request) if request and _has_code(reply, 400, _BLANK) else reply


class FieldsBeforeFilter(Fault):
    name = "fields-before-filter"
    does = "applies fields before the filter, so that a filter on other fields matches nothing"
    breaks = "3.1 filter and fields [A]: fields selects properties, the filter selects records"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        fields, filter_ = request.query.fields, request.query.filter
        if fields is None or filter_ is None:
            return rows
        is_missing = any(clause.field.property not in fields for clause in filter_.clauses)
        return FilteredRows(rows, lambda _: False) if is_missing else rows


def _has_code(reply: Reply, status: int, code_minor: str) -> bool:
    entries = reply.body.get("statusInfoSet", ()) if isinstance(reply.body, dict) else ()
    return reply.status == status and any(entry["imsx_codeMinor"] == code_minor for entry in entries)
