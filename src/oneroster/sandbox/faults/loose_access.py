"""Faults of access and of paths: what a cache, another method, a missing signature or an injected id lets in."""

import base64
import binascii
import re
from typing import Final

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.auth.oauth2 import TOKEN_PATH
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import Needs
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, error_reply
from oneroster.sandbox.requests.operation_request import OperationRequest

_TRUE: Final = re.compile(r"'\s*or\s.*=", re.IGNORECASE)
_TOKEN: Final = {"access_token": "issued-without-secret", "token_type": "Bearer", "expires_in": 3600}


class CacheBeforeAuthentication(Fault):
    name = "cache-before-authentication"
    does = "responds to requests without credentials from a cache of earlier responses"
    breaks = "6.1 status 401 [A]: not authenticated"

    def __init__(self) -> None:
        self._cached: dict[str, Reply] = {}

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if raw_request.method != "GET":
            return reply
        if reply.status == 200:
            self._cached[raw_request.signed_url] = reply
        anonymous = reply.status == 401 and not raw_request.has_credentials
        return self._cached.get(raw_request.signed_url, reply) if anonymous else reply


class HeadOpen(Fault):
    name = "head-open"
    does = "responds with 200 to HEAD without credentials"
    breaks = "6.1 status 401 [A]: not authenticated"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        return Reply(200) if raw_request.method == "HEAD" and reply.status == 401 else reply


class EmptySecret(Fault):
    name = "empty-secret"
    does = "grants a token for an empty client secret"
    breaks = "7.4 client authentication [A]: by client id and secret"
    needs = Needs(access="oauth2")
    hides = frozenset({"token response"})

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if raw_request.raw_path != TOKEN_PATH.encode() or reply.status != 401:
            return reply
        try:
            pair = base64.b64decode(raw_request.authorization.partition(" ")[2]).decode()
        except (binascii.Error, UnicodeDecodeError):
            return reply
        return Reply(200, _TOKEN) if pair.endswith(":") else reply


class SignatureLeftOut(Fault):
    name = "signature-left-out"
    does = "accepts OAuth 1.0a credentials without a signature"
    breaks = "7.2 signing [A]: every request is signed"
    needs = Needs(access="oauth1")

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        header = raw_request.authorization
        unsigned = "oauth_consumer_key=" in header and "oauth_signature=" not in header
        return Authenticated() if unsigned else outcome


class IdInjected(Fault):
    name = "id-injected"
    does = "inserts the id of a path into its database query, so that an always-true condition finds an org"
    breaks = "6.1 status 404 [A]: reading an id that was never assigned"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        read = request is not None and request.operation.method == "GET" and not request.operation.many
        if request is None or not read or reply.status != 404 or not _TRUE.search(request.sourced_id):
            return reply
        row = request.store.select(request.element).page(0, 1)[0]
        record = request.serializer.serialize(request.element, row, request.origin)
        return Reply(200, {str(request.operation.wrapper): record})


class QuoteInIdCrashes(Fault):
    name = "quote-in-id-crashes"
    does = "responds with 500 to a single read by an unknown id with a quote"
    breaks = "6.1 status 500 [A]: unexpected failures only"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        read = request is not None and request.operation.method == "GET" and not request.operation.many
        crashes = request is not None and read and reply.status == 404 and "'" in request.sourced_id
        return error_reply(Problem(500, "invalid data", "unexpected failure")) if crashes else reply
