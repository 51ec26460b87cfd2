"""The sourcedIds that a walk has seen, in order and compressed, to name the few rows that a later reading lacks."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

__all__ = ["IdLog"]

_CHUNK: Final = 2000
_LEVEL: Final = 1

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(list[str | None]).decode


class IdLog:
    """A list of ids to which ids can only be appended. It takes about 20 bytes per id."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._pending: list[str | None] = []

    def append(self, ids: Sequence[str | None]) -> None:
        """Append ids; None for a row without one."""
        self._pending += ids
        if len(self._pending) >= _CHUNK:
            self._chunks.append(zlib.compress(_encoded(self._pending), _LEVEL))
            self._pending = []

    def chunks(self) -> Iterator[list[str | None]]:
        """Return all ids in order, some thousand at a time."""
        for chunk in self._chunks:
            yield _decode(zlib.decompress(chunk))
        if self._pending:
            yield _decode(_encoded(self._pending))


def _encoded(ids: list[str | None]) -> bytes:
    try:
        return _encode(ids)
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8 form. Such an id cannot be requested, so its exact form is not needed.
        return _encode([name and name.encode("utf-8", "replace").decode() for name in ids])
