"""OAuth 1.0a without a token: the signature of a request, judged by oauthlib (7.1, 7.2)."""

# ruff: noqa: ARG002  # oauthlib says what its questions look like, not we

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, RequestValidator, SignatureOnlyEndpoint

WINDOW: Final = 45 * 60
"""Seconds by which a timestamp may differ from the tenant's clock, before and after."""


class Objection(NamedTuple):
    """What is wrong with a signed request; `cause` is timestamp, nonce, signature, or None for anything else."""

    reason: str
    cause: str | None = None


_TIMESTAMP: Final = Objection("the OAuth 1.0a timestamp is too far from the time of this server", "timestamp")
_NONCE: Final = Objection("the OAuth 1.0a nonce was used before", "nonce")
_SIGNATURE: Final = Objection("the OAuth 1.0a key or signature is not accepted", "signature")
_MALFORMED: Final = Objection("the OAuth 1.0a parameters or the signature method are not accepted")
_UNREADABLE: Final = Objection("the request cannot be read as one signed by OAuth 1.0a")


class SignatureJudge:
    """Says of a signed request what is wrong with it.

    Args:
        client_id, client_secret: the only pair that is known.
        clock: seconds since 1970.
    """

    def __init__(self, client_id: str, client_secret: str, clock: Callable[[], float]) -> None:
        self._nonces = _Nonces(clock)
        self._endpoint = SignatureOnlyEndpoint(_Validator(client_id, client_secret, self._nonces))

    def objection(self, method: str, url: str, headers: Mapping[str, str]) -> Objection | None:
        """Why the request is refused, or None when its signature holds.

        The body is left out: OneRoster's are JSON, and only form bodies are signed (7.2, 1).
        """
        try:
            valid, request = self._endpoint.validate_request(url, method, headers=dict(headers))
        except ValueError:
            # The library cannot read the header or the query at all.
            return _UNREADABLE
        if valid:
            self._nonces.remember(request.timestamp, request.nonce)
            return None
        return self._cause(request)

    def _cause(self, request: Any) -> Objection:
        # The library tells only that something is wrong; the two that come before the signature can be asked again.
        if request is None or not (request.timestamp and request.nonce and str(request.timestamp).isdigit()):
            return _MALFORMED
        if not self._nonces.timely(request.timestamp):
            return _TIMESTAMP
        if not self._nonces.fresh(request.timestamp, request.nonce):
            return _NONCE
        return _SIGNATURE if "signature" in request.validator_log else _MALFORMED


class _Nonces:
    """Which nonces were used within the time in which they could be used again."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._used: dict[tuple[str, str], float] = {}

    def timely(self, timestamp: str) -> bool:
        return abs(self._clock() - int(timestamp)) <= WINDOW

    def fresh(self, timestamp: str, nonce: str) -> bool:
        return self.timely(timestamp) and (timestamp, nonce) not in self._used

    def remember(self, timestamp: str, nonce: str) -> None:
        now = self._clock()
        # A timestamp can be valid for twice the window: it may lie ahead of the clock at first.
        self._used = {key: until for key, until in self._used.items() if until > now}
        self._used[timestamp, nonce] = now + 2 * WINDOW


class _Validator(RequestValidator):
    """What oauthlib asks about the one client of the tenant."""

    enforce_ssl = False
    allowed_signature_methods = (SIGNATURE_HMAC_SHA256, SIGNATURE_HMAC_SHA1)
    # The library would compare with the machine's clock; the nonces compare with the tenant's.
    timestamp_lifetime = 10**10

    def __init__(self, client_id: str, client_secret: str, nonces: _Nonces) -> None:
        super().__init__()
        self._client_id = client_id
        self._client_secret = client_secret
        self._nonces = nonces
        self._nobody = secrets.token_urlsafe(24)

    @property
    def dummy_client(self) -> str:
        return self._nobody

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
        return self._client_secret if client_key == self._client_id else self._nobody

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        # OneRoster signs without a token (7.1): a request that names one is signed with a secret nobody has.
        return self._nobody
