"""One request with its response, kept as raw bytes and never shown."""

import codecs
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
import msgspec

__all__ = ["UNREADABLE", "Exchange", "encoded_path", "encoded_query"]


class _Unreadable:
    """The type of `UNREADABLE`."""

    def __repr__(self) -> str:
        return "UNREADABLE"


UNREADABLE: Final = _Unreadable()
"""The value of a body that is not JSON, as opposed to the JSON value ``null``."""


@dataclass(frozen=True)
class Exchange:
    """A request and its response.

    Attributes:
        method: The HTTP method.
        target: Path and query as sent, below the base URL.
        url: The complete URL.
        status: The status of the response.
        headers: The headers of the response.
        body: The body of the response.
        seconds: The time until the last byte.
        curl_access: Options of curl that authenticate the request, secrets as environment variables.
    """

    method: str
    target: str
    url: str
    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)
    seconds: float = 0.0
    curl_access: str = ""

    @property
    def request(self) -> str:
        """The request line, for evidence."""
        return f"{self.method} {self.target}"

    @property
    def curl(self) -> str:
        """A curl command that repeats the request; it reads secrets from environment variables."""
        method = {"GET": "", "HEAD": "-I"}.get(self.method, f"-X {self.method}")
        return " ".join(part for part in ("curl -sS", method, self.curl_access, shlex.quote(self.url)) if part)

    @cached_property
    def json(self) -> Any:
        """The decoded body, or `UNREADABLE`."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return UNREADABLE

    @cached_property
    def payload(self) -> Any:
        """The decoded body, also after a byte order mark and in ISO-8859-1; `UNREADABLE` if it is not JSON."""
        return _decoded_from_other_bytes(self.body) if self.json is UNREADABLE else self.json

    @property
    def json_body(self) -> bytes:
        """The body in UTF-8 if it is JSON in other bytes, which one rule reports; otherwise the body unchanged."""
        strange = self.json is UNREADABLE and self.payload is not UNREADABLE
        return msgspec.json.encode(self.payload) if strange else self.body

    @property
    def media_type(self) -> str:
        """The media type in lower case, without its parameters; empty if it is missing."""
        return str(self.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def _decoded_from_other_bytes(body: bytes) -> Any:
    """Return a body decoded that is JSON after a byte order mark or in ISO-8859-1; otherwise `UNREADABLE`."""
    text = body.removeprefix(codecs.BOM_UTF8)
    try:
        text.decode()
    except UnicodeDecodeError:
        text = text.decode("latin-1").encode()
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return UNREADABLE


def encoded_path(template: str, values: dict[str, str]) -> str:
    """Return a path with every ``{parameter}`` replaced by its value, percent-encoded as one segment."""
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", quote(value, safe=""))
    return template


def encoded_query(query: dict[str, str | int]) -> str:
    """Return a query string, with spaces as ``%20``; empty for an empty query."""
    return urlencode(query, quote_via=quote)
