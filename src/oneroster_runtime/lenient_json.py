"""Parse JSON bodies leniently."""

import json
from typing import Any

import msgspec

from oneroster_runtime.errors import DecodeError

__all__ = ["parse_json"]


def parse_json(content: bytes) -> Any:
    """Return the JSON data of a body.

    Raises:
        DecodeError: The body is not JSON.
    """
    try:
        return msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:  # the standard library also reads NaN, a byte order mark and lone surrogates, which some servers send
        return json.loads(content)
    except (ValueError, RecursionError):
        pass
    # Raised outside of the handlers: the errors above quote the body, which may contain a child's data.
    raise DecodeError("the body is empty" if not content.strip() else "the body is not JSON")
