"""Faults of OAuth: invalid tokens, scopes and signatures are accepted, and the token endpoint skips checks."""

# ruff: noqa: ARG002  # hooks have a fixed signature

import re
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs

import msgspec

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.auth.oauth2 import TOKEN_PATH
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.store.store import Store
from oneroster_runtime.specification import Specification

_ISSUED_UNCHECKED: Final = {"access_token": "issued-unchecked", "token_type": "Bearer", "expires_in": 3600}


class AcceptsDenied(Fault, abstract=True):
    """Accepts callers who were denied for one cause."""

    cause: ClassVar[str]

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        accepted = isinstance(outcome, Denied) and outcome.cause == self.cause
        return Authenticated() if accepted else outcome


class EternalToken(AcceptsDenied):
    name = "eternal-token"
    does = "accepts expired tokens"
    breaks = "7.4 expiry [B]: a token is valid until it expires"
    needs = Needs(access="oauth2", token_lifetime=1)
    cause = "expired"


class EternalTokenInGradebook(AcceptsDenied):
    name = "eternal-token-in-gradebook"
    does = "accepts expired tokens for results, line items and categories"
    breaks = "7.4 expiry [B]: a token is valid until it expires"
    needs = Needs(access="oauth2", token_lifetime=1, without=SMALL_DATA | NO_GRADEBOOK)
    cause = "expired"

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        other = super().authenticate(raw_request, outcome)
        return other if re.search(rb"/(?:results|lineItems|categories)\b", raw_request.raw_path) else outcome


class StaleTimestamp(AcceptsDenied):
    name = "stale-timestamp"
    does = "accepts OAuth 1.0a signatures with any timestamp"
    breaks = "7.1 OAuth 1.0a timestamp [B]: old timestamps are rejected"
    needs = Needs(access="oauth1")
    cause = "timestamp"


class NonceTwice(AcceptsDenied):
    name = "nonce-twice"
    does = "accepts an OAuth 1.0a nonce more than once"
    breaks = "7.1 OAuth 1.0a nonce [B]: valid for one request"
    needs = Needs(access="oauth1")
    cause = "nonce"


class NestedNonceTwice(AcceptsDenied):
    name = "nonce-twice-below-parents"
    does = "accepts an OAuth 1.0a nonce more than once on collections below a parent"
    breaks = "7.1 OAuth 1.0a nonce [B]: valid for one request"
    needs = Needs(access="oauth1", without=SMALL_DATA | {"no-nested"})
    cause = "nonce"

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        other = super().authenticate(raw_request, outcome)
        return other if re.search(rb"/v1p1/\w+/[^/]+/\w+", raw_request.raw_path) else outcome


class LooseSignature(Fault, abstract=True):
    """Accepts an OAuth 1.0a signature of another request than the one that was sent."""

    needs = Needs(access="oauth1")

    def reinterpret_credentials(self, raw_request: RawRequest, outcome: Denied) -> RawRequest | None:
        return self.signed(raw_request) if outcome.cause == "signature" else None

    @abstractmethod
    def signed(self, raw_request: RawRequest) -> RawRequest:
        """Return the request whose signature is accepted."""


class QueryUnsigned(LooseSignature):
    name = "query-unsigned"
    does = "accepts OAuth 1.0a signatures that do not cover the query"
    breaks = "7.2 signing [A]: all query parameters are signed"

    def signed(self, raw_request: RawRequest) -> RawRequest:
        return replace(raw_request, query_string=b"")


class GrantsMoreScopes(Fault, abstract=True):
    """Gives every token more scopes than were granted."""

    def prepare(self, store: Store) -> None:
        self._more = self.scopes(store.specification)

    @abstractmethod
    def scopes(self, specification: Specification) -> frozenset[str]:
        """Return the scopes that every token has."""

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        if isinstance(outcome, Denied) or outcome.scopes is None:
            return outcome
        return Authenticated(outcome.scopes | self._more)


class ScopesIgnored(GrantsMoreScopes):
    name = "scopes-ignored"
    does = "accepts a token of any scope for everything except demographics"
    breaks = "7.4 scopes [A]: each scope gives access to its own resources only"
    needs = Needs(access="oauth2")

    def scopes(self, specification: Specification) -> frozenset[str]:
        every = frozenset(scope for one in specification.operations.values() for scope in one.oauth_scopes)
        return every - demographics_scopes(specification)


class DemographicsForAll(GrantsMoreScopes):
    name = "demographics-for-all"
    does = "accepts a token of any scope for demographics"
    breaks = "7.4 scopes [A]: demographics have a separate scope"
    needs = Needs(access="oauth2", without=SMALL_DATA | KIMONO)

    def scopes(self, specification: Specification) -> frozenset[str]:
        return demographics_scopes(specification)


def demographics_scopes(specification: Specification) -> frozenset[str]:
    """Return the scopes that demographics need."""
    operations = (one for one in specification.operations.values() if one.tag == "demographics")
    return frozenset(scope for one in operations for scope in one.oauth_scopes)


class TokenEndpointFault(Fault, abstract=True):
    """Changes the responses of the token endpoint."""

    hides = frozenset({"token response"})

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        is_token_request = raw_request.raw_path == TOKEN_PATH.encode() and raw_request.method == "POST"
        return self.token_response(raw_request, reply) if is_token_request else reply

    @abstractmethod
    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        """Return another response to a token request."""


class AnySecret(TokenEndpointFault):
    name = "any-secret"
    does = "issues a token for any client secret"
    breaks = "7.4 client authentication [A]: by client id and secret"
    needs = Needs(access="oauth2")

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        return Reply(200, _ISSUED_UNCHECKED, {}) if reply.status == 401 else reply


class AnyGrant(TokenEndpointFault):
    name = "any-grant"
    does = "issues a token for any grant_type"
    breaks = "7.4 grant [A]: client_credentials"
    needs = Needs(access="oauth2")

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        grant_type = parse_qs((raw_request.body or b"").decode("latin-1")).get("grant_type")
        return (
            Reply(200, _ISSUED_UNCHECKED, {}) if reply.status == 400 and grant_type != ["client_credentials"] else reply
        )


class NoTokenType(TokenEndpointFault):
    name = "no-token-type"
    does = "issues tokens without token_type"
    breaks = "7.4 response [A]: token_type"
    needs = Needs(access="oauth2")

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        return _with_changed_members(reply, lambda members: members.pop("token_type"))


class TokenCached(TokenEndpointFault):
    name = "token-cached"
    does = "allows caches to keep issued tokens"
    breaks = "RFC 6749, 5.1 [B]: Cache-Control: no-store"
    needs = Needs(access="oauth2")

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        return replace(reply, headers={**reply.headers, "Cache-Control": "max-age=600"})


def _with_changed_members(reply: Reply, change: Callable[[dict[str, Any]], object]) -> Reply:
    if reply.status != 200:
        return reply
    members = msgspec.json.decode(reply.body)
    change(members)
    return replace(reply, body=msgspec.json.encode(members))
