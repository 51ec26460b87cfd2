"""Faults of writes that plain values do not show: rare letters, rare words, other credentials, other lists."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Final

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import NO_GRADEBOOK, Needs
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, invalid_data
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.serialization import Record

_NEEDS: Final = Needs(writes=True, without=NO_GRADEBOOK | {"soft-delete", "empty-put-answer"})
_WRITES: Final = frozenset({"PUT", "DELETE"})


class PutRejectsExempt(Fault):
    name = "put-rejects-exempt"
    does = "rejects results with the scoreStatus exempt"
    breaks = "5.15 ScoreStatus [B]: none of the five values is rejected"
    needs = _NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        return invalid_data("scoreStatus", 422) if record.get("scoreStatus") == "exempt" else record


class PutMangles(Fault):
    name = "put-mangles-letters"
    does = "stores letters beyond ASCII in titles as question marks"
    breaks = "1 UTF-8 [A]: JSON text"
    needs = _NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        title = record.get("title")
        return record | {"title": title.encode("ascii", "replace").decode()} if isinstance(title, str) else record


class PutListedTwice(Fault):
    name = "put-listed-twice"
    does = "lists records created since the start twice if there is a filter by their id"
    breaks = "5.1 sourcedId [A]: unique"
    needs = _NEEDS

    def __init__(self) -> None:
        self._written: set[str] = set()

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        self._written.add(request.sourced_id)
        return record

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
    needs = _NEEDS

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
    needs = _NEEDS

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        write = raw_request.method in _WRITES and raw_request.authorization.lower().startswith("bearer ")
        return Authenticated() if write else outcome
