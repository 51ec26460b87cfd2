"""The gateway: the only way to send a request to the tenant.

All requests of rules and engine go through it, so that the limits are enforced in one place: safe methods only, within
the budget, and credentials for the tenant's origin only. Writes are sent only if they are allowed, and only to objects
with ids that the gateway made up, or that the tenant allocated to such objects.
"""

import secrets
import time
from collections.abc import Callable, Collection, Mapping
from types import TracebackType
from typing import Final, Self, cast, get_args

import httpx

from oneroster.contract.errors import RequestNotAllowedError
from oneroster.contract.http.budget import REQUESTS_FOR_WRITES, BudgetTracker, RunBudget
from oneroster.contract.http.credentials import Credentials, HttpMethod, TokenResponse, WriteMethod
from oneroster.contract.http.exchange import Exchange, encoded_path
from oneroster.contract.http.incidents import Incidents
from oneroster.contract.http.request_attempts import RequestAttempts
from oneroster.contract.http.sender import LogEntry, Sender
from oneroster.contract.http.target import Target
from oneroster.contract.http.token_renewal import TokenRenewal
from oneroster.transport.urls import origin_of, origins_of
from oneroster_runtime.specification import Operation

__all__ = ["Gateway", "id_pairs"]

Headers = Mapping[str, str] | None

SAFE_METHODS: Final = frozenset(get_args(HttpMethod))
WRITE_METHODS: Final = frozenset(get_args(WriteMethod))
KNOWN_CLIENT: Final = frozenset({400, 404, 405})
"""Statuses of errors that say that the credentials were accepted."""
OWN: Final = "oneroster-check"
"""The beginning of the sourcedId of every object that the kit creates in a tenant."""
SUPPLIED: Final = "suppliedSourcedId"
ALLOCATED: Final = "allocatedSourcedId"


def _write_method(operation: Operation) -> WriteMethod:
    return cast("WriteMethod", operation.method)


def _require_writes(target: Target) -> None:
    if not target.allow_writes:
        raise RequestNotAllowedError("writes are not allowed in this run (--allow-writes)")


def _collection_path(operation: Operation) -> str:
    """Return the last fixed part of a path: where a POST creates records, and where single ones are written."""
    return next((part for part in reversed(operation.path.split("/")) if not part.startswith("{")), "")


def id_pairs(exchange: Exchange, operation: Operation) -> dict[str, str]:
    """Return the allocated ids in the response to a POST by the supplied ones, in any form that can be read."""
    body = exchange.json
    found = body.get(operation.created_wrapper) if isinstance(body, dict) else None
    pairs = [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]
    ids = [(each.get(SUPPLIED), each.get(ALLOCATED)) for each in pairs]
    return {one: other for one, other in ids if isinstance(one, str) and isinstance(other, str) and other}


class Gateway:
    """Sends requests to one tenant. Use it as a context manager, from any thread.

    Args:
        target: The tenant.
        limits: The limits of the run; the default limits if None.
        pause: Waits for a number of seconds; tests pass a clock of their own.
        observe: Called with every exchange of `send` and `write`.

    Attributes:
        target: The tenant.
        limits: The limits of the run.
        incidents: What went wrong with the requests of the run.
        traffic: What the requests wait for just now.
    """

    def __init__(
        self,
        target: Target,
        limits: RunBudget | None = None,
        pause: Callable[[float], None] = time.sleep,
        observe: Callable[[Exchange], None] = lambda _exchange: None,
    ) -> None:
        self.target: Final = target
        self.limits: Final = limits or RunBudget()
        self.incidents: Final = Incidents()
        self._budget = BudgetTracker(self.limits, REQUESTS_FOR_WRITES if target.allow_writes else 0, pause)
        self._sender = Sender(target, self.limits, self._budget)
        self.traffic: Final = self._sender.traffic
        self._renewal = TokenRenewal(target.access, self._post_token)
        self._attempts = RequestAttempts(target, self._sender, self._budget, self._renewal, self.incidents)
        self._own_ids: set[str] = set()
        self._allocated: set[tuple[str, str]] = set()
        self._origins: Final = origins_of(target.urls.values())
        self._observe = observe

    def __enter__(self) -> Self:
        self._sender.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sender.__exit__(kind, error, trace)

    @property
    def log(self) -> list[LogEntry]:
        """All requests sent so far."""
        return self._sender.log

    @property
    def spent(self) -> int:
        """Requests sent so far, including repeats and token requests."""
        return self._budget.spent

    @property
    def left(self) -> int:
        """Requests that may still be sent."""
        return self._budget.left

    def has_created(self, sourced_id: str | None) -> bool:
        """Return whether an id is that of an object that the kit may have created."""
        return sourced_id in self._own_ids or any(sourced_id == name for _, name in self._allocated)

    def authentication(self) -> dict[str, str]:
        """Return the headers that authenticate the tenant's own requests; see `TokenRenewal.headers`."""
        return self._renewal.headers("GET", self.target.base_url, self.target.access)

    def get(self, path: str, query: str = "", *, access: Credentials | None = None) -> Exchange:
        """Send a GET below the base URL; see `send`."""
        return self.send("GET", self.target.url_of(path) + (f"?{query}" if query else ""), access=access)

    def send(
        self,
        method: HttpMethod,
        url: str,
        *,
        access: Credentials | None = None,
        headers: Headers = None,
    ) -> Exchange:
        """Send a request with a safe method and return the complete response.

        The request is repeated while the tenant is busy (429, 503), once if the connection was lost, once with a new
        token if a token that was accepted before is refused, and once after a server error, which is noted either way.

        Args:
            method: A safe HTTP method.
            url: A URL of the tenant's origin.
            access: Credentials other than the tenant's own.
            headers: Headers besides those of the credentials.

        Raises:
            RequestNotAllowedError: The method is not safe, or the URL is of another origin.
            BudgetSpentError: The requests or the seconds of the run are spent.
            NoResponseError: No complete response was received, or the tenant stays busy.
            UnreachableError: The tenant counts as down.
            AccessRefusedError: No token is granted.
        """
        if method not in SAFE_METHODS:
            raise RequestNotAllowedError(f"only safe methods are sent, not {method}")
        if not self.is_own(url):
            raise RequestNotAllowedError("the URL is not of the tenant's origin; credentials are not sent there")
        usual = method == "GET" and (headers is None or access is not None)
        return self._noted(self._send_with_renewal(method, url, access, headers), usual=usual)

    def post_form(self, headers: Mapping[str, str], form: bytes, curl_access: str) -> Exchange:
        """Post a form to the token endpoint of the target.

        Args:
            headers: All headers of the request.
            form: The encoded form.
            curl_access: Options of curl that send the same form, without secrets.

        Raises:
            RequestNotAllowedError: The credentials have no token endpoint.
            KitError: See `send`.
        """
        url = getattr(self.target.access, "token_url", None)
        if not isinstance(url, str):
            raise RequestNotAllowedError("the credentials have no token endpoint; forms are posted to nothing else")
        raw = self._sender.send(self._sender.build_request("POST", url, dict(headers), form))
        curl = " ".join(filter(None, [curl_access, self.target.curl_options(url)]))
        exchange = Exchange("POST", url, url, raw.status, raw.headers, raw.body, raw.seconds, curl)
        self.incidents.add_token_response(exchange)
        return exchange

    def pause(self, seconds: float) -> None:
        """Wait for a number of seconds.

        Raises:
            BudgetSpentError: The run would have to end before.
        """
        self._budget.pause(seconds)

    def own_id(self, ending: str = "", start: str = "") -> str:
        """Return a new sourcedId; `write` takes no other ids.

        Args:
            ending: Text at its end.
            start: An id returned before, with which it begins.
        """
        first = start if start in self._own_ids else f"{OWN}-{secrets.token_hex(8)}"
        self._own_ids.add(sourced_id := f"{first}{ending}")
        return sourced_id

    def write(
        self,
        operation: Operation,
        sourced_id: str,
        content: bytes | None = None,
        *,
        access: Credentials | None = None,
        media_type: str = "application/json",
    ) -> Exchange:
        """Send a write to one object that the kit created, or to a made-up id.

        A write is not repeated after a lost connection, because the server may have done it. A DELETE is sent even if
        the requests or the seconds of the run are spent, so that created objects are removed.

        Args:
            operation: A write of one object.
            sourced_id: An id returned by `own_id`, or allocated to such an object after `create`.
            content: The body.
            access: Credentials other than the tenant's own.
            media_type: The Content-Type of the body.

        Raises:
            RequestNotAllowedError: Writes are not allowed, or the operation or the id is of another kind.
            KitError: See `send`.
        """
        _require_writes(self.target)
        parameters = [each.name for each in operation.parameters if each.location == "path"]
        if operation.method not in WRITE_METHODS or len(parameters) != 1:
            raise RequestNotAllowedError(f"{operation.operation_id} does not write to one object")
        if sourced_id not in self._own_ids and (_collection_path(operation), sourced_id) not in self._allocated:
            raise RequestNotAllowedError("the object was not created by this run; it is not written to")
        url = self.target.url_of(encoded_path(operation.path, {parameters[0]: sourced_id}))
        headers = None if content is None else {"Content-Type": media_type}
        return self._noted(self._send_with_renewal(_write_method(operation), url, access, headers, content))

    def create(
        self,
        operation: Operation,
        parents: Mapping[str, str],
        content: bytes,
        known: Collection[str],
        *,
        access: Credentials | None = None,
    ) -> Exchange:
        """Send a POST of records with ids from `own_id`, once, whatever the response is.

        `write` then takes the ids that the tenant allocated to these records, except those that existed before.

        Args:
            operation: A POST that creates records and returns pairs of ids.
            parents: The ids in the path.
            content: The body.
            known: The ids of all records of the element before.
            access: Credentials other than the tenant's own.

        Raises:
            RequestNotAllowedError: Writes are not allowed, or the operation is of another kind.
            KitError: See `send`.
        """
        _require_writes(self.target)
        if operation.method != "POST" or operation.created_wrapper is None:
            raise RequestNotAllowedError(f"{operation.operation_id} does not create records and return their ids")
        url = self.target.url_of(encoded_path(operation.path, dict(parents)))
        headers = {"Content-Type": "application/json"}
        exchange = self._noted(self._attempts.send_once("POST", url, access or self.target.access, headers, content))
        for supplied, allocated in id_pairs(exchange, operation).items():
            if supplied in self._own_ids and allocated not in known:
                self._allocated.add((_collection_path(operation), allocated))
        return exchange

    def is_own(self, url: str) -> bool:
        """Return whether a URL is of the tenant's origin, as httpx reads it, which sends it."""
        try:
            return origin_of(url) in self._origins
        except (ValueError, httpx.InvalidURL):
            return False

    def _noted(self, exchange: Exchange, *, usual: bool = True) -> Exchange:
        self._observe(self.incidents.add_response(exchange, usual=usual))
        return exchange

    def _send_with_renewal(
        self,
        method: HttpMethod | WriteMethod,
        url: str,
        access: Credentials | None,
        headers: Headers,
        content: bytes | None = None,
    ) -> Exchange:
        """Send a request; repeat it with a new token if a token that was accepted before is refused."""
        generation, used = self._renewal.generation, access or self.target.access
        exchange = self._attempts.send(method, url, used, headers, content)
        if access is None and exchange.status == 401 and self._renewal.renew(generation):
            exchange = self._attempts.send(method, url, used, headers, content)
        if access is None and (exchange.status < 400 or exchange.status in KNOWN_CLIENT):
            self._renewal.accepted()
        return exchange

    def _post_token(self, url: str, headers: dict[str, str], form: bytes) -> TokenResponse:
        """Post a form to the token endpoint; called only by `Credentials.headers`."""
        raw = self._sender.send(self._sender.build_request("POST", url, headers, form))
        posted = Exchange("POST", url, url, raw.status, raw.headers, raw.body, raw.seconds, "# request a token:")
        self.incidents.add_token_response(posted)
        return TokenResponse(raw.status, raw.body)
