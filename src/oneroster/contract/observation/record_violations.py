"""Schema violations of the records received so far, each reported once per record."""

from collections.abc import Iterator

from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.observation.evidence import CauseCount
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.oracle.record_validation import Violation, violations
from oneroster_runtime.specification import Operation

__all__ = ["RecordViolations"]


class RecordViolations:
    """Finds schema violations in responses, and remembers what was reported.

    A violation of a record that was already found in another collection is not counted again.

    Attributes:
        told: The violations that were found in the cached responses, each with the element of the record.
    """

    def __init__(self, tenant: ObservedTenant) -> None:
        self._tenant = tenant
        self._by_operation: dict[str, tuple[dict[Violation, CauseCount], int]] = {}
        self._reported: set[tuple[str, str, Violation]] = set()
        self.told: set[tuple[str, Violation]] = set()

    @classmethod
    def of(cls, tenant: ObservedTenant) -> "RecordViolations":
        """Return the violations of a tenant's records."""
        return tenant.memo(cls, lambda: cls(tenant))

    def counts(self, operation: Operation) -> tuple[dict[Violation, CauseCount], int]:
        """Return the violations in the cached responses of an operation, and the number of its records."""
        if operation.operation_id not in self._by_operation:
            self._by_operation[operation.operation_id] = self._count(operation)
        return self._by_operation[operation.operation_id]

    def _count(self, operation: Operation) -> tuple[dict[Violation, CauseCount], int]:
        found: dict[Violation, CauseCount] = {}
        records: set[str] = set()
        for response in self._tenant.readings(operation):
            records |= {_record_key(response, index) for index in range(len(response.rows))}
            for violation, sourced_id in self.new(response):
                found.setdefault(violation, CauseCount(response)).add(sourced_id)
                self.told.add((operation.element or "", violation))
        return found, len(records)

    def new(self, response: ParsedResponse) -> Iterator[tuple[Violation, str | None]]:
        """Yield the violations in a response that were not found before, with the sourcedId of the record."""
        for index, row in enumerate(response.rows):
            for violation in dict.fromkeys(self.of_row(response, row)):
                key = (response.operation.element or "", _record_key(response, index), violation)
                if key not in self._reported:
                    self._reported.add(key)
                    yield violation, identity(row)

    def any(self, response: ParsedResponse) -> bool:
        """Return whether a record of a response has a violation, reported or not."""
        return any(True for row in response.rows for _ in self.of_row(response, row))

    def of_row(self, response: ParsedResponse, row: Record) -> Iterator[Violation]:
        """Yield the violations of a record, whether they were found before or not."""
        element = response.operation.element
        if element is not None:
            yield from violations(element, row, self._tenant.specification)


def _record_key(response: ParsedResponse, index: int) -> str:
    """Return the sourcedId of a record, or its position if it has none."""
    return identity(response.rows[index]) or f"{response.exchange.target} {index}"
