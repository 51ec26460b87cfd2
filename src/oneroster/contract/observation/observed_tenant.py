"""The tenant under test: cached responses, walks over collections, and methods that send more requests."""

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar

from oneroster.contract.dialects.dialect import Dialect, document_words, path_parameters
from oneroster.contract.dialects.dialect_specification import DocumentModel
from oneroster.contract.errors import NoResponseError, NotOffered
from oneroster.contract.http.credentials import Credentials, HttpMethod
from oneroster.contract.http.exchange import Exchange, encoded_path, encoded_query
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.parsed_response import NOT_OFFERED, REFUSED, ParsedResponse, Record, identity
from oneroster.contract.observation.obstacles import unread
from oneroster.contract.observation.odd_rows import OddRows
from oneroster.contract.observation.page_totals import parameters_of_odd_total
from oneroster.contract.observation.walk import ObservedWalk
from oneroster.contract.run_plan import RunPlan
from oneroster.standard import Standard
from oneroster_runtime.specification import Operation, Property

__all__ = ["ObservedTenant", "Offer"]

PAGE: Final = 1000
"""Rows requested per page; servers may return less."""
SUCCESSFUL: Final = 200
NO_CONTENT: Final = 204
CLAUSE: Final = re.compile(r"(\w+)[\w.]*(?:=|!=|~|[<>]=?)'[^']*'(?: (?:AND|OR) [\w.]+(?:=|!=|~|[<>]=?)'[^']*')?\Z")
"""A filter that can be parsed, with the name of its first field."""
EMPTY_STATUSES: Final = frozenset({NO_CONTENT, 404})
"""Statuses with which servers say that a collection has no rows."""
JSON: Final = "application/json"
Query = dict[str, str | int]
T = TypeVar("T")


class Offer(StrEnum):
    """Whether a tenant serves an operation."""

    YES = "offered"
    NO = "not offered"
    REFUSED = "refused"
    UNKNOWN = "not asked"


class ObservedTenant:
    """A tenant under test, safe to use from several threads.

    Responses to valid requests are cached by operation, path values and query, so that rules share them. State that
    belongs to one module of the kit is kept with `memo`.

    Attributes:
        gateway: Sends all requests.
        seed: Makes the choice of values and the generated requests repeatable.
        plan: What the run covers.
        dialect: The operations of the tenant's dialect.
        unanswered: Why a valid request got no response, by operation id.
        odd_media_types: The first request with a successful response that is not declared as JSON, by operation id.
        odd_successes: The first response with data and another status than 200, by operation id.
        odd_envelopes: The first successful response whose data are not where the document has them, by operation id.
        odd_empty_pages: The first such response without data, by operation id.
        odd_totals: The first page with fewer rows than its limit whose total counts others, by operation id and the
            names of the parameters.
        odd_empties: The first response without a body or with 404 to the first page of a collection, by operation id
            and status.
        odd_rows: The responses that show a record otherwise than before, by operation id.
        page_size: Rows requested per page; smaller for a server that rejects a larger limit.
        trusts_totals: Whether X-Total-Count counts the rows of all pages, as far as is known.
    """

    def __init__(self, gateway: Gateway, seed: int = 0, plan: RunPlan | None = None) -> None:
        self.gateway: Final = gateway
        self.seed: Final = seed
        self.plan: Final = plan or RunPlan()
        self.dialect: Final = Dialect(
            gateway.target.profile, gateway.target.standard, self.plan.operations, gateway.target.overlay
        )
        self.unanswered: Final[dict[str, str]] = {}
        self.odd_media_types: Final[dict[str, str]] = {}
        self.odd_successes: Final[dict[str, ParsedResponse]] = {}
        self.odd_envelopes: Final[dict[str, ParsedResponse]] = {}
        self.odd_empty_pages: Final[dict[str, ParsedResponse]] = {}
        self.odd_totals: Final[dict[tuple[str, str], ParsedResponse]] = {}
        self.odd_empties: Final[dict[tuple[str, int], ParsedResponse]] = {}
        self.odd_rows: Final = OddRows()
        self.page_size = PAGE
        self.trusts_totals = True
        self._walks: Final[defaultdict[str, list[ObservedWalk]]] = defaultdict(list)
        self._responses: Final[dict[tuple[str, str], ParsedResponse]] = {}
        self._by_operation: Final[defaultdict[str, list[ParsedResponse]]] = defaultdict(list)
        self._request_locks: Final[dict[tuple[str, str], threading.Lock]] = {}
        self._rows_by_id: Final[dict[str, dict[str, Record]]] = {}
        self._memos: Final[dict[type[Any], Any]] = {}
        # Reentrant: making one object may need another.
        self._memo_lock: Final = threading.RLock()

    @property
    def standard(self) -> Standard:
        """The version of the standard that the tenant is tested against."""
        return self.gateway.target.standard

    @property
    def specification(self) -> DocumentModel:
        """What the document says in the tenant's dialect."""
        return self.dialect.specification

    def properties(self, element: str | None) -> Mapping[str, Property]:
        """Return the properties of an element by name; none for no element."""
        return self.specification.elements[element].properties if element else {}

    def memo(self, kind: type[T], make: Callable[[], T]) -> T:
        """Return the tenant's only object of a class, made on first use.

        Args:
            kind: The class. Its own module defines it and calls this method.
            make: Makes the object; called at most once per tenant and class.
        """
        with self._memo_lock:
            if kind not in self._memos:
                self._memos[kind] = make()
            found: T = self._memos[kind]
            return found

    def ask(
        self, operation: Operation, values: Mapping[str, str] | None = None, query: Query | None = None
    ) -> ParsedResponse:
        """Return the response to a valid request, from the cache if it was sent before.

        Raises:
            NoResponseError: No complete response was received.
            KitError: See `Gateway.send`.
        """
        path, text = encoded_path(operation.path, dict(values or {})), encoded_query(query or {})
        key = (operation.operation_id, f"{path}?{text}")
        # One thread sends the request; others that need the same response wait for it.
        with self._request_locks.setdefault(key, threading.Lock()):
            if key not in self._responses:
                try:
                    response = self.fetch(operation, values, query)
                except NoResponseError as error:
                    self.unanswered.setdefault(operation.operation_id, str(error))
                    raise
                self._responses[key] = response
                self._by_operation[operation.operation_id].append(response)
            return self._responses[key]

    def fetch(
        self, operation: Operation, values: Mapping[str, str] | None = None, query: Query | None = None
    ) -> ParsedResponse:
        """Return the current response to a valid request, bypassing the cache.

        Raises:
            KitError: See `Gateway.send`.
        """
        path, text = encoded_path(operation.path, dict(values or {})), encoded_query(query or {})
        return self.parse(operation, self.gateway.get(path, text), values, query)

    def parse(
        self,
        operation: Operation,
        exchange: Exchange,
        values: Mapping[str, str] | None = None,
        query: Query | None = None,
    ) -> ParsedResponse:
        """Return an exchange as a parsed response of an operation, and note what is odd about it."""
        parsed = self.parse_apart(operation, exchange, values, query)
        if exchange.status == SUCCESSFUL and exchange.media_type != JSON:
            self.odd_media_types.setdefault(operation.operation_id, exchange.request)
        if exchange.status != SUCCESSFUL and parsed.problem is None:
            self.odd_successes.setdefault(operation.operation_id, parsed)
        if exchange.status == SUCCESSFUL and parsed.envelope_problem is not None:
            odd = self.odd_envelopes if parsed.rows or parsed.problem else self.odd_empty_pages
            odd.setdefault(operation.operation_id, parsed)
        self.odd_rows.note(parsed)
        if operation.many and _says_empty(self, parsed):
            self.odd_empties.setdefault((operation.operation_id, exchange.status), parsed)
        if operation.many and (names := parameters_of_odd_total(parsed)) is not None:
            self.odd_totals.setdefault((operation.operation_id, names), parsed)
        return parsed

    def parse_apart(
        self,
        operation: Operation,
        exchange: Exchange,
        values: Mapping[str, str] | None = None,
        query: Query | None = None,
    ) -> ParsedResponse:
        """Return an exchange with unusual request headers as a parsed response, which no rule on all of them judges."""
        words = document_words(self.standard.specification)
        return ParsedResponse(operation, dict(values or {}), dict(query or {}), exchange, words)

    def probe(
        self,
        path: str,
        query_text: str = "",
        method: HttpMethod = "GET",
        headers: Mapping[str, str] | None = None,
        access: Credentials | None = None,
    ) -> Exchange:
        """Send a request that may be invalid; the response is not cached, and the caller evaluates it.

        Args:
            path: The path below the base URL, sent unchanged.
            query_text: The query string without the question mark, sent unchanged.
            method: A safe HTTP method.
            headers: Further headers.
            access: Credentials other than the tenant's own.

        Raises:
            KitError: See `Gateway.send`.
        """
        url = self.gateway.target.url_of(path) + (f"?{query_text}" if query_text else "")
        return self.gateway.send(method, url, access=access, headers=headers)

    def readings(self, operation: Operation | None = None) -> list[ParsedResponse]:
        """Return the cached responses of one operation or of all, in the order of the requests."""
        if operation is None:
            return list(self._responses.values())
        return list(self._by_operation.get(operation.operation_id, ()))

    def offer(self, operation: Operation) -> Offer:
        """Return whether the tenant serves an operation, judged by its cached responses."""
        statuses = {response.exchange.status for response in self.readings(operation)}
        if not statuses:
            return Offer.YES if operation.operation_id in self.unanswered else Offer.UNKNOWN
        if not statuses <= NOT_OFFERED:
            return Offer.YES
        return Offer.REFUSED if statuses & REFUSED else Offer.NO

    def add_walk(self, found: ObservedWalk) -> None:
        """Keep a walk over a collection."""
        self._walks[found.operation.operation_id].append(found)

    def replace_walk(self, earlier: ObservedWalk, found: ObservedWalk) -> None:
        """Keep a walk instead of an earlier one over the same collection."""
        walks = self._walks[earlier.operation.operation_id]
        walks[walks.index(earlier)] = found

    def walks(self, operation: Operation) -> Sequence[ObservedWalk]:
        """Return the walks over a collection: one, or one for each sampled parent."""
        return tuple(self._walks.get(operation.operation_id, ()))

    def walk(self, operation: Operation | None) -> ObservedWalk:
        """Return the walk over a collection without parents.

        Raises:
            NotJudged: The dialect or the tenant has no such collection, or it could not be read.
        """
        if operation is None:
            raise NotOffered("the dialect has no such collection")
        walks = self.walks(operation)
        if not walks or not walks[0].pages:
            raise unread(operation, self.readings(operation), self.unanswered.get(operation.operation_id))
        return walks[0]

    def all_rows(self, operation: Operation | None) -> dict[str, Record]:
        """Return all records of a collection by sourcedId.

        Raises:
            NotJudged: See `walk`; also if the collection was not read completely.
        """
        walk = self.walk(operation)
        if not walk.complete:
            raise walk.incomplete
        return self.rows_by_id(walk)

    def known_rows(self, operation: Operation | None) -> dict[str, Record]:
        """Return the records of a collection that were read, whether they are all of them or not.

        Raises:
            NotJudged: See `walk`.
        """
        return self.rows_by_id(self.walk(operation))

    def rows_by_id(self, walk: ObservedWalk) -> dict[str, Record]:
        """Return the records of a walk by sourcedId."""
        operation_id = walk.operation.operation_id
        if path_parameters(walk.operation):
            return _by_id(walk)
        if operation_id not in self._rows_by_id:
            self._rows_by_id[operation_id] = _by_id(walk)
        return self._rows_by_id[operation_id]

    def readable(self, operations: tuple[Operation, ...]) -> Iterator[Operation]:
        """Yield the given operations that returned at least one response with well-formed data."""
        for operation in operations:
            if any(response.problem is None for response in self.readings(operation)):
                yield operation


def _says_empty(tenant: ObservedTenant, parsed: ParsedResponse) -> bool:
    """Return whether a response says of a collection that it has no rows, by its status alone."""
    status, operation = parsed.exchange.status, parsed.operation
    if status not in EMPTY_STATUSES or parsed.query.get("offset"):
        return False
    # A parent that was served before exists; of a collection without parents, only a filter can be empty.
    served = (each for each in tenant.readings(operation) if each.problem is None)
    clause = CLAUSE.match(str(parsed.query.get("filter", "")))
    is_filtered = clause is not None and clause[1] in tenant.properties(operation.element)
    return status == NO_CONTENT or (is_filtered and any(each.values == parsed.values for each in served))


def _by_id(walk: ObservedWalk) -> dict[str, Record]:
    return {name: row for row in walk.rows if (name := identity(row)) is not None}
