"""Percent-encoding, decoded strictly: malformed input is an error."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

_MALFORMED: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class EncodingError(ValueError):
    """Malformed percent-encoding, or bytes that are not UTF-8."""


def decode(raw: bytes) -> str:
    """Decode percent-encoded bytes, such as a path segment.

    Raises:
        EncodingError: A percent sign is not followed by two hexadecimal digits, or the bytes are not UTF-8.
    """
    if _MALFORMED.search(raw):
        raise EncodingError("a percent sign must be followed by two hexadecimal digits")
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise EncodingError("percent-encoded bytes that are not UTF-8") from None


def decode_form(raw: bytes) -> str:
    """Decode a name or value of a query string, where a plus sign is a space."""
    return decode(raw.replace(b"+", b" "))


@lru_cache(maxsize=10_000)
def encode(text: str) -> str:
    """Encode a text as one path segment or one query value; a space becomes %20, which all servers decode."""
    return quote(text, safe="")
