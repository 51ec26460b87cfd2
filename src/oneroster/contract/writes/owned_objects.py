"""Objects of the kit's own making in a tenant: what is written, and what of it is still there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import KitError, NotExercised
from oneroster.contract.http.credentials import Credentials
from oneroster.contract.http.exchange import Exchange, encoded_path
from oneroster.contract.http.parsed_response import NOT_OFFERED, ParsedResponse, Record
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster_v1p1.tables import OPERATIONS, Operation

if TYPE_CHECKING:
    from oneroster.contract.writes.lifecycle import Lifecycle

__all__ = ["DONE", "REFUSED", "OwnedObjects", "cleanup", "leftovers", "owned_objects"]

ABSENT: Final = frozenset({404, 410})
DONE: Final = frozenset({200, 201, 202, 204})
"""Statuses by which a PUT was taken, be they the right ones or not."""
REFUSED: Final = frozenset({400, 422})
"""Statuses with which a body is refused (6.1)."""
GONE: Final = "tobedeleted"


def owned_objects(tenant: ObservedTenant) -> "OwnedObjects":
    """The workshop of a tenant, opened when it is first needed.

    Raises ``NotExercised`` when nothing may be written there.
    """
    if not tenant.gateway.target.allow_writes:
        raise NotExercised("writes were not allowed (--allow-writes)")
    if tenant.workshop is None:
        tenant.workshop = OwnedObjects(tenant)
    return tenant.workshop


@contextmanager
def cleanup(tenant: ObservedTenant) -> Iterator[None]:
    """Remove whatever was made in a tenant inside the block, however it ends.

    An error or an interrupt that ends it gets a note for each object that is left behind.
    """
    try:
        yield
    except BaseException as error:
        if tenant.workshop is not None:
            tenant.workshop.clear()
        for request in leftovers(tenant):
            error.add_note(f"left behind in the tenant: {request}")
        raise
    if tenant.workshop is not None:
        tenant.workshop.clear()


def leftovers(tenant: ObservedTenant) -> tuple[str, ...]:
    """The requests that would remove what could not be removed."""
    return tenant.workshop.left if tenant.workshop is not None else ()


class OwnedObjects:
    """Makes objects in a tenant, and remembers each one until it is seen to be gone."""

    def __init__(self, tenant: ObservedTenant) -> None:
        self.tenant: Final = tenant
        self._there: Final[dict[tuple[str, str], None]] = {}
        self._helpers: Final[dict[str, str | None]] = {}
        self.lives: Final[dict[str, Lifecycle]] = {}
        """By element, the object whose life the rules follow."""
        self.left: tuple[str, ...] = ()
        """The requests that would remove what ``clear`` could not."""

    def new_id(self) -> str:
        """A sourcedId that nobody has."""
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
        """Put an object under an id of our own; ``body`` is what is sent as JSON, or bytes that are sent as they are.

        ``also`` is another id of our own that may be written by it, to be removed with the first.

        Raises the errors of ``Gateway.write``.
        """
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        # Noted before it is sent: whatever becomes of the answer, the object may be there then.
        self._there.update(dict.fromkeys((element, name) for name in (sourced_id, also) if name is not None))
        operation = self.operation(element, "PUT")
        return self.tenant.gateway.write(operation, sourced_id, content, access=access)

    def delete(self, element: str, sourced_id: str, *, access: Credentials | None = None) -> Exchange:
        """Delete an object of our own.

        Raises the errors of ``Gateway.write``.
        """
        return self.tenant.gateway.write(self.operation(element, "DELETE"), sourced_id, access=access)

    def read(self, element: str, sourced_id: str) -> ParsedResponse:
        """The object as it is now; never remembered, since it changes.

        Raises the errors of ``Gateway.send``.
        """
        read = self.read_operation(element)
        values = {path_parameters(read)[0]: sourced_id}
        reading = ParsedResponse(read, values, {}, self.tenant.gateway.get(encoded_path(read.path, values)))
        if is_gone(reading):
            self._there.pop((element, sourced_id), None)
        return reading

    def operation(self, element: str, method: str) -> Operation:
        """The operation that puts or deletes an element.

        Raises ``NotExercised`` when the document has none.
        """
        path = self.read_operation(element).path
        for operation in OPERATIONS.values():
            if operation.method == method and operation.path == path:
                return operation
        raise NotExercised(f"the document has no {method} of {element}")

    def read_operation(self, element: str) -> Operation:
        """The single read of an element.

        Raises ``NotExercised`` when the dialect has none.
        """
        read = self.tenant.dialect.read_of(element)
        if read is None:
            raise NotExercised(f"the dialect has no read of {element}, so that nothing can be seen")
        return read

    def helper(self, element: str, make: Callable[[], Record]) -> str | None:
        """The id of an object of our own to which others may refer, put on first use; None when it is not taken.

        Raises ``NotExercised`` when the document has no such write, and what ``make`` raises.
        """
        if element not in self._helpers:
            record = make()
            wrapper = self.operation(element, "PUT").body_wrapper
            exchange = self.put(element, record["sourcedId"], {wrapper: record})
            self._helpers[element] = record["sourcedId"] if exchange.status in DONE else None
        return self._helpers[element]

    def clear(self) -> None:
        """Remove all that may still be there, the last made first."""
        left = [key for key in reversed(list(self._there)) if not self._removed(*key)]
        self.left = tuple(
            f"DELETE {encoded_path(operation.path, {path_parameters(operation)[0]: sourced_id})}"
            for element, sourced_id in left
            for operation in [self.operation(element, "DELETE")]
        )

    def _removed(self, element: str, sourced_id: str) -> bool:
        try:
            if self.delete(element, sourced_id).status in ABSENT:
                self._there.pop((element, sourced_id), None)
                return True
            return is_gone(self.read(element, sourced_id))
        except KitError:
            return False


def is_gone(reading: ParsedResponse) -> bool:
    """Whether an object is not there any more, or marked for deletion: servers may do either (note W)."""
    return reading.exchange.status in ABSENT or (reading.fault is None and reading.rows[0].get("status") == GONE)


def not_offered(exchange: Exchange) -> str | None:
    """Why a write shows that the tenant does not serve it, or not to us; None when it does."""
    return f"not offered (HTTP {exchange.status})" if exchange.status in NOT_OFFERED else None
