"""Faults of error responses of few paths, and in headers: other codes, data beside them, internals of the server."""

from dataclasses import replace
from typing import Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.faults.error_responses import not_found
from oneroster.sandbox.http.responses import Problem, Reply, error_reply
from oneroster.sandbox.requests.operation_request import OperationRequest, parameter_of

_STATUS: Final = "statusInfoSet"
_SUCCESS: Final = 200
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_GRADED: Final = frozenset({"Category", "LineItemCategory"})
_STATEMENT: Final = "SELECT * FROM records WHERE tenant = 1"
_TRACE: Final = "Traceback (most recent call last):\n  LookupError"
_NESTED: Final = Needs(without=SMALL_DATA | KIMONO | {"no-nested"})


def parent_not_found(request: OperationRequest | None, reply: Reply) -> bool:
    """Return whether a reply is the 404 of a nested collection."""
    return request is not None and request.operation.scope is not None and reply.status == _NOT_FOUND


class NestedNotFoundSaysSuccess(Fault):
    name = "nested-not-found-says-success"
    does = "sends codeMajor success with the 404 of a nested collection"
    breaks = "6.2 code values [A]: failure and error"
    needs = _NESTED
    hides = frozenset({"nested 404 body"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if not parent_not_found(request, reply):
            return reply
        entries = [each | {"imsx_codeMajor": "success"} for each in reply.body[_STATUS]]
        return replace(reply, body={_STATUS: entries})


class NestedNotFoundShowsTrace(Fault):
    name = "nested-not-found-shows-trace"
    does = "describes the 404 of a nested collection with a stack trace"
    breaks = "6.2 error payload [B]: its four elements and no more"
    needs = _NESTED
    hides = frozenset({"nested 404 body"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if not parent_not_found(request, reply):
            return reply
        entries = [each | {"imsx_description": _TRACE} for each in reply.body[_STATUS]]
        return replace(reply, body={_STATUS: entries})


class NotFoundWithRecord(Fault):
    name = "not-found-with-record"
    does = "sends a part of a record beside the 404 of a single read"
    breaks = "6.1 status 404 [B]: no object, so no data"
    hides = frozenset({"404 body"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.method != "GET" or not not_found(request, reply):
            return reply
        return replace(reply, body={**reply.body, str(request.operation.wrapper): {"status": "active"}})


class StatementInHeader(Fault):
    name = "statement-in-header"
    does = "sends the SQL statement of a sorted collection in a header"
    breaks = "6.2 error payload [B]: no internals of the server"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if parameter_of(request, "sort") is None:
            return reply
        return replace(reply, headers={**reply.headers, "X-Debug-Query": _STATEMENT})


class GradebookQuoteCrashes(Fault):
    name = "gradebook-quote-crashes"
    does = "responds with 500 to a read of a category whose id has a quote"
    breaks = "6.1 status 500 [A]: unexpected failures only"
    needs = Needs(without=SMALL_DATA | NO_GRADEBOOK)
    hides = frozenset({"404 to reads"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.element not in _GRADED or not not_found(request, reply):
            return reply
        return error_reply(Problem(500, "invalid data", "failed")) if "'" in request.sourced_id else reply


class NestedWarningSaysFullSuccess(Fault):
    name = "nested-warning-says-full-success"
    does = "sends the minor code full success in the warnings of nested collections"
    breaks = "3.3 sort names an unknown field [A]: invalid_sort_field"
    needs = replace(_NESTED, features=frozenset({"warnings beside data"}))

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        is_warned = isinstance(reply.body, dict) and reply.status == _SUCCESS and _STATUS in reply.body
        if request is None or request.operation.scope is None or not is_warned:
            return reply
        entries = [each | {"imsx_codeMinor": "full success"} for each in reply.body[_STATUS]]
        return replace(reply, body=reply.body | {_STATUS: entries})


class NestedChallengeMissing(Fault):
    name = "nested-challenge-missing"
    does = "sends 401 without WWW-Authenticate for nested collections"
    breaks = "RFC 9110, 15.5.2 [B]: WWW-Authenticate with every 401"
    needs = _NESTED
    hides = frozenset({"challenge"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.scope is None or reply.status != _UNAUTHORIZED:
            return reply
        kept = {name: value for name, value in reply.headers.items() if name != "WWW-Authenticate"}
        return replace(reply, headers=kept)


class NestedRefusalBare(Fault):
    name = "nested-refusal-bare"
    does = "sends 401 without a body for nested collections"
    breaks = "6.2 error payload [B]: recommended"
    needs = _NESTED
    hides = frozenset({"401 body"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        is_nested = request is not None and request.operation.scope is not None
        return replace(reply, body=b"") if is_nested and reply.status == _UNAUTHORIZED else reply
