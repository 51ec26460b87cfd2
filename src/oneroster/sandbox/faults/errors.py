"""Faults of errors: what should be refused is not, or is refused in a way that says too much or nothing."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar, Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, status_info_set
from oneroster.sandbox.requests.operation_request import OperationRequest

PAGE: Final = b"<!doctype html><title>Error</title><h1>Something went wrong</h1>"
_TRACE: Final = """Traceback (most recent call last):
  File "records.py", line 88, in find
    raise LookupError(sourced_id)
LookupError"""
_NUMBERS: Final = frozenset({"limit", "offset"})


def not_found(call: OperationRequest | None, answer: Reply) -> bool:
    """Whether an answer says that a single record is not there."""
    return call is not None and not call.operation.many and answer.status == 404


def holds_bad_number(call: OperationRequest | None) -> bool:
    """Whether the limit or the offset of a request is no whole number."""
    given = call.pairs if call is not None else ()
    return any(name in _NUMBERS and not (value.isascii() and value.isdigit()) for name, value in given)


class UnknownIdFound(Fault):
    name = "unknown-id-found"
    does = "answers the read of an unknown id with 200 and an empty object"
    breaks = "6.1 status 404 [A]: reading a sourcedId that was never assigned"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        if call is None or not not_found(call, answer):
            return answer
        return Reply(200, {call.operation.wrapper: {}})


class StartPage(Fault):
    name = "start-page"
    does = "answers every unknown address with 200 and its start page"
    breaks = "6.1 status 404 [A]: no resource behind the URI"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        return Reply(200, PAGE, media_type="text/html") if call is None and answer.status == 404 else answer


class AnyMethod(Fault):
    name = "any-method"
    does = "answers methods that it does not have with 200"
    breaks = "RFC 9110, 15.5.6 status 405 [B]: method not allowed"

    def sent(self, arrival: RawRequest, answer: Reply) -> Reply:
        return Reply(200, {}) if answer.status == 405 else answer


class CrashOnNumber(Fault):
    name = "crash-on-number"
    does = "crashes with 500 when the limit or the offset is no whole number"
    breaks = "6.1 status 500 [A]: only for a catastrophe"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        if answer.status != 400 or not holds_bad_number(call):
            return answer
        return Reply(500, {"statusInfoSet": status_info_set([Problem(500, "invalid data", "unexpected failure")])})


class OddStatusForNumber(Fault):
    name = "odd-status-for-number"
    does = "answers 422 when the limit or the offset is no whole number"
    breaks = "3.3 limit, offset [C]: not defined, 400 with most servers"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        return replace(answer, status=422) if answer.status == 400 and holds_bad_number(call) else answer


class OtherNotFound(Fault):
    """Changes the answer to a single read that finds nothing."""

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        return self.said(answer) if not_found(call, answer) else answer

    @abstractmethod
    def said(self, answer: Reply) -> Reply:
        """What is said instead."""


class HtmlNotFound(OtherNotFound):
    name = "html-not-found"
    does = "answers the read of an unknown id with the HTML page of its web server"
    breaks = "1 encodings [B]: JSON, for errors too"

    def said(self, answer: Reply) -> Reply:
        return replace(answer, body=PAGE, media_type="text/html")


class BareNotFound(OtherNotFound):
    name = "bare-not-found"
    does = "answers the read of an unknown id with JSON that is no status payload"
    breaks = "6.2 status payload [B]: recommended on all errors"

    def said(self, answer: Reply) -> Reply:
        return replace(answer, body={"message": "not found"})


class ErrorSaysSuccess(OtherNotFound):
    name = "error-says-success"
    does = "says success in the payload of a 404"
    breaks = "6.2 code values [A]: unknown object is failure and error"

    said_instead: ClassVar = {"imsx_codeMajor": "success", "imsx_severity": "status", "imsx_codeMinor": "full success"}

    def said(self, answer: Reply) -> Reply:
        return replace(answer, body={"statusInfoSet": [self.said_instead]})


class StackTrace(OtherNotFound):
    name = "stack-trace"
    does = "tells its stack trace in the description of a 404"
    breaks = "6.2 status payload [B]: four elements, for the caller"

    def said(self, answer: Reply) -> Reply:
        told = [entry | {"imsx_description": _TRACE} for entry in answer.body["statusInfoSet"]]
        return replace(answer, body={"statusInfoSet": told})


FAULTS = (
    UnknownIdFound,
    StartPage,
    AnyMethod,
    CrashOnNumber,
    OddStatusForNumber,
    HtmlNotFound,
    BareNotFound,
    ErrorSaysSuccess,
    StackTrace,
)
