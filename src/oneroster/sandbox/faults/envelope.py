"""Faults of the envelope: the key, the shape and the media type around the data."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from dataclasses import replace

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.handlers.serialization import Record
from oneroster.sandbox.http.responses import JSON, Reply
from oneroster.sandbox.requests.operation_request import OperationRequest


class PathNamedWrapper(Fault):
    name = "path-named-wrapper"
    does = "names the wrapper of a specialised collection after its path: students, teachers, schools, terms"
    breaks = "2 wrapper summary [A]: one wrapper for each element, as users for students"

    def body(self, call: OperationRequest, body: Record) -> Record:
        if not (call.operation.many and call.operation.subset):
            return body
        return {call.operation.path.rpartition("/")[2]: data for data in body.values()}


class SingleInList(Fault):
    name = "single-in-list"
    does = "puts the one record of a single read into an array"
    breaks = "2 wrapper summary [A]: a single read holds an object"

    def body(self, call: OperationRequest, body: Record) -> Record:
        if call.operation.many:
            return body
        return {wrapper: [record] for wrapper, record in body.items()}


class TextMediaType(Fault):
    name = "text-media-type"
    does = "sends its JSON as text/plain"
    breaks = "1 encodings [A]: answers are application/json"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        successful = answer.status < 300 and answer.media_type == JSON
        return replace(answer, media_type="text/plain") if successful else answer


class StatusAsObject(Fault):
    name = "status-as-object"
    does = "gives a warning beside the data as one object instead of an array"
    breaks = "6.3 statusInfoSet [B]: an array of entries"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        warned = answer.status == 200 and "statusInfoSet" in answer.body
        if not warned:
            return answer
        return replace(answer, body=answer.body | {"statusInfoSet": answer.body["statusInfoSet"][0]})


FAULTS = (PathNamedWrapper, SingleInList, TextMediaType, StatusAsObject)
