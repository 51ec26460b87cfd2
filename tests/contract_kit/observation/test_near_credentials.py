"""Credentials that are nearly right differ from the right ones, and never appear in a message."""

from oneroster.contract.http.credentials import BearerToken, OAuth1Credentials, TokenResponse
from oneroster.contract.observation.near_credentials import (
    INJECTED,
    near_secrets,
    near_signatures,
    near_tokens,
    token_in_use,
)
from tests.contract_kit.hostile import says
from tests.contract_kit.judging import EMPTY, judging

TOKEN = "AbCdEf-123456"
URL = "https://sis.example/ims/oneroster/v1p1/orgs?limit=1"


def no_post(*_: object) -> TokenResponse:
    raise AssertionError("no token endpoint is needed")


def test_tokens_that_are_nearly_right() -> None:
    with judging(says(EMPTY), lambda _: BearerToken(TOKEN)) as tenant:
        assert token_in_use(tenant) == TOKEN
        near = near_tokens(tenant)
    sent = [each.headers("GET", URL, no_post)["Authorization"] for each in near]
    near_ones = (f"{TOKEN}x", TOKEN[:-1], f"b{TOKEN[1:]}", f"{TOKEN[:-4]}aaaa", TOKEN.swapcase())
    assert sent == [f"Bearer {text}" for text in near_ones]
    assert not any(TOKEN[1:-1] in repr(each) + each.curl() for each in near)
    assert not any(each.renew() for each in near)


def test_few_secrets_are_tried() -> None:
    assert [text for text, _ in near_secrets("bcdef")] == ["bcdef ", "bcde", "acdef", "BCDEF", "", INJECTED]
    assert [text for text, _ in near_secrets("123")] == ["123 ", "", INJECTED]


def test_signatures_that_are_nearly_right() -> None:
    near = near_signatures(OAuth1Credentials("me", "s3cret"))
    headers = {each.headers("GET", URL, no_post)["Authorization"] for each in near}
    assert len(headers) == len(near) == 9
    assert sum("oauth_signature=" not in header for header in headers) == 1
    assert any('oauth_consumer_key="ME"' in header for header in headers)
    assert any('oauth_consumer_key="mex"' in header for header in headers)
    assert not any("s3cret" in repr(each) + each.curl() for each in near)
