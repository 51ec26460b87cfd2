"""Responses to requests that must fail, kept for the rules about error responses."""

from dataclasses import dataclass, field

from oneroster.contract.http.exchange import Exchange
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster_runtime.specification import Operation

__all__ = ["ExpectedErrors", "Refusals"]


@dataclass
class _ExchangeLog:
    """Exchanges by operation, in the order of addition."""

    _entries: list[tuple[str, Exchange]] = field(default_factory=list)

    def add(self, operation: Operation, exchange: Exchange) -> None:
        """Add the response to a request that must fail."""
        self._entries.append((operation.operation_id, exchange))

    def all(self, operation: Operation) -> list[Exchange]:
        """Return the exchanges of an operation, also those that did not fail."""
        return [exchange for name, exchange in tuple(self._entries) if name == operation.operation_id]

    @property
    def operation_ids(self) -> frozenset[str]:
        """The operations with an exchange."""
        return frozenset(name for name, _ in tuple(self._entries))


class ExpectedErrors(_ExchangeLog):
    """Responses to invalid requests with valid credentials."""

    @classmethod
    def of(cls, tenant: ObservedTenant) -> "ExpectedErrors":
        """Return the expected errors of a tenant."""
        return tenant.memo(cls, cls)

    def errors(self, operation: Operation) -> list[Exchange]:
        """Return the exchanges of an operation that did fail."""
        return [exchange for exchange in self.all(operation) if exchange.status >= 400]


class Refusals(_ExchangeLog):
    """Responses to requests with missing or invalid credentials."""

    def __init__(self) -> None:
        super().__init__()
        self._statuses: dict[tuple[str, str], set[int]] = {}

    def note(self, rule_id: str, operation: Operation, exchange: Exchange) -> None:
        """Add the response to a request of a rule that other rules may repeat with other credentials."""
        self.add(operation, exchange)
        self._statuses.setdefault((rule_id, operation.operation_id), set()).add(exchange.status)

    def with_status(self, operation: Operation, status: int) -> tuple[str, ...]:
        """Return the rules whose requests to an operation got a status: they report the same cause."""
        known = tuple(self._statuses.items())
        return tuple(rule_id for (rule_id, name), seen in known if name == operation.operation_id and status in seen)

    @classmethod
    def of(cls, tenant: ObservedTenant) -> "Refusals":
        """Return the refusals of a tenant."""
        return tenant.memo(cls, cls)

    def denied(self, operation: Operation) -> list[Exchange]:
        """Return the exchanges of an operation with status 401 or 403."""
        return [exchange for exchange in self.all(operation) if exchange.status in (401, 403)]

    def unauthorized(self, operation: Operation) -> list[Exchange]:
        """Return the exchanges of an operation with status 401."""
        return [exchange for exchange in self.all(operation) if exchange.status == 401]
