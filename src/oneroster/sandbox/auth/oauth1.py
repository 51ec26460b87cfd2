"""OAuth 1.0a without a token: signatures of requests, verified by oauthlib (7.1, 7.2)."""

# ruff: noqa: ARG002  # oauthlib defines the signatures of these methods

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, RequestValidator, SignatureOnlyEndpoint

WINDOW: Final = 45 * 60
"""Seconds by which a timestamp may differ from the tenant's clock in either direction."""


class Rejection(NamedTuple):
    """Why a signed request is rejected; `cause` is timestamp, nonce, signature, or None for anything else."""

    reason: str
    cause: str | None = None


_TIMESTAMP: Final = Rejection("the OAuth 1.0a timestamp is too far from the time of this server", "timestamp")
_NONCE: Final = Rejection("the OAuth 1.0a nonce was used before", "nonce")
_SIGNATURE: Final = Rejection("the OAuth 1.0a key or signature is not valid", "signature")
_MALFORMED: Final = Rejection("the OAuth 1.0a parameters or the signature method are not valid")
_UNREADABLE: Final = Rejection("the OAuth 1.0a credentials cannot be parsed")


class SignatureVerifier:
    """Verifies the signatures of requests.

    Args:
        client_id: The id of the only client.
        client_secret: The secret of this client.
        clock: Returns the seconds since 1970.
    """

    def __init__(self, client_id: str, client_secret: str, clock: Callable[[], float]) -> None:
        self._nonces = _Nonces(clock)
        self._endpoint = SignatureOnlyEndpoint(_Validator(client_id, client_secret, self._nonces))

    def verify(self, method: str, url: str, headers: Mapping[str, str]) -> Rejection | None:
        """Return why a request is rejected, or None if its signature is valid.

        The body is not part of the signature, because only form bodies are signed and OneRoster's are JSON (7.2, 1).
        """
        try:
            valid, request = self._endpoint.validate_request(url, method, headers=dict(headers))
        except ValueError:
            # oauthlib cannot parse the header or the query.
            return _UNREADABLE
        if valid:
            self._nonces.remember(request.timestamp, request.nonce)
            return None
        return self._cause(request)

    def _cause(self, request: Any) -> Rejection:
        # oauthlib reports only a failure; timestamp and nonce can be checked again to find the cause.
        if request is None or not (request.timestamp and request.nonce and str(request.timestamp).isdigit()):
            return _MALFORMED
        if not self._nonces.timely(request.timestamp):
            return _TIMESTAMP
        if not self._nonces.fresh(request.timestamp, request.nonce):
            return _NONCE
        return _SIGNATURE if "signature" in request.validator_log else _MALFORMED


class _Nonces:
    """The nonces used while their timestamps are still valid."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._used: dict[tuple[str, str], float] = {}

    def timely(self, timestamp: str) -> bool:
        return abs(self._clock() - int(timestamp)) <= WINDOW

    def fresh(self, timestamp: str, nonce: str) -> bool:
        return self.timely(timestamp) and (timestamp, nonce) not in self._used

    def remember(self, timestamp: str, nonce: str) -> None:
        now = self._clock()
        # A timestamp may be ahead of the clock, so it can be valid for twice the window.
        self._used = {key: until for key, until in self._used.items() if until > now}
        self._used[timestamp, nonce] = now + 2 * WINDOW


class _Validator(RequestValidator):
    """The answers to the questions of oauthlib about the only client of the tenant."""

    enforce_ssl = False
    allowed_signature_methods = (SIGNATURE_HMAC_SHA256, SIGNATURE_HMAC_SHA1)
    # oauthlib uses the system clock; `_Nonces` uses the tenant's.
    timestamp_lifetime = 10**10

    def __init__(self, client_id: str, client_secret: str, nonces: _Nonces) -> None:
        super().__init__()
        self._client_id = client_id
        self._client_secret = client_secret
        self._nonces = nonces
        self._random_secret = secrets.token_urlsafe(24)

    @property
    def dummy_client(self) -> str:
        return self._random_secret

    def check_client_key(self, client_key: str) -> bool:
        return bool(client_key)

    def check_nonce(self, nonce: str) -> bool:
        return 0 < len(nonce) <= 255

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return secrets.compare_digest(client_key.encode(), self._client_id.encode())

    def validate_timestamp_and_nonce(
        self,
        client_key: str,
        timestamp: str,
        nonce: str,
        request: Any,
        request_token: str | None = None,
        access_token: str | None = None,
    ) -> bool:
        return self._nonces.fresh(timestamp, nonce)

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return self._client_secret if client_key == self._client_id else self._random_secret

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        # OneRoster signs without a token (7.1), so a request with a token must not verify.
        return self._random_secret
