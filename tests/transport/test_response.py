"""Limits of a response, and a body that grows within them."""

import gzip
import time

import httpx
import pytest

from oneroster.errors import ConfigurationError, ResponseTooLargeError, TransportError
from oneroster.transport.bounded_response import BodyBuffer, RawResponse, ResponseLimits, timeout_error

URL = "https://sis.example/users"
LATER = 3600.0


def buffer(
    limits: ResponseLimits = ResponseLimits(),  # noqa: B008 - immutable
    encoding: str | None = None,
    seconds: float = LATER,
) -> BodyBuffer:
    headers = {} if encoding is None else {"Content-Encoding": encoding}
    return BodyBuffer(httpx.Response(200, headers=headers), limits, time.monotonic() + seconds, URL)


@pytest.mark.parametrize("encoding", [None, "identity", "gzip"])
def test_a_body_is_put_together_and_decompressed(encoding: str | None) -> None:
    body = bytes(range(256)) * 50
    sent = gzip.compress(body) if encoding == "gzip" else body
    growing = buffer(encoding=encoding)
    for start in range(0, len(sent), 100):
        growing.add(sent[start : start + 100])
    assert growing.finish() == body


def test_a_body_may_reach_the_limit_and_not_exceed_it() -> None:
    growing = buffer(ResponseLimits(max_bytes=10))
    growing.add(b"0123456789")
    with pytest.raises(ResponseTooLargeError, match=f"The response to {URL} has more than 10 bytes"):
        growing.add(b"!")


def test_the_limit_applies_to_the_decompressed_body() -> None:
    with pytest.raises(ResponseTooLargeError):
        buffer(ResponseLimits(max_bytes=1000), "gzip").add(gzip.compress(b" " * 1_000_000))


def test_a_body_that_arrives_after_the_deadline_is_refused() -> None:
    with pytest.raises(ResponseTooLargeError, match=r"did not end within 300 seconds"):
        buffer(seconds=-1).add(b"x")


def test_a_truncated_body_is_refused() -> None:
    growing = buffer(encoding="gzip")
    growing.add(gzip.compress(b"x" * 1000)[:-10])
    with pytest.raises(httpx.DecodingError):
        growing.finish()


def test_an_encoding_that_was_not_requested_is_refused() -> None:
    with pytest.raises(TransportError, match="Content-Encoding that was not requested"):
        buffer(encoding="br").add(b"x")
    assert buffer(encoding="br").finish() == b""


@pytest.mark.parametrize("limits", [(0, 1, 1), (1, -1, 1), (1, 1, 0), (1, float("nan"), 1)])
def test_limits_must_be_positive(limits: tuple[int, float, float]) -> None:
    with pytest.raises(ConfigurationError):
        ResponseLimits(*limits).checked()


def test_valid_limits_are_returned() -> None:
    assert ResponseLimits().checked() == ResponseLimits(max_bytes=100_000_000, total_timeout=300.0, read_timeout=30.0)


def test_the_timeout_is_named_in_its_error() -> None:
    error = timeout_error(URL, ResponseLimits(total_timeout=2.5))
    assert str(error) == f"The response to {URL} did not end within 2.5 seconds (ResponseLimits.total_timeout)."


def test_the_body_is_not_shown() -> None:
    assert repr(RawResponse(200, httpx.Headers(), b"Erika", URL)) == "RawResponse(200, 5 bytes)"
