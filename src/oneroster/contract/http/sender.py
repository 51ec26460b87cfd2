"""Send one HTTP request within the budget, and return the raw response; keep a log of all requests."""

import re
import time
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

import httpx

from oneroster.contract.errors import BrokenResponseError, UnreachableError
from oneroster.contract.http.budget import BudgetTracker, RunBudget
from oneroster.contract.http.target import Target
from oneroster.contract.http.traffic import Traffic
from oneroster.errors import ConfigurationError, ResponseTimeoutError, ResponseTooLargeError, TransportError
from oneroster.settings import option_of
from oneroster.transport.bounded_response import BodyBuffer, ResponseLimits, read_body
from oneroster.transport.deadline import until
from oneroster.transport.http_client import HeadersForTenant, SyncTransport, open_client
from oneroster.transport.log import hide_queries
from oneroster.transport.tls import tls_failure
from oneroster.transport.transport_errors import describe
from oneroster.transport.urls import parsed_url

__all__ = ["LogEntry", "Sender", "TimedResponse"]

USER_AGENT: Final = f"oneroster-check/{version('oneroster-kit')}"
MIN_SECONDS: Final = 0.1
CLEANUP_SECONDS: Final = 10.0
"""Seconds that a DELETE may take even if the time of the run is over."""
_MALFORMED_ENCODING: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One request that was sent, for coverage and latency.

    Attributes:
        method: The HTTP method.
        path: The encoded path.
        status: The status of the response; None without a response.
        seconds: The time until the last byte.
        parameters: The names of the query parameters.
    """

    method: str
    path: str
    status: int | None
    seconds: float
    parameters: frozenset[str] = frozenset()


class TimedResponse(NamedTuple):
    """A complete response; ``seconds`` is the time until its last byte."""

    status: int
    headers: httpx.Headers
    body: bytes
    seconds: float


class Sender:
    """Sends requests to one server. Use it as a context manager, from any thread.

    Args:
        target: The tenant.
        limits: The limits of the run.
        budget: Paces the requests.

    Attributes:
        log: All requests sent so far.
        traffic: What they wait for just now.
    """

    def __init__(self, target: Target, limits: RunBudget, budget: BudgetTracker) -> None:
        self.log: list[LogEntry] = []
        self.traffic: Final = Traffic()
        self._target = target
        self._limits = limits
        self._budget = budget
        self._response_limits = ResponseLimits(limits.body, limits.timeout, limits.timeout)

    def __enter__(self) -> Self:
        # Filters of the rules hold values read from the tenant, which must not appear in logs of httpx.
        urls = tuple(self._target.urls.values())
        for url in urls:
            hide_queries(url)
        self._client = open_client(
            SyncTransport(self._target.tls),
            tenant_headers=HeadersForTenant(self._target.headers, urls),
            timeout=self._limits.timeout,
            follow_redirects=False,
            # A session cookie would authenticate requests that are sent without credentials on purpose.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def build_request(self, method: str, url: str, headers: Any = None, content: bytes | None = None) -> httpx.Request:
        """Return a request with the default headers added."""
        request = self._client.build_request(method, parsed_url(url), headers=headers, content=content)
        if _MALFORMED_ENCODING.search(url):
            # httpx encodes such a percent sign again.
            parts = urlsplit(url)
            request.extensions["target"] = (parts.path + (f"?{parts.query}" if parts.query else "")).encode("ascii")
        return request

    def send(self, request: httpx.Request) -> TimedResponse:
        """Send a request and read the complete response.

        Raises:
            NoResponseError: No complete response was received.
            BrokenResponseError: The response is not what its headers say.
            UnreachableError: The tenant counts as down.
            BudgetSpentError: The requests or the seconds of the run are spent.
        """
        cleanup = request.method == "DELETE"
        self._budget.acquire(cleanup=cleanup)
        began = time.monotonic()
        seconds = max(self._budget.seconds_left, CLEANUP_SECONDS if cleanup else MIN_SECONDS)
        status: int | None = None
        cut_off = False
        try:
            status, headers, body = self._receive(request, began + min(self._limits.timeout, seconds))
        except ConfigurationError as error:
            # A proxy or the certificates of the environment; every further request would fail in the same way.
            raise UnreachableError(str(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL, TransportError) as error:
            if tls_failure(error) is not None:
                # Every further request would fail in the same way.
                raise UnreachableError(f"{_origin(request)}: {self._cause(error)}") from error
            if _is_timeout(error) and self._budget.seconds_left <= 0 and not cleanup:
                # The run is over; the tenant may have been about to respond.
                raise self._budget.time_is_spent() from error
            if (problem := _broken(error)) is not None:
                # The tenant is up: the response began.
                self._budget.response_received()
                raise BrokenResponseError(problem) from error
            raise self._budget.response_missed(_origin(request), self._cause(error), self._advice(request)) from error
        except KeyboardInterrupt:
            # The run is over; the tenant may have been about to respond.
            cut_off = True
            raise
        finally:
            if not cut_off:
                self._add_to_log(request, status, time.monotonic() - began)
        self._budget.response_received()
        return TimedResponse(status, headers, body, time.monotonic() - began)

    def _add_to_log(self, request: httpx.Request, status: int | None, seconds: float) -> None:
        path = request.url.raw_path.partition(b"?")[0].decode("ascii")
        self.log.append(LogEntry(request.method, path, status, seconds, frozenset(request.url.params)))

    def _receive(self, request: httpx.Request, deadline: float) -> tuple[int, httpx.Headers, bytes]:
        with self.traffic.sending(), until(deadline):
            response = self._client.send(request, stream=True)
            try:
                body = read_body(response, BodyBuffer(response, self._response_limits, deadline, "the request"))
            finally:
                response.close()
            return response.status_code, response.headers, body

    def _advice(self, request: httpx.Request) -> str:
        """Return what to check if no request gets a response."""
        token_url = getattr(self._target.access, "token_url", None)
        if token_url is not None and request.method == "POST" and request.url == token_url:
            return f"check the token URL ({option_of('token_url')}) and that the server is running"
        return "check the base URL and that the server is running"

    def _cause(self, error: Exception) -> str:
        """Describe a transport error without quoting anything that the server sent."""
        if _is_timeout(error):
            return f"none within {self._limits.timeout:g} s, --timeout"
        if isinstance(error, ResponseTooLargeError):
            return f"the response is longer than {self._limits.body} bytes"
        return describe(error)


def _origin(request: httpx.Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc.decode()}"


def _broken(error: Exception) -> str | None:
    """Return how a response contradicts its headers; None if it does not, or did not begin."""
    if isinstance(error, ResponseTooLargeError):
        return None
    if isinstance(error, TransportError):
        return "the response has a Content-Encoding that was not requested"
    if isinstance(error, httpx.DecodingError):
        return "the body is not in the Content-Encoding that the response declares"
    if isinstance(error, httpx.RemoteProtocolError):
        # The texts of h11, which quote nothing that was received.
        if "complete message body" in str(error) or "incomplete chunked" in str(error):
            return "the body ends before the length that the response declares"
        if "content-length" in str(error).lower():
            return "the Content-Length headers of the response are invalid or contradict each other"
    return None


def _is_timeout(error: Exception) -> bool:
    return isinstance(error, httpx.TimeoutException | ResponseTimeoutError)
