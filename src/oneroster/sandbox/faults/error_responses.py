"""Faults of error responses: errors that are not reported, or have the wrong status or payload."""

# ruff: noqa: ARG002  # hooks have a fixed signature

import re
from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar, Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, error_reply, invalid_data, status_info_set
from oneroster.sandbox.requests.operation_request import OperationRequest

PAGE: Final = b"<!doctype html><title>Error</title><h1>Something went wrong</h1>"
_TRACE: Final = """Traceback (most recent call last):
  File "records.py", line 88, in find
    raise LookupError(sourced_id)
LookupError"""
_NUMBERS: Final = frozenset({"limit", "offset"})
_NUMBER_OF_ID: Final = re.compile(r"\d", re.ASCII)


def not_found(request: OperationRequest | None, reply: Reply) -> bool:
    """Return whether a reply is the 404 of a single read."""
    return request is not None and not request.operation.many and reply.status == 404


def has_invalid_number(request: OperationRequest | None) -> bool:
    """Return whether the limit or the offset of a request is not a whole number."""
    pairs = request.pairs if request is not None else ()
    return any(name in _NUMBERS and not (value.isascii() and value.isdigit()) for name, value in pairs)


class UnknownIdFound(Fault):
    name = "unknown-id-found"
    does = "responds to a read of an unknown id with 200 and an empty object"
    breaks = "6.1 status 404 [A]: reading an unknown sourcedId"
    hides = frozenset({"404 to reads"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or not not_found(request, reply):
            return reply
        return Reply(200, {request.operation.wrapper: {}})


class ForeignIdRefused(Fault):
    name = "foreign-id-refused"
    does = "responds with 400 to a read of an id that its own ids do not look like"
    breaks = "6.1 status 404 [B]: reading a sourcedId of any form"
    hides = frozenset({"404 to reads"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or not not_found(request, reply) or _NUMBER_OF_ID.search(request.sourced_id):
            return reply
        return error_reply(invalid_data("the id is malformed"))


class StartPage(Fault):
    name = "start-page"
    does = "responds to every unknown path with 200 and an HTML start page"
    breaks = "6.1 status 404 [A]: no resource at the URI"
    # The paths of what a variant does not serve are unknown as well.
    needs = Needs(without=SMALL_DATA | NO_GRADEBOOK | {"no-nested"})
    hides = frozenset({"unknown path"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return Reply(200, PAGE, media_type="text/html") if request is None and reply.status == 404 else reply


class AnyMethod(Fault):
    name = "any-method"
    does = "responds with 200 to methods that it does not support"
    breaks = "RFC 9110, 15.5.6 status 405 [B]: method not allowed"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        return Reply(200, {}) if reply.status == 405 else reply


class CrashOnNumber(Fault):
    name = "crash-on-number"
    does = "responds with 500 if limit or offset is not a whole number"
    breaks = "6.1 status 500 [A]: unexpected failures only"
    hides = frozenset({"invalid number"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if reply.status != 400 or not has_invalid_number(request):
            return reply
        return Reply(500, {"statusInfoSet": status_info_set([Problem(500, "invalid data", "unexpected failure")])})


class OddStatusForNumber(Fault):
    name = "odd-status-for-number"
    does = "responds with 422 if limit or offset is not a whole number"
    breaks = "3.3 limit, offset [C]: not defined, most servers send 400"
    hides = frozenset({"invalid number"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return replace(reply, status=422) if reply.status == 400 and has_invalid_number(request) else reply


class ChangedNotFound(Fault, abstract=True):
    """Changes the 404 of a single read."""

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return self.changed(reply) if not_found(request, reply) else reply

    @abstractmethod
    def changed(self, reply: Reply) -> Reply:
        """Return another reply."""


class HtmlNotFound(ChangedNotFound):
    name = "html-not-found"
    does = "responds to a read of an unknown id with HTML"
    breaks = "1 encodings [B]: errors are JSON, too"
    hides = frozenset({"404 body"})

    def changed(self, reply: Reply) -> Reply:
        return replace(reply, body=PAGE, media_type="text/html")


class BareNotFound(ChangedNotFound):
    name = "bare-not-found"
    does = "responds to a read of an unknown id with JSON that is not a status payload"
    breaks = "6.2 status payload [B]: recommended on all errors"
    hides = frozenset({"404 body"})

    def changed(self, reply: Reply) -> Reply:
        return replace(reply, body={"message": "not found"})


class DescriptionAsList(ChangedNotFound):
    name = "description-as-list"
    does = "sends the description of a 404 as a list of texts"
    breaks = "6.2 description [B]: a text"
    hides = frozenset({"404 body"})

    def changed(self, reply: Reply) -> Reply:
        entries = [entry | {"imsx_description": [entry["imsx_description"]]} for entry in reply.body["statusInfoSet"]]
        return replace(reply, body={"statusInfoSet": entries})


class ErrorSaysSuccess(ChangedNotFound):
    name = "error-says-success"
    does = "says success in the status payload of a 404"
    breaks = "6.2 code values [A]: an unknown object is a failure and an error"

    status_info: ClassVar = {"imsx_codeMajor": "success", "imsx_severity": "status", "imsx_codeMinor": "full success"}

    def changed(self, reply: Reply) -> Reply:
        return replace(reply, body={"statusInfoSet": [self.status_info]})


class StackTrace(ChangedNotFound):
    name = "stack-trace"
    does = "puts a stack trace into the description of a 404"
    breaks = "6.2 status payload [B]: four elements, for the caller"
    hides = frozenset({"404 body"})

    def changed(self, reply: Reply) -> Reply:
        entries = [entry | {"imsx_description": _TRACE} for entry in reply.body["statusInfoSet"]]
        return replace(reply, body={"statusInfoSet": entries})
