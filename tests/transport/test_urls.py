"""Origins of URLs, and what of a URL may be shown."""

import httpx
import pytest

from oneroster.transport.urls import origin_of, parsed_url, redacted


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://sis.example/ims", ("https", "sis.example", 443)),
        ("https://sis.example:443/other", ("https", "sis.example", 443)),
        ("HTTPS://SIS.example", ("https", "sis.example", 443)),
        ("http://sis.example", ("http", "sis.example", 80)),
        ("http://sis.example:8080/x?y=z", ("http", "sis.example", 8080)),
        ("ftp://sis.example", ("ftp", "sis.example", None)),
    ],
)
def test_the_default_port_belongs_to_the_origin(url: str, origin: tuple[str, str, int | None]) -> None:
    assert origin_of(url) == origin


def test_user_query_and_fragment_are_not_shown() -> None:
    assert redacted("https://kid:s3cret@sis.example/users?filter=Erika#Erika") == "https://sis.example/users"
    assert redacted("http://[::1") == "an unreadable URL"
    assert redacted("/users?filter=Erika") == "/users"


@pytest.mark.parametrize(
    "url",
    [
        "https://sis.example/",
        "http://a:b@SIS.example:80/%41/ü?x#y",
        "https://[::1]:8443/a%2Fb/",
        "https://k12.example/a b?c",
    ],
)
def test_the_rest_of_a_url_is_shown_as_httpx_writes_it(url: str) -> None:
    assert redacted(url) == str(httpx.URL(url).copy_with(query=None, fragment=None, userinfo=b""))


def test_a_url_is_parsed_once() -> None:
    assert parsed_url("https://sis.example/a?b=%20") is parsed_url("https://sis.example/a?b=%20")
    assert str(parsed_url("https://sis.example/a?b=%20")) == "https://sis.example/a?b=%20"
