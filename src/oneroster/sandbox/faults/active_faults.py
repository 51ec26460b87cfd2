"""The faults of one tenant, applied hook by hook."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from oneroster.sandbox.auth.authentication import Authenticated, Authentication, Denied
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.store import Store

_Context = TypeVar("_Context")
_Value = TypeVar("_Value")
_P = ParamSpec("_P")
FIRST_ERROR: Final = 400


class ActiveFaults:
    """The faults that are enabled in a tenant, in the order of the names given."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = tuple(faults)

    def __bool__(self) -> bool:
        return bool(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def apply(
        self,
        hook: Callable[Concatenate[Fault, _Context, _Value, _P], _Value],
        context: _Context,
        value: _Value,
        *further: _P.args,
        **_: _P.kwargs,
    ) -> _Value:
        """Pass a value through one hook of every fault and return the result.

        Args:
            hook: The hook, as in `Fault.page_window`; the override of each fault is called.
            context: The first argument of the hook, mostly the request.
            value: What a conforming tenant would use.
            *further: The remaining arguments of the hook.
        """
        for fault in self._faults:
            value = getattr(fault, hook.__name__)(context, value, *further)
        return value

    def prepare(self, store: Store) -> None:
        """Apply the changes of every fault to the stored data."""
        for fault in self._faults:
            fault.prepare(store)

    def authenticate(self, raw_request: RawRequest, authentication: Authentication) -> Authenticated | Denied:
        """Authenticate a request with all faults applied."""
        outcome = authentication.authenticate(raw_request)
        for fault in self._faults:
            if isinstance(outcome, Denied):
                other = fault.reinterpret_credentials(raw_request, outcome)
                outcome = outcome if other is None else authentication.authenticate(other)
            outcome = fault.authenticate(raw_request, outcome)
        return outcome

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        """Return the record that the first willing fault accepts, or None."""
        accepted = (fault.accept_invalid_body(request, body) for fault in self._faults)
        return next((record for record in accepted if record is not None), None)

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        """Return the response to a collection request; once a fault makes it an error, it has no rows to change."""
        for fault in self._faults:
            if reply.status >= FIRST_ERROR:
                return reply
            reply = fault.collection_response(request, reply, total)
        return reply

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        """Return the record to store, or the first problem with which a fault rejects it."""
        for fault in self._faults:
            changed = fault.stored_record(request, record)
            if isinstance(changed, Problem):
                return changed
            record = changed
        return record

    def deletes(self, request: OperationRequest) -> bool:
        """Return whether a DELETE removes the record."""
        return all(fault.deletes(request) for fault in self._faults)
