"""Faults of field selection: too much comes, or asking for a few fields changes what is found."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from dataclasses import replace
from typing import Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.unfiltered import Only, everything
from oneroster.sandbox.http.responses import Problem, Reply, refusal
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.store.result_set import ResultSet

_UNKNOWN: Final = "invalid_selection_field"
_BLANK: Final = "invalid_blank_selection_field"


class FieldsIgnored(Fault):
    name = "fields-ignored"
    does = "serves whole records in collections whatever fields are asked for"
    breaks = "3.4 field selection [B]: exactly the requested fields"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        if call.query.fields is None or call.query.filter is not None:
            return answer
        return replace(answer, body=everything(call).body)


class FieldsKeepId(Fault):
    name = "fields-keep-id"
    does = "gives the sourcedId of every record of a collection, asked for or not"
    breaks = "3.4 field selection [B]: no others, even mandatory ones are dropped"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        if call.query.fields is None or call.query.filter is not None or answer.status != 200:
            return answer
        wrapper = call.operation.wrapper or ""
        pairs = zip(everything(call).body[wrapper], answer.body[wrapper], strict=True)
        rows = [{"sourcedId": whole["sourcedId"]} | served for whole, served in pairs]
        return replace(answer, body=answer.body | {wrapper: rows})


class FieldsIgnoredOnSingles(Fault):
    name = "fields-ignored-on-singles"
    does = "serves the whole record in a single read whatever fields are asked for"
    breaks = "3.1 fields [B]: on single reads as well"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        single = call is not None and not call.operation.many and answer.status == 200
        return everything(call) if call and single and call.query.fields is not None else answer


class UnknownFieldsRefused(Fault):
    name = "unknown-fields-refused"
    does = "refuses a selection with a field that does not exist"
    breaks = "3.3 fields names an unknown field [A]: 200 with the data"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        if not _says(answer, 200, _UNKNOWN):
            return answer
        return refusal(Problem(400, _UNKNOWN, "there is no such field"))


class UnknownFieldsSilent(Fault):
    name = "unknown-fields-silent"
    does = "does not say that a field of a selection does not exist"
    breaks = "3.3 fields names an unknown field [B]: a warning beside the data"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        if not _says(answer, 200, _UNKNOWN):
            return answer
        return replace(answer, body={name: data for name, data in answer.body.items() if name != "statusInfoSet"})


class BlankFieldsServed(Fault):
    name = "blank-fields-served"
    does = "serves whole records when the selection is blank"
    breaks = "3.3 fields is blank [B]: 400"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        return everything(call) if call and _says(answer, 400, _BLANK) else answer


class FieldsBeforeFilter(Fault):
    name = "fields-before-filter"
    does = "filters what is left of the records after the selection, so that other fields match nothing"
    breaks = "3.4 field selection [B]: it chooses fields, the filter chooses records"

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        fields, asked = call.query.fields, call.query.filter
        if fields is None or asked is None:
            return selection
        lacking = any(clause.field.property not in fields for clause in asked.clauses)
        return Only(selection, lambda _: False) if lacking else selection


def _says(answer: Reply, status: int, code_minor: str) -> bool:
    told = answer.body.get("statusInfoSet", ()) if isinstance(answer.body, dict) else ()
    return answer.status == status and any(entry["imsx_codeMinor"] == code_minor for entry in told)


FAULTS = (
    FieldsIgnored,
    FieldsKeepId,
    FieldsIgnoredOnSingles,
    UnknownFieldsRefused,
    UnknownFieldsSilent,
    BlankFieldsServed,
    FieldsBeforeFilter,
)
