"""Faults of the status object of few responses: members that it does not have, and minor codes of another form."""

# ruff: noqa: ARG002  # hooks have a fixed signature

import re
from dataclasses import replace
from typing import Any, Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import NO_GRADEBOOK, SMALL_DATA, WRITE_NEEDS, Needs
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Reply

__all__ = ["is_status_object", "with_flat_code"]

_STATUS: Final = Needs(features=frozenset({"nested minor codes"}), without=SMALL_DATA | {"no-minor-codes"})
_NOT_FOUND: Final = 404
_FORBIDDEN: Final = 403
_REJECTED: Final = 422
_CODE_MINOR: Final = "imsx_CodeMinor"
_FIELDS: Final = "imsx_codeMinorField"


def is_status_object(body: Any) -> bool:
    """Return whether a body is a status object."""
    return isinstance(body, dict) and "imsx_codeMajor" in body


def with_flat_code(reply: Reply) -> Reply:
    """Return a reply whose status object has its minor code as a text."""
    if _CODE_MINOR not in reply.body:
        return reply
    body = {name: value for name, value in reply.body.items() if name != _CODE_MINOR}
    word = reply.body[_CODE_MINOR]["imsx_codeMinorField"][0]["imsx_codeMinorFieldValue"]
    return replace(reply, body=body | {"imsx_codeMinor": word})


class StatusWithReference(Fault):
    name = "status-with-reference"
    does = "sends the imsx_operationRefIdentifier of an earlier version in the status object of a 404"
    breaks = "closed objects [A]: the status object has four members"
    needs = _STATUS
    hides = frozenset({"404 body"})

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if reply.status != _NOT_FOUND or not is_status_object(reply.body):
            return reply
        return replace(reply, body=reply.body | {"imsx_operationRefIdentifier": "read"})


class ForbiddenWithoutMajor(Fault):
    name = "forbidden-without-major"
    does = "leaves imsx_codeMajor out of the status object of a 403"
    breaks = "3.5 status object [A]: code major and severity are required"
    needs = replace(_STATUS, access="oauth2")

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if reply.status != _FORBIDDEN or not is_status_object(reply.body):
            return reply
        return replace(reply, body={name: value for name, value in reply.body.items() if name != "imsx_codeMajor"})


def _is_nested_not_found(raw_request: RawRequest, reply: Reply) -> bool:
    """Return whether a reply is the 404 of a nested collection of the gradebook, with a status object."""
    is_nested = re.search(rb"/gradebook/.*/classes/[^/]+/", raw_request.raw_path) is not None
    return is_nested and reply.status == _NOT_FOUND and is_status_object(reply.body)


class NestedNotFoundFlat(Fault):
    name = "nested-not-found-flat"
    does = "sends the minor code of the 404 of a nested collection of the gradebook as a text"
    breaks = "3.5 imsx_CodeMinor [A]: fields with name and value"
    needs = replace(_STATUS, without=_STATUS.without | NO_GRADEBOOK | {"no-nested"})
    hides = frozenset({"nested 404 body"})

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if not _is_nested_not_found(raw_request, reply):
            return reply
        return with_flat_code(reply)


class WriteRefusalFlat(Fault):
    name = "write-refusal-flat"
    does = "sends the minor code of a rejected PUT as a text"
    breaks = "3.5 imsx_CodeMinor [A]: fields with name and value"
    needs = replace(WRITE_NEEDS, features=_STATUS.features, without=WRITE_NEEDS.without | _STATUS.without)

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        is_rejected = raw_request.method == "PUT" and reply.status == _REJECTED and is_status_object(reply.body)
        return with_flat_code(reply) if is_rejected else reply


class NestedNotFoundSaysForbidden(Fault):
    name = "nested-not-found-says-forbidden"
    does = "sends the minor code forbidden with the 404 of a nested collection of the gradebook"
    breaks = "3.6 code minor [A]: unknownobject with 404"
    needs = replace(_STATUS, without=_STATUS.without | NO_GRADEBOOK | {"no-nested"})
    hides = frozenset({"nested 404 body"})

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if not _is_nested_not_found(raw_request, reply):
            return reply
        fields = [each | {"imsx_codeMinorFieldValue": "forbidden"} for each in reply.body[_CODE_MINOR][_FIELDS]]
        return replace(reply, body=reply.body | {_CODE_MINOR: {_FIELDS: fields}})
