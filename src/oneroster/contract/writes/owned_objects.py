"""Objects that the kit creates in a tenant, and their removal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import KitError, NotJudged, NotOffered, NotRequested
from oneroster.contract.http.credentials import Credentials
from oneroster.contract.http.exchange import Exchange, encoded_path
from oneroster.contract.http.parsed_response import NOT_OFFERED, ParsedResponse, Record
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.obstacles import obstacle_of_status
from oneroster_runtime.specification import Operation

__all__ = ["DONE", "REJECTED", "OwnedObjects", "cleanup", "is_gone", "leftovers", "not_offered", "owned_objects"]

ABSENT: Final = frozenset({404, 410})
DONE: Final = frozenset({200, 201, 202, 204})
"""Statuses of an accepted PUT, documented or not."""
REJECTED: Final = frozenset({400, 422})
"""Statuses with which a body is rejected (6.1)."""
TO_BE_DELETED: Final = "tobedeleted"


def owned_objects(tenant: ObservedTenant) -> "OwnedObjects":
    """Return the kit's objects in a tenant.

    Raises:
        NotJudged: Writes are not allowed.
    """
    if not tenant.gateway.target.allow_writes:
        raise NotRequested("writes")
    return _of(tenant)


def _of(tenant: ObservedTenant) -> "OwnedObjects":
    return tenant.memo(OwnedObjects, lambda: OwnedObjects(tenant))


@contextmanager
def cleanup(tenant: ObservedTenant) -> Iterator[None]:
    """Remove the kit's objects at the end of the block, also after an error or an interrupt.

    The exception gets a note for each object that could not be removed.
    """
    try:
        yield
    except BaseException as error:
        _of(tenant).clear()
        for request in leftovers(tenant):
            error.add_note(f"left in the tenant: {request}")
        raise
    _of(tenant).clear()


def leftovers(tenant: ObservedTenant) -> tuple[str, ...]:
    """Return the requests that would remove the objects that `cleanup` could not remove."""
    return _of(tenant).leftovers


class OwnedObjects:
    """Creates objects in a tenant, and remembers each until it is gone.

    Attributes:
        tenant: The tenant.
        leftovers: The requests that would remove the objects that `clear` could not remove.
        helper_records: By element, the record of the object that others refer to, as it was written.
    """

    def __init__(self, tenant: ObservedTenant) -> None:
        self.tenant: Final = tenant
        self.leftovers: tuple[str, ...] = ()
        self.helper_records: Final[dict[str, Record]] = {}
        self._present: Final[dict[tuple[str, str], None]] = {}
        self._helpers: Final[dict[str, str | None]] = {}

    def new_id(self) -> str:
        """Return a new, unique sourcedId."""
        return self.tenant.gateway.own_id()

    def put(
        self,
        element: str,
        sourced_id: str,
        body: Any,
        *,
        access: Credentials | None = None,
        also: str | None = None,
    ) -> Exchange:
        """Put an object.

        Args:
            element: The name of its element.
            sourced_id: An id from `new_id`.
            body: The JSON value to send, or bytes to send unchanged.
            access: Credentials other than the tenant's own.
            also: Another id under which the server may store the object, to be removed as well.

        Raises:
            KitError: See `Gateway.write`.
        """
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        # Noted before it is sent: the object may exist even if no response is received.
        self._present.update(dict.fromkeys((element, name) for name in (sourced_id, also) if name is not None))
        operation = self.operation(element, "PUT")
        return self.tenant.gateway.write(operation, sourced_id, content, access=access)

    def delete(self, element: str, sourced_id: str, *, access: Credentials | None = None) -> Exchange:
        """Delete an object.

        Raises:
            KitError: See `Gateway.write`.
        """
        return self.tenant.gateway.write(self.operation(element, "DELETE"), sourced_id, access=access)

    def read(self, element: str, sourced_id: str) -> ParsedResponse:
        """Read the current state of an object; the response is not cached.

        Raises:
            KitError: See `Gateway.send`.
        """
        read = self.read_operation(element)
        response = self.tenant.fetch(read, {path_parameters(read)[0]: sourced_id})
        # One that was written as tobedeleted may still be there.
        if response.exchange.status in ABSENT:
            self._present.pop((element, sourced_id), None)
        return response

    def operation(self, element: str, method: str) -> Operation:
        """Return the operation that puts or deletes an element.

        Raises:
            NotJudged: The document has no such operation.
        """
        path = self.read_operation(element).path
        for operation in self.tenant.standard.specification.operations.values():
            if operation.method == method and operation.path == path:
                return operation
        raise NotOffered(f"the document has no {method} of {element}")

    def read_operation(self, element: str) -> Operation:
        """Return the single read of an element.

        Raises:
            NotJudged: The dialect has none.
        """
        read = self.tenant.dialect.read_of(element)
        if read is None:
            raise NotOffered(f"the dialect has no read of {element}, so a write cannot be checked")
        return read

    def helper(self, element: str, make: Callable[[], Record]) -> str | None:
        """Return the id of an object that others may refer to; None if the tenant does not accept it.

        Args:
            element: The name of its element.
            make: Makes the record, on first use.

        Raises:
            NotJudged: The document has no such write, or ``make`` raises it.
        """
        if element not in self._helpers:
            record = make()
            wrapper = self.operation(element, "PUT").body_wrapper
            exchange = self.put(element, record["sourcedId"], {wrapper: record})
            self.helper_records[element] = record
            self._helpers[element] = record["sourcedId"] if exchange.status in DONE else None
        return self._helpers[element]

    def clear(self) -> None:
        """Remove all objects that may exist, the newest first."""
        left = [key for key in reversed(list(self._present)) if not self._removed(*key)]
        self.leftovers = tuple(
            f"DELETE {encoded_path(operation.path, {path_parameters(operation)[0]: sourced_id})}"
            for element, sourced_id in left
            for operation in [self.operation(element, "DELETE")]
        )

    def _removed(self, element: str, sourced_id: str) -> bool:
        try:
            if self.delete(element, sourced_id).status in ABSENT:
                self._present.pop((element, sourced_id), None)
                return True
            return is_gone(self.read(element, sourced_id))
        except KitError:
            return False


def is_gone(response: ParsedResponse) -> bool:
    """Return whether an object does not exist, or is marked for deletion: servers may do either (note W)."""
    if response.exchange.status in ABSENT:
        return True
    return response.problem is None and response.rows[0].get("status") == TO_BE_DELETED


def not_offered(exchange: Exchange) -> NotJudged | None:
    """Return why a write is not offered, or not with these credentials; None if it is."""
    if exchange.status not in NOT_OFFERED:
        return None
    return obstacle_of_status(exchange)
