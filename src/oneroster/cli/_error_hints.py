"""What to do about an error, in options of the command that met it."""

import math
from datetime import UTC, datetime

from oneroster.errors import (
    AccessDeniedError,
    DecodeError,
    OneRosterError,
    PagingError,
    StatusError,
    TokenError,
    TransportError,
)
from oneroster.pull.errors import NothingOfferedError
from oneroster.settings import option_of, variable_of, where_credentials_come_from
from oneroster.standard import Standard
from oneroster.transport.retry_times import seconds_to_wait

__all__ = ["hint_of", "with_hint"]

_BUSY = 429
_ABOUT_CREDENTIALS = frozenset({0, 200, 400, 401, 403})
"""The statuses with which a token endpoint refuses credentials, or sends a token that cannot be used."""


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
    if isinstance(error, TokenError) and (error.status_code or 0) not in _ABOUT_CREDENTIALS:
        return "--resume continues with the rows that were fetched." if command == "pull" else ""
    if isinstance(error, AccessDeniedError | TokenError) or _is_refused(error):
        return f"Credentials come from {place or where_credentials_come_from()}.{_leave_out(error, command)}"
    if isinstance(error, DecodeError) and "json" not in (error.media_type or "json"):
        return (
            f"This is no response of OneRoster: check the base URL ({option_of('base_url')},"
            f" {variable_of('base_url')}), and whether a login page or a gateway stands before it."
        )
    if isinstance(error, StatusError) and error.status_code == _BUSY:
        return _advice_on_busy(error, command)
    if command != "pull":
        return ""
    if isinstance(error, StatusError | PagingError):
        return f"--resume continues with the rows that were fetched.{_leave_out(error, command)}"
    return "--resume continues with the rows that were fetched." if isinstance(error, TransportError) else ""


def _advice_on_busy(error: StatusError, command: str) -> str:
    seconds = seconds_to_wait(error.status_code, error.response.headers, datetime.now(UTC)) or 0
    said = f"The server asks for a pause of {math.ceil(seconds):,} seconds" if seconds else "The server is busy"
    if command != "pull":
        return f"{said}; try again later."
    return f"{said}: --rate and --workers send fewer requests, and --resume continues with the rows that were fetched."


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
