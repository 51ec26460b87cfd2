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
    raise DecodeError("the body is empty" if not content.strip() else _problem(content))


def _problem(content: bytes) -> str:
    try:
        json.loads(content.decode("latin-1"))
    except (ValueError, RecursionError):
        return "the body is not JSON"
    return "the body is JSON, but not in UTF-8"
