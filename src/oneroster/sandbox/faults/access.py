"""Faults of access: a door that stands open."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from dataclasses import replace

from oneroster.sandbox.auth.authentication import Admitted, Denied
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.errors import PAGE
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.requests.operation_request import OperationRequest


class OpenDoor(Fault):
    name = "open-door"
    does = "serves callers who show no credentials at all"
    breaks = "6.1 status 401 [A]: not authenticated"

    def admit(self, arrival: RawRequest, verdict: Admitted | Denied) -> Admitted | Denied:
        return verdict if arrival.has_credentials else Admitted()


class AnyToken(Fault):
    name = "any-token"
    does = "serves callers with any bearer token or signature, right or wrong"
    breaks = "6.1 status 401 [A]: bad token or signature"

    def admit(self, arrival: RawRequest, verdict: Admitted | Denied) -> Admitted | Denied:
        wrong = isinstance(verdict, Denied) and arrival.has_credentials
        return Admitted() if wrong else verdict


class StatusWithoutPayload(Fault):
    name = "status-without-payload"
    does = "refuses with an HTML page instead of the status payload"
    breaks = "6.2 status payload [B]: recommended on all errors"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        return replace(answer, body=PAGE, media_type="text/html") if answer.status == 401 else answer


class BlankToken(Fault):
    name = "blank-token"
    does = "lets in who sends a scheme and nothing behind it"
    breaks = "6.1 status 401 [A]: not authenticated"

    def admit(self, arrival: RawRequest, verdict: Admitted | Denied) -> Admitted | Denied:
        blank = bool(arrival.authorization) and not arrival.authorization.partition(" ")[2]
        return Admitted() if blank else verdict


class NoChallenge(Fault):
    name = "no-challenge"
    does = "refuses without naming the way in"
    breaks = "RFC 9110, 15.5.2 [B]: WWW-Authenticate with every 401"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        if answer.status != 401:
            return answer
        kept = {name: value for name, value in answer.headers.items() if name != "WWW-Authenticate"}
        return replace(answer, headers=kept)


FAULTS = (OpenDoor, AnyToken, StatusWithoutPayload, BlankToken, NoChallenge)
