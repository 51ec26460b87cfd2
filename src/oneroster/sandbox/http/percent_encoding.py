"""Percent-encoding, read strictly: what is not well formed is refused instead of guessed."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

_BROKEN: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class EncodingError(ValueError):
    """Broken percent-encoding, or bytes that are no UTF-8."""


def decode(raw: bytes) -> str:
    """The text behind percent-encoded bytes, as of a path segment.

    Raises:
        EncodingError: a percent sign without two hexadecimal digits, or bytes that are not UTF-8.
    """
    if _BROKEN.search(raw):
        raise EncodingError("a percent sign without two hexadecimal digits behind it")
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise EncodingError("percent-encoded bytes that are not UTF-8") from None


def decode_form(raw: bytes) -> str:
    """The same for a name or value of a query, where a plus stands for a blank."""
    return decode(raw.replace(b"+", b" "))


@lru_cache(maxsize=10_000)
def encode(text: str) -> str:
    """The text as one path segment or one query value: a blank becomes %20, which every reader understands."""
    return quote(text, safe="")
