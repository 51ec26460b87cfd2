"""Faults of writes: valid records are lost, changed or rejected, and invalid ones are accepted."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Any, Final

import msgspec

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.faults.altered_result_sets import RowsWithIds
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import WRITE_NEEDS
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, invalid_data
from oneroster.sandbox.requests.operation_request import OperationRequest, all_records
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet
from oneroster.sandbox.store.store import Store
from oneroster_runtime.specification import Property

_TITLE: Final = 255
"""A common width of a database column, in characters."""


def _is_method(request: OperationRequest | None, method: str) -> bool:
    return request is not None and request.operation.method == method


def written_elements(store: Store) -> list[str]:
    """Return the elements that clients can write."""
    return sorted({one.body for one in store.specification.operations.values() if one.body is not None})


def _stored(request: OperationRequest) -> Record | None:
    return request.store.read(request.element, request.sourced_id)


def _wrapped(request: OperationRequest, body: Any) -> Record | None:
    """Return the record under its wrapper with the id of the path, or None."""
    record = body.get(request.operation.body_wrapper) if isinstance(body, dict) else None
    return {**record, "sourcedId": request.sourced_id} if isinstance(record, dict) else None


class PutRefused(Fault):
    name = "put-refused"
    does = "rejects every new record, even a valid one"
    breaks = "2 PUT operations [A]: a PUT creates the record"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        return invalid_data("new records are not taken", 422) if _stored(request) is None else record


class PutNever201(Fault):
    name = "put-never-201"
    does = "responds with 200 to a PUT that creates a record"
    breaks = "2 note W [B]: 201 if the record was created"
    needs = WRITE_NEEDS

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return replace(reply, status=200) if _is_method(request, "PUT") and reply.status == 201 else reply


class PutLosesText(Fault):
    name = "put-loses-text"
    does = "does not store the description of a line item or the comment of a result"
    breaks = "2 PUT operations [A]: a PUT stores the record"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        return {name: value for name, value in record.items() if name not in ("description", "comment")}


class KnowsFirstRows(Fault, abstract=True):
    """A fault that leaves records created since the start out of some lists.

    Attributes:
        known: The ids that there were at the start, by element.
    """

    def prepare(self, store: Store) -> None:
        self.known = {
            element: {row["sourcedId"] for row in rows.page(0, rows.total)}
            for element in written_elements(store)
            for rows in [all_records(element).select(store)]
        }


class PutNotListed(KnowsFirstRows):
    name = "put-not-listed"
    does = "leaves records created since the start out of the gradebook collections"
    breaks = "2 gradebook collections [A]: all records"
    needs = WRITE_NEEDS
    hides = frozenset({"api_response of writes"})

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        known = self.known.get(request.element)
        return rows if known is None else RowsWithIds(rows, known)


class PutKeepsFirst(Fault):
    name = "put-keeps-first"
    does = "responds with 200 to a PUT of an existing record without changing it"
    breaks = "2 PUT operations [A]: a PUT replaces the record"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        return _stored(request) or record


class PutAlways201(Fault):
    name = "put-always-201"
    does = "responds with 201 to a PUT that replaces a record"
    breaks = "2 note W [B]: 200 if the record was replaced"
    needs = WRITE_NEEDS

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return replace(reply, status=201) if _is_method(request, "PUT") and reply.status == 200 else reply


class PutMerges(Fault):
    name = "put-merges"
    does = "keeps properties of the previous record that the PUT leaves out"
    breaks = "2 note W [B]: a PUT replaces the object"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        return (_stored(request) or {}) | record


class PutEchoBare(Fault):
    name = "put-echo-bare"
    does = "responds to a PUT with the record without its wrapper"
    breaks = "2 note W [C]: content of a PUT response"
    needs = WRITE_NEEDS

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.method != "PUT" or reply.status >= 300:
            return reply
        if isinstance(reply.body, dict):
            return replace(reply, body=next(iter(reply.body.values())))
        # A version whose PUT has no response body.
        record = request.store.read(request.element, request.sourced_id) or {}
        return replace(reply, body=request.serializer.serialize(request.element, record, request.origin))


class ExtraCreditRefused(Fault):
    name = "extra-credit-refused"
    does = "rejects a score above the resultValueMax of its line item"
    breaks = "5.12 Result.score [A]: may exceed resultValueMax"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        if request.element != "Result":
            return record
        item = request.store.read("LineItem", record["lineItem"]["sourcedId"]) or {}
        score = record.get("score", 0)
        if score > item.get("resultValueMax", score):
            return invalid_data("/score: above resultValueMax", 422)
        return record


class TitleCut(Fault):
    name = "title-cut"
    does = f"silently truncates the title of a PUT after {_TITLE} characters"
    breaks = "5.8 and 5.9 title [A]: a string of any length"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        return record | {"title": record["title"][:_TITLE]} if "title" in record else record


class PutCrashesOnJunk(Fault):
    name = "put-crashes-on-junk"
    does = "responds with 500 if the body of a PUT is not JSON"
    breaks = "6.1 400 [A]: invalid request"
    needs = WRITE_NEEDS

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return replace(reply, status=500) if _is_method(request, "PUT") and reply.status == 400 else reply


class PutTakesBare(Fault):
    name = "put-takes-bare"
    does = "accepts a record without its wrapper"
    breaks = "6.1 422 [B]: a body that cannot be processed"
    needs = WRITE_NEEDS

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        is_bare = isinstance(body, dict) and body.get("sourcedId") == request.sourced_id
        return dict(body) if is_bare else None


class PutTakesInvalid(Fault):
    name = "put-takes-invalid"
    does = "accepts records that violate the schema, and drops what it cannot store"
    breaks = "6.1 422 [B]: a body that cannot be processed"
    needs = WRITE_NEEDS

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        record = _wrapped(request, body)
        if record is None or _has_dangling_reference(request, record) or body[request.operation.body_wrapper] != record:
            return None
        plain = request.element_definition.properties
        return {name: value for name, value in record.items() if not _is_misplaced_object(plain.get(name), value)}


class PutWritesRefused(Fault):
    name = "put-writes-refused"
    does = "rejects an invalid record but stores it"
    breaks = "6.1 400 [A]: an invalid request has no effect"
    needs = WRITE_NEEDS

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        record = _wrapped(request, body)
        if (
            record is not None
            and not _has_dangling_reference(request, record)
            and "title" not in record
            and "score" not in record
        ):
            request.store.put(request.element, record)
        return None


class PutByBodyId(Fault):
    name = "put-by-body-id"
    does = "stores the record under the id in the body if the path has another id"
    breaks = "2 note W [C]: body sourcedId and path id differ"
    needs = WRITE_NEEDS

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        record = body.get(request.operation.body_wrapper) if isinstance(body, dict) else None
        sourced_id = record.get("sourcedId") if isinstance(record, dict) else None
        return dict(record) if isinstance(record, dict) and sourced_id not in (None, request.sourced_id) else None


class PutTakesDangling(Fault):
    name = "put-takes-dangling"
    does = "accepts records that refer to records that do not exist"
    breaks = "5.2 GUIDRef.sourcedId in a PUT [C]"
    needs = WRITE_NEEDS

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        record = _wrapped(request, body)
        return record if record is not None and _has_dangling_reference(request, record) else None


def _is_misplaced_object(known: Property | None, value: Any) -> bool:
    """Return whether a value is an object in place of a scalar or a list."""
    return isinstance(value, dict) and known is not None and known.kind not in ("reference", "object")


def _has_dangling_reference(request: OperationRequest, record: Record) -> bool:
    """Return whether the class of a line item or the line item of a result does not exist."""
    for name, element in (("class", "Class"), ("lineItem", "LineItem")):
        reference = record.get(name)
        sourced_id = reference.get("sourcedId") if isinstance(reference, dict) else None
        if isinstance(sourced_id, str) and request.store.read(element, sourced_id) is None:
            return True
    return False


class OpenWrites(Fault):
    name = "open-writes"
    does = "accepts PUT and DELETE without credentials"
    breaks = "6.1 401 [A]: not authenticated"
    needs = WRITE_NEEDS

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        return Authenticated() if raw_request.method in ("PUT", "DELETE") else outcome


class DeleteSays200(Fault):
    name = "delete-says-200"
    does = "responds to a DELETE with 200 and an empty object"
    breaks = "2 note W [B]: a DELETE returns 204"
    needs = WRITE_NEEDS
    hides = frozenset({"status of deletions"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        done = _is_method(request, "DELETE") and reply.status == 204
        return replace(reply, status=200, body=msgspec.json.encode({})) if done else reply


class DeleteForgets(Fault):
    name = "delete-forgets"
    does = "responds to a DELETE with 204 without deleting the record"
    breaks = "2 DELETE operations [A]: delete the record"
    needs = WRITE_NEEDS

    def deletes(self, request: OperationRequest) -> bool:
        return False


class DeleteUnknown204(Fault):
    name = "delete-unknown-204"
    does = "responds with 204 to a DELETE of an unknown id"
    breaks = "6.1 404 [A]: no object at the URI"
    needs = WRITE_NEEDS
    hides = frozenset({"status of deletions"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return Reply(204) if _is_method(request, "DELETE") and reply.status == 404 else reply
