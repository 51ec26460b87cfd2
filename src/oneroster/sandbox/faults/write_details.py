"""Faults of writes that plain values do not show: rare letters, rare words, other credentials, other lists."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Any, ClassVar, Final

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import WRITE_NEEDS
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, error_reply, invalid_data, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.serialization import Record

_WRITES: Final = frozenset({"PUT", "DELETE"})


class PutRejectsExempt(Fault):
    name = "put-rejects-exempt"
    does = "rejects results with the scoreStatus exempt"
    breaks = "5.15 ScoreStatus [B]: none of the five values is rejected"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        return invalid_data("scoreStatus", 422) if record.get("scoreStatus") == "exempt" else record


class PutCharsetRefused(Fault):
    name = "put-charset-refused"
    does = "refuses a PUT whose Content-Type has a charset"
    breaks = "1 encodings [B]: bodies are application/json in UTF-8"
    needs = WRITE_NEEDS

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        named = raw_request.method == "PUT" and ";" in raw_request.headers.get("content-type", "")
        return error_reply(invalid_data("Content-Type: must be application/json", 415)) if named else reply


class PutCopiesComment(Fault):
    name = "put-copies-comment"
    does = "writes the comment of a result to the first result as well"
    breaks = "2 writes [A]: the object in the path"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        first = request.store.select("Result").page(0, 1)[0] if request.element == "Result" else record
        if "comment" in record and first["sourcedId"] != record["sourcedId"]:
            request.store.put("Result", first | {"comment": record["comment"]})
        return record


class PutMangles(Fault):
    name = "put-mangles-letters"
    does = "stores letters beyond ASCII in titles as question marks"
    breaks = "1 UTF-8 [A]: JSON text"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        title = record.get("title")
        return record | {"title": title.encode("ascii", "replace").decode()} if isinstance(title, str) else record


class _NotesWritten(Fault, abstract=True):
    """A fault that treats records created since the start in another way."""

    def __init__(self) -> None:
        self._written: set[str] = set()

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        self._written.add(request.sourced_id)
        return record


class PutListedTwice(_NotesWritten):
    name = "put-listed-twice"
    does = "lists records created since the start twice if there is a filter by their id"
    breaks = "5.1 sourcedId [A]: unique"
    needs = WRITE_NEEDS

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        wrapper = str(request.operation.wrapper)
        if request.operation.scope is not None or request.query.filter is None:
            return reply
        again = [row for row in reply.body[wrapper] if row.get("sourcedId") in self._written]
        return replace(reply, body={**reply.body, wrapper: [*reply.body[wrapper], *again]})


class DeletedStillNested(Fault):
    name = "deleted-still-nested"
    does = "lists a deleted line item in the collection of its class, as it was"
    breaks = "2 DELETE operations [A]: delete the record"
    needs = WRITE_NEEDS

    def __init__(self) -> None:
        self._deleted: dict[str, Record] = {}

    def deletes(self, request: OperationRequest) -> bool:
        stored = request.store.read(request.element, request.sourced_id)
        if stored is not None and request.element == "LineItem":
            self._deleted[request.sourced_id] = request.serializer.serialize("LineItem", stored, request.origin)
        return True

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        text = dict(request.pairs).get("filter", "")
        if request.element != "LineItem" or request.operation.scope is None or not text:
            return reply
        wrapper = str(request.operation.wrapper)
        shown = [row for name, row in self._deleted.items() if name in text]
        return replace(reply, body={**reply.body, wrapper: [*reply.body[wrapper], *shown]})


class WritesByAnyToken(Fault):
    name = "writes-by-any-token"
    does = "accepts any bearer token for PUT and DELETE"
    breaks = "6.1 status 401 [A]: bad token"
    needs = WRITE_NEEDS

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        write = raw_request.method in _WRITES and raw_request.authorization.lower().startswith("bearer ")
        return Authenticated() if write else outcome


class PutEscapesMarkup(Fault):
    name = "put-escapes-markup"
    does = "stores & in texts as &amp;"
    breaks = "5.8 title, description and 5.12 comment [A]: strings"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        texts = {name: record[name] for name in ("title", "description", "comment") if name in record}
        return record | {name: text.replace("&", "&amp;") for name, text in texts.items()}


class PutRoundsScores(Fault):
    name = "put-rounds-scores"
    does = "rounds scores to one decimal"
    breaks = "5.12 Result.score [A]: a number"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        return record | {"score": round(record["score"], 1)} if "score" in record else record


class MetadataDropped(Fault):
    name = "metadata-dropped"
    does = "does not store metadata"
    breaks = "5.1 metadata [B]: what is written can be read"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        return {name: value for name, value in record.items() if name != "metadata"}


class KeepsOfPrevious(Fault, abstract=True):
    """Keeps one property of a record that is replaced."""

    kept: ClassVar[str]

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        before = request.store.read(request.element, request.sourced_id)
        return record | {self.kept: before[self.kept]} if before is not None and self.kept in before else record


class DueDateOnce(KeepsOfPrevious):
    name = "due-date-once"
    does = "keeps the dueDate with which a line item was created"
    breaks = "2 PUT operations [A]: replace the record"
    needs = WRITE_NEEDS
    kept = "dueDate"


class CategoryOnce(KeepsOfPrevious):
    name = "category-once"
    does = "keeps the category with which a line item was created"
    breaks = "2 PUT operations [A]: replace the record"
    needs = WRITE_NEEDS
    kept = "category"


class ExemptWithoutScore(Fault):
    name = "exempt-without-score"
    does = "stores the score 0 for results with the scoreStatus exempt"
    breaks = "5.12 Result.score [A]: a number"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        return record | {"score": 0.0} if record.get("scoreStatus") == "exempt" else record


class MetadataKept(Fault):
    name = "metadata-kept"
    does = "keeps the metadata of a record that is replaced by one without"
    breaks = "2 PUT [B]: replaces the whole record"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        before = request.store.read(request.element, request.sourced_id) or {}
        return {name: before[name] for name in ("metadata",) if name in before} | record


class UnknownPropertyCrashes(Fault):
    name = "unknown-property-crashes"
    does = "responds with 500 to a PUT of a record with a property that the standard does not have"
    breaks = "6.1 status 500 [A]: unexpected failures only"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        unknown = record.keys() - request.element_definition.properties.keys()
        return Problem(500, "invalid data", "unexpected failure") if unknown else record


class DatedOnce(KeepsOfPrevious):
    name = "dated-once"
    does = "keeps the dateLastModified with which a record was created"
    breaks = "5.1 dateLastModified [A]: the last change"
    needs = WRITE_NEEDS
    kept = "dateLastModified"


class PutTakesNumberAsTitle(Fault):
    name = "put-takes-number-as-title"
    does = "accepts a number as title, and stores its digits"
    breaks = "6.1 422 [B]: a body that cannot be processed"
    needs = WRITE_NEEDS

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        record = body.get(request.operation.body_wrapper) if isinstance(body, dict) else None
        title = record.get("title") if isinstance(record, dict) else None
        numeric = isinstance(title, int) and not isinstance(title, bool)
        return {**record, "title": str(title)} if isinstance(record, dict) and numeric else None


class PutTakesPlural(Fault):
    name = "put-takes-plural"
    does = "accepts a record in an array under the key of the collection"
    breaks = "6.1 422 [B]: a body that cannot be processed"
    needs = WRITE_NEEDS

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        records = body.get(f"{request.operation.body_wrapper}s") if isinstance(body, dict) else None
        return records[0] if isinstance(records, list) and records and isinstance(records[0], dict) else None


class DeleteTakesLineItem(Fault):
    name = "delete-takes-line-item"
    does = "removes the line item of a deleted result as well"
    breaks = "2 DELETE operations [A]: the object in the path"
    needs = WRITE_NEEDS

    def deletes(self, request: OperationRequest) -> bool:
        record = request.store.read(request.element, request.sourced_id)
        item = record.get("lineItem") if record is not None and request.element == "Result" else None
        if isinstance(item, dict) and "sourcedId" in item:
            request.store.delete("LineItem", item["sourcedId"])
        return True


class PutNotInChanges(_NotesWritten):
    name = "put-not-in-changes"
    does = "leaves records created since the start out of lists filtered by dateLastModified"
    breaks = "3.2 dateLastModified [A]: can be filtered by"
    needs = WRITE_NEEDS

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        wrapper = str(request.operation.wrapper)
        if "dateLastModified" not in dict(request.pairs).get("filter", ""):
            return reply
        known = [row for row in reply.body[wrapper] if row.get("sourcedId") not in self._written]
        return replace(reply, body={**reply.body, wrapper: known})


class ListOfOldTitles(Fault):
    name = "list-of-old-titles"
    does = "lists replaced records with the title with which they were created"
    breaks = "2 PUT operations [A]: replace the record"
    needs = WRITE_NEEDS

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        if "title" in record:
            self._first.setdefault(request.sourced_id, record["title"])
        return record

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        wrapper = str(request.operation.wrapper)
        old = {name: {"title": title} for name, title in self._first.items()}
        rows = [row | old.get(row.get("sourcedId", ""), {}) for row in reply.body[wrapper]]
        return replace(reply, body={**reply.body, wrapper: rows})


class RefusedPutSaysSuccess(Fault):
    name = "refused-put-says-success"
    does = "rejects a PUT with the codeMajor success"
    breaks = "6.2 code values [A]: failure and error with every status from 400"
    needs = WRITE_NEEDS
    hides = frozenset({"api_response of writes"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.method != "PUT" or reply.status not in (400, 422):
            return reply
        entries = [entry | {"imsx_codeMajor": "success"} for entry in reply.body["statusInfoSet"]]
        return replace(reply, body={**reply.body, "statusInfoSet": entries})


class DeleteSays404(Fault):
    name = "delete-says-404"
    does = "removes a record, and responds with 404"
    breaks = "2 DELETE operations [A]: delete the record"
    needs = WRITE_NEEDS
    hides = frozenset({"api_response of writes", "status of deletions"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        deleted = request is not None and request.operation.method == "DELETE" and reply.status == 204
        return error_reply(unknown_object("no such record")) if deleted else reply


class DeletesByAnyToken(Fault):
    name = "deletes-by-any-token"
    does = "accepts any bearer token for DELETE"
    breaks = "6.1 status 401 [A]: bad token"
    needs = WRITE_NEEDS

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        deletes = raw_request.method == "DELETE" and raw_request.authorization.lower().startswith("bearer ")
        return Authenticated() if deletes else outcome
