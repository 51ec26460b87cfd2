"""Faults of the machinery: crashes and statuses that nobody foresaw."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from dataclasses import replace
from urllib.parse import quote

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.handlers.serialization import Record
from oneroster.sandbox.http.responses import Reply, refusal, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, unlimited


class Rare500(Fault):
    name = "rare-500"
    does = "crashes with 500 when sorted backwards from an offset other than 0"
    breaks = "6.1 status 500 [A]: only for a catastrophe"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        backwards = ("orderBy", "desc") in call.pairs and call.query.offset > 0
        if not backwards:
            return answer
        status = {"imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": "unexpected failure"}
        return Reply(500, {"statusInfoSet": [status]})


class UndocumentedStatus(Fault):
    name = "undocumented-status"
    does = "answers a page that is not the whole collection with 206"
    breaks = "6.1 status 200 [A]: success"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        partial = answer.status == 200 and call.query.limit < total
        return replace(answer, status=206) if partial else answer


class ThinWhenFiltered(Fault):
    name = "thin-when-filtered"
    does = "leaves dateLastModified out of the records of a filtered collection"
    breaks = "5.1 dateLastModified [A]: required"

    def record(self, call: OperationRequest, record: Record) -> Record:
        if any(name == "filter" for name, _ in call.pairs):
            record.pop("dateLastModified", None)
        return record


class CrashOnFractions(Fault):
    name = "crash-on-fractions"
    does = "crashes with 500 when limit or offset is a fraction"
    breaks = "6.1 status 500 [A]: only for a catastrophe"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        if call is None or not any(name in ("limit", "offset") and "." in value for name, value in call.pairs):
            return answer
        status = {"imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": "unexpected failure"}
        return Reply(500, {"statusInfoSet": [status]})


class NullIsFound(Fault):
    name = "null-is-found"
    does = "takes the id null for no id at all, and answers a single read of it with the first record"
    breaks = "2 single reads [A]: the record with that sourcedId"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        if call is None or call.operation.many or answer.status != 404 or "null" not in call.ids.values():
            return answer
        return Reply(200, {call.operation.wrapper: unlimited(call.element).select(call.store).page(0, 1)[0]})


class UnreadableMiddle(Fault):
    name = "unreadable-middle"
    does = "cannot find the records between the first and the middle of a collection when they are read one by one"
    breaks = "2 single reads [A]: every record can be read by its id"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        single = (
            call is not None and answer.status == 200 and not call.operation.many and call.operation.method == "GET"
        )
        if call is None or not single or call.operation.subset is not None:
            return answer
        rows = unlimited(call.element).select(call.store)
        lost = {record["sourcedId"] for record in rows.page(1, rows.total // 2 - 1)}
        if call.sourced_id not in lost or quote(call.sourced_id, safe="") != call.sourced_id:
            return answer
        return refusal(unknown_object(call.sourced_id), operation_id=call.operation.operation_id)


FAULTS = (Rare500, UndocumentedStatus, ThinWhenFiltered, CrashOnFractions, NullIsFound, UnreadableMiddle)
