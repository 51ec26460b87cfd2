"""The errors of the client, one tree.

::

    OneRosterError                    root of everything; from oneroster_v1p1
    ├── ConfigurationError            a setting is missing or wrong; nothing was sent
    ├── FilterError                   also a ValueError: the filter grammar cannot say this; nothing was sent
    │   └── UnknownFieldError         also an AttributeError: the document has no such field
    ├── AccessError                   no credentials that work
    │   ├── TokenError                the token endpoint gave no token
    │   └── ForeignOriginError        a URL leads away from the tenant; nothing was sent there
    ├── TransportError                no whole answer came, after all retries
    │   └── ResponseTooLargeError     the answer passed the limit of bytes or seconds
    ├── PagingError                   a collection could not be read exactly once
    │   ├── UnstableCollectionError   rows repeat or get lost between pages
    │   └── CountMismatchError        the server announces another number of rows than it gives
    ├── StatusError                   the server answered with an error status
    ├── DecodeError                   an answer has a form that cannot be read
    ├── FieldError                    a field of a record is missing or unreadable
    └── WriteError                    a value or a record that must not be sent

Messages name operations, URLs without their query, fields and sourcedIds. They hold no value of a record, no query and
no credential.
"""

from collections.abc import Sequence

from oneroster_v1p1.errors import (
    DecodeError,
    FieldError,
    MissingFieldError,
    OneRosterError,
    StatusError,
    UnreadableFieldError,
    WriteError,
)

__all__ = [
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
    "ResponseTooLargeError",
    "StatusError",
    "TokenError",
    "TransportError",
    "UnknownFieldError",
    "UnreadableFieldError",
    "UnstableCollectionError",
    "WriteError",
]


class ConfigurationError(OneRosterError):
    """A setting is missing or wrong; the message says which one and where it can be set."""


class FilterError(OneRosterError, ValueError):
    """A filter that OneRoster 1.1 cannot express, or that no two servers understand alike (3.2 filter [A])."""


class UnknownFieldError(FilterError, AttributeError):
    """The document knows no such field."""


class AccessError(OneRosterError):
    """The tenant cannot be entered with these credentials."""


class TokenError(AccessError):
    """The token endpoint gave no token.

    Attributes:
        status_code: The HTTP status of its answer; None when the answer was a success without a usable token.
        retry_after: The Retry-After header of its answer, as it came.
    """

    def __init__(self, message: str, status_code: int | None = None, retry_after: str | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.retry_after = retry_after


class ForeignOriginError(AccessError):
    """A URL, a redirect or a link leads away from the tenant's origin, where no credentials may go."""


class TransportError(OneRosterError):
    """No whole answer came; the message names request, cause and number of tries."""


class ResponseTooLargeError(TransportError):
    """An answer did not end within the allowed bytes or seconds; it was cut off and not read."""


class PagingError(OneRosterError):
    """A collection could not be read exactly once.

    Attributes:
        collection: The operationId.
        received: Different rows received.
        announced: Rows that the server announced last in X-Total-Count; None when it announced none.
        ids: Some of the sourcedIds concerned, at most ten.
    """

    def __init__(
        self, collection: str, reason: str, received: int, announced: int | None = None, ids: Sequence[str] = ()
    ) -> None:
        super().__init__(collection, reason, received, announced, tuple(ids))
        self.collection = collection
        self.reason = reason
        self.received = received
        self.announced = announced
        self.ids = tuple(ids)

    def __str__(self) -> str:
        announced = "no total announced" if self.announced is None else f"{self.announced} announced"
        ids = f" Concerned: {', '.join(repr(name) for name in self.ids)}." if self.ids else ""
        return f"{self.collection}: {self.reason} ({self.received} different rows received, {announced}).{ids}"


class UnstableCollectionError(PagingError):
    """Rows repeat or get lost between pages, also when the collection is read again under ``sort=sourcedId``."""


class CountMismatchError(PagingError):
    """The server announces another number of rows than it gives, twice."""
