"""Faults of authentication: requests without valid credentials are accepted, or 401 responses are incomplete."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.error_responses import PAGE
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.requests.operation_request import OperationRequest


class OpenDoor(Fault):
    name = "open-door"
    does = "serves requests without credentials"
    breaks = "6.1 status 401 [A]: not authenticated"

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        return outcome if raw_request.has_credentials else Authenticated()


class AnyToken(Fault):
    name = "any-token"
    does = "accepts any bearer token and any signature"
    breaks = "6.1 status 401 [A]: invalid token or signature"

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        wrong = isinstance(outcome, Denied) and raw_request.has_credentials
        return Authenticated() if wrong else outcome


class StatusWithoutPayload(Fault):
    name = "status-without-payload"
    does = "responds to unauthenticated requests with HTML instead of the status payload"
    breaks = "6.2 status payload [B]: recommended on all errors"
    hides = frozenset({"401 body"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return replace(reply, body=PAGE, media_type="text/html") if reply.status == 401 else reply


class BlankToken(Fault):
    name = "blank-token"
    does = "accepts an Authorization header with a scheme and no credentials"
    breaks = "6.1 status 401 [A]: not authenticated"

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        blank = bool(raw_request.authorization) and not raw_request.authorization.partition(" ")[2]
        return Authenticated() if blank else outcome


class NoChallenge(Fault):
    name = "no-challenge"
    does = "sends 401 without WWW-Authenticate"
    breaks = "RFC 9110, 15.5.2 [B]: WWW-Authenticate with every 401"
    hides = frozenset({"challenge"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if reply.status != 401:
            return reply
        kept = {name: value for name, value in reply.headers.items() if name != "WWW-Authenticate"}
        return replace(reply, headers=kept)
