"""Faults of access and of paths: what a cache, another method, a missing signature or an injected id lets in."""

# ruff: noqa: ARG002  # hooks have a fixed signature

import base64
import binascii
import re
import time
from abc import abstractmethod
from dataclasses import replace
from typing import Any, Final

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.auth.oauth2 import TOKEN_PATH
from oneroster.sandbox.faults.access_oauth import GrantsMoreScopes, demographics_scopes
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, SMALL_DATA, Needs
from oneroster.sandbox.faults.near_credentials import LooseToken
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, error_reply
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.store.store import Store
from oneroster_runtime.specification import Specification

_CONSUMER_KEY: Final = re.compile(r'oauth_consumer_key="([^"]*)"')
_NESTED: Final = re.compile(rb"/(?:schools|classes|courses|terms|users|students|teachers)/[^/]+/")
_TIMESTAMP: Final = re.compile(r'oauth_timestamp="(\d+)"')
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


class OtherSchemesOpenNested(Fault):
    name = "other-schemes-open-nested"
    does = "accepts any Authorization header of a scheme that it does not know for nested collections"
    breaks = "6.1 status 401 [A]: not authenticated"
    needs = Needs(without=SMALL_DATA | KIMONO | {"no-nested"})

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        scheme = raw_request.authorization.partition(" ")[0].lower()
        is_other = bool(scheme) and scheme not in ("bearer", "oauth")
        return Authenticated() if is_other and _NESTED.search(raw_request.raw_path) else outcome


class FilterOpensNested(Fault):
    name = "filter-opens-nested"
    does = "responds without credentials to nested collections if the request has a filter"
    breaks = "6.1 status 401 [A]: not authenticated"
    needs = Needs(without=SMALL_DATA | KIMONO | {"no-nested"})

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        is_open = b"filter=" in raw_request.query_string and not raw_request.has_credentials
        return Authenticated() if is_open and _NESTED.search(raw_request.raw_path) else outcome


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


class TokenLastCharacters(LooseToken):
    name = "token-last-characters"
    does = "compares the last eight characters of bearer tokens only"
    breaks = "6.1 status 401 [A]: invalid token"

    def is_like(self, token: str, known: str) -> bool:
        return token[-8:] == known[-8:]


class Accepts(Fault, abstract=True):
    """Accepts callers without valid credentials whose request has some mark."""

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        return Authenticated() if isinstance(outcome, Denied) and self.has_mark(raw_request) else outcome

    @abstractmethod
    def has_mark(self, raw_request: RawRequest) -> bool:
        """Return whether a request is accepted."""


class AnyKey(Accepts):
    name = "any-key"
    does = "accepts any X-API-Key in place of credentials"
    breaks = "6.1 status 401 [A]: not authenticated"

    def has_mark(self, raw_request: RawRequest) -> bool:
        return "x-api-key" in raw_request.headers and not raw_request.authorization


class TokenInQuery(Accepts):
    name = "token-in-query"
    does = "accepts any access_token in the query"
    breaks = "6.1 status 401 [A]: invalid token"

    def has_mark(self, raw_request: RawRequest) -> bool:
        return b"access_token=" in raw_request.query_string


class NullToken(Accepts):
    name = "null-token"
    does = "accepts the bearer token null, which a client without a token sends"
    breaks = "6.1 status 401 [A]: invalid token"

    def has_mark(self, raw_request: RawRequest) -> bool:
        return raw_request.authorization == "Bearer null"


class UnsignedToken(Accepts):
    name = "unsigned-token"
    does = "accepts JSON Web Tokens without a signature"
    breaks = "6.1 status 401 [A]: invalid token"

    def has_mark(self, raw_request: RawRequest) -> bool:
        token = raw_request.authorization.partition(" ")[2]
        return token.count(".") == 2 and token.endswith(".")


class EmptySignature(Accepts):
    name = "empty-signature"
    does = "accepts OAuth 1.0a credentials with an empty signature"
    breaks = "7.2 signing [A]: every request is signed"
    needs = Needs(access="oauth1")

    def has_mark(self, raw_request: RawRequest) -> bool:
        return 'oauth_signature=""' in raw_request.authorization


class FutureTimestamp(Fault):
    name = "future-timestamp"
    does = "accepts OAuth 1.0a signatures with a timestamp in the future"
    breaks = "7.1 OAuth 1.0a timestamp [B]: near the time of the server"
    needs = Needs(access="oauth1")

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        found = _TIMESTAMP.search(raw_request.authorization)
        late = isinstance(outcome, Denied) and outcome.cause == "timestamp" and found is not None
        return Authenticated() if late and found is not None and int(found[1]) > time.time() else outcome


class DataWith401(CacheBeforeAuthentication):
    name = "data-with-401"
    does = "sends the data of earlier responses in the body of 401 responses"
    breaks = "6.1 status 401 [A]: not authenticated"
    hides = frozenset({"401 body"})

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        answer = super().any_response(raw_request, reply)
        return answer if answer is reply else replace(reply, body={**answer.body, **reply.body})


class RefusalSaysSuccess(Fault):
    name = "refusal-says-success"
    does = "sends 401 with the codeMajor success"
    breaks = "6.2 code values [A]: failure and error with every status from 400"
    hides = frozenset({"401 body"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return replace(reply, body=_with_first_entry(reply, imsx_codeMajor="success")) if reply.status == 401 else reply


class RefusalShowsTrace(Fault):
    name = "refusal-shows-trace"
    does = "describes a 401 with a stack trace"
    breaks = "6.2 status payload [B]: its four elements and no more"
    hides = frozenset({"401 body"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        trace = 'Traceback (most recent call last):\n  File "/srv/auth.py", line 3, in check'
        return replace(reply, body=_with_first_entry(reply, imsx_description=trace)) if reply.status == 401 else reply


class ChallengeOfBasic(Fault):
    name = "challenge-of-basic"
    does = "asks for HTTP Basic in the WWW-Authenticate header of the API"
    breaks = "7.1 two mechanisms; RFC 9110, 11.6.1 [B]: a scheme that is accepted"
    hides = frozenset({"challenge"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        headers = {**reply.headers, "WWW-Authenticate": 'Basic realm="oneroster-sandbox"'}
        return replace(reply, headers=headers) if reply.status == 401 else reply


class ForbiddenBare(Fault):
    name = "forbidden-bare"
    does = "sends 403 without a body"
    breaks = "6.2 status payload [B]: recommended on all errors"
    needs = Needs(access="oauth2")

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return replace(reply, body=None) if reply.status == 403 else reply


class EnrollmentsWithoutScope(GrantsMoreScopes):
    name = "enrollments-without-scope"
    does = "lets a token of any scope read enrollments"
    breaks = "7.4 scopes [B]: each operation needs its scope"
    needs = Needs(access="oauth2")

    def scopes(self, specification: Specification) -> frozenset[str]:
        return frozenset(scope for one in specification.operations.values() for scope in one.oauth_scopes)

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        reads = raw_request.raw_path.endswith(b"/enrollments")
        return super().authenticate(raw_request, outcome) if reads else outcome


def _with_first_entry(reply: Reply, **members: str) -> dict[str, Any]:
    """Return the body of an error response with other members in its status entry."""
    first, *others = reply.body["statusInfoSet"]
    return {**reply.body, "statusInfoSet": [first | members, *others]}


class DemographicsByRosterScope(Fault):
    name = "demographics-by-roster-scope"
    does = "lets a token for roster.readonly read demographics"
    breaks = "7.4 scopes [B]: roster.readonly gives all but demographics"
    needs = Needs(access="oauth2", without=SMALL_DATA | KIMONO)

    def prepare(self, store: Store) -> None:
        self._more = demographics_scopes(store.specification)

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        if isinstance(outcome, Denied) or outcome.scopes is None:
            return outcome
        roster = any(scope.endswith("/roster.readonly") for scope in outcome.scopes)
        return Authenticated(outcome.scopes | self._more) if roster else outcome


class ClientIdAnyCase(Fault):
    name = "client-id-any-case"
    does = "compares the client id of OAuth 1.0a credentials without regard to case"
    breaks = "7.2 signing [A]: by the client id and its secret"
    needs = Needs(access="oauth1")

    def __init__(self) -> None:
        self._known = ""

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        found = _CONSUMER_KEY.search(raw_request.authorization)
        key = "" if found is None else found[1]
        if isinstance(outcome, Authenticated):
            self._known = key or self._known
            return outcome
        # No fault knows the secrets: it takes the signature of a key in another case for right.
        return Authenticated() if key != self._known and key.lower() == self._known.lower() else outcome


class CoreScopeRefused(Fault):
    name = "core-scope-refused"
    does = "responds with 403 to tokens that have roster-core.readonly alone"
    breaks = "7.4 scopes [B]: roster-core.readonly gives lists and single reads"
    needs = Needs(access="oauth2")

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        if isinstance(outcome, Denied) or outcome.scopes is None:
            return outcome
        return Authenticated(frozenset(each for each in outcome.scopes if not each.endswith("/roster-core.readonly")))
