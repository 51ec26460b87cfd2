"""The only way out of the kit to a tenant.

Whatever a rule or the engine wants to ask goes through here, so that one place keeps the promises to the tenant: reads
only, a bounded number of them at a bounded rate, credentials for its own origin only, an answer of bounded size within
bounded time. Writes leave only where they were allowed, and only to objects whose ids were made up here.
"""

import email.utils
import itertools
import re
import secrets
import shlex
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from types import TracebackType
from typing import Final, NoReturn, Self, get_args
from urllib.parse import SplitResult, urlsplit

import anyio
import anyio.from_thread
import httpx
import msgspec

from oneroster.contract.errors import BudgetSpentError, NoAnswerError, RefusedError, UnreachableError
from oneroster.contract.http.credentials import Credentials, HttpMethod, TokenAnswer, WriteMethod
from oneroster.contract.http.exchange import Exchange, encoded_path
from oneroster.contract.http.target import RunBudget, Target, is_loopback
from oneroster.transport.log import hide_queries
from oneroster_v1p1.tables import Operation

__all__ = ["Gateway", "LogEntry"]

Headers = Mapping[str, str] | None

USER_AGENT: Final = f"oneroster-check/{version('oneroster-kit')}"
ALLOWED_METHODS: Final = frozenset(get_args(HttpMethod))
BUSY: Final = frozenset({429, 503})
BUSY_ATTEMPTS: Final = 3
LONGEST_WAIT: Final = 30.0
"""Seconds; a tenant that asks for more patience is reported as busy instead."""
WRITE_METHODS: Final = frozenset(get_args(WriteMethod))
OWN: Final = "oneroster-check"
"""How the sourcedId of every object begins that the kit makes in a tenant."""
REQUESTS_FOR_WRITES: Final = 200
"""Requests that may be sent beyond the limit where writes are allowed."""
SECONDS_TO_REMOVE: Final = 10.0
"""Seconds; how long one removal may take, even when the time of the run is over."""
SILENCE_AT_START: Final = 2
SILENCE: Final = 5
"""Requests in a row without an answer after which the tenant counts as gone."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One request as it left, for coverage and latency.

    ``path`` is the encoded path, ``parameters`` the names in its query; ``status`` is None when no answer came.
    """

    method: str
    path: str
    status: int | None
    seconds: float
    parameters: frozenset[str] = frozenset()


class Gateway:
    """Sends reads to one tenant, and writes where it is allowed. Use it as a context manager, from any thread.

    ``pause`` waits for a number of seconds; tests put their own clock there.
    """

    def __init__(
        self, target: Target, limits: RunBudget | None = None, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.target = target
        self.limits = limits or RunBudget()
        self.log: list[LogEntry] = []
        self._base = urlsplit(target.base_url)
        self._pause = pause
        self._interval = 1 / self.limits.rate if self.limits.rate else 0.0
        self._next_at = 0.0
        self._deadline = time.monotonic() + self.limits.seconds
        self._silent = 0
        self._gone: UnreachableError | None = None
        self._answered = False
        self._trusted = False
        self._begun = 0
        self._slowed_at = 0.0
        self._renewals = 0
        self._turn, self._entering = threading.Lock(), threading.Lock()
        self._own: set[str] = set()
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        self._portal = self._resources.enter_context(anyio.from_thread.start_blocking_portal())
        # A filter of a rule may hold a value learnt from the tenant; it stands in no log.
        hide_queries(self.target.base_url)
        # Loopback is never reached by a proxy of the environment.
        self._client = httpx.AsyncClient(
            timeout=self.limits.timeout,
            follow_redirects=False,
            trust_env=not is_loopback(self.target.base_url),
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"},
        )
        self._resources.callback(self._portal.call, self._client.aclose)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    @property
    def spent(self) -> int:
        """Requests sent so far, repetitions and token requests included."""
        return self._begun

    @property
    def left(self) -> int:
        """Requests that may still be sent."""
        return self._allowed - self.spent

    @property
    def _allowed(self) -> int:
        return self.limits.requests + (REQUESTS_FOR_WRITES if self.target.allow_writes else 0)

    def get(self, path: str, query: str = "", *, access: Credentials | None = None) -> Exchange:
        """Read a path below the base URL with the target's own way in, or with ``access``."""
        return self.send("GET", self.target.base_url + path + (f"?{query}" if query else ""), access=access)

    def send(
        self,
        method: HttpMethod,
        url: str,
        *,
        access: Credentials | None = None,
        headers: Headers = None,
    ) -> Exchange:
        """Send one read and wait for the whole answer; ``headers`` are sent beside those of the access.

        Waits and repeats when the tenant is busy (429, 503), once when the connection broke, and once with a new token
        when a granted one is no longer taken.

        Raises ``RefusedError`` for a method that is no read or an address outside the tenant's origin,
        ``BudgetSpentError``, ``NoAnswerError``, ``UnreachableError`` when the tenant stays silent,
        ``AccessRefusedError`` when no token is granted.
        """
        if method not in ALLOWED_METHODS:
            raise RefusedError(f"the kit only reads; {method} is not sent")
        if not self.is_own(url):
            raise RefusedError("the address leads to another origin than the tenant's; credentials are not sent there")
        return self._entered(method, url, access, headers)

    def post_form(self, headers: Mapping[str, str], form: bytes, curl_access: str) -> Exchange:
        """Send a form to the token endpoint of the target, the one address that forms are posted to.

        Raises ``RefusedError`` when the way in knows no token endpoint, and the errors of ``send``.
        """
        url = getattr(self.target.access, "token_url", None)
        if not isinstance(url, str):
            raise RefusedError("the way in has no token endpoint; forms are posted nowhere else")
        request = self._client.build_request("POST", url, headers=dict(headers), content=form)
        status, answer_headers, body, seconds = self._exchange(request)
        return Exchange("POST", url, url, status, answer_headers, body, seconds, curl_access)

    def pause(self, seconds: float) -> None:
        """Wait, for what only time can show; at most until the run has to end.

        Raises ``BudgetSpentError`` when the run would have to end before.
        """
        if seconds >= self._deadline - time.monotonic():
            raise BudgetSpentError(f"waiting {seconds:g} seconds would take longer than the run may")
        self._pause(seconds)

    def own_id(self) -> str:
        """A new sourcedId that nobody else has; only to such can be written."""
        sourced_id = f"{OWN}-{secrets.token_hex(8)}"
        self._own.add(sourced_id)
        return sourced_id

    def write(
        self,
        operation: Operation,
        sourced_id: str,
        content: bytes | None = None,
        *,
        access: Credentials | None = None,
    ) -> Exchange:
        """Put or delete one object of the kit's own making; ``content`` is the body of a PUT.

        A write whose connection broke is not repeated, since it may have been done. A DELETE is sent even when the
        requests or the seconds of the run are spent: what was made has to be removed.

        Raises ``RefusedError`` when writes are not allowed, the operation does not write to one object, or the
        ``sourced_id`` is not one that ``own_id`` gave; otherwise as ``send`` does.
        """
        if not self.target.allow_writes:
            raise RefusedError("writes are not allowed in this run (--allow-writes)")
        parameters = [each.name for each in operation.parameters if each.location == "path"]
        if operation.method not in WRITE_METHODS or len(parameters) != 1:
            raise RefusedError(f"{operation.operation_id} does not write to one object")
        if sourced_id not in self._own:
            raise RefusedError("the object is not one that this run made; it is not written to")
        method: WriteMethod = "PUT" if operation.method == "PUT" else "DELETE"
        url = self.target.base_url + encoded_path(operation.path, {parameters[0]: sourced_id})
        headers = None if content is None else {"Content-Type": "application/json"}
        return self._entered(method, url, access, headers, content)

    def is_own(self, url: str) -> bool:
        """Whether the URL lies on the tenant's origin."""
        try:
            return _origin(urlsplit(url)) == _origin(self._base) and bool(httpx.URL(url).host)
        except (ValueError, httpx.InvalidURL):
            return False

    def _entered(
        self,
        method: HttpMethod | WriteMethod,
        url: str,
        access: Credentials | None,
        headers: Headers,
        content: bytes | None = None,
    ) -> Exchange:
        """The answer, asked for again when a token that was taken before is not taken any more."""
        renewals, used = self._renewals, access or self.target.access
        exchange = self._patient(method, url, used, headers, content)
        if access is not None:
            return exchange
        if exchange.status == 401 and self._renewed(renewals, used):
            return self._patient(method, url, used, headers, content)
        if exchange.status < 400:
            self._trusted = True
        return exchange

    def _renewed(self, renewals: int, access: Credentials) -> bool:
        """Whether there is a newer token than that of a request sent after so many renewals."""
        with self._entering:
            if self._renewals == renewals:
                # Only a token that had been taken before can have expired; a wrong one is not asked for again.
                if not (self._trusted and access.renew()):
                    return False
                self._renewals += 1
                self._trusted = False
            return True

    def _patient(
        self,
        method: HttpMethod | WriteMethod,
        url: str,
        access: Credentials,
        headers: Headers,
        content: bytes | None = None,
    ) -> Exchange:
        for attempt in itertools.count(1):
            began = time.monotonic()
            exchange = self._answer(method, url, access, headers, content)
            if exchange.status not in BUSY or attempt == BUSY_ATTEMPTS:
                return exchange
            wait = retry_after(exchange.headers.get("Retry-After"), attempt)
            if wait > min(LONGEST_WAIT, self._deadline - time.monotonic()):
                return exchange
            self._slow_down(began, wait)
            self._pause(wait)
        raise AssertionError("unreachable: the loop ends by returning")

    def _slow_down(self, began: float, wait: float) -> None:
        """Ask less often from now on, and let the other workers wait as well."""
        with self._turn:
            now = time.monotonic()
            if began >= self._slowed_at:
                # Several requests that were under way together are told once, and not each for itself.
                self._interval = max(self._interval * 2, 0.05)
                self._slowed_at = now
            if self.limits.workers > 1:
                self._next_at = max(self._next_at, now + wait)

    def _answer(
        self, method: HttpMethod | WriteMethod, url: str, access: Credentials, headers: Headers, content: bytes | None
    ) -> Exchange:
        try:
            return self._once(method, url, access, headers, content)
        except NoAnswerError as error:
            broken = isinstance(error.__cause__, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError)
            if not broken or method in WRITE_METHODS:
                raise
            return self._once(method, url, access, headers, content)

    def _once(
        self, method: HttpMethod | WriteMethod, url: str, access: Credentials, headers: Headers, content: bytes | None
    ) -> Exchange:
        with self._entering:
            own = access.headers(method, url, self._post_token)
        request = self._client.build_request(method, url, headers={**(headers or {}), **own}, content=content)
        status, answer_headers, body, seconds = self._exchange(request)
        below = url.removeprefix(self.target.base_url)
        options = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in (headers or {}).items()]
        curl = " ".join([access.curl(), *options]).strip()
        return Exchange(method, below, url, status, answer_headers, body, seconds, curl)

    def _post_token(self, url: str, headers: dict[str, str], form: bytes) -> TokenAnswer:
        """Send a POST to the token endpoint; reached only through ``Credentials.headers``."""
        request = self._client.build_request("POST", url, headers=headers, content=form)
        status, _, body, _ = self._exchange(request)
        try:
            members = msgspec.json.decode(body)
        except msgspec.DecodeError:
            members = None
        return TokenAnswer(status, members if isinstance(members, dict) else {})

    def _exchange(self, request: httpx.Request) -> tuple[int, httpx.Headers, bytes, float]:
        self._pace(removing=request.method == "DELETE")
        began = time.monotonic()
        status: int | None = None
        try:
            status, headers, body = self._portal.call(self._receive, request)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, NoAnswerError) as error:
            if isinstance(error, TimeoutError) and time.monotonic() >= self._deadline and request.method != "DELETE":
                # It was the run that ended, and not the tenant's time to answer.
                raise self._time_is_over() from error
            self._missed(request, error)
        finally:
            self._note(request, status, time.monotonic() - began)
        self._silent, self._answered = 0, True
        return status, headers, body, time.monotonic() - began

    def _note(self, request: httpx.Request, status: int | None, seconds: float) -> None:
        path = request.url.raw_path.partition(b"?")[0].decode("ascii")
        self.log.append(LogEntry(request.method, path, status, seconds, frozenset(request.url.params)))

    async def _receive(self, request: httpx.Request) -> tuple[int, httpx.Headers, bytes]:
        # One deadline over the whole exchange: a server that drips byte by byte never runs into a read timeout.
        least = SECONDS_TO_REMOVE if request.method == "DELETE" else 0.1
        with anyio.fail_after(min(self.limits.timeout, max(self._deadline - time.monotonic(), least))):
            response = await self._client.send(request, stream=True)
            try:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > self.limits.body:
                        raise NoAnswerError(f"the answer is longer than {self.limits.body} bytes")
                return response.status_code, response.headers, bytes(body)
            finally:
                await response.aclose()
                # A session cookie would let in who comes without credentials.
                self._client.cookies.clear()

    def _pace(self, *, removing: bool) -> None:
        with self._turn:
            if self._gone is not None:
                # Every further attempt would wait for another timeout.
                raise self._gone
            if self.left <= 0 and not removing:
                raise BudgetSpentError(f"all {self._allowed} requests allowed for this run are spent (--max-requests)")
            now = time.monotonic()
            if now >= self._deadline and not removing:
                raise self._time_is_over()
            wait = self._next_at - now
            self._next_at = max(now, self._next_at) + self._interval
            self._begun += 1
        if wait > 0:
            self._pause(wait)

    def _time_is_over(self) -> BudgetSpentError:
        return BudgetSpentError(f"the {self.limits.seconds:g} seconds allowed for this run are over")

    def _missed(self, request: httpx.Request, error: Exception) -> NoReturn:
        self._silent += 1
        what = _plainly(error)
        # Those that were under way together count as one.
        patience = (SILENCE if self._answered else SILENCE_AT_START) + self.limits.workers - 1
        if self._silent >= patience:
            self._gone = UnreachableError(
                f"{self._silent} requests in a row to {request.url.scheme}://{request.url.netloc.decode()} brought no "
                f"answer ({what}); check the base URL and that the tenant is up"
            )
            raise self._gone from error
        raise NoAnswerError(f"no complete answer ({what})") from error


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _plainly(error: Exception) -> str:
    """What went wrong on the wire, in words that quote nothing the server sent."""
    if isinstance(error, NoAnswerError):
        return str(error)
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "timeout"
    if isinstance(error, httpx.ConnectError):
        return "no connection"
    return f"broken exchange, {type(error).__name__}"


def retry_after(value: str | None, attempt: int) -> float:
    """Seconds to wait before the next attempt: what the header asks for, otherwise 1, 2, 4 …"""
    unasked = float(2 ** (attempt - 1))
    if value is None:
        return unasked
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        return float(value)
    try:
        when = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return unasked
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
