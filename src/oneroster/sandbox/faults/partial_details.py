"""Faults that show on a part of the requests only: nested collections, some parents, filtered pages."""

from dataclasses import replace

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, SMALL_DATA, Needs
from oneroster.sandbox.http.percent_encoding import encode
from oneroster.sandbox.http.responses import JSON, Reply, error_reply, invalid_data, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest


class NestedOrRefused(Fault):
    name = "nested-or-refused"
    does = "responds with 400 to a filter with OR on a nested collection"
    breaks = "3.1 filter [A]: on every collection"
    needs = Needs(without=SMALL_DATA)

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.scope is None or reply.status != 200:
            return reply
        if not any(name == "filter" and " OR " in value for name, value in request.pairs):
            return reply
        return error_reply(invalid_data("OR is not supported"), operation_id=request.operation.operation_id)


class NestedIdsLost(Fault):
    name = "nested-ids-lost"
    does = "responds with 404 to the classes of a school if the id of the school needs percent-encoding"
    breaks = "1 sourcedId [A]: an opaque string"
    needs = Needs(without=SMALL_DATA | {"special-ids", "one-school"} | KIMONO)

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.operation_id != "getClassesForSchool" or reply.status != 200:
            return reply
        if encode(request.sourced_id) == request.sourced_id:
            return reply
        return error_reply(unknown_object("no school has this sourcedId"))


class FilteredAsText(Fault):
    name = "filtered-as-text"
    does = "sends JSON with the media type text/plain if there is a filter"
    breaks = "1 encodings [A]: responses are application/json"
    hides = frozenset({"media type"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        filtered = request is not None and request.query.filter is not None and reply.status == 200
        return replace(reply, media_type="text/plain") if filtered and reply.media_type == JSON else reply
