"""Which URLs are accepted, and which cross a network unencrypted."""

import pytest

from oneroster.url_checks import http_url_problem, is_http_url, is_loopback_host, sends_in_clear


@pytest.mark.parametrize(
    "url", ["https://sis.example./v1", "http://[::1]:80/v1", "https://sis.example/token?tenant=1", "http://10.0.0.1"]
)
def test_urls_of_tenants(url: str) -> None:
    assert is_http_url(url)


@pytest.mark.parametrize(
    "url",
    ["", "sis.example", "ftp://sis.example", "https://", "https://[", "https://u@sis.example", "https://a b",
     "https://xn--/v1", "https://xn--a", "https://\u2488com", "https://sis.example/\ud800",
     f"https://{'a' * 64}.example", f"https://{'a.' * 127}example"],
)  # fmt: skip
def test_what_is_no_url_of_a_tenant(url: str) -> None:
    assert not is_http_url(url)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sis.example/v1", "it does not begin with https:// or http://"),
        ("https:// sis.example", "it has a space"),
        ("https://u:s3cret@sis.example", "it has user info"),
        ("https:///v1", "its host is missing or too long"),
        ("https://sis.example:99999", "its host or its port is not one"),
        ("https://sis.example:0", "its port is not one"),
    ],
)
def test_the_problem_is_named_without_the_url(url: str, problem: str) -> None:
    assert http_url_problem(url) == problem


@pytest.mark.parametrize(
    ("host", "here"), [("localhost", True), ("127.1.2.3", True), ("::1", True), ("10.0.0.1", False), ("a.b", False)]
)
def test_this_machine_is_known_by_name_and_address(host: str, here: bool) -> None:
    assert is_loopback_host(host) is here
    assert sends_in_clear(f"http://{f'[{host}]' if ':' in host else host}/v1") is not here
    assert not sends_in_clear("https://sis.example")
