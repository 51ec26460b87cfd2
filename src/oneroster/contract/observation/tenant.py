"""What the rules see: the tenant as it answered so far, and the means to ask it more."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from oneroster.contract.dialects.dialect import Dialect, path_parameters
from oneroster.contract.errors import NoAnswerError, NotExercised
from oneroster.contract.http.credentials import Credentials, HttpMethod
from oneroster.contract.http.exchange import Exchange, encoded_path, encoded_query
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.parsed_response import NOT_OFFERED, ParsedResponse, Record, identity
from oneroster.contract.observation.walk import ObservedWalk
from oneroster.contract.run_plan import RunPlan
from oneroster_v1p1.tables import Operation

if TYPE_CHECKING:
    from oneroster.contract.fuzzing.engine import EngineRun
    from oneroster.contract.fuzzing.phases import Phase
    from oneroster.contract.observation.evidence import CauseCount
    from oneroster.contract.observation.recheck import FreshTenant
    from oneroster.contract.observation.token_endpoint import TokenEndpoint
    from oneroster.contract.oracle.record_schema import Breach
    from oneroster.contract.writes.owned_objects import OwnedObjects

__all__ = ["ObservedTenant", "Offer"]

Query = dict[str, str | int]


class Offer(StrEnum):
    """Whether a tenant serves an operation."""

    YES = "offered"
    NO = "not offered"
    UNKNOWN = "not asked"


class ObservedTenant:
    """A tenant under judgement.

    Every lawful answer is kept once, by operation, path values and query, so that rules share what they ask for.
    """

    def __init__(
        self,
        gateway: Gateway,
        seed: int = 0,
        plan: RunPlan | None = None,
        walks: dict[str, list[ObservedWalk]] | None = None,
    ) -> None:
        self.gateway: Final = gateway
        self.plan: Final = plan or RunPlan()
        self.dialect: Final = Dialect(gateway.target.profile, self.plan.operations, gateway.target.overlay)
        self.walks: Final[dict[str, list[ObservedWalk]]] = defaultdict(list) if walks is None else walks
        self.silences: Final[dict[str, str]] = {}
        self.seed: Final = seed
        self.explored: Final[dict[Phase, EngineRun]] = {}
        self.desk: TokenEndpoint | None = None
        self.later: FreshTenant | None = None
        self.workshop: OwnedObjects | None = None
        """Where objects of the kit's own are made; None as long as nothing was written."""
        self.refusals: Final[list[tuple[str, Exchange]]] = []
        self.errors: Final[list[tuple[str, Exchange]]] = []
        """Answers to requests that had to fail, other than refusals, by operation id."""
        self.breaches: Final[dict[str, tuple[dict[Breach, CauseCount], int]]] = {}
        self.known_breaches: Final[set[tuple[str, str, Breach]]] = set()
        """Element, record and breach of all that was told, so that no record is told of twice for the same thing."""
        self._readings: Final[dict[tuple[str, str], ParsedResponse]] = {}
        self._of_operation: Final[defaultdict[str, list[ParsedResponse]]] = defaultdict(list)
        self._asking: Final[dict[tuple[str, str], threading.Lock]] = {}
        self._by_id: Final[dict[str, dict[str, Record]]] = {}

    def ask(
        self, operation: Operation, values: Mapping[str, str] | None = None, query: Query | None = None
    ) -> ParsedResponse:
        """The answer to one lawful request; asked of the tenant once, then remembered.

        Raises ``NoAnswerError`` and the other errors of ``Gateway.send``.
        """
        path, text = encoded_path(operation.path, dict(values or {})), encoded_query(query or {})
        key = (operation.operation_id, f"{path}?{text}")
        # One worker asks, others that want to know the same wait for it.
        with self._asking.setdefault(key, threading.Lock()):
            if key not in self._readings:
                try:
                    reading = self.look(operation, values, query)
                except NoAnswerError as error:
                    self.silences.setdefault(operation.operation_id, str(error))
                    raise
                self._readings[key] = reading
                self._of_operation[operation.operation_id].append(reading)
            return self._readings[key]

    def look(
        self, operation: Operation, values: Mapping[str, str] | None = None, query: Query | None = None
    ) -> ParsedResponse:
        """The answer to one lawful request as it is now: neither taken from memory nor put there.

        Raises the errors of ``Gateway.send``.
        """
        path, text = encoded_path(operation.path, dict(values or {})), encoded_query(query or {})
        return ParsedResponse(operation, dict(values or {}), dict(query or {}), self.gateway.get(path, text))

    def probe(
        self,
        path: str,
        query_text: str = "",
        method: HttpMethod = "GET",
        headers: Mapping[str, str] | None = None,
        access: Credentials | None = None,
    ) -> Exchange:
        """The answer to one request that need not be lawful; it is kept nowhere and judged by who asked.

        ``path`` and ``query_text`` (without the question mark) are sent as they stand, below the base URL.

        Raises the errors of ``Gateway.send``.
        """
        url = self.gateway.target.base_url + path + (f"?{query_text}" if query_text else "")
        return self.gateway.send(method, url, access=access, headers=headers)

    def readings(self, operation: Operation | None = None) -> list[ParsedResponse]:
        """Every lawful answer so far, of one operation or of all, in the order in which they were asked for."""
        if operation is None:
            return list(self._readings.values())
        return list(self._of_operation.get(operation.operation_id, ()))

    def offer(self, operation: Operation) -> Offer:
        """Whether the tenant serves an operation, judged by all it answered there."""
        statuses = {reading.exchange.status for reading in self.readings(operation)}
        if not statuses:
            return Offer.YES if operation.operation_id in self.silences else Offer.UNKNOWN
        return Offer.NO if statuses <= NOT_OFFERED else Offer.YES

    def walk(self, operation: Operation | None) -> ObservedWalk:
        """The walk over a collection without parents.

        Raises ``NotExercised`` when the dialect or the tenant has no such collection, or it could not be read.
        """
        if operation is None:
            raise NotExercised("the dialect has no such collection")
        walks = self.walks.get(operation.operation_id)
        if not walks or not walks[0].pages:
            raise NotExercised(f"{operation.operation_id} is not offered or could not be read")
        return walks[0]

    def whole(self, operation: Operation | None) -> dict[str, Record]:
        """All records of a collection by sourcedId.

        Raises ``NotExercised`` as ``walk`` does, and when the collection was not read to its end.
        """
        walk = self.walk(operation)
        if not walk.complete:
            raise NotExercised(f"{walk.operation.operation_id} was not read to its end ({walk.stopped})")
        return self.by_id(walk)

    def by_id(self, walk: ObservedWalk) -> dict[str, Record]:
        """The records that a walk met, by sourcedId."""
        operation_id = walk.operation.operation_id
        if path_parameters(walk.operation):
            return {name: row for row in walk.rows if (name := identity(row)) is not None}
        if operation_id not in self._by_id:
            self._by_id[operation_id] = {name: row for row in walk.rows if (name := identity(row)) is not None}
        return self._by_id[operation_id]

    def readable(self, operations: tuple[Operation, ...]) -> Iterator[Operation]:
        """Those of the operations that gave at least one answer with its data in place."""
        for operation in operations:
            if any(reading.fault is None for reading in self.readings(operation)):
                yield operation


def offered(tenant: ObservedTenant) -> Iterator[Operation]:
    """Every operation that the tenant serves, readable or not."""
    operations = tenant.dialect.operations.values()
    return (operation for operation in operations if tenant.offer(operation) is Offer.YES)


def collections(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections without parents that could be read."""
    return tenant.readable(tenant.dialect.collections)


def nested(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections below a parent that could be read."""
    return tenant.readable(tenant.dialect.nested)


def all_collections(tenant: ObservedTenant) -> Iterator[Operation]:
    """All collections that could be read, with and without parents."""
    return tenant.readable(tenant.dialect.collections + tenant.dialect.nested)


def reads(tenant: ObservedTenant) -> Iterator[Operation]:
    """The single reads that could be read."""
    return tenant.readable(tenant.dialect.reads)


def readable(tenant: ObservedTenant) -> Iterator[Operation]:
    """Every operation that gave at least one answer with its data in place, the largest collections first.

    So what is wrong with a record is told of the collection that holds all of its kind, and not of some part of it.
    """
    whole = sorted(tenant.dialect.collections, key=lambda operation: operation.subset is not None)
    return tenant.readable((*whole, *tenant.dialect.nested, *tenant.dialect.reads))
