"""The connections to one tenant: `Session` and `AsyncSession` send requests, retry reads and apply limits.

Both follow the same rules, which are in `session_base`, in `retry` and in `bounded_response`.
"""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar
from weakref import WeakSet

import httpx

from oneroster.errors import ConfigurationError, DecodeError, OneRosterError, StatusError
from oneroster.settings import Settings
from oneroster.standard import Standard
from oneroster.transport import log
from oneroster.transport.after_fork import reopen_after_fork
from oneroster.transport.attempts import Attempts, is_final, outcome_name
from oneroster.transport.bounded_response import (
    BodyBuffer,
    RawResponse,
    ResponseLimits,
    cancelled_error,
    read_body,
    read_body_async,
    timeout_error,
)
from oneroster.transport.callers_client import AsyncCallersTransport, CallersTransport
from oneroster.transport.deadline import Cancellation, until
from oneroster.transport.http_client import (
    AsyncTransport,
    SyncTransport,
    open_async_client,
    open_client,
)
from oneroster.transport.loop_clients import LoopClients
from oneroster.transport.retry import Retry
from oneroster.transport.session_base import MAX_REDIRECTS, SessionBase, body_headers, last_outcome
from oneroster.transport.tls import TlsSettings
from oneroster.transport.transport_errors import SEND_ERRORS, transport_error
from oneroster.transport.urls import parsed_url, redacted

__all__ = ["AsyncSession", "Session"]

T = TypeVar("T")


class Session(SessionBase):
    """The connections to one tenant, shared by any number of threads.

    Args:
        settings: The settings of the tenant.
        standard: The version of the standard that the tenant serves.
        retry: The retry policy.
        limits: The limits of one response.
        ssl_context: The caller's own TLS context, instead of the certificates of the settings.
        http_client: The caller's own httpx client to send through. It stays open, and its settings of TLS and proxies
            hold; the deadline of a response then holds for its body only.
        sharing: A session of the same tenant whose connections and token this one uses. Closing this session ends its
            own requests only.

    A forked process opens its own connections.
    """

    def __init__(
        self,
        settings: Settings,
        standard: Standard,
        retry: Retry = Retry(),  # noqa: B008  # immutable
        limits: ResponseLimits = ResponseLimits(),  # noqa: B008  # immutable
        *,
        ssl_context: ssl.SSLContext | None = None,
        http_client: httpx.Client | None = None,
        sharing: "Session | None" = None,
    ) -> None:
        super().__init__(settings, standard, retry, limits)
        self._sharing = sharing
        self.ssl_context = ssl_context
        self.http_client: httpx.Client | None = http_client if sharing is None else sharing.http_client
        self._closed = self._forked = False
        self._renew()
        self._opened: tuple[httpx.Client, SyncTransport] | None = self._open() if sharing is None else None
        reopen_after_fork(self)

    def _renew(self) -> None:
        self._cancellation = Cancellation()
        self._stop_events: WeakSet[threading.Event] = WeakSet()
        self._lock = threading.Lock()

    def _open(self) -> tuple[httpx.Client, SyncTransport]:
        own, callers = SyncTransport(TlsSettings.of(self.settings, self.ssl_context)), self.http_client
        transport = own if callers is None else CallersTransport(callers, self.service_urls.values())
        return open_client(transport, **self.client_options()), own

    @property
    def client(self) -> httpx.Client:
        """The client that sends, which sessions may share; a new one in a forked process."""
        if self._sharing is not None:
            return self._sharing.client
        with self._lock:
            self._opened = self._opened or self._open()
            return self._opened[0]

    def reopen(self) -> object:
        """Open new connections in a forked process, once they are used, and return those of the parent."""
        inherited, self._opened, self._forked = self._opened, None, True
        # Another thread of the parent may have held the lock, and its events are of no use here.
        self._renew()
        return inherited

    def close(self) -> None:
        """Close all connections and wake every thread that waits for a response or for a retry."""
        with self._lock:
            self._closed = True
            for stop in self._stop_events:
                stop.set()
            opened = self._opened
        self._cancellation.stop()
        if opened is not None:
            client, transport = opened
            transport.stop()
            client.close()

    def turn(self) -> AbstractContextManager[object]:
        """Return a context for one attempt; entering it may wait, which does not shorten the time for the response."""
        return nullcontext()

    def stop_event(self) -> threading.Event:
        """Return a new event for `read`, which closing the session sets."""
        stop = threading.Event()
        with self._lock:
            self._stop_events.add(stop)
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
        """Send a GET, with retries, and return the parsed response.

        Args:
            url: A URL of the tenant.
            parse: Parses a response. If it raises DecodeError, the response counts as damaged and the read is retried.
            operation_id: The operation, for the log.
            stop: One of `stop_event`. Once it is set, nothing is retried and the download is cancelled.

        Raises:
            TransportError: No attempt received a complete response.
            DecodeError: The response of the last attempt could not be parsed.
            AccessError: There is no token, the request is refused, or the URL is not at the tenant.
            ConfigurationError: The first read failed because a setting is wrong; see `doubt`.
        """
        try:
            found = self._read(url, parse, operation_id, stop)
        except (StatusError, DecodeError) as error:
            if (doubt := self.take_doubt(error)) is not None:
                doubt()
            raise
        self.take_doubt(None)
        return found

    def _read(self, url: str, parse: Callable[[RawResponse], T], operation_id: str, stop: threading.Event | None) -> T:
        stop = self.stop_event() if stop is None else stop
        attempts = self.attempts(operation_id)
        while True:
            outcome = self._attempt("GET", url, None, operation_id, attempts, stop)
            if is_final(outcome):
                try:
                    return parse(outcome)
                except DecodeError as error:
                    outcome = error
            if stop.is_set() and not isinstance(outcome, RawResponse | OneRosterError):
                outcome = cancelled_error(redacted(url))
            delay = self.retry_delay(outcome, attempts)
            if delay is None or stop.wait(delay):
                return last_outcome(outcome, url, attempts.sent, parse)

    def write(self, method: str, url: str, body: bytes | None, operation_id: str = "a URL") -> RawResponse:
        """Send a PUT, POST or DELETE once, without retries: the server may have executed a write that got no response.

        Raises:
            TransportError: No complete response was received.
        """
        outcome = self._attempt(method, url, body, operation_id, self.attempts(operation_id))
        if isinstance(outcome, RawResponse):
            return outcome
        raise transport_error(method, url, 1, outcome)

    def _attempt(
        self,
        method: str,
        url: str,
        body: bytes | None,
        operation_id: str,
        attempts: Attempts,
        stop: threading.Event | None = None,
    ) -> RawResponse | Exception:
        asked = time.monotonic()
        outcome: RawResponse | Exception
        with self.turn():
            began = time.monotonic()
            attempts.deadline += began - asked
            attempts.sent += 1
            try:
                outcome = self.send(method, url, body, stop, attempts.deadline)
            except (OneRosterError, *SEND_ERRORS) as error:
                outcome = error
        log.log_request(method, operation_id, outcome_name(outcome), time.monotonic() - began, attempts.sent)
        return outcome

    def send(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        stop: threading.Event | None = None,
        deadline: float | None = None,
    ) -> RawResponse:
        """Send one request and return its complete response; follow redirects of reads within the tenant.

        Args:
            method: The HTTP method.
            url: A URL of the tenant.
            body: The body.
            stop: Once it is set, the download is cancelled.
            deadline: When the response must be complete, in seconds of the monotonic clock; by default after the total
                timeout.
        """
        self.check_origin(url)
        if self._forked and self.http_client is not None:
            raise ConfigurationError(
                "This process was forked while the client held an http_client of yours, whose connections must not be"
                " shared. Create the http_client and the OneRoster client in each process."
            )
        first = redacted(url)
        deadline = time.monotonic() + self.limits.total_timeout if deadline is None else deadline
        try:
            with until(deadline, self._cancellation):
                return self._send(method, url, body, first, deadline, stop)
        except httpx.TimeoutException:
            if time.monotonic() < deadline:
                raise
            raise timeout_error(first, self.limits) from None

    def _send(
        self, method: str, url: str, body: bytes | None, first: str, deadline: float, stop: threading.Event | None
    ) -> RawResponse:
        for redirects in range(MAX_REDIRECTS + 1):
            with self.client.stream(method, parsed_url(url), content=body, headers=body_headers(body)) as response:
                target = self.redirect_target(response, redirects, first) if method == "GET" else None
                if target is None:
                    content = read_body(response, BodyBuffer(response, self.limits, deadline, first), stop)
                    return RawResponse(response.status_code, response.headers, content, first)
            url = target
        raise AssertionError  # unreachable: redirect_target ends the loop


class AsyncSession(SessionBase):
    """The connections to one tenant, shared by any number of tasks; otherwise like `Session`.

    Each event loop has its own connections.
    """

    def __init__(
        self,
        settings: Settings,
        standard: Standard,
        retry: Retry = Retry(),  # noqa: B008  # immutable
        limits: ResponseLimits = ResponseLimits(),  # noqa: B008  # immutable
        *,
        ssl_context: ssl.SSLContext | None = None,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(settings, standard, retry, limits)
        self._ssl_context, self._http_client = ssl_context, http_client
        self._clients = LoopClients(self._open, only_one=http_client is not None)

    def _open(self) -> httpx.AsyncClient:
        own, callers = AsyncTransport(TlsSettings.of(self.settings, self._ssl_context)), self._http_client
        transport = own if callers is None else AsyncCallersTransport(callers, self.service_urls.values())
        return open_async_client(transport, **self.client_options())

    @property
    def client(self) -> httpx.AsyncClient:
        """The connections of the running event loop; see `LoopClients`."""
        return self._clients.current()

    async def close(self) -> None:
        """Close all connections of the running event loop."""
        await self.client.aclose()

    async def read(self, url: str, parse: Callable[[RawResponse], T], operation_id: str = "a URL") -> T:
        """Send a GET, with retries, and return the parsed response; see `Session.read`."""
        try:
            found = await self._read(url, parse, operation_id)
        except (StatusError, DecodeError) as error:
            if (doubt := self.take_doubt(error)) is not None:
                await asyncio.to_thread(doubt)
            raise
        self.take_doubt(None)
        return found

    async def _read(self, url: str, parse: Callable[[RawResponse], T], operation_id: str) -> T:
        attempts = self.attempts(operation_id)
        while True:
            outcome = await self._attempt("GET", url, None, operation_id, attempts)
            if is_final(outcome):
                try:
                    return parse(outcome)
                except DecodeError as error:
                    outcome = error
            delay = self.retry_delay(outcome, attempts)
            if delay is None:
                return last_outcome(outcome, url, attempts.sent, parse)
            await asyncio.sleep(delay)

    async def write(self, method: str, url: str, body: bytes | None, operation_id: str = "a URL") -> RawResponse:
        """Send a PUT, POST or DELETE once; see `Session.write`."""
        outcome = await self._attempt(method, url, body, operation_id, self.attempts(operation_id))
        if isinstance(outcome, RawResponse):
            return outcome
        raise transport_error(method, url, 1, outcome)

    async def _attempt(
        self, method: str, url: str, body: bytes | None, operation_id: str, attempts: Attempts
    ) -> RawResponse | Exception:
        began = time.monotonic()
        attempts.sent += 1
        outcome: RawResponse | Exception
        try:
            outcome = await self.send(method, url, body, attempts.deadline)
        except (OneRosterError, *SEND_ERRORS) as error:
            outcome = error
        log.log_request(method, operation_id, outcome_name(outcome), time.monotonic() - began, attempts.sent)
        return outcome

    async def send(
        self, method: str, url: str, body: bytes | None = None, deadline: float | None = None
    ) -> RawResponse:
        """Send one request and return its complete response; see `Session.send`."""
        self.check_origin(url)
        first = redacted(url)
        deadline = time.monotonic() + self.limits.total_timeout if deadline is None else deadline
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                return await self._send(method, url, body, first, deadline)
        except TimeoutError:
            raise timeout_error(first, self.limits) from None

    async def _send(self, method: str, url: str, body: bytes | None, first: str, deadline: float) -> RawResponse:
        for redirects in range(MAX_REDIRECTS + 1):
            async with self.client.stream(
                method, parsed_url(url), content=body, headers=body_headers(body)
            ) as response:
                target = self.redirect_target(response, redirects, first) if method == "GET" else None
                if target is None:
                    content = await read_body_async(response, BodyBuffer(response, self.limits, deadline, first))
                    return RawResponse(response.status_code, response.headers, content, first)
            url = target
        raise AssertionError  # unreachable: redirect_target ends the loop
