"""Send one HTTP request within the budget, and return the raw response; keep a log of all requests."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import anyio
import anyio.from_thread
import httpx

from oneroster.contract.errors import NoResponseError
from oneroster.contract.http.budget import BudgetTracker, RunBudget, is_loopback
from oneroster.transport.log import hide_queries

__all__ = ["LogEntry", "RawResponse", "Sender"]

USER_AGENT: Final = f"oneroster-check/{version('oneroster-kit')}"
MIN_SECONDS: Final = 0.1
CLEANUP_SECONDS: Final = 10.0
"""Seconds that a DELETE may take even if the time of the run is over."""


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


class RawResponse(NamedTuple):
    """A complete response; ``seconds`` is the time until its last byte."""

    status: int
    headers: httpx.Headers
    body: bytes
    seconds: float


class Sender:
    """Sends requests to one server. Use it as a context manager, from any thread.

    Args:
        base_url: The base URL of the tenant.
        limits: The limits of the run.
        budget: Paces the requests.
    """

    def __init__(self, base_url: str, limits: RunBudget, budget: BudgetTracker) -> None:
        self.log: list[LogEntry] = []
        self._base_url = base_url
        self._limits = limits
        self._budget = budget
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        self._portal = self._resources.enter_context(anyio.from_thread.start_blocking_portal())
        # Filters of the rules hold values read from the tenant, which must not appear in logs of httpx.
        hide_queries(self._base_url)
        self._client = httpx.AsyncClient(
            timeout=self._limits.timeout,
            follow_redirects=False,
            # A proxy of the environment cannot reach a server on this machine.
            trust_env=not is_loopback(self._base_url),
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"},
        )
        self._resources.callback(self._portal.call, self._client.aclose)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def build_request(self, method: str, url: str, headers: Any = None, content: bytes | None = None) -> httpx.Request:
        """Return a request with the default headers added."""
        return self._client.build_request(method, url, headers=headers, content=content)

    def send(self, request: httpx.Request) -> RawResponse:
        """Send a request and read the complete response.

        Raises:
            NoResponseError: No complete response was received.
            UnreachableError: The tenant counts as down.
            BudgetSpentError: The requests or the seconds of the run are spent.
        """
        cleanup = request.method == "DELETE"
        self._budget.acquire(cleanup=cleanup)
        began = time.monotonic()
        status: int | None = None
        try:
            status, headers, body = self._portal.call(self._receive, request)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, NoResponseError) as error:
            if isinstance(error, TimeoutError) and self._budget.seconds_left <= 0 and not cleanup:
                # The run is over; the tenant may have been about to respond.
                raise self._budget.time_is_spent() from error
            origin = f"{request.url.scheme}://{request.url.netloc.decode()}"
            raise self._budget.response_missed(origin, _cause(error)) from error
        finally:
            self._add_to_log(request, status, time.monotonic() - began)
        self._budget.response_received()
        return RawResponse(status, headers, body, time.monotonic() - began)

    def _add_to_log(self, request: httpx.Request, status: int | None, seconds: float) -> None:
        path = request.url.raw_path.partition(b"?")[0].decode("ascii")
        self.log.append(LogEntry(request.method, path, status, seconds, frozenset(request.url.params)))

    async def _receive(self, request: httpx.Request) -> tuple[int, httpx.Headers, bytes]:
        # One deadline for the whole exchange: a server that sends byte by byte never hits a read timeout.
        minimum = CLEANUP_SECONDS if request.method == "DELETE" else MIN_SECONDS
        with anyio.fail_after(min(self._limits.timeout, max(self._budget.seconds_left, minimum))):
            response = await self._client.send(request, stream=True)
            try:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > self._limits.body:
                        raise NoResponseError(f"the response is longer than {self._limits.body} bytes")
                return response.status_code, response.headers, bytes(body)
            finally:
                await response.aclose()
                # A session cookie would authenticate requests that are sent without credentials on purpose.
                self._client.cookies.clear()


def _cause(error: Exception) -> str:
    """Describe a transport error without quoting anything that the server sent."""
    if isinstance(error, NoResponseError):
        return str(error)
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "timeout"
    if isinstance(error, httpx.ConnectError):
        return "no connection"
    return f"transport error, {type(error).__name__}"
