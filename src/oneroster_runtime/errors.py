"""The errors of generated packages.

    OneRosterError
    ├── DecodeError              a response, or an element of it, cannot be read
    ├── FieldError               also an AttributeError
    │   ├── MissingFieldError    a required field that the record does not have
    │   └── UnreadableFieldError a field that is present and cannot be read
    ├── StatusError              the server returned an error status
    ├── TransportError           no complete response: no connection, a timeout
    └── WriteError               a value, a record or a parameter that must not be sent

Messages name operations, models, fields and sourcedIds. They contain no values of records, no queries, no credentials.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

__all__ = [
    "DecodeError",
    "ErrorResponse",
    "FieldError",
    "MissingFieldError",
    "OneRosterError",
    "StatusError",
    "StatusPayloadEntry",
    "TransportError",
    "UnreadableFieldError",
    "WriteError",
]


class OneRosterError(Exception):
    """The base of all errors."""


class DecodeError(OneRosterError):
    """A response cannot be read: its body is not JSON, or not what the operation returns.

    Attributes:
        message: What is wrong with it.
        operation_id: The operation, if the response belongs to one.
        media_type: The media type that the server declared, if any.
        status_code: The HTTP status, if it is known.
    """

    def __init__(
        self,
        message: str,
        operation_id: str | None = None,
        media_type: str | None = None,
        status_code: int | None = None,
    ) -> None:
        super().__init__(message, operation_id, media_type, status_code)
        self.message = message
        self.operation_id = operation_id
        self.media_type = media_type
        self.status_code = status_code

    def __str__(self) -> str:
        if self.operation_id is None:
            return self.message
        facts = [f"HTTP {self.status_code}"] if self.status_code is not None else []
        facts += [f"declared as {self.media_type}"] if self.media_type else []
        shown = f" ({', '.join(facts)})" if facts else ""
        return f"The response to {self.operation_id}{shown} cannot be read: {self.message}."


class FieldError(OneRosterError, AttributeError):
    """A field of a record has no value.

    Attributes:
        model: The model, as in ``User``.
        sourced_id: The sourcedId of the record, if it has a readable one.
        field: The wire name of the field, as in ``givenName``.
    """

    _what = "has no value"

    def __init__(self, model: str, sourced_id: str | None, field: str) -> None:
        super().__init__(model, sourced_id, field)
        self.model = model
        self.sourced_id = sourced_id
        self.field = field

    def __str__(self) -> str:
        which = (
            f"{self.model} {self.sourced_id!r}" if self.sourced_id is not None else f"{self.model} without sourcedId"
        )
        return f"{which}: {self.field} {self._what}."


class MissingFieldError(FieldError):
    """A required field is absent; this is valid if the request selected `fields`."""

    _what = "is missing in the response. It is required, unless `fields` left it out"


class UnreadableFieldError(FieldError):
    """A field is present and cannot be read; `to_dict` of the record returns it unchanged."""

    _what = "is in the response and cannot be read as the standard defines it; to_dict() returns it unchanged"


class TransportError(OneRosterError):
    """No complete response was received: no connection, a reset, a timeout.

    Attributes:
        permanent: Whether another attempt would fail in the same way, as where a certificate is not trusted.
    """

    permanent: bool = False


class StatusPayloadEntry(Protocol):
    """One entry of a status payload; see `oneroster_runtime.status.StatusInfo`."""

    imsx_code_major: str
    imsx_severity: str
    imsx_description: str | None
    imsx_code_minor: str | None


class ErrorResponse(Protocol):
    """A response with an error status; see `oneroster_runtime.responses.Response`.

    The errors know responses by this protocol, so that responses can raise errors without a cycle of modules.
    """

    operation_id: str
    method: str
    path: str
    url: str
    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def status_info(self) -> Sequence[StatusPayloadEntry]:
        """The status payload."""

    @property
    def media_type(self) -> str | None:
        """The media type that the server declared, if any."""

    def known_codes(self) -> list[str]:
        """Return the minor codes of the status payload that the standard lists."""


class StatusError(OneRosterError):
    """The server returned a status other than success.

    Attributes:
        response: The whole response.
        advice: What to do next, as a sentence; empty if nothing is known.
    """

    advice = ""

    def __init__(self, response: ErrorResponse) -> None:
        super().__init__(response)
        self.response = response

    @property
    def status_code(self) -> int:
        """The HTTP status as a number, also if it is not a registered one."""
        return self.response.status_code

    @property
    def status_info(self) -> Sequence[StatusPayloadEntry]:
        """The status payload; empty if the response has none that can be read."""
        return self.response.status_info

    @property
    def operation_id(self) -> str:
        """The operation, as in ``getOrg``."""
        return self.response.operation_id

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.response.method

    @property
    def path(self) -> str:
        """The path below the base URL, percent-encoded, without the query."""
        return self.response.path

    @property
    def url(self) -> str:
        """The URL without query and without credentials."""
        return self.response.url

    def __str__(self) -> str:
        media_type = self.response.media_type
        # A page for people, of a gateway or a login, is not from the OneRoster service.
        page = [media_type] if media_type and "json" not in media_type else []
        facts = ", ".join(self.response.known_codes() or page)
        shown = f" ({facts})" if facts else ""
        said = f"{self.operation_id}: {self.method} {self.url} was answered with {self.status_code}{shown}."
        return f"{said} {self.advice}".rstrip()


class WriteError(OneRosterError):
    """A value, a record or a parameter must not be sent; nothing was sent.

    Attributes:
        subject: The model or the operation.
        field: The wire name of the field or parameter, dotted into nested records.
        reason: What is wrong with it.
        sourced_id: The sourcedId of the record, if it has a readable one.
    """

    def __init__(self, subject: str, field: str, reason: str, sourced_id: str | None = None) -> None:
        super().__init__(subject, field, reason, sourced_id)
        self.subject = subject
        self.field = field
        self.reason = reason
        self.sourced_id = sourced_id

    def __str__(self) -> str:
        which = f"{self.subject} {self.sourced_id!r}" if self.sourced_id is not None else self.subject
        return f"{which}: {self.field} {self.reason}."
