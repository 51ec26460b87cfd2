"""Parse responses: the data of a success, and the status payload beside or instead of it."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, cast
from urllib.parse import urlsplit, urlunsplit

import attrs

from oneroster_runtime.errors import DecodeError, StatusError
from oneroster_runtime.lenient_json import parse_json
from oneroster_runtime.status import StatusInfo, known_codes, parse_status_info

if TYPE_CHECKING:
    from enum import StrEnum

    from oneroster_runtime.requests import Request

__all__ = [
    "NO_CONTENT",
    "ReceivedResponse",
    "Response",
    "media_type_of",
    "parse_echo",
    "parse_response",
    "parse_success",
]

T = TypeVar("T")

_MEDIA_TYPE: Final = re.compile(r"(?:application|audio|font|image|message|multipart|text|video)/[a-z0-9.+-]{1,60}")


class ReceivedResponse(Protocol):
    """What is read of a complete response; `httpx.Response` has these attributes."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; names in any case."""

    @property
    def content(self) -> bytes:
        """The body, decompressed."""

    @property
    def url(self) -> object:
        """The URL; its text is used."""


@attrs.define(repr=False, eq=False, kw_only=True)
class Response(Generic[T]):
    """A response with any status.

    Attributes:
        operation_id: The operation, as in ``getAllOrgs``.
        method: The HTTP method.
        path: The path below the base URL, percent-encoded, without the query.
        url: The URL without query and without credentials.
        status_code: The HTTP status as a number.
        headers: The headers; names in any case.
        content: The body, decompressed, in bytes.
        parsed: The data, if the status is a success and the operation returns data.
        status_info: The status payload: errors, and warnings beside data.
        code_vocabulary: The minor codes of the standard; error messages leave out all other codes.
    """

    operation_id: str
    method: str
    path: str
    url: str
    status_code: int
    headers: Mapping[str, str]
    content: bytes
    parsed: T | None
    status_info: list[StatusInfo]
    code_vocabulary: "type[StrEnum] | None" = None

    @property
    def is_success(self) -> bool:
        """Whether the status is between 200 and 299."""
        return 200 <= self.status_code < 300

    def result(self) -> T:
        """Return the data.

        Raises:
            StatusError: The status is not a success.
        """
        if not self.is_success:
            raise StatusError(self)
        return cast("T", self.parsed)

    @property
    def media_type(self) -> str | None:
        """The media type that the server declared, in lower case; None without one, or none in a usual form."""
        return media_type_of(self.headers)

    def known_codes(self) -> list[str]:
        """Return the minor codes of the status payload that the standard lists."""
        return list(known_codes(self.status_info, self.code_vocabulary or ()))

    def __repr__(self) -> str:
        # Headers may contain cookies, and the body contains personal data.
        return f"Response({self.operation_id}, status_code={self.status_code}, {len(self.content)} bytes)"


def parse_response(
    request: "Request",
    response: ReceivedResponse,
    *,
    parse: Callable[[str, bytes, str | None], T] | None,
    fast: Callable[[bytes], T | None] | None = None,
    codes: "type[StrEnum] | None" = None,
    empty: bytes | None = None,
) -> Response[T]:
    """Parse the response to a request.

    Args:
        request: The request.
        response: The response.
        parse: Parses the body of a success, given operation, body and media type; None for operations without data.
        fast: Parses it with the same result if the body is regular; returns None otherwise.
        codes: The minor codes of the standard, for error messages.
        empty: The body of a collection without records, which some servers leave out with the status 204. With another
            status, an empty body is an error: it may be all that a failing server sends.

    Raises:
        DecodeError: The status is a success, and the body is not what the operation returns.
    """
    success = 200 <= response.status_code < 300
    content = response.content
    if empty is not None and response.status_code == NO_CONTENT and not content.strip():
        content = empty
    media_type = media_type_of(response.headers)
    parsed = fast(content) if success and fast is not None else None
    status_info = _status_info(content) if parsed is None else []
    if success and parsed is None and parse is not None:
        try:
            parsed = parse(request.operation_id, content, media_type)
        except DecodeError as error:
            error.status_code = int(response.status_code)
            raise
    return Response(
        operation_id=request.operation_id,
        method=request.method,
        path=request.path,
        url=_plain_url(str(response.url)),
        status_code=int(response.status_code),
        headers=response.headers,
        content=response.content,
        parsed=parsed,
        status_info=status_info,
        code_vocabulary=codes,
    )


def media_type_of(headers: Mapping[str, str]) -> str | None:
    """Return the declared media type for a message; None without one, or it is any other text."""
    declared = headers.get("content-type", "").partition(";")[0].strip().lower()
    # Messages show it, so it must not be any text that a server likes.
    return declared if _MEDIA_TYPE.fullmatch(declared) else None


def _plain_url(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


NO_CONTENT: Final = 204
_STATUS_WORDS: Final = (b"statusInfo", b"StatusInfo", b"odeMajor", b"errors", b"warnings", b'"error"')


def _status_info(content: bytes) -> list[StatusInfo]:
    # Most responses have no status payload; searching for its words first avoids parsing every page twice.
    if not any(word in content for word in _STATUS_WORDS):
        return []
    try:
        return parse_status_info(parse_json(content))
    except DecodeError:
        return []


def parse_success(operation_id: str, content: bytes, media_type: str | None, decode: Callable[[Any], T]) -> T:
    """Return the data of a success.

    Args:
        operation_id: The operation.
        content: The body.
        media_type: The declared media type.
        decode: Decodes the JSON data.

    Raises:
        DecodeError: The body is not JSON, or not what the operation returns.
    """
    problem = ""
    try:
        return decode(parse_json(content))
    except DecodeError as error:
        problem = error.message
    raise DecodeError(problem, operation_id, media_type)


def parse_echo(_operation_id: str, content: bytes, _media_type: str | None, decode: Callable[[Any], T]) -> T | None:
    """Return the record that a server repeats in the response to a write, None if it does not; either is allowed."""
    try:
        return decode(parse_json(content))
    except DecodeError:
        return None
