"""The connections to one tenant: `Session` and `AsyncSession` send requests, retry reads and apply limits.

Both follow the same rules, which are in `retry`, in `response`, and in the functions at the end of this module.
"""

import asyncio
import random
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard, TypeVar
from weakref import WeakSet

import httpx

from oneroster.errors import (
    ConfigurationError,
    DecodeError,
    ForeignOriginError,
    OneRosterError,
    TokenError,
    TransportError,
)
from oneroster.settings import Settings
from oneroster.standard import Standard
from oneroster.transport import log
from oneroster.transport.auth import Bearer, ClientCredentials, OAuth1
from oneroster.transport.response import BodyBuffer, RawResponse, ResponseLimits, timeout_error
from oneroster.transport.retry import RETRIED_STATUSES, Retry, delay_before_retry, retry_after_seconds
from oneroster.transport.transport_errors import SEND_ERRORS, is_transient, transport_error
from oneroster.transport.urls import origin_of, redacted

__all__ = ["AsyncSession", "Session"]

T = TypeVar("T")

_MAX_REDIRECTS: Final = 5
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate"}


class _SessionBase:
    """The parts that both sessions share.

    Attributes:
        settings: The settings of the tenant.
        standard: The version of the standard that the tenant serves.
        retry: The retry policy.
        limits: The limits of one response.
        origin: The origin of the tenant. Credentials are sent to no other origin, except to the token endpoint.
    """

    def __init__(self, settings: Settings, standard: Standard, retry: Retry, limits: ResponseLimits) -> None:
        self.settings = settings
        self.standard = standard
        self.retry = retry.checked()
        self.limits = limits.checked()
        self.origin = origin_of(settings.base_url)
        log.hide_queries(settings.base_url)
        log.hide_queries(settings.token_url or settings.base_url)

    def client_options(self) -> dict[str, Any]:
        """Return the arguments of the httpx client."""
        return {
            "auth": _authentication(self.settings, self.standard),
            "headers": _HEADERS,
            "timeout": self.limits.read_timeout,
            "follow_redirects": False,
        }

    def check_origin(self, url: str) -> None:
        """Check that a URL is at the tenant.

        Raises:
            ForeignOriginError: It is at another origin.
        """
        if origin_of(url) != self.origin:
            raise ForeignOriginError(f"{redacted(url)} is not at the tenant; nothing was sent there.")

    def redirect_target(self, response: httpx.Response, redirects: int, first: str) -> str | None:
        """Return the target of a redirect, or None if the response is not a redirect.

        Args:
            response: The response.
            redirects: The number of redirects followed so far.
            first: The URL of the first request, for errors. They do not show the target: it may hold a child's name.

        Raises:
            ForeignOriginError: The target is not at the tenant.
            TransportError: There were too many redirects.
        """
        if response.next_request is None:
            return None
        target = response.next_request.url
        if origin_of(target) != self.origin:
            raise ForeignOriginError(
                f"{first} redirects to {target.scheme}://{target.host}, which is not the tenant; nothing"
                " was sent there. If the tenant has moved, change base_url."
            )
        if redirects >= _MAX_REDIRECTS:
            raise TransportError(f"{first} redirects more than {_MAX_REDIRECTS} times.")
        return str(target)

    def retry_delay(self, failure: Exception | RawResponse, sent: int, began: float, operation_id: str) -> float | None:
        """Return the seconds to wait before a read is sent again, or None to stop.

        Args:
            failure: The outcome of the last attempt.
            sent: The number of attempts so far.
            began: When the first attempt started, in seconds of the monotonic clock.
            operation_id: The operation, for the log.
        """
        if not _may_be_temporary(failure):
            return None
        header = None
        if isinstance(failure, RawResponse):
            header = failure.headers.get("Retry-After")
        elif isinstance(failure, TokenError):
            header = failure.retry_after
        asked = retry_after_seconds(header, datetime.now(UTC))
        delay = delay_before_retry(self.retry, sent, time.monotonic() - began, asked, random.random)
        if delay is not None:
            log.log_retry("GET", operation_id, _outcome_name(failure), delay, sent + 1)
        return delay


class Session(_SessionBase):
    """The connections to one tenant, shared by any number of threads.

    Args:
        settings: The settings of the tenant.
        standard: The version of the standard that the tenant serves.
        retry: The retry policy.
        limits: The limits of one response.
    """

    def __init__(
        self,
        settings: Settings,
        standard: Standard,
        retry: Retry = Retry(),  # noqa: B008  # immutable
        limits: ResponseLimits = ResponseLimits(),  # noqa: B008  # immutable
    ) -> None:
        super().__init__(settings, standard, retry, limits)
        self.client = _make_client(httpx.Client, self.client_options())
        self._closed = False
        self._stop_events: WeakSet[threading.Event] = WeakSet()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close all connections and wake every thread that waits for a response or for a retry."""
        with self._lock:
            self._closed = True
            for stop in self._stop_events:
                stop.set()
            for connection in self._sockets:
                _shut_down(connection)
        self.client.close()

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        # A thread that reads from a socket does not wake when the socket is closed, only when it is shut down. httpx
        # offers no way to do that, so the sockets are collected here.
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            connection = info["return_value"].get_extra_info("socket")
            with self._lock:
                self._sockets.add(connection)
                if self._closed:
                    _shut_down(connection)

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
            AccessError: There is no token, or the URL is not at the tenant.
        """
        stop = self.stop_event() if stop is None else stop
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
                outcome = _cancelled(redacted(url))
            delay = self.retry_delay(outcome, sent, began, operation_id)
            if delay is None or stop.wait(delay):
                return _last_outcome(outcome, url, sent, parse)

    def write(self, method: str, url: str, body: bytes | None, operation_id: str = "a URL") -> RawResponse:
        """Send a PUT or DELETE once, without retries: the server may have executed a write that got no response.

        Raises:
            TransportError: No complete response was received.
        """
        outcome = self._attempt(method, url, body, operation_id, 1)
        if isinstance(outcome, RawResponse):
            return outcome
        raise transport_error(method, url, 1, outcome)

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
        except (OneRosterError, *SEND_ERRORS) as error:
            outcome = error
        log.log_request(method, operation_id, _outcome_name(outcome), time.monotonic() - began, sent)
        return outcome

    def send(
        self, method: str, url: str, body: bytes | None = None, stop: threading.Event | None = None
    ) -> RawResponse:
        """Send one request and return its complete response; follow redirects of reads within the tenant."""
        self.check_origin(url)
        first, deadline = redacted(url), time.monotonic() + self.limits.total_timeout
        options: dict[str, Any] = {"headers": _body_headers(body), "extensions": {"trace": self._trace}}
        for redirects in range(_MAX_REDIRECTS + 1):
            with self.client.stream(method, url, content=body, **options) as response:
                target = self.redirect_target(response, redirects, first) if method == "GET" else None
                if target is None:
                    content = BodyBuffer(response, self.limits, deadline, first)
                    for chunk in response.iter_raw():
                        content.add(chunk)
                        if stop is not None and stop.is_set():
                            raise _cancelled(first)
                    return RawResponse(response.status_code, response.headers, content.finish(), first)
            url = target
        raise AssertionError  # unreachable: redirect_target ends the loop


class AsyncSession(_SessionBase):
    """The connections to one tenant, shared by any number of tasks of one event loop; otherwise like `Session`."""

    def __init__(
        self,
        settings: Settings,
        standard: Standard,
        retry: Retry = Retry(),  # noqa: B008  # immutable
        limits: ResponseLimits = ResponseLimits(),  # noqa: B008  # immutable
    ) -> None:
        super().__init__(settings, standard, retry, limits)
        self.client = _make_client(httpx.AsyncClient, self.client_options())

    async def close(self) -> None:
        """Close all connections."""
        await self.client.aclose()

    async def read(self, url: str, parse: Callable[[RawResponse], T], operation_id: str = "a URL") -> T:
        """Send a GET, with retries, and return the parsed response; see `Session.read`."""
        began, sent = time.monotonic(), 0
        while True:
            sent += 1
            outcome = await self._attempt("GET", url, None, operation_id, sent)
            if _is_final(outcome):
                try:
                    return parse(outcome)
                except DecodeError as error:
                    outcome = error
            delay = self.retry_delay(outcome, sent, began, operation_id)
            if delay is None:
                return _last_outcome(outcome, url, sent, parse)
            await asyncio.sleep(delay)

    async def write(self, method: str, url: str, body: bytes | None, operation_id: str = "a URL") -> RawResponse:
        """Send a PUT or DELETE once; see `Session.write`."""
        outcome = await self._attempt(method, url, body, operation_id, 1)
        if isinstance(outcome, RawResponse):
            return outcome
        raise transport_error(method, url, 1, outcome)

    async def _attempt(
        self, method: str, url: str, body: bytes | None, operation_id: str, sent: int
    ) -> RawResponse | Exception:
        began = time.monotonic()
        outcome: RawResponse | Exception
        try:
            outcome = await self.send(method, url, body)
        except (OneRosterError, *SEND_ERRORS) as error:
            outcome = error
        log.log_request(method, operation_id, _outcome_name(outcome), time.monotonic() - began, sent)
        return outcome

    async def send(self, method: str, url: str, body: bytes | None = None) -> RawResponse:
        """Send one request and return its complete response; see `Session.send`."""
        self.check_origin(url)
        first = redacted(url)
        try:
            # The read timeout alone does not stop a server that sends its headers byte by byte.
            async with asyncio.timeout(self.limits.total_timeout):
                return await self._send(method, url, body, first)
        except TimeoutError:
            raise timeout_error(first, self.limits) from None

    async def _send(self, method: str, url: str, body: bytes | None, first: str) -> RawResponse:
        deadline = time.monotonic() + self.limits.total_timeout
        for redirects in range(_MAX_REDIRECTS + 1):
            async with self.client.stream(method, url, content=body, headers=_body_headers(body)) as response:
                target = self.redirect_target(response, redirects, first) if method == "GET" else None
                if target is None:
                    content = BodyBuffer(response, self.limits, deadline, first)
                    async for chunk in response.aiter_raw():
                        content.add(chunk)
                    return RawResponse(response.status_code, response.headers, content.finish(), first)
            url = target
        raise AssertionError  # unreachable: redirect_target ends the loop


def _make_client(kind: Callable[..., T], options: dict[str, Any]) -> T:
    try:
        return kind(**options)
    except (httpx.InvalidURL, ValueError, OSError, ImportError) as error:
        # The URL of a proxy may hold a password, so the error of httpx is neither shown nor chained.
        raise ConfigurationError(
            f"The HTTP client cannot be created ({type(error).__name__}). Check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY,"
            " NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR in the environment."
        ) from None


def _authentication(settings: Settings, standard: Standard) -> httpx.Auth:
    base_url, client_id, secret = settings.base_url, settings.client_id or "", settings.client_secret or ""
    if settings.token is not None:
        return Bearer(settings.token, base_url)
    if settings.token_url is None:
        return OAuth1(client_id, secret, base_url, settings.oauth1_method)
    scopes = None if settings.scopes is None else settings.scopes.split()
    in_body = settings.client_auth == "body"
    return ClientCredentials(client_id, secret, settings.token_url, base_url, scopes, in_body, standard=standard)


def _is_final(outcome: RawResponse | Exception) -> TypeGuard[RawResponse]:
    return isinstance(outcome, RawResponse) and outcome.status_code not in RETRIED_STATUSES


def _outcome_name(outcome: RawResponse | Exception) -> str:
    return str(outcome.status_code) if isinstance(outcome, RawResponse) else type(outcome).__name__


def _may_be_temporary(failure: Exception | RawResponse) -> bool:
    if isinstance(failure, TokenError):
        return failure.status_code in RETRIED_STATUSES
    return isinstance(failure, RawResponse | DecodeError) or is_transient(failure)


def _last_outcome(failure: Exception | RawResponse, url: str, sent: int, parse: Callable[[RawResponse], T]) -> T:
    """Return or raise the outcome of the last attempt; parsing a response of an error status raises."""
    if isinstance(failure, RawResponse):
        return parse(failure)
    raise transport_error("GET", url, sent, failure)


def _cancelled(url: str) -> TransportError:
    return TransportError(f"The request to {url} was cancelled: the client was closed, or the iteration was ended.")


def _body_headers(body: bytes | None) -> dict[str, str]:
    return {} if body is None else {"Content-Type": "application/json"}


def _shut_down(connection: socket.socket) -> None:
    try:
        # The method of the base class: SSLSocket.shutdown would remove the TLS state while another thread reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        # The connection has already ended.
        return
