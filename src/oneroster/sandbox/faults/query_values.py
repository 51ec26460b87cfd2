"""Faults of values and names in queries: fields that cannot be asked for, values that are read otherwise."""

# ruff: noqa: ARG002  # hooks have a fixed signature

import re
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import SMALL_DATA, Needs
from oneroster.sandbox.faults.filtering import FilterFault
from oneroster.sandbox.faults.unfiltered_replies import unfiltered_reply
from oneroster.sandbox.http.responses import Problem, Reply, error_reply
from oneroster.sandbox.query.filter_parser import ParsedClause
from oneroster.sandbox.requests.operation_request import OperationRequest, parameter_of
from oneroster.sandbox.serialization import Record

_RARE: Final = frozenset({"identifier", "classCode", "location", "vendorId"})
"""Fields that a server with a list of allowed fields may have forgotten."""
_FIELD: Final = re.compile(r"[A-Za-z]+")
_WORD_IN_VALUE: Final = re.compile(r"[A-Za-z.]+[=~]'[^']* (AND|OR) [^']*'")
_NOTHING: Final = "1800-01-01"


def _rejected(request: OperationRequest, code: str, field: str) -> Reply:
    return error_reply(Problem(400, code, field), operation_id=request.operation.operation_id)


class FilterAllowList(Fault):
    name = "filter-allow-list"
    does = "rejects a filter by a rarely used field, such as identifier or classCode"
    breaks = "3.2 what can be filtered [A]: any data element"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        found = _FIELD.match(parameter_of(request, "filter") or "")
        refused = found is not None and found[0] in _RARE
        return _rejected(request, "invalid_filter_field", found[0]) if found is not None and refused else reply


class SortAllowList(Fault):
    name = "sort-allow-list"
    does = "rejects a sort by a rarely used field, such as identifier or classCode"
    breaks = "3.1 sort [A]: a single field"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        name = parameter_of(request, "sort") or ""
        return _rejected(request, "invalid_sort_field", name) if name in _RARE else reply


class IdNotFiltered(FilterFault):
    name = "id-matches-nothing"
    does = "returns no record for a filter by sourcedId"
    breaks = "3.2 what can be filtered [A]: any data element"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        by_id = clause.operator == "=" and clause.field.property == "sourcedId" and clause.field.member is None
        return replace(clause, literal="", text="") if by_id else clause


class EqualAsContains(FilterFault):
    name = "equal-as-contains"
    does = "treats = as ~ for text"
    breaks = "3.2 operator = [A]: equal"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        field = clause.field
        text = field.kind == "string" and not field.many and field.member is None and field.property != "sourcedId"
        return replace(clause, operator="~") if text and clause.operator == "=" else clause


class DateEqualsNothing(FilterFault):
    name = "date-equals-nothing"
    does = "returns no record for a filter by the day of a date"
    breaks = "3.2 operator = [A]: equal"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        day = clause.operator == "=" and clause.field.kind == "date"
        return replace(clause, literal=_NOTHING, text=_NOTHING) if day else clause


class WordsInValues(Fault):
    name = "words-in-values"
    does = "splits a filter at AND and OR within its value, and rejects it"
    breaks = "3.2 quoting [B]: the value stands between the quotes"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        split = _WORD_IN_VALUE.fullmatch(parameter_of(request, "filter") or "")
        return _rejected(request, "invalid_filter_field", "filter") if split else reply


class DecodedTwice(FilterFault):
    name = "filter-decoded-twice"
    does = "percent-decodes the value of a filter a second time"
    breaks = "3.2 encoding [A]: the value as written"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        text = unquote(clause.text)
        return replace(clause, text=text, literal=text) if isinstance(clause.literal, str) else clause


class UnknownAndIgnored(Fault):
    name = "unknown-clause-ignored"
    does = "ignores the clause of a filter after AND if its field does not exist"
    breaks = "3.3 filter names an unknown field [A]: 400 and no data"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        first, junction, _ = (parameter_of(request, "filter") or "").partition(" AND noSuch")
        ignored = request is not None and junction and reply.status == 400 and first.startswith("status=")
        return unfiltered_reply(request) if request is not None and ignored else reply


class UnknownNamesEmpty(Fault):
    name = "unknown-fields-empty"
    does = "returns records without any field if fields has an unknown name"
    breaks = "3.3 fields names an unknown field [A]: all fields of the record"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        names = filter(None, (parameter_of(request, "fields") or "").split(","))
        if all(name in request.element_definition.properties for name in names):
            return reply
        wrapper = str(request.operation.wrapper)
        return replace(reply, body={**reply.body, wrapper: [{} for _ in reply.body[wrapper]]})


class NestedFieldsIgnored(Fault):
    name = "nested-fields-ignored"
    does = "returns whole records from nested collections and ignores fields"
    breaks = "3.4 field selection [B]: exactly the requested fields"
    needs = Needs(without=SMALL_DATA | {"one-school"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.scope is None or reply.status != 200 or request.query.fields is None:
            return reply
        wrapper = str(request.operation.wrapper)
        return replace(reply, body={**reply.body, wrapper: [self._whole(request, row) for row in reply.body[wrapper]]})

    def _whole(self, request: OperationRequest, row: Record) -> Record:
        stored: Any = request.store.read(request.element, str(row.get("sourcedId")))
        return row if stored is None else request.serializer.serialize(request.element, stored, request.origin)
