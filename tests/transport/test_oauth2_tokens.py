"""The life of a token, and the scopes asked for in turn."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster import TokenError
from oneroster.standard import Standard
from oneroster.transport.oauth2_tokens import (
    Token,
    default_scopes,
    is_fresh,
    read_token,
    scope_attempts,
    token_members,
)

SPECIFICATION = Standard.of().specification
PREFIX = "https://purl.imsglobal.org/spec/or/v1p1/scope/"


@pytest.mark.parametrize(
    ("life", "renew_at"),
    [(3600, 3640.0), (180, 244.0), ("3600", 3640.0), (None, None), ("soon", None), (0, None), (-5, None), (True, None)],
)
def test_a_token_is_renewed_before_its_end(life: Any, renew_at: float | None) -> None:
    token = read_token({"access_token": "abc", "token_type": "BEARER", "expires_in": life}, sent_at=100.0)
    assert token == Token("abc", renew_at)


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,500})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,5})?", fullmatch=True), st.booleans())
def test_no_lifetime_and_no_byte_order_mark_costs_the_token_c10(number: str, mark: bool) -> None:
    body = f'{{"access_token": "abc", "expires_in": {number}}}'.encode("utf-8-sig" if mark else "utf-8")
    assert read_token(token_members(body), sent_at=0.0).value == "abc"


@pytest.mark.parametrize("value", ["abc", " abc", "abc\n", "\r\n\tabc "])
def test_white_space_around_a_token_is_no_part_of_it_c10(value: str) -> None:
    assert read_token({"access_token": value}, sent_at=0.0).value == "abc"


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"\xff", b"null", b"[" * 100_000, b'{"a":' * 100_000, b"access_token=abc"]
)
def test_a_body_that_is_no_object_has_no_members_c10(body: bytes) -> None:
    assert token_members(body) == {}


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"access_token": ""}, {"access_token": 3}, {"access_token": "a\r\nb"},
               {"access_token": "a", "token_type": "mac"}]
)  # fmt: skip
def test_an_answer_without_a_bearer_token_is_refused(answer: Any) -> None:
    with pytest.raises(TokenError):
        read_token(answer, sent_at=0.0)


def test_freshness() -> None:
    assert not is_fresh(None, 0)
    assert is_fresh(Token("a", None), 10**9)
    assert is_fresh(Token("a", 10.0), 9.9)
    assert not is_fresh(Token("a", 10.0), 10.0)
    assert "secret" not in repr(Token("secret", 1.0))


def test_the_scopes_of_all_reads_are_asked_for_first_then_rostering_then_none() -> None:
    first, second, third = scope_attempts(None, SPECIFICATION)
    assert set(first) == {
        PREFIX + name
        for name in (
            "roster-core.readonly", "roster.readonly", "roster-demographics.readonly", "resource.readonly",
            "gradebook.readonly",
        )
    }  # fmt: skip
    assert set(second) == {PREFIX + "roster-core.readonly", PREFIX + "roster.readonly"}
    assert third == ()
    assert first == default_scopes(SPECIFICATION)


def test_no_request_is_made_twice_with_the_same_scopes() -> None:
    assert scope_attempts([PREFIX + "roster.readonly"], SPECIFICATION) == [(PREFIX + "roster.readonly",), ()]
    assert scope_attempts(["private"], SPECIFICATION) == [("private",), ()]
    assert scope_attempts([], SPECIFICATION) == [()]
