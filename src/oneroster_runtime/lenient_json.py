"""Parse JSON bodies leniently."""

import json
from typing import Any

import msgspec

from oneroster_runtime.errors import DecodeError

__all__ = ["parse_json", "repeats_key"]


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


def repeats_key(content: bytes, key: str) -> bool:
    """Return whether the object of a body has a key more than once, of which parsers keep the last one."""
    if content.count(f'"{key}"'.encode()) < 2:  # cheap, and the case of almost all bodies
        return False
    outermost: list[tuple[str, Any]] = []

    def remember(pairs: list[tuple[str, Any]]) -> None:
        outermost[:] = pairs  # the outermost object comes last

    try:
        json.loads(content, object_pairs_hook=remember)
    except (ValueError, RecursionError):
        return False
    return [name for name, _ in outermost].count(key) > 1


def _problem(content: bytes) -> str:
    try:
        json.loads(content.decode("latin-1"))
    except (ValueError, RecursionError):
        return "the body is not JSON"
    return "the body is JSON, but not in UTF-8"
