"""The life of an OAuth 2 access token, and the scopes to ask for: decisions without I/O."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from oneroster.errors import TokenError

__all__ = ["Token", "default_scopes", "is_fresh", "read_token", "scope_attempts"]

EARLY: Final = 60.0
"""Seconds before its end at which a token is renewed; at most a fifth of its life, as some live three minutes only."""


class Token(NamedTuple):
    """An access token and its time.

    Attributes:
        value: What stands after ``Bearer``.
        renew_at: Second on the monotonic clock from which a new one is fetched; None when its life is unknown.
    """

    value: str
    renew_at: float | None

    def __repr__(self) -> str:
        return f"Token(renew_at={self.renew_at!r})"


def read_token(answer: object, now: float) -> Token:
    """The token in the answer of a token endpoint (7.4 OAuth 2.0 [A]).

    Args:
        answer: The JSON data. Missing ``scope`` and ``expires_in`` are no failure.
        now: Second on the monotonic clock at which the request was sent.

    Raises:
        TokenError: The answer holds no bearer token.
    """
    data: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    value, kind = data.get("access_token"), data.get("token_type", "bearer")
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise TokenError("The token endpoint answered without a usable access_token.")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise TokenError("The token endpoint gave a token that is no bearer token.")
    life = _seconds(data.get("expires_in"))
    return Token(value, None if life is None else now + life - min(EARLY, life / 5))


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None


def is_fresh(token: Token | None, now: float) -> bool:
    """Whether a token can still be used; without a known life it can until the server refuses it."""
    return token is not None and (token.renew_at is None or now < token.renew_at)


def default_scopes() -> tuple[str, ...]:
    """The scopes of all reads of the document, in its order; writing has to be asked for."""
    from oneroster_v1p1.tables import OPERATIONS

    reads = (operation for operation in OPERATIONS.values() if operation.method == "GET")
    return tuple(dict.fromkeys(scope for operation in reads for scope in operation.oauth_scopes))


def reduced_scopes() -> tuple[str, ...]:
    """The scopes of rostering alone, which every provider grants."""
    from oneroster_v1p1.tables import OPERATIONS

    reads = (found for found in OPERATIONS.values() if found.method == "GET" and found.tag == "rostering")
    return tuple(dict.fromkeys(scope for operation in reads for scope in operation.oauth_scopes))


def scope_attempts(configured: Sequence[str] | None) -> list[tuple[str, ...]]:
    """What to ask for in turn while the token endpoint answers ``invalid_scope``; the last asks without a scope.

    Args:
        configured: The caller's scopes, None for the scopes of all reads.
    """
    wanted = tuple(default_scopes() if configured is None else configured)
    core = set(reduced_scopes())
    fewer = tuple(scope for scope in wanted if scope in core)
    return list(dict.fromkeys(((wanted), fewer, ())))
