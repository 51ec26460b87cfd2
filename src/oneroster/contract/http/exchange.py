"""One request with its response, kept as raw bytes and never shown."""

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

    @property
    def media_type(self) -> str:
        """The media type in lower case, without its parameters; empty if it is missing."""
        return str(self.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def encoded_path(template: str, values: dict[str, str]) -> str:
    """Return a path with every ``{parameter}`` replaced by its value, percent-encoded as one segment."""
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", quote(value, safe=""))
    return template


def encoded_query(query: dict[str, str | int]) -> str:
    """Return a query string, with spaces as ``%20``; empty for an empty query."""
    return urlencode(query, quote_via=quote)
