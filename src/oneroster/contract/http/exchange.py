"""One request and its answer, as the kit keeps them: raw bytes, judged later, never shown."""

import shlex
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
import msgspec

__all__ = ["UNREADABLE", "Exchange", "encoded_path", "encoded_query"]


class _Unreadable:
    """The body is no JSON document."""

    def __repr__(self) -> str:
        return "UNREADABLE"


UNREADABLE: Final = _Unreadable()
"""Stands for a body that is not JSON; it is told apart from the JSON value ``null``."""


@dataclass(frozen=True)
class Exchange:
    """A request that was answered.

    ``target`` is path and query as sent, below the base URL; ``seconds`` the time until the last byte.
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
        """A command that repeats the request; secrets stand in it as references to the environment."""
        method = {"GET": "", "HEAD": "-I"}.get(self.method, f"-X {self.method}")
        return " ".join(part for part in ("curl -sS", method, self.curl_access, shlex.quote(self.url)) if part)

    @cached_property
    def json(self) -> Any:
        """The decoded body, or ``UNREADABLE``."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return UNREADABLE

    @property
    def media_type(self) -> str:
        """The media type without its parameters, in lower case; empty when none was sent."""
        return str(self.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def encoded_path(template: str, values: dict[str, str]) -> str:
    """The path with every ``{parameter}`` replaced by its value, percent-encoded as one segment."""
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", quote(value, safe=""))
    return template


def encoded_query(query: dict[str, str | int]) -> str:
    """The query string, blanks as ``%20``; empty for an empty query."""
    return urlencode(query, quote_via=quote)
