"""What went wrong with the requests of a run, for all rules: server errors, broken responses, unusable tokens.

The gateway notes it in one place, so that no rule has to, and rules judge it at the end of the run. No response body is
kept but those of errors.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx
import msgspec

from oneroster.contract.http.exchange import Exchange
from oneroster.transport.oauth2_tokens import token_members

__all__ = ["NO_ANSWER", "BrokenResponse", "Incidents", "ServerError", "is_server_error", "token_problem"]

NO_ANSWER: Final = frozenset({429, 502, 503, 504})
"""Statuses of a tenant that is busy, or of a gateway whose tenant does not answer: no response of the API."""
NOT_IMPLEMENTED: Final = 501
CLIENT_ERROR: Final = 4
"""The first digit of the statuses that say that a request was wrong."""
LONGEST_ERROR: Final = 20_000
"""Bytes of an error response that is kept; longer ones are pages of a server and not a status payload."""
LONGEST_WARNING: Final = 200_000
"""Bytes of a response with data and a warning that is kept."""
MOST_WARNINGS: Final = 500
MOST_TEXTS: Final = 200
USUAL_HEADERS: Final = frozenset(
    {"allow", "cache-control", "date", "expires", "last-modified", "link", "vary", "via", "warning", "www-authenticate"}
)
"""Headers of HTTP whose values are words with blanks between them, in lower case."""
SUCCESS: Final = 200
CODE_MAJOR: Final = b"odeMajor"
"""What every form of the status payload has in it."""
GRANTED: Final = 200
"""The status of a granted token (RFC 6749, 5.1)."""
OTHER_SUCCESSES: Final = range(201, 300)
LONGEST_LIFETIME: Final = 100 * 365 * 86_400
"""Seconds; no token lives longer than a century."""


@dataclass(frozen=True, slots=True)
class ServerError:
    """A request that was answered with a server error.

    Attributes:
        exchange: The request and its response, without the body.
        repeated: Whether the same request was answered with a server error a second time.
    """

    exchange: Exchange
    repeated: bool


@dataclass(frozen=True, slots=True)
class BrokenResponse:
    """A response that is not what its headers say, so that it could not be read.

    Attributes:
        request: The request line.
        problem: What is wrong with it.
    """

    request: str
    problem: str


@dataclass
class Incidents:
    """What went wrong in one run; safe to use from several threads.

    Attributes:
        server_errors: The requests that were answered with a server error.
        broken: The responses that could not be read.
        lost: The request lines of reads whose connection was closed without a response, twice in a row.
        token_problems: The responses of the token endpoint that cannot be used, with what is wrong with them.
        unanswered: How many requests got each status of `NO_ANSWER`.
        errors: The responses of the API that say that a request was wrong, to requests without unusual headers.
        warnings: The responses with data and a status payload, up to some size, to requests without unusual headers.
        texts_in_headers: Responses, without their bodies, with a text in a header that HTTP does not define.
        repeated: How many requests were repeated because the tenant was busy, by its status.
        longest_wait: The longest pause in seconds that a busy tenant asked for; 0 if it asked for none.
    """

    server_errors: list[ServerError] = field(default_factory=list)
    broken: list[BrokenResponse] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    token_problems: list[tuple[Exchange, str]] = field(default_factory=list)
    unanswered: Counter[int] = field(default_factory=Counter)
    errors: list[Exchange] = field(default_factory=list)
    warnings: list[Exchange] = field(default_factory=list)
    texts_in_headers: list[Exchange] = field(default_factory=list)
    repeated: Counter[int] = field(default_factory=Counter)
    longest_wait: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add_server_error(self, exchange: Exchange, *, repeated: bool) -> None:
        """Note a request that was answered with a server error."""
        with self._lock:
            self.server_errors.append(ServerError(without_body(exchange), repeated))

    def add_broken_response(self, request: str, problem: str) -> None:
        """Note a response that could not be read."""
        with self._lock:
            self.broken.append(BrokenResponse(request, problem))

    def add_lost_connection(self, request: str) -> None:
        """Note a read whose connection was closed without a response, twice in a row."""
        with self._lock:
            self.lost.append(request)

    def add_unanswered(self, status: int) -> None:
        """Note a request that was answered with a status of `NO_ANSWER`."""
        with self._lock:
            self.unanswered[status] += 1

    def add_response(self, exchange: Exchange, *, usual: bool) -> Exchange:
        """Note a response of the API, and return it.

        Args:
            exchange: The request and its response.
            usual: Whether the request had no header that may have changed the response.
        """
        with self._lock:
            if usual and exchange.status // 100 == CLIENT_ERROR and len(exchange.body) <= LONGEST_ERROR:
                self.errors.append(exchange)
            may_warn = usual and exchange.status == SUCCESS and len(exchange.body) <= LONGEST_WARNING
            if may_warn and len(self.warnings) < MOST_WARNINGS and CODE_MAJOR in exchange.body:
                self.warnings.append(exchange)
            if len(self.texts_in_headers) < MOST_TEXTS and any(map(_is_free_text, exchange.headers.items())):
                self.texts_in_headers.append(replace(exchange, body=b""))
        return exchange

    def add_busy(self, status: int, asked: float, *, repeated: bool) -> None:
        """Note that the tenant was busy, the pause in seconds that it asked for, and whether it is asked again."""
        with self._lock:
            self.repeated[status] += repeated
            self.longest_wait = max(self.longest_wait, asked)

    def add_token_response(self, exchange: Exchange) -> None:
        """Note a response of the token endpoint; one that cannot be used is kept."""
        if is_server_error(exchange.status):
            self.add_server_error(exchange, repeated=False)
            return
        problem = token_problem(exchange.body) if exchange.status == GRANTED else None
        if exchange.status in OTHER_SUCCESSES and _has_token(exchange.body):
            problem = f"the status is {exchange.status} instead of {GRANTED}"
        if problem is not None:
            with self._lock:
                self.token_problems.append((without_body(exchange), problem))

    def add_repeated_server_error(self, request: str) -> None:
        """Note that a rule sent a request with a server error again, and got the same."""
        with self._lock:
            self.server_errors = [
                ServerError(each.exchange, each.repeated or each.exchange.request == request)
                for each in self.server_errors
            ]

    def server_errors_in(self, requests: Iterable[str]) -> list[ServerError]:
        """Return the server errors of some request lines."""
        wanted = set(requests)
        return [each for each in tuple(self.server_errors) if each.exchange.request in wanted]


def _is_free_text(header: tuple[str, str]) -> bool:
    name, value = header
    return " " in value.strip() and name.lower() not in USUAL_HEADERS


def is_server_error(status: int) -> bool:
    """Return whether a status says that the server failed: 500 and above, but not 501 and not `NO_ANSWER`."""
    return status >= 500 and status != NOT_IMPLEMENTED and status not in NO_ANSWER


def without_body(exchange: Exchange) -> Exchange:
    """Return an exchange without what may hold personal data or a token."""
    return replace(exchange, body=b"", headers=httpx.Headers())


def token_problem(body: bytes) -> str | None:
    """Return what is wrong with the body of a successful token response, without a value; None if it can be used."""
    try:
        members = msgspec.json.decode(body)
    except RecursionError:
        return "the JSON is nested too deeply to be read"
    except UnicodeDecodeError:
        return "the body is not UTF-8"
    except msgspec.MsgspecError:
        return "the body is not UTF-8" if not _is_utf_8(body) else "the body is not JSON"
    if not isinstance(members, dict):
        return "the body is not a JSON object"
    return _member_problem(members)


def _has_token(body: bytes) -> bool:
    return "access_token" in token_members(body)


def _is_utf_8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _member_problem(members: dict[str, Any]) -> str | None:
    token = members.get("access_token")
    if token is None:
        return "access_token is missing"
    if not isinstance(token, str) or not token:
        return "access_token is not a string with a token"
    if not token.isascii() or not token.isprintable():
        return "access_token has characters that no header can hold"
    if " " in token:
        return "access_token has a blank in it, and no bearer token has one"
    kind = members.get("token_type")
    if kind is not None and (not isinstance(kind, str) or (kind and "bearer" not in kind.lower())):
        return "token_type is of another kind than bearer"
    seconds = members.get("expires_in")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > LONGEST_LIFETIME:
        return "expires_in is longer than a century"
    return None
