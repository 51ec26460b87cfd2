"""Faults of what a write does beside the record: its date, its lists, other records, and who may write at all."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Any, Final

from oneroster.sandbox.faults.access_oauth import GrantsMoreScopes
from oneroster.sandbox.faults.altered_result_sets import RowsWithIds
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import WRITE_NEEDS
from oneroster.sandbox.faults.writes import KnowsFirstRows
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, error_reply, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, all_records
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet
from oneroster_runtime.specification import Specification

_WHAT_WRITES_DO: Final = frozenset(
    {"stored record", "accepted bodies", "deletion", "authentication", "api_response of writes"}
)
"""What does not show if no write is offered."""
_LONG_AGO: Final = "2001-01-01T00:00:00.000Z"


class WritesAbsent(Fault):
    name = "writes-absent"
    does = "responds with 404 to every PUT and DELETE"
    breaks = "RFC 9110, 15.5.6 status 405 [B]: the path exists, the method does not"
    hides = _WHAT_WRITES_DO
    needs = WRITE_NEEDS

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        write = request is not None and request.operation.method in ("PUT", "DELETE")
        return error_reply(unknown_object("no resource at this URL")) if write and reply.status < 400 else reply


class PutKeepsDate(Fault):
    name = "put-keeps-date"
    does = "stores records with a dateLastModified of 2001"
    breaks = "5.1 dateLastModified [A]: the last change"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        return record | {"dateLastModified": _LONG_AGO}


class PutMakesScoresPositive(Fault):
    name = "put-makes-scores-positive"
    does = "stores the score -0.75 of a result as 0.75"
    breaks = "5.12 Result.score [A]: the score that was written"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        score = record.get("score")
        return record | {"score": abs(score)} if isinstance(score, float) else record


class PutRevives(Fault):
    name = "put-revives"
    does = "stores records with the status tobedeleted as active"
    breaks = "5.1 status [A]: tobedeleted"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        return record | {"status": "active"}


class DeletedStillListed(Fault):
    name = "deleted-still-listed"
    does = "lists a deleted category in its collection, as it was"
    breaks = "2 DELETE operations [A]: delete the record"
    needs = WRITE_NEEDS

    def __init__(self) -> None:
        self._deleted: dict[str, Record] = {}

    def deletes(self, request: OperationRequest) -> bool:
        record = request.store.read(request.element, request.sourced_id)
        if record is not None and request.element == "Category":
            self._deleted[request.sourced_id] = request.serializer.serialize("Category", record, request.origin)
        return True

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if request.element != "Category" or reply.status != 200 or request.query.filter is None:
            return reply
        text = dict(request.pairs)["filter"]
        shown = [row for name, row in self._deleted.items() if name in text]
        return replace(reply, body={request.operation.wrapper: [*reply.body[request.operation.wrapper], *shown]})


class PutNotNested(KnowsFirstRows):
    name = "put-not-nested"
    does = "leaves records created since the start out of the nested gradebook collections"
    breaks = "2 nested endpoints [B]: all rows of the parent"
    needs = WRITE_NEEDS
    hides = frozenset({"api_response of writes"})

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        known = self.known.get(request.element)
        return rows if known is None or request.operation.scope is None else RowsWithIds(rows, known)


class DeleteCascades(Fault):
    name = "delete-takes-neighbour"
    does = "removes the record created last together with a deleted one"
    breaks = "2 DELETE operations [A]: the object in the path"
    needs = WRITE_NEEDS

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        self._last[request.element] = request.sourced_id
        return record

    def deletes(self, request: OperationRequest) -> bool:
        last = self._last.get(request.element)
        if last is not None and last != request.sourced_id:
            request.store.delete(request.element, last)
        return True


class SignsDropped(Fault):
    name = "put-drops-signs"
    does = "stores a negative resultValueMin without its sign"
    breaks = "5.8 resultValueMin [A]: a number"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        least = record.get("resultValueMin")
        return record | {"resultValueMin": abs(least)} if isinstance(least, float) else record


class ReplacedListedTwice(Fault):
    name = "replaced-listed-twice"
    does = "lists a category that was replaced twice"
    breaks = "5.1 sourcedId [A]: unique"
    needs = WRITE_NEEDS

    def __init__(self) -> None:
        self._replaced: set[str] = set()

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        if request.element == "Category" and request.store.read("Category", request.sourced_id) is not None:
            self._replaced.add(request.sourced_id)
        return record

    def body(self, request: OperationRequest, body: Record) -> Record:
        wrapper = request.operation.wrapper or ""
        if request.element != "Category" or not request.operation.many:
            return body
        again = [row for row in body[wrapper] if row.get("sourcedId") in self._replaced]
        return body | {wrapper: [*body[wrapper], *again]}


class TitleForAll(Fault):
    name = "title-for-all"
    does = "stores the title of a category in all categories that the same client created"
    breaks = "2 PUT operations [A]: the object in the path"
    needs = WRITE_NEEDS

    def __init__(self) -> None:
        self._created: set[str] = set()

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        if request.element == "Category":
            self._created.add(request.sourced_id)
            for name in self._created - {request.sourced_id}:
                other = request.store.read("Category", name)
                if other is not None and other["title"] != record["title"]:
                    request.store.put("Category", other | {"title": record["title"]})
        return record


class DeleteTakesEarlier(Fault):
    name = "delete-takes-earlier"
    does = "removes the record before a deleted result, in the order of the list, as well"
    breaks = "2 DELETE operations [A]: the object in the path"
    needs = WRITE_NEEDS

    def deletes(self, request: OperationRequest) -> bool:
        rows = all_records("Result").select(request.store)
        ids = [row["sourcedId"] for row in rows.page(0, rows.total)]
        if request.element == "Result" and ids.index(request.sourced_id) > 0:
            request.store.delete("Result", ids[ids.index(request.sourced_id) - 1])
        return True


class StatusNormalised(Fault):
    name = "put-changes-score-status"
    does = "stores the scoreStatus `partially graded` as `fully graded`"
    breaks = "5.15 ScoreStatus [A]: five values"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        partial = record.get("scoreStatus") == "partially graded"
        return record | {"scoreStatus": "fully graded"} if partial else record


class PutTakesWrongKind(Fault):
    name = "put-takes-wrong-kind"
    does = "accepts references whose type does not fit the property"
    breaks = "5.2 GUIDRef.type in a PUT [C]"
    needs = WRITE_NEEDS

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        record = body.get(request.operation.body_wrapper) if isinstance(body, dict) else None
        period = record.get("gradingPeriod") if isinstance(record, dict) else None
        wrong = isinstance(period, dict) and period.get("type") == "org"
        return {**record, "sourcedId": request.sourced_id} if isinstance(record, dict) and wrong else None


class OrgsWritable(Fault):
    name = "orgs-writable"
    does = "responds with 200 to a PUT of an org"
    breaks = "2 operations [B]: orgs are read-only"
    needs = WRITE_NEEDS

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        put = raw_request.method == "PUT" and b"/orgs/" in raw_request.raw_path
        return Reply(200, {}) if put and reply.status == 405 else reply


class WriteScopesIgnored(GrantsMoreScopes):
    name = "write-scopes-ignored"
    does = "accepts a token of any gradebook scope for PUT and DELETE"
    breaks = "7.4 scopes [A]: createput and delete are scopes of their own"
    needs = replace(WRITE_NEEDS, access="oauth2")

    def scopes(self, specification: Specification) -> frozenset[str]:
        writes = (one for one in specification.operations.values() if one.method in ("PUT", "DELETE"))
        return frozenset(scope for one in writes for scope in one.oauth_scopes)
