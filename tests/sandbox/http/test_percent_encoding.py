"""Percent-encoding is decoded strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.sandbox.http.percent_encoding import EncodingError, decode, decode_form, encode


@given(st.text())
def test_what_is_encoded_can_be_decoded(text: str) -> None:
    assert decode(encode(text).encode()) == text


def test_a_plus_is_a_space_in_a_form_only() -> None:
    assert (decode(b"a+b"), decode_form(b"a+b")) == ("a+b", "a b")


@pytest.mark.parametrize("raw", [b"%", b"%2", b"%zz", b"%ff"])
def test_malformed_input_is_an_error(raw: bytes) -> None:
    with pytest.raises(EncodingError):
        decode(raw)
