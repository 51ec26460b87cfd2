"""The attempts of one request: while the tenant is busy, after a lost connection, and after a server error."""

import itertools
import shlex
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, get_args

import httpx

from oneroster.contract.errors import BrokenResponseError, KitError, NoResponseError
from oneroster.contract.http.budget import BudgetTracker
from oneroster.contract.http.credentials import Credentials, HttpMethod, WriteMethod
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.incidents import NO_ANSWER, Incidents, is_server_error
from oneroster.contract.http.sender import Sender
from oneroster.contract.http.target import Target
from oneroster.contract.http.token_renewal import TokenRenewal
from oneroster.contract.http.traffic import Wait
from oneroster.transport.retry_times import seconds_to_wait

__all__ = ["RequestAttempts"]

Headers = Mapping[str, str] | None

WRITE_METHODS: Final = frozenset(get_args(WriteMethod))
NOT_REPEATABLE: Final = frozenset({"POST", "PATCH"})
"""Methods that may have another effect the second time."""
LOST: Final = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""The errors of a connection that was closed."""
OK: Final = 200
BUSY: Final = frozenset({429, 503})
BUSY_ATTEMPTS: Final = 3
MAX_RETRY_AFTER: Final = 60.0
"""Seconds; a tenant that requests a longer pause is reported as busy."""
MOST_BUSY: Final = 25
"""Requests in a row that the tenant is too busy to answer, after which what it answered before is asked for again."""


class RequestAttempts:
    """Sends requests of one run, and repeats those that may be repeated.

    Args:
        target: The tenant.
        sender: Sends one request.
        budget: Paces the requests.
        renewal: Authenticates the requests.
        incidents: Keeps what went wrong.
    """

    def __init__(
        self,
        target: Target,
        sender: Sender,
        budget: BudgetTracker,
        renewal: TokenRenewal,
        incidents: Incidents,
    ) -> None:
        self._target = target
        self._sender = sender
        self._budget = budget
        self._renewal = renewal
        self._incidents = incidents
        self._busy_in_a_row = 0
        self._answered: str | None = None

    def send(
        self, method: HttpMethod | WriteMethod, url: str, access: Credentials, headers: Headers, content: bytes | None
    ) -> Exchange:
        """Send a request; repeat it after a server error, and note whether it fails again.

        Raises:
            NoResponseError: The tenant stays busy, or no complete response was received.
            KitError: See `Sender.send` and `TokenRenewal.headers`.
        """
        first = self._send_with_backoff(method, url, access, headers, content)
        if not is_server_error(first.status):
            return first
        if getattr(access, "nonce", None) is not None or method in NOT_REPEATABLE:
            # With credentials for one request, the repeat would be another request.
            self._incidents.add_server_error(first, repeated=False)
            return first
        try:
            second = self._send_with_backoff(method, url, access, headers, content)
        except KitError:
            self._incidents.add_server_error(first, repeated=False)
            return first
        self._incidents.add_server_error(first, repeated=is_server_error(second.status))
        return second

    def send_once(
        self, method: WriteMethod, url: str, access: Credentials, headers: Headers, content: bytes | None
    ) -> Exchange:
        """Send a request that would have another effect the second time, and never repeat it.

        Raises:
            NoResponseError: The tenant is busy, or no complete response was received.
            KitError: See `Sender.send` and `TokenRenewal.headers`.
        """
        try:
            exchange = self._send_once(method, url, access, headers, content)
        except NoResponseError as error:
            self._note_broken_response(method, url, error)
            raise
        if is_server_error(exchange.status):
            self._incidents.add_server_error(exchange, repeated=False)
        elif exchange.status in NO_ANSWER:
            self._incidents.add_unanswered(exchange.status)
            raise NoResponseError(f"HTTP {exchange.status}: the tenant is busy, or a gateway got no response from it")
        return exchange

    def _send_with_backoff(
        self,
        method: HttpMethod | WriteMethod,
        url: str,
        access: Credentials,
        headers: Headers,
        content: bytes | None = None,
    ) -> Exchange:
        """Send a request; repeat it while the tenant is busy.

        Raises:
            NoResponseError: The tenant stays busy, or a gateway answers that it got no response.
        """
        for attempt in itertools.count(1):
            began = time.monotonic()
            exchange = self._send_reconnecting(method, url, access, headers, content)
            if exchange.status not in NO_ANSWER:
                self._budget.served()
                self._note_answer(exchange, access)
                return exchange
            asked = seconds_to_wait(exchange.status, exchange.headers, datetime.now(UTC))
            delay = float(2 ** (attempt - 1)) if asked is None else asked
            patient = delay <= min(MAX_RETRY_AFTER, self._budget.seconds_left)
            repeated = exchange.status in BUSY and attempt < BUSY_ATTEMPTS and patient
            self._incidents.add_busy(exchange.status, asked or 0.0, repeated=repeated)
            if not repeated:
                break
            repeats = self._incidents.repeated.total()
            self._sender.traffic.begin_wait(Wait(exchange.status, time.monotonic() + delay, repeats))
            self._budget.slow_down(began, delay)
        self._incidents.add_unanswered(exchange.status)
        self._busy_in_a_row += 1
        if self._busy_in_a_row >= MOST_BUSY and not self._still_answers():
            raise self._budget.stays_busy(self._busy_in_a_row, exchange.status, self._incidents.longest_wait)
        raise NoResponseError(f"HTTP {exchange.status}: the tenant is busy, or a gateway got no response from it")

    def _note_answer(self, exchange: Exchange, access: Credentials) -> None:
        """Note that the tenant answers, and the first read that it answered."""
        self._busy_in_a_row = 0
        if self._answered is None and (exchange.method, exchange.status, access) == ("GET", OK, self._target.access):
            self._answered = exchange.url

    def _still_answers(self) -> bool:
        """Return whether the tenant still answers a read that it answered before, and is too busy only for others."""
        if self._answered is None:
            return False
        again = self._send_reconnecting("GET", self._answered, self._target.access, None, None)
        if again.status in NO_ANSWER:
            return False
        self._busy_in_a_row = 0
        return True

    def _send_reconnecting(
        self, method: HttpMethod | WriteMethod, url: str, access: Credentials, headers: Headers, content: bytes | None
    ) -> Exchange:
        """Send a request; repeat a read once if the connection was lost."""
        try:
            return self._send_once(method, url, access, headers, content)
        except NoResponseError as error:
            if not isinstance(error.__cause__, LOST) or method in WRITE_METHODS:
                self._note_broken_response(method, url, error)
                raise
        try:
            return self._send_once(method, url, access, headers, content)
        except NoResponseError as error:
            self._note_broken_response(method, url, error)
            if isinstance(error.__cause__, LOST) and not isinstance(error, BrokenResponseError):
                self._incidents.add_lost_connection(f"{method} {self._target.below(url)}")
            raise

    def _note_broken_response(self, method: str, url: str, error: NoResponseError) -> None:
        if isinstance(error, BrokenResponseError):
            self._incidents.add_broken_response(f"{method} {self._target.below(url)}", str(error))

    def _send_once(
        self, method: HttpMethod | WriteMethod, url: str, access: Credentials, headers: Headers, content: bytes | None
    ) -> Exchange:
        authentication = self._renewal.headers(method, url, access)
        request = self._sender.build_request(method, url, {**(headers or {}), **authentication}, content)
        raw = self._sender.send(request)
        below = self._target.below(url)
        options = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in (headers or {}).items()]
        curl = " ".join(filter(None, [access.curl(), self._target.curl_options(url), *options]))
        return Exchange(method, below, url, raw.status, raw.headers, raw.body, raw.seconds, curl)
