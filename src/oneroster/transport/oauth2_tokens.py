"""OAuth 2 access tokens: their lifetime, and the scopes to request. No I/O."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from oneroster.errors import TokenError
from oneroster_runtime.specification import Specification

__all__ = ["Token", "default_scopes", "is_fresh", "read_token", "rostering_scopes", "scope_attempts", "token_members"]

_RENEWAL_MARGIN: Final = 60.0
"""Seconds before expiry at which a token is renewed. It is at most a fifth of the lifetime: some tokens live only three
minutes."""


_MOST_DIGITS: Final = 18
"""Longer numbers are beyond any lifetime, and slow to read."""


class Token(NamedTuple):
    """An access token.

    Attributes:
        value: The token itself, which follows ``Bearer`` in the header.
        renew_at: When to fetch a new token, in seconds of the monotonic clock; None if the lifetime is unknown.
    """

    value: str
    renew_at: float | None

    def __repr__(self) -> str:
        return f"Token(renew_at={self.renew_at!r})"


def token_members(body: bytes) -> dict[str, Any]:
    """Return the members of the JSON object in a response of a token endpoint; none if it is anything else."""
    import json

    try:
        # Unlike msgspec, it reads numbers without bounds, and no lifetime is worth the token. A server that writes a
        # byte order mark is read as well.
        data = json.loads(body.decode("utf-8-sig"), parse_int=_bounded_int)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _bounded_int(digits: str) -> int | float:
    return int(digits) if len(digits) < _MOST_DIGITS else float("inf")


def read_token(data: object, sent_at: float, answer: str = "The response of the token endpoint") -> Token:
    """Return the token in a response of a token endpoint (7.4 OAuth 2.0 [A]).

    Args:
        data: The decoded JSON body. ``scope`` and ``expires_in`` may be missing.
        sent_at: When the request was sent, in seconds of the monotonic clock.
        answer: What errors call the response.

    Raises:
        TokenError: The response has no usable bearer token.
    """
    body: Mapping[str, Any] = data if isinstance(data, dict) else {}
    value, kind = body.get("access_token"), body.get("token_type") or "Bearer"
    # No header can end in white space, which some servers put around a token.
    value = value.strip() if isinstance(value, str) else value
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise TokenError(f"{answer} has no usable access_token; check the token URL.")
    # Servers spell it in many ways, as in BearerToken.
    if not isinstance(kind, str) or "bearer" not in kind.lower():
        raise TokenError("The token endpoint issued a token that is not a bearer token.")
    lifetime = _seconds(body.get("expires_in"))
    return Token(value, None if lifetime is None else sent_at + lifetime - min(_RENEWAL_MARGIN, lifetime / 5))


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < float("inf") else None


def is_fresh(token: Token | None, now: float) -> bool:
    """Return whether a token can still be used; one of unknown lifetime can, until the server rejects it."""
    return token is not None and (token.renew_at is None or now < token.renew_at)


def default_scopes(specification: Specification) -> tuple[str, ...]:
    """Return the scopes of all read operations, in the order of the document; write scopes must be requested."""
    reads = (operation for operation in specification.operations.values() if operation.method == "GET")
    return tuple(dict.fromkeys(scope for operation in reads for scope in operation.oauth_scopes))


def rostering_scopes(specification: Specification) -> tuple[str, ...]:
    """Return the scopes of the rostering reads alone, which every provider grants."""
    operations = specification.operations.values()
    reads = (found for found in operations if found.method == "GET" and found.tag == "rostering")
    return tuple(dict.fromkeys(scope for operation in reads for scope in operation.oauth_scopes))


def scope_attempts(configured: Sequence[str] | None, specification: Specification) -> list[tuple[str, ...]]:
    """Return the scopes to request, one attempt after the other, while the endpoint answers ``invalid_scope``.

    The last attempt requests no scope.

    Args:
        configured: The caller's scopes; None for the scopes of all reads.
        specification: The specification that defines the scopes.
    """
    wanted = tuple(default_scopes(specification) if configured is None else configured)
    rostering = set(rostering_scopes(specification))
    fewer = tuple(scope for scope in wanted if scope in rostering)
    return list(dict.fromkeys((wanted, fewer, ())))
