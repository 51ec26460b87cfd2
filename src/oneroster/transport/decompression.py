"""Decompression of response bodies in chunks of bounded size.

httpx decompresses each network read in full: 64 KB of gzip may become 66 MB before the size can be checked. httpx also
accepts a truncated compressed body as complete, and ignores all gzip members after the first.
"""

import zlib
from collections.abc import Iterator
from typing import Final

import httpx

__all__ = ["CHUNK_SIZE", "BoundedDecompressor"]

CHUNK_SIZE: Final = 262_144
"""The maximum number of bytes in a decompressed chunk."""

_GZIP: Final = ("gzip", "x-gzip")
_WINDOW_BITS: Final = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
_NO_COMPRESSION: Final = frozenset({"", "identity", "none", "utf-8", "utf8", "iso-8859-1", "binary", "7bit", "8bit"})
"""What servers write for a body that is not compressed; some name a character set, or an encoding of mail."""
_GZIP_MAGIC: Final = b"\x1f\x8b"


class BoundedDecompressor:
    """The decompressor of one body.

    Args:
        encoding: The value of Content-Encoding; empty if the header is absent.

    Raises:
        ValueError: The encoding was not requested. This includes several encodings on top of each other, whose
            intermediate results cannot be bounded.
    """

    def __init__(self, encoding: str) -> None:
        names = [name.strip() for name in encoding.lower().split(",")]
        self._encoding = ", ".join(name for name in names if name not in _NO_COMPRESSION) or "identity"
        if self._encoding != "identity" and self._encoding not in _WINDOW_BITS:
            raise ValueError("unrequested encoding")
        self._inflater = None if self._encoding == "identity" else zlib.decompressobj(_WINDOW_BITS[self._encoding])
        self._unconsumed = b""
        self._started = False

    def decompress(self, raw: bytes) -> Iterator[bytes]:
        """Yield the decompressed bytes of one part of the body, in chunks of at most `CHUNK_SIZE` bytes.

        An uncompressed part is yielded unchanged, whatever its size.

        Raises:
            httpx.DecodingError: The bytes are not in the declared encoding.
        """
        if self._inflater is None:
            yield raw
            return
        data, chunk = self._unconsumed + raw, b""
        self._unconsumed = b""
        # After a full chunk, the inflater may hold more output although all input is consumed.
        while data or len(chunk) == CHUNK_SIZE:
            if self._inflater.eof and not self._start_next_member(data):
                return
            chunk = self._next_chunk(data)
            data = self._inflater.unconsumed_tail or self._inflater.unused_data
            if chunk:
                yield chunk

    def finish(self) -> None:
        """Check that the body is complete.

        Raises:
            httpx.DecodingError: The body is truncated.
        """
        if self._inflater is not None and self._started and not self._inflater.eof:
            raise httpx.DecodingError("the compressed body is truncated")

    def _start_next_member(self, data: bytes) -> bool:
        """Return whether another gzip member starts here; other bytes after the last member are ignored."""
        if self._encoding not in _GZIP or not data.startswith(_GZIP_MAGIC[: len(data)]):
            return False
        if len(data) < len(_GZIP_MAGIC):
            self._unconsumed = data
            return False
        self._inflater = zlib.decompressobj(_WINDOW_BITS[self._encoding])
        return True

    def _next_chunk(self, data: bytes) -> bytes:
        inflater = self._inflater
        if inflater is None:  # unreachable: `decompress` has returned
            return data
        first, self._started = not self._started, True
        try:
            return inflater.decompress(data, CHUNK_SIZE)
        except zlib.error:
            if first and self._encoding == "deflate":
                # Some servers send raw deflate data, without the zlib header that this encoding requires.
                self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
                return self._next_chunk(data)
            raise httpx.DecodingError("the body is not in the declared encoding") from None
