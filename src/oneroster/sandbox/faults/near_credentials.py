"""Faults of comparison: credentials that are nearly right are accepted, or scopes that are nearly enough."""

# ruff: noqa: ARG002  # hooks have a fixed signature

import base64
import re
from abc import abstractmethod
from dataclasses import replace
from urllib.parse import parse_qs, quote, unquote, unquote_plus

import msgspec

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.faults.access_oauth import LooseSignature, TokenEndpointFault
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.store.store import Store

_BEGINNING = 8
_NESTED_GRADES = re.compile(rb"/classes/[^/]+/(?:.*/)?(?:results|lineItems|categories|scoreScales)\b")
_SINGLE_CLASS = re.compile(rb"/classes/[^/]+$")
_CORE: tuple[str, ...] = ("roster-core.readonly",)
_NESTED: tuple[str, ...] = ("roster.readonly",)


class LooseToken(Fault, abstract=True):
    """Accepts bearer tokens that are like the last valid one.

    The first valid token is remembered, because no fault knows the secrets of the tenant.
    """

    def __init__(self) -> None:
        self._known = ""

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        scheme, _, token = raw_request.authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return outcome
        if isinstance(outcome, Authenticated):
            self._known = token
            return outcome
        return Authenticated() if self._known and self.is_like(token, self._known) else outcome

    @abstractmethod
    def is_like(self, token: str, known: str) -> bool:
        """Return whether a token is taken for a valid one."""


class SingleReadsByAnyToken(Fault):
    name = "single-reads-by-any-token"
    does = "accepts any bearer token for single reads of classes"
    breaks = "6.1 status 401 [A]: a token that was never issued"
    needs = Needs(access="oauth2", without=SMALL_DATA)

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        is_open = _SINGLE_CLASS.search(raw_request.raw_path) and raw_request.authorization.startswith("Bearer ")
        return Authenticated() if is_open else outcome


class ResourcesTokenPrefix(LooseToken):
    name = "resources-token-with-more"
    does = "accepts a valid bearer token with more characters behind it on resources"
    breaks = "6.1 status 401 [A]: a token that was never issued"
    needs = Needs(elements=frozenset({"Resource"}), without=SMALL_DATA | KIMONO)

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        other = super().authenticate(raw_request, outcome)
        return other if b"/resources" in raw_request.raw_path else outcome

    def is_like(self, token: str, known: str) -> bool:
        return token.startswith(known)


class NestedTokenBeginning(LooseToken):
    name = "nested-token-beginning"
    does = "compares the first characters of bearer tokens only, for nested collections of the gradebook"
    breaks = "6.1 status 401 [A]: a token that was never issued"
    needs = Needs(without=SMALL_DATA | NO_GRADEBOOK | {"no-nested"})

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        other = super().authenticate(raw_request, outcome)
        return other if _NESTED_GRADES.search(raw_request.raw_path) else outcome

    def is_like(self, token: str, known: str) -> bool:
        return token[:_BEGINNING] == known[:_BEGINNING]


class SchemeInCapitalsOnly(Fault):
    name = "scheme-with-capital-only"
    does = "refuses the scheme `bearer` in lower case"
    breaks = "RFC 9110, 11.1 [B]: the scheme is case-insensitive"

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        is_lower = raw_request.authorization.startswith("bearer ")
        return Denied("the scheme is not accepted", "invalid_token") if is_lower else outcome


class TokenPrefix(LooseToken):
    name = "token-with-more"
    does = "accepts a valid bearer token with more characters behind it"
    breaks = "6.1 status 401 [A]: invalid token"

    def is_like(self, token: str, known: str) -> bool:
        return token.startswith(known)


class TokenWithLess(LooseToken):
    name = "token-with-less"
    does = "accepts a valid bearer token without its last character"
    breaks = "6.1 status 401 [A]: invalid token"

    def is_like(self, token: str, known: str) -> bool:
        return len(token) > 1 and known.startswith(token)


class TokenAnyCase(LooseToken):
    name = "token-any-case"
    does = "compares bearer tokens without regard to case"
    breaks = "6.1 status 401 [A]: invalid token"

    def is_like(self, token: str, known: str) -> bool:
        return token.lower() == known.lower()


class LooseClient(TokenEndpointFault, abstract=True):
    """Grants a token to client credentials that are like those of the last granted request."""

    def __init__(self) -> None:
        self._known: tuple[str, str] | None = None
        self._granted: Reply | None = None

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        sent = client_credentials(raw_request)
        if reply.status == 200:
            self._known, self._granted = sent, reply
            return reply
        if reply.status != 401 or sent is None or self._known is None or self._granted is None:
            return reply
        return self._granted if self.is_like(sent, self._known) else reply

    @abstractmethod
    def is_like(self, sent: tuple[str, str], known: tuple[str, str]) -> bool:
        """Return whether a client id and secret are taken for valid ones."""


class SecretWithMore(LooseClient):
    name = "secret-with-more"
    does = "grants a token for the right client secret with more characters behind it"
    breaks = "7.4 client authentication [A]: by client id and secret"
    needs = Needs(access="oauth2")

    def is_like(self, sent: tuple[str, str], known: tuple[str, str]) -> bool:
        return sent[0] == known[0] and sent[1].startswith(known[1])


class AnyClientId(LooseClient):
    name = "any-client-id"
    does = "grants a token for the right client secret, whatever the client id"
    breaks = "7.4 client authentication [A]: by client id and secret"
    needs = Needs(access="oauth2")

    def is_like(self, sent: tuple[str, str], known: tuple[str, str]) -> bool:
        return sent[1] == known[1]


def client_credentials(raw_request: RawRequest) -> tuple[str, str] | None:
    """Return the client id and secret of a token request, from its header or its form."""
    scheme, _, encoded = raw_request.authorization.partition(" ")
    if scheme.lower() == "basic":
        client_id, _, secret = base64.b64decode(encoded).decode("utf-8", "replace").partition(":")
        return unquote_plus(client_id), unquote_plus(secret)
    form = parse_qs((raw_request.body or b"").decode("latin-1"))
    client_id, secret = form.get("client_id", [""])[0], form.get("client_secret", [""])[0]
    return (client_id, secret) if client_id else None


class PathUnsigned(LooseSignature):
    name = "path-unsigned"
    does = "accepts an OAuth 1.0a signature of another path"
    breaks = "7.2 signing [A]: the URL is signed"

    def signed(self, raw_request: RawRequest) -> RawRequest:
        parent = raw_request.raw_path.rpartition(b"/")[0]
        return replace(raw_request, raw_path=parent + b"/oneroster-check-nowhere")


class SignatureAnyCase(LooseSignature):
    name = "signature-any-case"
    does = "accepts an OAuth 1.0a signature with its letters in the other case"
    breaks = "7.2 signing [A]: base64 has capitals and small letters"

    def signed(self, raw_request: RawRequest) -> RawRequest:
        header = re.sub(
            r'(?<=oauth_signature=")[^"]*',
            lambda found: quote(unquote(found[0]).swapcase(), safe=""),
            raw_request.authorization,
        )
        return replace(raw_request, headers={**raw_request.headers, "authorization": header})


class MethodUnsigned(LooseSignature):
    name = "method-unsigned"
    does = "accepts an OAuth 1.0a signature of another method"
    breaks = "7.2 signing [A]: the method is signed"

    def signed(self, raw_request: RawRequest) -> RawRequest:
        return replace(raw_request, method="POST")


class NestedByCoreScope(Fault):
    name = "nested-by-core-scope"
    does = "lets a token for roster-core.readonly read nested collections, too"
    breaks = "7.4 scopes [B]: the core scope gives lists and single reads only"
    needs = Needs(access="oauth2")

    def prepare(self, store: Store) -> None:
        scopes = {scope for one in store.specification.operations.values() for scope in one.oauth_scopes}
        self._core = frozenset(scope for scope in scopes if scope.endswith(_CORE))
        self._nested = frozenset(scope for scope in scopes if scope.endswith(_NESTED))

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        if isinstance(outcome, Denied) or outcome.scopes is None or outcome.scopes.isdisjoint(self._core):
            return outcome
        return Authenticated(outcome.scopes | self._nested)


class OddTokenResponse(TokenEndpointFault, abstract=True):
    """Changes the body of every granted token."""

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        return replace(reply, body=self.changed(reply.body)) if reply.status == 200 else reply

    @abstractmethod
    def changed(self, body: bytes) -> bytes:
        """Return another body."""


class TokenForEver(OddTokenResponse):
    name = "token-for-ever"
    does = "issues tokens with an expires_in of 400 digits"
    breaks = "7.4 response [A]: expires_in, in seconds"
    needs = Needs(access="oauth2")

    def changed(self, body: bytes) -> bytes:
        return body.replace(b'"expires_in": ', b'"expires_in": ' + b"9" * 400)


class TokenMissing(OddTokenResponse):
    name = "token-missing"
    does = "responds to token requests with 200 and no access_token"
    breaks = "7.4 response [A]: access_token"
    needs = Needs(access="oauth2")

    def changed(self, body: bytes) -> bytes:
        members = msgspec.json.decode(body)
        return msgspec.json.encode({name: value for name, value in members.items() if name != "access_token"})


class TokenNested(OddTokenResponse):
    name = "token-nested"
    does = "responds to token requests with JSON that is nested 100,000 deep"
    breaks = "7.4 response [A]: a JSON object with the token"
    needs = Needs(access="oauth2")

    def changed(self, body: bytes) -> bytes:
        return b"[" * 100_000 + b"]" * 100_000


class TokenNotUtf8(OddTokenResponse):
    name = "token-not-utf-8"
    does = "responds to token requests with JSON that is not UTF-8"
    breaks = "7.4 response [A]: a JSON object with the token"
    needs = Needs(access="oauth2")

    def changed(self, body: bytes) -> bytes:
        return body[:-1] + b', "note": "\xff\xfe"}'
