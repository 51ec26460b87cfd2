"""Objects that the kit creates in a tenant, and their removal."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import KitError, NotJudged, NotOffered, NotRequested
from oneroster.contract.http.credentials import Credentials
from oneroster.contract.http.exchange import Exchange, encoded_path
from oneroster.contract.http.gateway import id_pairs
from oneroster.contract.http.parsed_response import NOT_OFFERED, ParsedResponse, Record, identity
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.obstacles import obstacle_of_status
from oneroster_runtime.specification import Operation

__all__ = [
    "DONE",
    "MARKED",
    "REJECTED",
    "OwnedObjects",
    "cleanup",
    "is_gone",
    "leftovers",
    "mark_of",
    "not_offered",
    "owned_objects",
]

ABSENT: Final = frozenset({404, 410})
DONE: Final = frozenset({200, 201, 202, 204})
"""Statuses of an accepted PUT, documented or not."""
REJECTED: Final = frozenset({400, 422})
"""Statuses with which a body is rejected (6.1)."""
TO_BE_DELETED: Final = "tobedeleted"


MARKED: Final = ("title", "comment")
"""Properties of which one holds the mark of a posted object."""


def mark_of(sourced_id: str) -> str:
    """Return the text by which a posted object is known, whatever id the tenant gives it."""
    return f"{sourced_id}, will be removed"


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
        self._posted: Final[dict[str, tuple[str, Collection[str]]]] = {}
        self._doubtful: Final[list[tuple[str, str]]] = []

    def new_id(self, ending: str = "", start: str = "") -> str:
        """Return a new, unique sourcedId, with some text at its end, or an earlier one at its start."""
        return self.tenant.gateway.own_id(ending, start)

    def put(
        self,
        element: str,
        sourced_id: str,
        body: Any,
        *,
        access: Credentials | None = None,
        also: str | None = None,
        media_type: str = "application/json",
    ) -> Exchange:
        """Put an object.

        Args:
            element: The name of its element.
            sourced_id: An id from `new_id`.
            body: The JSON value to send, or bytes to send unchanged.
            access: Credentials other than the tenant's own.
            also: Another id under which the server may store the object, to be removed as well.
            media_type: The Content-Type of the body.

        Raises:
            KitError: See `Gateway.write`.
        """
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        # Noted before it is sent: the object may exist even if no response is received.
        self._present.update(dict.fromkeys((element, name) for name in (sourced_id, also) if name is not None))
        operation = self.operation(element, "PUT")
        return self.tenant.gateway.write(operation, sourced_id, content, access=access, media_type=media_type)

    def post(
        self,
        operation: Operation,
        parents: Mapping[str, str],
        body: Any,
        known: Collection[str],
        *,
        access: Credentials | None = None,
    ) -> Exchange:
        """Post objects with ids from `new_id`, once; they are removed under the ids that the tenant allocates.

        Args:
            operation: The POST.
            parents: The ids in its path.
            body: The JSON value to send, or bytes to send unchanged.
            known: The ids of all records of the element before.
            access: Credentials other than the tenant's own.

        Raises:
            KitError: See `Gateway.create`.
        """
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        element, gateway = operation.body or "", self.tenant.gateway
        records = body.get(operation.body_wrapper, []) if isinstance(body, dict) else []
        supplied = [str(record["sourcedId"]) for record in records]
        # A tenant may keep these ids, or store the objects although no response is received.
        self._present.update(dict.fromkeys((element, name) for name in supplied))
        self._posted.update(dict.fromkeys(supplied, (element, known)))
        exchange = gateway.create(operation, parents, content, known, access=access)
        for name, allocated in id_pairs(exchange, operation).items():
            if name in supplied and allocated not in known:
                self._accept(element, allocated, name)
        return exchange

    def _accept(self, element: str, allocated: str, supplied: str) -> None:
        """Note a posted object under its allocated id, to be removed if it has the mark of the object."""
        rows = self.read(element, allocated).rows
        if rows and mark_of(supplied) in rows[0].values():
            self._present[element, allocated] = None
            self._posted.pop(supplied, None)
        elif rows:
            self._doubtful.append((element, allocated))

    def _strays(self) -> Iterator[tuple[str, str]]:
        """Yield the posted objects that can be found by their mark only, which are not removed."""
        for supplied, (element, known) in self._posted.items():
            collection = self.tenant.dialect.collection_of(element)
            marked = next((name for name in MARKED if name in self.tenant.properties(element)), None)
            if collection is None or marked is None:
                continue
            found = self.tenant.fetch(collection, {}, {"limit": 2, "filter": f"{marked}='{mark_of(supplied)}'"})
            for row in found.rows:
                name, own = identity(row), row.get(marked) == mark_of(supplied)
                # A record that existed before and was overwritten is reported, and is not to be deleted.
                if name is not None and own and name not in known and (element, name) not in self._present:
                    yield element, name

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
        try:
            strays = [*self._doubtful, *self._strays()]
        except KitError:
            strays = self._doubtful
        left = [key for key in reversed(list(self._present)) if not self._removed(*key)] + strays
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
