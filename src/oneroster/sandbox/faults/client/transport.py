"""Client faults of transport: truncated, unending and unreadable responses, and temporary errors.

A temporary fault depends on the number of the attempt: the first attempts of a request fail, and the next one succeeds.
"""

# ruff: noqa: ARG002  # hooks have a fixed signature

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
from oneroster.sandbox.faults.client.attempt_counter import AttemptCounter, request_key
from oneroster.sandbox.http.broken_responses import StreamingReply, TruncatedReply
from oneroster.sandbox.http.responses import Problem, Reply, error_reply
from oneroster.sandbox.requests.operation_request import OperationRequest

_SPACES: Final = b" " * 65536
_SECONDS_PER_BYTE: Final = 0.02
_BOMB_BYTES: Final = 1_000_000_000  # bytes after decompression


class _ReadFault(Fault, abstract=True):
    """Changes successful responses to reads."""

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.method != "GET" or reply.status >= 300 or reply.body is None:
            return reply
        return self.read_response(request, reply)

    @abstractmethod
    def read_response(self, request: OperationRequest, reply: Reply) -> Reply:
        """Return another response to a read."""


class _Temporary(_ReadFault, abstract=True):
    """Fails the first attempts of every read, then succeeds, and so on in turn.

    Attributes:
        failures: The number of attempts that fail before one succeeds.
    """

    failures: ClassVar[int] = 2

    def __init__(self) -> None:
        self._attempts = AttemptCounter()

    def read_response(self, request: OperationRequest, reply: Reply) -> Reply:
        passes = self._attempts.next(request_key(request)) % (self.failures + 1) == 0
        return reply if passes else self.failed(reply)

    @abstractmethod
    def failed(self, reply: Reply) -> Reply:
        """Return the response to an attempt that fails."""


class TruncatedBody(_Temporary):
    name = "truncated-body"
    does = "closes the connection in the middle of the body in two of three attempts of a read"
    breaks = "1 encodings [A]: a complete JSON document"

    def failed(self, reply: Reply) -> Reply:
        length = len(reply.response().body)
        return TruncatedReply(reply.status, reply.body, reply.headers, reply.media_type, length // 2, length)


class ShortLength(_Temporary):
    name = "short-length"
    does = "declares half the Content-Length in two of three attempts of a read"
    breaks = "1 encodings [A]: a complete JSON document"

    def failed(self, reply: Reply) -> Reply:
        length = len(reply.response().body)
        return TruncatedReply(reply.status, reply.body, reply.headers, reply.media_type, length, length // 2)


class ConnectionReset(_Temporary):
    name = "connection-reset"
    does = "resets the connection in the middle of the body in two of three attempts of a read"
    breaks = "1 encodings [A]: a complete JSON document"

    def failed(self, reply: Reply) -> Reply:
        length = len(reply.response().body)
        return TruncatedReply(reply.status, reply.body, reply.headers, reply.media_type, length // 2, length, True)


class UndecodableBody(_Temporary):
    name = "undecodable-body"
    does = "declares an uncompressed body as gzip in two of three attempts of a read"
    breaks = "1 encodings [A]: a complete JSON document"

    def failed(self, reply: Reply) -> Reply:
        return replace(reply, headers={**reply.headers, "Content-Encoding": "gzip"})


class LoginPage(_Temporary):
    name = "login-page"
    does = "responds with 200 and HTML in two of three attempts of a read"
    breaks = "1 encodings [A]: responses are application/json"

    def failed(self, reply: Reply) -> Reply:
        return Reply(200, b"<!doctype html><title>Sign in</title><form></form>", {}, "text/html")


class EndlessBody(_ReadFault):
    name = "endless-body"
    does = "sends spaces after the data of a read until the client disconnects"
    breaks = "1 encodings [A]: a complete JSON document"

    def read_response(self, request: OperationRequest, reply: Reply) -> Reply:
        body = bytes(reply.response().body)

        async def chunks() -> AsyncIterator[bytes]:
            yield body
            while True:
                yield _SPACES

        return StreamingReply(reply.status, None, reply.headers, reply.media_type, chunks)


class SlowDrip(_ReadFault):
    name = "slow-drip"
    does = "sends the body of a read at fifty bytes per second: too slow to finish, too fast for a read timeout"
    breaks = "1 encodings [A]: a complete JSON document"

    def read_response(self, request: OperationRequest, reply: Reply) -> Reply:
        body = bytes(reply.response().body)

        async def chunks() -> AsyncIterator[bytes]:
            for index in range(len(body)):
                yield body[index : index + 1]
                await asyncio.sleep(_SECONDS_PER_BYTE)

        return StreamingReply(reply.status, None, reply.headers, reply.media_type, chunks)


class GzipBomb(_ReadFault):
    name = "gzip-bomb"
    does = "responds to a read with a megabyte of gzip that decompresses to a gigabyte of spaces"
    breaks = "1 encodings [A]: a complete JSON document"

    def read_response(self, request: OperationRequest, reply: Reply) -> Reply:
        return StreamingReply(reply.status, None, reply.headers, reply.media_type, _bomb, "gzip")


async def _bomb() -> AsyncIterator[bytes]:
    folding = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
    for _ in range(_BOMB_BYTES // len(_SPACES)):
        yield folding.compress(_SPACES) + folding.flush(zlib.Z_SYNC_FLUSH)
    yield folding.flush()


class _Busy(_Temporary, abstract=True):
    """Responds with a status that means a temporary error."""

    status: ClassVar[int]

    def failed(self, reply: Reply) -> Reply:
        return error_reply(Problem(self.status, "server busy", "try again"), headers=self.headers())

    def headers(self) -> dict[str, str]:
        """Return additional headers."""
        return {}


class BusySeconds(_Busy):
    name = "busy-seconds"
    does = "responds with 429 and Retry-After: 1 to every other attempt of a read"
    breaks = "6.1 status 429 [B]: temporarily busy"
    status = 429
    failures = 1

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class BusyDate(_Busy):
    name = "busy-date"
    does = "responds with 429 and a Retry-After date one to two seconds ahead to every other attempt of a read"
    breaks = "6.1 status 429 [B]: temporarily busy"
    status = 429
    failures = 1

    def headers(self) -> dict[str, str]:
        # HTTP dates have whole seconds: rounded down, the date might be in the past.
        return {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)}


class BusyWithoutTime(_Busy):
    name = "busy-without-time"
    does = "responds with 429, without saying for how long, to six of seven attempts of a read"
    breaks = "6.1 status 429 [B]: temporarily busy"
    status = 429
    failures = 6


class BusyReset(_Busy):
    name = "busy-reset"
    does = "responds with 429 and a Unix time in X-RateLimit-Reset to every other attempt of a read"
    breaks = "6.1 status 429 [B]: temporarily busy"
    status = 429
    failures = 1

    def headers(self) -> dict[str, str]:
        return {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(datetime.now(UTC).timestamp()) + 2)}


class ServerErrorFirst(_Busy):
    name = "server-error-first"
    does = "responds with 500 to two of three attempts of a read"
    breaks = "6.1 status 200 [A]: success"
    status = 500


class ErrorPage(_ReadFault):
    name = "error-page"
    does = "responds to every read with 500 and an HTML page in ISO-8859-1"
    breaks = "6 errors [A]: the body is a status payload"

    def read_response(self, request: OperationRequest, reply: Reply) -> Reply:
        return Reply(500, "<html><h1>Erreur: r\u00e9essayez".encode("latin-1"), {}, "text/html; charset=ISO-8859-1")


class LatinPage(_ReadFault):
    name = "latin-page"
    does = "responds to every read with 200 and an HTML page in ISO-8859-1"
    breaks = "1 encodings [A]: responses are application/json"

    def read_response(self, request: OperationRequest, reply: Reply) -> Reply:
        return Reply(
            200, "<html><h1>Connexion: \u00e9l\u00e8ves".encode("latin-1"), {}, "text/html; charset=ISO-8859-1"
        )


class FailureAsSuccess(_ReadFault):
    name = "failure-as-success"
    does = "responds to every read of a collection with 200, no rows and a status payload that reports a failure"
    breaks = "6 errors [A]: an error has a status of its own"

    def read_response(self, request: OperationRequest, reply: Reply) -> Reply:
        if not request.operation.many:
            return reply
        failed = error_reply(Problem(500, "internal server error", "an error of the server"))
        return replace(reply, body={**failed.body, request.operation.wrapper: []}, headers={"X-Total-Count": "0"})


class DemographicsError(_ReadFault):
    name = "demographics-error"
    does = "responds with 500 to every read of demographics"
    breaks = "6.1 status 200 [A]: success"

    def read_response(self, request: OperationRequest, reply: Reply) -> Reply:
        failed = request.element == "Demographics"
        return error_reply(Problem(500, "internal server error", "an error of the server")) if failed else reply


class BadGateway(_Busy):
    name = "bad-gateway"
    does = "responds with 502 in two of three attempts of a read"
    breaks = "6.1 status 200 [A]: success"
    status = 502


class Unavailable(_Busy):
    name = "unavailable"
    does = "responds with 503 in two of three attempts of a read"
    breaks = "6.1 status 200 [A]: success"
    status = 503


class GatewayTimeout(_Busy):
    name = "gateway-timeout"
    does = "responds with 504 in two of three attempts of a read"
    breaks = "6.1 status 200 [A]: success"
    status = 504


class ForeignRedirect(_ReadFault):
    name = "foreign-redirect"
    does = "redirects every read to another host name of this machine, which is a foreign origin"
    breaks = "7 security [A]: credentials are sent to the tenant only"

    def read_response(self, request: OperationRequest, reply: Reply) -> Reply:
        foreign = foreign_url(request.url)
        return reply if foreign is None else Reply(302, headers={"Location": foreign})


def foreign_url(url: str) -> str | None:
    """Return the URL with the other host name of this machine, which is another origin; None for other hosts."""
    other = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}
    parts = urlsplit(url)
    host = other.get(parts.hostname or "")
    if host is None:
        return None
    return parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}").geturl()
