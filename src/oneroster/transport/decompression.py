"""Compressed bodies, unfolded in pieces of bounded size.

httpx unfolds at once whatever a look at the socket brought: 64 KB of gzip may have become 66 MB before anybody counts
them. It also takes a body that breaks off for a whole one, and drops what stands behind the first member of a gzip.
"""

import zlib
from collections.abc import Iterator
from typing import Final

import httpx

__all__ = ["PIECE", "BoundedDecompressor"]

PIECE: Final = 262_144
"""Bytes of a piece at most."""

_GZIP: Final = ("gzip", "x-gzip")
_WINDOW: Final = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
_MEMBER: Final = b"\x1f\x8b"


class BoundedDecompressor:
    """One body.

    Args:
        coding: The value of Content-Encoding, empty when there was none.

    Raises:
        ValueError: The coding is none that we ask for. Codings over codings are among these: they unfold without
            measure before anything can be counted.
    """

    def __init__(self, coding: str) -> None:
        self._coding = coding.strip().lower() or "identity"
        if self._coding != "identity" and self._coding not in _WINDOW:
            raise ValueError("a coding that was not asked for")
        self._inflater = None if self._coding == "identity" else zlib.decompressobj(_WINDOW[self._coding])
        self._rest = b""
        self._begun = False

    def pieces(self, raw: bytes) -> Iterator[bytes]:
        """What some bytes of the body unfold to, at most `PIECE` bytes at a time.

        Raises:
            httpx.DecodingError: They are not in the coding.
        """
        if self._inflater is None:
            yield raw
            return
        data, piece = self._rest + raw, b""
        self._rest = b""
        # A full piece may have left something inside the inflater, even when no byte waits any more.
        while data or len(piece) == PIECE:
            if self._inflater.eof and not self._next_member(data):
                return
            piece = self._piece(data)
            data = self._inflater.unconsumed_tail or self._inflater.unused_data
            if piece:
                yield piece

    def end(self) -> None:
        """Say that the body is over.

        Raises:
            httpx.DecodingError: It broke off.
        """
        if self._inflater is not None and self._begun and not self._inflater.eof:
            raise httpx.DecodingError("the body breaks off")

    def _next_member(self, data: bytes) -> bool:
        """Whether a further member of a gzip begins; anything else behind the last one is left aside."""
        if self._coding not in _GZIP or not data.startswith(_MEMBER[: len(data)]):
            return False
        if len(data) < len(_MEMBER):
            self._rest = data
            return False
        self._inflater = zlib.decompressobj(_WINDOW[self._coding])
        return True

    def _piece(self, data: bytes) -> bytes:
        inflater = self._inflater
        if inflater is None:  # unreachable: pieces went another way
            return data
        first, self._begun = not self._begun, True
        try:
            return inflater.decompress(data, PIECE)
        except zlib.error:
            if first and self._coding == "deflate":
                # Some servers leave out the frame that the name of this coding stands for.
                self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
                return self._piece(data)
            raise httpx.DecodingError("the body is not in the coding that it declares") from None
