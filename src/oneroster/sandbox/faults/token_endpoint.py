"""Faults of the token endpoint: careless comparisons, and responses that clients cannot rely on."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Any

import msgspec

from oneroster.sandbox.faults.access_oauth import TokenEndpointFault
from oneroster.sandbox.faults.declarations import Needs
from oneroster.sandbox.faults.near_credentials import LooseClient, OddTokenResponse, client_credentials
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Reply


class SecretLastCharacters(LooseClient):
    name = "secret-last-characters"
    does = "compares the last eight characters of the client secret only"
    breaks = "7.4 client authentication [A]: by client id and secret"
    needs = Needs(access="oauth2")

    def is_like(self, sent: tuple[str, str], known: tuple[str, str]) -> bool:
        return sent[0] == known[0] and sent[1][-8:] == known[1][-8:]


class SecretTrimmed(LooseClient):
    name = "secret-trimmed"
    does = "removes blanks around the client secret before it compares"
    breaks = "7.4 client authentication [A]: by client id and secret"
    needs = Needs(access="oauth2")

    def is_like(self, sent: tuple[str, str], known: tuple[str, str]) -> bool:
        return sent[0] == known[0] and sent[1].strip() == known[1]


class ClientUnauthenticated(TokenEndpointFault):
    name = "client-unauthenticated"
    does = "grants a token without client id and secret"
    breaks = "7.4 client authentication [A]: by client id and secret"
    needs = Needs(access="oauth2")

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        anonymous = (
            reply.status == 401 and not raw_request.authorization and b"client_id" not in (raw_request.body or b"")
        )
        return Reply(200, _ISSUED) if anonymous else reply


class GrantTypeMissing(TokenEndpointFault):
    name = "grant-type-missing"
    does = "grants a token to a request without grant_type"
    breaks = "7.4 grant [A]: grant_type=client_credentials"
    needs = Needs(access="oauth2")

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        missing = b"grant_type" not in (raw_request.body or b"")
        return Reply(200, _ISSUED) if missing and client_credentials(raw_request) is not None else reply


class TokenOfAnotherKind(OddTokenResponse):
    name = "token-of-another-kind"
    does = "issues tokens with the token_type mac"
    breaks = "7.4 response [A]: token_type bearer"
    needs = Needs(access="oauth2")

    def changed(self, body: bytes) -> bytes:
        return _with(body, token_type="mac")  # noqa: S106  # not a secret


class TokenWith201(TokenEndpointFault):
    name = "token-with-201"
    does = "issues tokens with the status 201"
    breaks = "6.1 status 200 [A]: success"
    needs = Needs(access="oauth2")

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        return replace(reply, status=201) if reply.status == 200 else reply


class TokenAsHtml(TokenEndpointFault):
    name = "token-as-html"
    does = "sends issued tokens as text/html"
    breaks = "7.4 response [A]: JSON"
    needs = Needs(access="oauth2")

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        return replace(reply, media_type="text/html") if reply.status == 200 else reply


class NoLifetime(OddTokenResponse):
    name = "no-lifetime"
    does = "issues tokens without expires_in"
    breaks = "RFC 6749, 5.1 [B]: expires_in is recommended"
    needs = Needs(access="oauth2")

    def changed(self, body: bytes) -> bytes:
        return _with(body, expires_in=None)


class LifetimeInWords(OddTokenResponse):
    name = "lifetime-in-words"
    does = "issues tokens with an expires_in of `one hour`"
    breaks = "7.4 response [A]: expires_in, in seconds"
    needs = Needs(access="oauth2")

    def changed(self, body: bytes) -> bytes:
        return _with(body, expires_in="one hour")


class ScopesAsList(OddTokenResponse):
    name = "scopes-as-list"
    does = "names the scopes of a token in an array"
    breaks = "7.4 response [A]: scope, separated by blanks"
    needs = Needs(access="oauth2")

    def changed(self, body: bytes) -> bytes:
        return _with(body, scope=str(msgspec.json.decode(body)["scope"]).split())


class RefusalRepeatsSecret(TokenEndpointFault):
    name = "refusal-repeats-secret"
    does = "repeats a wrong client secret in the error_description"
    breaks = "6.2 description [B]: no credentials"
    needs = Needs(access="oauth2")

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        sent = client_credentials(raw_request)
        if reply.status != 401 or sent is None:
            return reply
        return replace(reply, body=_with(reply.body, error_description=f"{sent[1]} is not the secret"))


class UnknownScopeCrashes(TokenEndpointFault):
    name = "unknown-scope-crashes"
    does = "responds with 500 to a token request for a scope that it does not know"
    breaks = "6.1 status 500 [A]: for catastrophes only"
    needs = Needs(access="oauth2")

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        unknown = isinstance(reply.body, bytes) and b"invalid_scope" in reply.body
        return Reply(500, {"error": "server_error"}) if unknown else reply


class EmptyGrantCrashes(TokenEndpointFault):
    name = "empty-grant-crashes"
    does = "responds with 500 to a token request with an empty grant_type"
    breaks = "6.1 status 500 [A]: for catastrophes only"
    needs = Needs(access="oauth2")

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        pieces = (raw_request.body or b"").split(b"&")
        return Reply(500, {"error": "server_error"}) if b"grant_type=" in pieces else reply


class BasicRefused(TokenEndpointFault):
    name = "basic-refused"
    does = "takes client id and secret in the form only"
    breaks = "7.4 client authentication [B]: HTTP Basic"
    needs = Needs(access="oauth2")

    def token_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if not raw_request.authorization or reply.status != 200:
            return reply
        return Reply(401, {"error": "invalid_client"}, {"WWW-Authenticate": 'Basic realm="oneroster-sandbox"'})


_ISSUED = {"access_token": "issued-unchecked", "token_type": "Bearer", "expires_in": 3600}


def _with(body: bytes, **members: Any) -> bytes:
    """Return a JSON object with other members; None removes one."""
    changed = msgspec.json.decode(body) | members
    return msgspec.json.encode({name: value for name, value in changed.items() if value is not None})
