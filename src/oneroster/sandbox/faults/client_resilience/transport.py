"""Faults of transport, to rehearse a client: answers that break off, never end or cannot be read, and busy servers.

Those that pass do so by the count of the same request: its first tries fail, the next one succeeds, and so on in turn.
"""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

import asyncio
import zlib
from abc import abstractmethod
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import ClassVar, Final
from urllib.parse import urlsplit

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.client_resilience.attempt_counter import AttemptCounter, request_of
from oneroster.sandbox.http.broken_responses import Stream, TruncatedReply
from oneroster.sandbox.http.responses import Problem, Reply, refusal
from oneroster.sandbox.requests.operation_request import OperationRequest

_BLANKS: Final = b" " * 65536
_DRIP: Final = 0.02  # seconds between two bytes
_BOMB: Final = 1_000_000_000  # bytes once unfolded


class _Read(Fault):
    """Changes the answers to reads that would succeed."""

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        if call is None or call.operation.method != "GET" or answer.status >= 300 or answer.body is None:
            return answer
        return self.told(call, answer)

    @abstractmethod
    def told(self, call: OperationRequest, answer: Reply) -> Reply:
        """Answer a read another way."""


class _Passing(_Read):
    """Goes wrong on the first tries of every read, then answers it, then begins anew.

    Attributes:
        tries: how many fail.
    """

    tries: ClassVar[int] = 2

    def __init__(self) -> None:
        self._turns = AttemptCounter()

    def told(self, call: OperationRequest, answer: Reply) -> Reply:
        passes = self._turns.next(request_of(call)) % (self.tries + 1) == 0
        return answer if passes else self.failed(answer)

    @abstractmethod
    def failed(self, answer: Reply) -> Reply:
        """What a try that fails gets."""


class TruncatedBody(_Passing):
    name = "truncated-body"
    does = "breaks off in the middle of the body, twice, before it answers a read"
    breaks = "1 encodings [A]: a whole JSON document"

    def failed(self, answer: Reply) -> Reply:
        length = len(answer.response().body)
        return TruncatedReply(answer.status, answer.body, answer.headers, answer.media_type, length // 2, length)


class ShortLength(_Passing):
    name = "short-length"
    does = "declares a Content-Length of half the body, twice, before it answers a read"
    breaks = "1 encodings [A]: a whole JSON document"

    def failed(self, answer: Reply) -> Reply:
        length = len(answer.response().body)
        return TruncatedReply(answer.status, answer.body, answer.headers, answer.media_type, length, length // 2)


class ConnectionReset(_Passing):
    name = "connection-reset"
    does = "resets the connection in the middle of the body, twice, before it answers a read"
    breaks = "1 encodings [A]: a whole JSON document"

    def failed(self, answer: Reply) -> Reply:
        length = len(answer.response().body)
        return TruncatedReply(answer.status, answer.body, answer.headers, answer.media_type, length // 2, length, True)


class UndecodableBody(_Passing):
    name = "undecodable-body"
    does = "calls a body gzip that is none, twice, before it answers a read"
    breaks = "1 encodings [A]: a whole JSON document"

    def failed(self, answer: Reply) -> Reply:
        return replace(answer, headers={**answer.headers, "Content-Encoding": "gzip"})


class LoginPage(_Passing):
    name = "login-page"
    does = "answers 200 with an HTML page, twice, before it answers a read"
    breaks = "1 encodings [A]: answers are application/json"

    def failed(self, answer: Reply) -> Reply:
        return Reply(200, b"<!doctype html><title>Sign in</title><form></form>", {}, "text/html")


class EndlessBody(_Read):
    name = "endless-body"
    does = "answers a read with blanks behind the data, for as long as the client takes them"
    breaks = "1 encodings [A]: a whole JSON document"

    def told(self, call: OperationRequest, answer: Reply) -> Reply:
        body = bytes(answer.response().body)

        async def chunks() -> AsyncIterator[bytes]:
            yield body
            while True:
                yield _BLANKS

        return Stream(answer.status, None, answer.headers, answer.media_type, chunks)


class SlowDrip(_Read):
    name = "slow-drip"
    does = "answers a read byte by byte, fifty in a second: too slow to end, too quick to be silent"
    breaks = "1 encodings [A]: a whole JSON document"

    def told(self, call: OperationRequest, answer: Reply) -> Reply:
        body = bytes(answer.response().body)

        async def chunks() -> AsyncIterator[bytes]:
            for place in range(len(body)):
                yield body[place : place + 1]
                await asyncio.sleep(_DRIP)

        return Stream(answer.status, None, answer.headers, answer.media_type, chunks)


class GzipBomb(_Read):
    name = "gzip-bomb"
    does = "answers a read with a megabyte of gzip that unfolds to a thousand of blanks"
    breaks = "1 encodings [A]: a whole JSON document"

    def told(self, call: OperationRequest, answer: Reply) -> Reply:
        return Stream(answer.status, None, answer.headers, answer.media_type, _bomb, "gzip")


async def _bomb() -> AsyncIterator[bytes]:
    folding = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
    for _ in range(_BOMB // len(_BLANKS)):
        yield folding.compress(_BLANKS) + folding.flush(zlib.Z_SYNC_FLUSH)
    yield folding.flush()


class _Busy(_Passing):
    """Refuses by a status that says it will pass."""

    status: ClassVar[int]

    def failed(self, answer: Reply) -> Reply:
        return refusal(Problem(self.status, "server busy", "try again"), headers=self.headers())

    def headers(self) -> dict[str, str]:
        """What is sent along."""
        return {}


class BusySeconds(_Busy):
    name = "busy-seconds"
    does = "answers 429 with Retry-After: 1, once, before it answers a read"
    breaks = "6.1 status 429 [B]: busy, which passes"
    status = 429
    tries = 1

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class BusyDate(_Busy):
    name = "busy-date"
    does = "answers 429 with a date one to two seconds ahead in Retry-After, once, before it answers a read"
    breaks = "6.1 status 429 [B]: busy, which passes"
    status = 429
    tries = 1

    def headers(self) -> dict[str, str]:
        # The form has whole seconds only: rounded down, the date might be past already.
        return {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)}


class BadGateway(_Busy):
    name = "bad-gateway"
    does = "answers 502, twice, before it answers a read"
    breaks = "6.1 status 200 [A]: success"
    status = 502


class Unavailable(_Busy):
    name = "unavailable"
    does = "answers 503, twice, before it answers a read"
    breaks = "6.1 status 200 [A]: success"
    status = 503


class GatewayTimeout(_Busy):
    name = "gateway-timeout"
    does = "answers 504, twice, before it answers a read"
    breaks = "6.1 status 200 [A]: success"
    status = 504


class ForeignRedirect(_Read):
    name = "foreign-redirect"
    does = "redirects every read to its own address under another host name, which is a foreign origin"
    breaks = "7 security [A]: credentials go to the tenant only"

    def told(self, call: OperationRequest, answer: Reply) -> Reply:
        foreign = foreign_url(call.url)
        return answer if foreign is None else Reply(302, headers={"Location": foreign})


def foreign_url(url: str) -> str | None:
    """The same address under the other name of this machine, which makes it another origin; None for other hosts."""
    other = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}
    parts = urlsplit(url)
    host = other.get(parts.hostname or "")
    if host is None:
        return None
    return parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}").geturl()


FAULTS = (
    TruncatedBody,
    ShortLength,
    ConnectionReset,
    UndecodableBody,
    LoginPage,
    EndlessBody,
    SlowDrip,
    GzipBomb,
    BusySeconds,
    BusyDate,
    BadGateway,
    Unavailable,
    GatewayTimeout,
    ForeignRedirect,
)
