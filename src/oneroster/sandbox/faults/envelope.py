"""Faults of the envelope: the key, the shape and the media type around the data."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import Needs
from oneroster.sandbox.http.responses import JSON, Reply
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.serialization import Record


class PathNamedWrapper(Fault):
    name = "path-named-wrapper"
    does = "names the wrapper of a specialised collection after its path: students, teachers, schools, terms"
    breaks = "2 wrapper summary [A]: one wrapper for each element, such as users for students"
    hides = frozenset({"wrapper"})

    def body(self, request: OperationRequest, body: Record) -> Record:
        if not (request.operation.many and request.operation.subset):
            return body
        return {request.operation.path.rpartition("/")[2]: data for data in body.values()}


class SingleInList(Fault):
    name = "single-in-list"
    does = "puts the record of a single read into an array"
    breaks = "2 wrapper summary [A]: a single read returns an object"

    def body(self, request: OperationRequest, body: Record) -> Record:
        if request.operation.many:
            return body
        return {wrapper: [record] for wrapper, record in body.items()}


class TextMediaType(Fault):
    name = "text-media-type"
    does = "sends JSON with the media type text/plain"
    breaks = "1 encodings [A]: responses are application/json"
    hides = frozenset({"media type"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        successful = reply.status < 300 and reply.media_type == JSON
        return replace(reply, media_type="text/plain") if successful else reply


class StatusAsObject(Fault):
    name = "status-as-object"
    does = "sends the warning beside the data as one object instead of an array"
    breaks = "6.3 statusInfoSet [B]: an array of entries"
    needs = Needs(features=frozenset({"warnings beside data"}))

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        warned = reply.status == 200 and "statusInfoSet" in reply.body
        if not warned:
            return reply
        return replace(reply, body=reply.body | {"statusInfoSet": reply.body["statusInfoSet"][0]})
