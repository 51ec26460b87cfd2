"""What to do about an error, in options of the command that met it."""

from oneroster.errors import AccessDeniedError, OneRosterError, PagingError, StatusError, TokenError, TransportError
from oneroster.pull.errors import NothingOfferedError
from oneroster.settings import where_credentials_come_from
from oneroster.standard import Standard

__all__ = ["hint_of", "with_hint"]

_BUSY = 429


def with_hint(error: OneRosterError, command: str, place: str = "") -> str:
    """Return the message of an error, and what to do.

    Args:
        error: The error.
        command: The command: ``get`` or ``pull``.
        place: The place of the tenant's settings, if only one is possible.
    """
    hint = hint_of(error, command, place)
    return f"{error} {hint}" if hint else str(error)


def hint_of(error: OneRosterError, command: str, place: str = "") -> str:
    """Return what to do about an error, as a sentence; empty if its message says everything. See `with_hint`."""
    if isinstance(error, AccessDeniedError | TokenError) or _is_refused(error):
        return f"Credentials come from {place or where_credentials_come_from()}.{_leave_out(error, command)}"
    if command != "pull":
        return ""
    if isinstance(error, StatusError) and error.status_code == _BUSY:
        return (
            "The server allows fewer requests: --rate and --workers send fewer, and --resume continues with the rows"
            " that were fetched."
        )
    if isinstance(error, StatusError | PagingError):
        return f"--resume continues with the rows that were fetched.{_leave_out(error, command)}"
    return "--resume continues with the rows that were fetched." if isinstance(error, TransportError) else ""


def _is_refused(error: OneRosterError) -> bool:
    """Return whether the server offers nothing because it refuses access."""
    return isinstance(error, NothingOfferedError) and "refused" in str(error)


def _leave_out(error: OneRosterError, command: str) -> str:
    if command != "pull" or not isinstance(error, StatusError | PagingError):
        return ""
    operation_id = error.collection if isinstance(error, PagingError) else error.operation_id
    known = (Standard.of(version).specification.operations.get(operation_id) for version in Standard.versions())
    operation = next(filter(None, known), None)
    return f" --without {operation.wrapper} leaves this collection out." if operation and operation.many else ""
