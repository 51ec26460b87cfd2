"""Faults of OAuth: tokens and signatures that are good for more than they should be, and a careless token endpoint."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs

import msgspec

from oneroster.sandbox.auth.authentication import Admitted, Denied
from oneroster.sandbox.auth.oauth2 import TOKEN_PATH
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Reply
from oneroster_v1p1.tables import OPERATIONS

_DEMOGRAPHICS: Final = frozenset(
    scope for each in OPERATIONS.values() if each.tag == "demographics" for scope in each.oauth_scopes
)
_OTHERS: Final = frozenset(scope for each in OPERATIONS.values() for scope in each.oauth_scopes) - _DEMOGRAPHICS
_MADE_UP: Final = {"access_token": "granted-without-a-look", "token_type": "Bearer", "expires_in": 3600}


class Overlooks(Fault):
    """Lets in who was denied for one cause."""

    cause: ClassVar[str]

    def admit(self, arrival: RawRequest, verdict: Admitted | Denied) -> Admitted | Denied:
        overlooked = isinstance(verdict, Denied) and verdict.cause == self.cause
        return Admitted() if overlooked else verdict


class EternalToken(Overlooks):
    name = "eternal-token"
    does = "takes tokens that have expired"
    breaks = "7.4 expiry [B]: a token is good until it expires"
    cause = "expired"


class StaleTimestamp(Overlooks):
    name = "stale-timestamp"
    does = "takes OAuth 1.0a signatures of any time"
    breaks = "7.1 OAuth 1.0a timestamp [B]: refused when it is too old"
    cause = "timestamp"


class NonceTwice(Overlooks):
    name = "nonce-twice"
    does = "takes an OAuth 1.0a nonce again and again"
    breaks = "7.1 OAuth 1.0a nonce [B]: good for one request"
    cause = "nonce"


class QueryUnsigned(Fault):
    name = "query-unsigned"
    does = "takes OAuth 1.0a signatures that leave out the query"
    breaks = "7.2 signing [A]: all query parameters are signed"

    def mistaken_for(self, arrival: RawRequest, verdict: Denied) -> RawRequest | None:
        return replace(arrival, query_string=b"") if verdict.cause == "signature" else None


class Grants(Fault):
    """Gives a token of whatever scope access to more."""

    more: ClassVar[frozenset[str]]

    def admit(self, arrival: RawRequest, verdict: Admitted | Denied) -> Admitted | Denied:
        if isinstance(verdict, Denied) or verdict.scopes is None:
            return verdict
        return Admitted(verdict.scopes | self.more)


class ScopesIgnored(Grants):
    name = "scopes-ignored"
    does = "lets a token of any scope read and write everything but demographics"
    breaks = "7.4 scopes [A]: each gives access to its own part"
    more = _OTHERS


class DemographicsForAll(Grants):
    name = "demographics-for-all"
    does = "lets a token of any scope read demographics"
    breaks = "7.4 scopes [A]: demographics have their own"
    more = _DEMOGRAPHICS


class TokenEndpointFault(Fault):
    """Answers at the token endpoint another way."""

    def sent(self, arrival: RawRequest, answer: Reply) -> Reply:
        at_endpoint = arrival.raw_path == TOKEN_PATH.encode() and arrival.method == "POST"
        return self.granted(arrival, answer) if at_endpoint else answer

    @abstractmethod
    def granted(self, arrival: RawRequest, answer: Reply) -> Reply:
        """What is answered instead."""


class AnySecret(TokenEndpointFault):
    name = "any-secret"
    does = "grants a token to whoever knows the client id"
    breaks = "7.4 client authentication [A]: by id and secret"

    def granted(self, arrival: RawRequest, answer: Reply) -> Reply:
        return Reply(200, _MADE_UP, {}) if answer.status == 401 else answer


class AnyGrant(TokenEndpointFault):
    name = "any-grant"
    does = "grants a token for any grant_type"
    breaks = "7.4 grant [A]: client_credentials"

    def granted(self, arrival: RawRequest, answer: Reply) -> Reply:
        asked = parse_qs((arrival.body or b"").decode("latin-1")).get("grant_type")
        return Reply(200, _MADE_UP, {}) if answer.status == 400 and asked != ["client_credentials"] else answer


class NoTokenType(TokenEndpointFault):
    name = "no-token-type"
    does = "grants tokens without saying that they are bearer tokens"
    breaks = "7.4 answer [A]: token_type"

    def granted(self, arrival: RawRequest, answer: Reply) -> Reply:
        return _changed(answer, lambda members: members.pop("token_type"))


class TokenCached(TokenEndpointFault):
    name = "token-cached"
    does = "lets caches keep the tokens that it grants"
    breaks = "RFC 6749, 5.1 [B]: Cache-Control: no-store"

    def granted(self, arrival: RawRequest, answer: Reply) -> Reply:
        return replace(answer, headers={**answer.headers, "Cache-Control": "max-age=600"})


def _changed(answer: Reply, change: Callable[[dict[str, Any]], object]) -> Reply:
    if answer.status != 200:
        return answer
    members = msgspec.json.decode(answer.body)
    change(members)
    return replace(answer, body=msgspec.json.encode(members))


FAULTS = (
    AnySecret,
    AnyGrant,
    NoTokenType,
    TokenCached,
    EternalToken,
    ScopesIgnored,
    DemographicsForAll,
    StaleTimestamp,
    NonceTwice,
    QueryUnsigned,
)
