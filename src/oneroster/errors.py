"""The errors of the client, one tree.

::

    OneRosterError                    base class of all errors; defined in the runtime
    ├── ConfigurationError            a setting is missing or invalid; nothing was sent
    ├── FilterError                   also a ValueError: not expressible in the filter grammar; nothing was sent
    │   └── UnknownFieldError         also an AttributeError: the standard defines no such field
    ├── AccessError                   no access to the tenant
    │   ├── AccessDeniedError         also a StatusError: the server answered 401 or 403
    │   ├── TokenError                the token endpoint issued no token
    │   └── ForeignOriginError        a URL leads away from the tenant; nothing was sent there
    ├── TransportError                no complete response, after all retries
    │   └── ResponseTooLargeError     the response exceeded the limit of bytes or seconds
    │       └── ResponseTimeoutError  the limit of seconds
    ├── PagingError                   a collection could not be read exactly once
    │   ├── UnstableCollectionError   rows repeat or get lost between pages
    │   └── CountMismatchError        the server announces more rows than it returns
    ├── WrongRecordError              a single read returned another record
    ├── StatusError                   the server answered with an error status
    ├── DecodeError                   a response cannot be parsed
    ├── FieldError                    a field of a record is missing or unreadable
    └── WriteError                    a value or a record is not valid to send

Messages name operations, URLs without their query, fields and sourcedIds. They never show a value of a record, a query
or a credential.
"""

from collections.abc import Sequence

from oneroster_runtime.errors import (
    DecodeError,
    FieldError,
    MissingFieldError,
    OneRosterError,
    StatusError,
    TransportError,
    UnreadableFieldError,
    WriteError,
)

__all__ = [
    "AccessDeniedError",
    "AccessError",
    "ConfigurationError",
    "CountMismatchError",
    "DecodeError",
    "FieldError",
    "FilterError",
    "ForeignOriginError",
    "MissingFieldError",
    "OneRosterError",
    "PagingError",
    "ResponseTimeoutError",
    "ResponseTooLargeError",
    "StatusError",
    "TokenError",
    "TransportError",
    "UnknownFieldError",
    "UnreadableFieldError",
    "UnstableCollectionError",
    "WriteError",
    "WrongRecordError",
]


class ConfigurationError(OneRosterError):
    """A setting is missing or invalid; the message says which one and where to set it."""


class FilterError(OneRosterError, ValueError):
    """A filter that OneRoster cannot express, or that servers interpret differently (3.2 filter [A])."""


class UnknownFieldError(FilterError, AttributeError):
    """The standard defines no such field."""


class AccessError(OneRosterError):
    """No access: no token was issued, the server refused the request, or a URL must not receive the credentials."""


class AccessDeniedError(StatusError, AccessError):
    """The server answered 401 or 403: it does not accept the credentials, or they do not permit the request."""

    def __str__(self) -> str:
        if self.status_code == 401:
            return f"{super().__str__()} Check the token, or the client id and secret."
        return f"{super().__str__()} Check the scopes and rights of the credentials, and whether a header is missing."


class TokenError(AccessError):
    """The token endpoint issued no token.

    Attributes:
        status_code: The HTTP status of its response; None for a success without a usable token.
        retry_after: The seconds that its response asks to wait; None if it does not say.
    """

    def __init__(self, message: str, status_code: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.retry_after = retry_after


class ForeignOriginError(AccessError):
    """A URL, a redirect or a link leads to an origin that must not receive the tenant's credentials."""


class ResponseTooLargeError(TransportError):
    """A response exceeded the limit of bytes or seconds; its body was discarded."""


class ResponseTimeoutError(ResponseTooLargeError):
    """A response did not end within the total timeout."""


class PagingError(OneRosterError):
    """A collection could not be read exactly once.

    Attributes:
        collection: The operationId.
        reason: What went wrong.
        received: The number of different rows received in the last reading.
        announced: The last X-Total-Count; None if the server sent none.
        ids: Up to ten of the sourcedIds concerned, each once.
        received_in_all: The number of different rows received in all readings together.
    """

    def __init__(
        self,
        collection: str,
        reason: str,
        received: int,
        announced: int | None = None,
        ids: Sequence[str] = (),
        received_in_all: int | None = None,
    ) -> None:
        in_all = received if received_in_all is None else received_in_all
        super().__init__(collection, reason, received, announced, tuple(ids), in_all)
        self.collection = collection
        self.reason = reason
        self.received = received
        self.announced = announced
        self.ids = tuple(dict.fromkeys(ids))
        self.received_in_all = in_all

    def __str__(self) -> str:
        announced = "no total announced" if self.announced is None else f"{self.announced} announced"
        ids = f" Rows concerned: {', '.join(repr(name) for name in self.ids)}." if self.ids else ""
        in_all = f"; {self.received_in_all} in both readings together" if self.received_in_all != self.received else ""
        return f"{self.collection}: {self.reason} ({self.received} different rows received, {announced}{in_all}).{ids}"


class UnstableCollectionError(PagingError):
    """Rows repeat or get lost between pages, even if the collection is read again under ``sort=sourcedId``."""


class CountMismatchError(PagingError):
    """The server announces more rows than it returns, also in a second reading."""


class WrongRecordError(OneRosterError):
    """A single read returned a record with another sourcedId than requested.

    Attributes:
        operation_id: The operation.
        requested: The sourcedId requested.
        received: The sourcedId received.
    """

    def __init__(self, operation_id: str, requested: str, received: str) -> None:
        super().__init__(operation_id, requested, received)
        self.operation_id, self.requested, self.received = operation_id, requested, received

    def __str__(self) -> str:
        return (
            f"{self.operation_id}: the server returned the record {self.received!r} in place of {self.requested!r}. A"
            " cache or a connection that is shared may mix up responses; report it to the operator of the server."
        )
