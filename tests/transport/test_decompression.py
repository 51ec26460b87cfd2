"""Bodies come out of their coding whole, piece by piece, or not at all."""

import gzip
import zlib

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.transport.decompression import CHUNK_SIZE, BoundedDecompressor


def unfolded(coding: str, body: bytes, step: int = 65536) -> bytes:
    unfolding, whole = BoundedDecompressor(coding), b""
    for start in range(0, len(body), step):
        pieces = list(unfolding.decompress(body[start : start + step]))
        assert all(len(piece) <= CHUNK_SIZE for piece in pieces) or FOLDS[coding] is bytes
        whole += b"".join(pieces)
    unfolding.finish()
    return whole


def raw_deflate(data: bytes) -> bytes:
    folding = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return folding.compress(data) + folding.flush()


FOLDS = {"gzip": gzip.compress, "X-GZIP ": gzip.compress, "deflate": zlib.compress, "identity": bytes, "": bytes}
FOLDS |= dict.fromkeys(("none", "UTF-8", "utf8", "binary", "8bit, identity"), bytes)


@given(st.binary(max_size=2000), st.integers(1, 700), st.sampled_from(sorted(FOLDS)))
def test_whatever_was_folded_comes_out_again(data: bytes, step: int, coding: str) -> None:
    assert unfolded(coding, FOLDS[coding](data), step) == data


@given(st.binary(max_size=500), st.binary(max_size=500), st.integers(1, 40))
def test_a_gzip_of_several_members_is_read_whole(first: bytes, second: bytes, step: int) -> None:
    assert unfolded("gzip", gzip.compress(first) + gzip.compress(second) + b"\0\0", step) == first + second


def test_deflate_is_read_also_without_its_frame() -> None:
    assert unfolded("deflate", raw_deflate(b"rows" * 1000)) == b"rows" * 1000


@pytest.mark.parametrize("size", [CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 3 * CHUNK_SIZE, 20_000_000])
def test_what_unfolds_to_much_comes_in_pieces(size: int) -> None:
    assert len(unfolded("gzip", gzip.compress(b" " * size))) == size


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("cut", [1, 10, 30])
def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one(coding: str, cut: int) -> None:
    with pytest.raises(httpx.DecodingError, match="truncated"):
        unfolded(coding, FOLDS[coding](b"a row and another row, and one more")[:-cut])


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_is_not_in_the_coding_is_said_so(coding: str) -> None:
    with pytest.raises(httpx.DecodingError, match="not in the declared encoding"):
        unfolded(coding, b'{"users": []}')


@pytest.mark.parametrize("coding", ["gzip", "deflate", "identity"])
def test_no_body_is_none_in_any_coding(coding: str) -> None:
    assert unfolded(coding, b"") == b""


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "zstd", "deflate,gzip", "compress"])
def test_codings_that_were_not_asked_for_are_refused(coding: str) -> None:
    with pytest.raises(ValueError, match="encoding"):
        BoundedDecompressor(coding)
