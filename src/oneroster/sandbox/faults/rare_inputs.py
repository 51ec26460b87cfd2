"""Faults that show only with unusual requests, as property-based testing generates them."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from urllib.parse import quote

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import SMALL_DATA, Needs
from oneroster.sandbox.http.responses import Reply, error_reply, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, all_records
from oneroster.sandbox.serialization import Record


class Rare500(Fault):
    name = "rare-500"
    does = "responds with 500 to orderBy=desc without sort, at an offset greater than 0"
    breaks = "6.1 status 500 [A]: unexpected failures only"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        unsorted = ("orderBy", "desc") in request.pairs and all(name != "sort" for name, _ in request.pairs)
        if not unsorted or request.query.offset == 0:
            return reply
        status = {"imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": "unexpected failure"}
        return Reply(500, {"statusInfoSet": [status]})


class UndocumentedStatus(Fault):
    name = "undocumented-status"
    does = "responds with 206 to a page that is not the whole collection"
    breaks = "6.1 status 200 [A]: success"
    hides = frozenset({"page"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        partial = reply.status == 200 and request.query.limit < total
        return replace(reply, status=206) if partial else reply


class ThinWhenFiltered(Fault):
    name = "thin-when-filtered"
    does = "leaves dateLastModified out of the records of a collection that is filtered and sorted"
    breaks = "5.1 dateLastModified [A]: required"

    def record(self, request: OperationRequest, record: Record) -> Record:
        if {"filter", "sort"} <= {name for name, _ in request.pairs}:
            record.pop("dateLastModified", None)
        return record


class CrashOnFractions(Fault):
    name = "crash-on-fractions"
    does = "responds with 500 if limit or offset is a fraction"
    breaks = "6.1 status 500 [A]: unexpected failures only"
    hides = frozenset({"invalid number"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or not any(name in ("limit", "offset") and "." in value for name, value in request.pairs):
            return reply
        status = {"imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": "unexpected failure"}
        return Reply(500, {"statusInfoSet": [status]})


class CrashOnNull(Fault):
    name = "crash-on-null"
    does = "responds with 500 if limit is the word null and no other parameter is given"
    breaks = "6.1 status 500 [A]: unexpected failures only"
    needs = Needs(options=frozenset({"negative"}))

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or list(request.pairs) != [("limit", "null")]:
            return reply
        status = {"imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": "unexpected failure"}
        return Reply(500, {"statusInfoSet": [status]})


class NullIsFound(Fault):
    name = "null-is-found"
    does = "treats the id null as no id, and returns the first record in a single read of it"
    breaks = "2 single reads [A]: the record with that sourcedId"
    needs = Needs(options=frozenset({"negative"}))

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.many or reply.status != 404 or "null" not in request.ids.values():
            return reply
        first = all_records(request.element).select(request.store).page(0, 1)[0]
        record = request.serializer.serialize(request.element, first, request.origin)
        return Reply(200, {request.operation.wrapper: record})


class UnreadableMiddle(Fault):
    name = "unreadable-middle"
    does = "responds with 404 to single reads of the active records in the first half of a collection, except the first"
    breaks = "2 single reads [A]: every record can be read by its id"
    needs = Needs(options=frozenset({"stateful"}), without=SMALL_DATA | {"special-ids"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        single = (
            request is not None
            and reply.status == 200
            and not request.operation.many
            and request.operation.method == "GET"
        )
        if request is None or not single or request.operation.subset is not None:
            return reply
        rows = all_records(request.element).select(request.store)
        middle = rows.page(1, rows.total // 2 - 1)
        lost = {record["sourcedId"] for record in middle if record["status"] == "active"}
        if request.sourced_id not in lost or quote(request.sourced_id, safe="") != request.sourced_id:
            return reply
        return error_reply(unknown_object(request.sourced_id), operation_id=request.operation.operation_id)
