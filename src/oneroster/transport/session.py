"""One tenant's connections: sends requests, again where that may help, and reads answers within limits.

Both sessions send by the same rules; what they decide lies in `retry` and in the functions at the end of this module.
"""

import asyncio
import random
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final, NamedTuple, TypeGuard, TypeVar
from weakref import WeakSet

import httpx

from oneroster.errors import (
    ConfigurationError,
    DecodeError,
    ForeignOriginError,
    OneRosterError,
    ResponseTooLargeError,
    TokenError,
    TransportError,
)
from oneroster.settings import Settings
from oneroster.transport import log
from oneroster.transport.auth import Bearer, ClientCredentials, OAuth1, origin_of
from oneroster.transport.decompression import BoundedDecompressor
from oneroster.transport.retry import RETRIED_STATUSES, Retry, delay_before_retry, retry_after_seconds
from oneroster.transport.transport_errors import FAILURES, bare, is_passing, no_answer

__all__ = ["AsyncSession", "Body", "RawResponse", "ResponseLimits", "Session"]

T = TypeVar("T")

_REDIRECTS: Final = 5
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate"}


class ResponseLimits(NamedTuple):
    """How much of an answer is taken.

    Attributes:
        most_bytes: Bytes of one body, decompressed.
        seconds: From the request to the last byte of the body.
        silence: Seconds without a byte, and for the connection to come about.
    """

    most_bytes: int = 100_000_000
    seconds: float = 300.0
    silence: float = 30.0

    def checked(self) -> "ResponseLimits":
        """Itself, when its numbers make sense.

        Raises:
            ConfigurationError: They do not.
        """
        if not min(self) > 0:
            raise ConfigurationError("ResponseLimits needs bytes and seconds above 0.")
        return self


class RawResponse(NamedTuple):
    """A whole answer, whatever its status."""

    status_code: int
    headers: httpx.Headers
    content: bytes
    url: str

    def __repr__(self) -> str:
        return f"Answer({self.status_code}, {len(self.content)} bytes)"


class _SessionBase:
    """What both sessions know of their tenant."""

    def __init__(self, settings: Settings, retry: Retry, limits: ResponseLimits) -> None:
        self.settings = settings
        self.retry = retry.checked()
        self.limits = limits.checked()
        self.origin = origin_of(settings.base_url)
        log.hide_queries(settings.base_url)
        log.hide_queries(settings.token_url or settings.base_url)

    def options(self) -> dict[str, Any]:
        """The arguments of the httpx client."""
        return {
            "auth": _auth(self.settings),
            "headers": _HEADERS,
            "timeout": self.limits.silence,
            "follow_redirects": False,
        }

    def next_url(self, response: httpx.Response, hops: int, first: str) -> str | None:
        """Where a redirect leads; None when the answer is none.

        Errors name the URL that was asked for first: where a server leads, it may name a child.

        Raises:
            ForeignOriginError: It leads away from the tenant.
            TransportError: There are too many of them.
        """
        if response.next_request is None:
            return None
        target = response.next_request.url
        if origin_of(target) != self.origin:
            raise ForeignOriginError(
                f"{first} redirects to {target.scheme}://{target.host}, which is not the tenant; nothing"
                " was sent there. If the tenant has moved, change base_url."
            )
        if hops >= _REDIRECTS:
            raise TransportError(f"{first} redirects more than {_REDIRECTS} times.")
        return str(target)

    def pause(self, failure: Exception | RawResponse, sent: int, began: float, operation_id: str) -> float | None:
        """Seconds to the next send of a read; None when there shall be none."""
        if not _may_pass(failure):
            return None
        header = None
        if isinstance(failure, RawResponse):
            header = failure.headers.get("Retry-After")
        elif isinstance(failure, TokenError):
            header = failure.retry_after
        asked = retry_after_seconds(header, datetime.now(UTC))
        delay = delay_before_retry(self.retry, sent, time.monotonic() - began, asked, random.random)
        if delay is not None:
            log.request_again("GET", operation_id, _named(failure), delay, sent + 1)
        return delay


class Session(_SessionBase):
    """The connections to one tenant, for any number of threads.

    Args:
        settings: The tenant.
        retry: How often a read is tried.
        limits: How much of an answer is taken.
    """

    def __init__(self, settings: Settings, retry: Retry = Retry(), limits: ResponseLimits = ResponseLimits()) -> None:  # noqa: B008  # immutable
        super().__init__(settings, retry, limits)
        self.client = _opened(httpx.Client, self.options())
        self._closed = False
        self._stoppers: WeakSet[threading.Event] = WeakSet()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close all connections; whoever waits for an answer, or for the next try of a request, gives up."""
        with self._lock:
            self._closed = True
            for stop in self._stoppers:
                stop.set()
            for connection in self._sockets:
                _shut(connection)
        self.client.close()

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        # Closing a socket does not wake a thread that waits for its bytes; shutting it down does, so they are noted.
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            connection = info["return_value"].get_extra_info("socket")
            with self._lock:
                self._sockets.add(connection)
                if self._closed:
                    _shut(connection)

    def stopper(self) -> threading.Event:
        """An event that ends the waits of the reads that are given it; closing the session sets it."""
        stop = threading.Event()
        with self._lock:
            self._stoppers.add(stop)
            if self._closed:
                stop.set()
        return stop

    def read(
        self,
        url: str,
        parse: Callable[[RawResponse], T],
        operation_id: str = "a URL",
        stop: threading.Event | None = None,
    ) -> T:
        """GET, again where that may help.

        Args:
            url: A URL of the tenant.
            parse: Makes a value of an answer; its DecodeError counts as a damaged answer and is tried again.
            operation_id: What is read, for the log.
            stop: One of `stopper`; once it is set, nothing is sent again and no body read on.

        Raises:
            TransportError: No whole answer came.
            DecodeError: The answer could not be read, however often it was fetched.
            AccessError: There is no token, or the URL leads elsewhere.
        """
        stop = self.stopper() if stop is None else stop
        began, sent = time.monotonic(), 0
        while True:
            sent += 1
            outcome = self._attempt("GET", url, None, operation_id, sent, stop)
            if _is_final(outcome):
                try:
                    return parse(outcome)
                except DecodeError as error:
                    outcome = error
            if stop.is_set() and not isinstance(outcome, RawResponse | OneRosterError):
                outcome = _left(bare(url))
            delay = self.pause(outcome, sent, began, operation_id)
            if delay is None or stop.wait(delay):
                return _give_up(outcome, url, sent, parse)

    def write(self, method: str, url: str, body: bytes | None, operation_id: str = "a URL") -> RawResponse:
        """PUT or DELETE, sent once: nobody knows whether a write without an answer was done.

        Raises:
            TransportError: No whole answer came.
        """
        outcome = self._attempt(method, url, body, operation_id, 1)
        if isinstance(outcome, RawResponse):
            return outcome
        raise no_answer(method, url, 1, outcome)

    def _attempt(
        self,
        method: str,
        url: str,
        body: bytes | None,
        operation_id: str,
        sent: int,
        stop: threading.Event | None = None,
    ) -> RawResponse | Exception:
        began = time.monotonic()
        outcome: RawResponse | Exception
        try:
            outcome = self.send(method, url, body, stop)
        except (OneRosterError, *FAILURES) as error:
            outcome = error
        log.request_done(method, operation_id, _named(outcome), time.monotonic() - began, sent)
        return outcome

    def send(
        self, method: str, url: str, body: bytes | None = None, stop: threading.Event | None = None
    ) -> RawResponse:
        """One request and its whole answer; redirects of reads are followed within the tenant."""
        _own(self, url)
        first, ends = bare(url), time.monotonic() + self.limits.seconds
        options: dict[str, Any] = {"headers": _body_headers(body), "extensions": {"trace": self._trace}}
        for hops in range(_REDIRECTS + 1):
            with self.client.stream(method, url, content=body, **options) as response:
                target = self.next_url(response, hops, first) if method == "GET" else None
                if target is None:
                    content = Body(response, self.limits, ends, first)
                    for chunk in response.iter_raw():
                        content.add(chunk)
                        if stop is not None and stop.is_set():
                            raise _left(first)
                    return RawResponse(response.status_code, response.headers, content.whole(), first)
            url = target
        raise AssertionError  # next_url ends the loop


class AsyncSession(_SessionBase):
    """The connections to one tenant, for any number of tasks of one event loop; otherwise like `Session`."""

    def __init__(self, settings: Settings, retry: Retry = Retry(), limits: ResponseLimits = ResponseLimits()) -> None:  # noqa: B008  # immutable
        super().__init__(settings, retry, limits)
        self.client = _opened(httpx.AsyncClient, self.options())

    async def close(self) -> None:
        """Close all connections."""
        await self.client.aclose()

    async def read(self, url: str, parse: Callable[[RawResponse], T], operation_id: str = "a URL") -> T:
        """GET, again where that may help; see `Session.read`."""
        began, sent = time.monotonic(), 0
        while True:
            sent += 1
            outcome = await self._attempt("GET", url, None, operation_id, sent)
            if _is_final(outcome):
                try:
                    return parse(outcome)
                except DecodeError as error:
                    outcome = error
            delay = self.pause(outcome, sent, began, operation_id)
            if delay is None:
                return _give_up(outcome, url, sent, parse)
            await asyncio.sleep(delay)

    async def write(self, method: str, url: str, body: bytes | None, operation_id: str = "a URL") -> RawResponse:
        """PUT or DELETE, sent once; see `Session.write`."""
        outcome = await self._attempt(method, url, body, operation_id, 1)
        if isinstance(outcome, RawResponse):
            return outcome
        raise no_answer(method, url, 1, outcome)

    async def _attempt(
        self, method: str, url: str, body: bytes | None, operation_id: str, sent: int
    ) -> RawResponse | Exception:
        began = time.monotonic()
        outcome: RawResponse | Exception
        try:
            outcome = await self.send(method, url, body)
        except (OneRosterError, *FAILURES) as error:
            outcome = error
        log.request_done(method, operation_id, _named(outcome), time.monotonic() - began, sent)
        return outcome

    async def send(self, method: str, url: str, body: bytes | None = None) -> RawResponse:
        """One request and its whole answer; see `Session.send`."""
        _own(self, url)
        first = bare(url)
        try:
            # Over all of it: a server that drips the head of its answer never runs into the silence.
            async with asyncio.timeout(self.limits.seconds):
                return await self._sent(method, url, body, first)
        except TimeoutError:
            raise _endless(first, self.limits) from None

    async def _sent(self, method: str, url: str, body: bytes | None, first: str) -> RawResponse:
        ends = time.monotonic() + self.limits.seconds
        for hops in range(_REDIRECTS + 1):
            async with self.client.stream(method, url, content=body, headers=_body_headers(body)) as response:
                target = self.next_url(response, hops, first) if method == "GET" else None
                if target is None:
                    content = Body(response, self.limits, ends, first)
                    async for chunk in response.aiter_raw():
                        content.add(chunk)
                    return RawResponse(response.status_code, response.headers, content.whole(), first)
            url = target
        raise AssertionError  # next_url ends the loop


def _opened(kind: Callable[..., T], options: dict[str, Any]) -> T:
    try:
        return kind(**options)
    except (httpx.InvalidURL, ValueError, OSError, ImportError) as error:
        # A proxy's address may hold a password, so the error of httpx is neither shown nor chained.
        raise ConfigurationError(
            f"No connection can be prepared ({type(error).__name__}): look at HTTP_PROXY, HTTPS_PROXY, ALL_PROXY,"
            " NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR in the environment."
        ) from None


def _is_final(outcome: RawResponse | Exception) -> TypeGuard[RawResponse]:
    return isinstance(outcome, RawResponse) and outcome.status_code not in RETRIED_STATUSES


def _named(outcome: RawResponse | Exception) -> str:
    return str(outcome.status_code) if isinstance(outcome, RawResponse) else type(outcome).__name__


def _may_pass(failure: Exception | RawResponse) -> bool:
    if isinstance(failure, TokenError):
        return failure.status_code in RETRIED_STATUSES
    return isinstance(failure, RawResponse | DecodeError) or is_passing(failure)


def _auth(settings: Settings) -> httpx.Auth:
    base_url, client_id, secret = settings.base_url, settings.client_id or "", settings.client_secret or ""
    if settings.token is not None:
        return Bearer(settings.token, base_url)
    if settings.token_url is None:
        return OAuth1(client_id, secret, base_url, settings.oauth1_method)
    scopes = None if settings.scopes is None else settings.scopes.split()
    return ClientCredentials(
        client_id, secret, settings.token_url, base_url, scopes, in_body=settings.client_auth == "body"
    )


def _own(session: _SessionBase, url: str) -> None:
    if origin_of(url) != session.origin:
        raise ForeignOriginError(f"{bare(url)} is not at the tenant; nothing was sent there.")


def _body_headers(body: bytes | None) -> dict[str, str]:
    return {} if body is None else {"Content-Type": "application/json"}


class Body:
    """A body that grows within limits.

    Args:
        response: The answer, of which nothing has been read.
        limits: How much of it is taken.
        ends: Second on the monotonic clock at which it has to be there.
        first: The URL, for errors.

    Raises:
        TransportError: It is in a coding that was not asked for.
    """

    def __init__(self, response: httpx.Response, limits: ResponseLimits, ends: float, first: str) -> None:
        self._limits, self._ends, self._first = limits, ends, first
        # Gives what it holds away without a copy, which a bytearray cannot.
        self._content = BytesIO()
        try:
            self._unfolding = BoundedDecompressor(response.headers.get("Content-Encoding", ""))
        except ValueError:
            raise TransportError(f"{first} answered in a coding that was not asked for.") from None

    def add(self, chunk: bytes) -> None:
        """Take bytes as they came.

        Raises:
            ResponseTooLargeError: There are too many of them, or too slowly.
        """
        for piece in self._unfolding.pieces(chunk):
            self._content.write(piece)
            if self._content.tell() > self._limits.most_bytes:
                raise ResponseTooLargeError(
                    f"{self._first} answers with more than {self._limits.most_bytes} bytes. Ask for fewer rows."
                )
        if time.monotonic() > self._ends:
            raise _endless(self._first, self._limits)

    def whole(self) -> bytes:
        """All of it, once no more bytes come.

        Raises:
            httpx.DecodingError: It broke off.
        """
        self._unfolding.end()
        return self._content.getvalue()


def _left(first: str) -> TransportError:
    return TransportError(f"{first} was left before its answer had come: the client was closed, or the walk left.")


def _endless(first: str, limits: ResponseLimits) -> ResponseTooLargeError:
    return ResponseTooLargeError(f"{first} did not end its answer within {limits.seconds:g} seconds.")


def _shut(connection: socket.socket) -> None:
    try:
        # Of the base class: that of a TLS socket would take the cipher away from who reads at the moment.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        # It has ended by itself.
        return


def _give_up(failure: Exception | RawResponse, url: str, sent: int, parse: Callable[[RawResponse], T]) -> T:
    if isinstance(failure, RawResponse):
        return parse(failure)
    raise no_answer("GET", url, sent, failure)
