"""What a raw request says about itself."""

from oneroster.sandbox.http.raw_request import RawRequest


def request(query: bytes = b"", **headers: str) -> RawRequest:
    return RawRequest("GET", "https://t.example", b"/users/a%20b", query, headers, None)


def test_urls_keep_their_encoding() -> None:
    assert request().signed_url == request(b"a=%20").url == "https://t.example/users/a%20b"
    assert request(b"a=%20").signed_url == "https://t.example/users/a%20b?a=%20"


def test_credentials_are_in_a_header_or_in_the_query() -> None:
    assert not request().has_credentials
    assert request(authorization="Bearer x").has_credentials
    assert request(b"oauth_signature=x").has_credentials
