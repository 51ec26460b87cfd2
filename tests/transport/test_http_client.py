"""How clients are opened: proxies, certificates, and one TLS context only where TLS is spoken."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from oneroster import ConfigurationError, TransportError
from oneroster.contract.errors import KitError
from oneroster.transport import http_client
from oneroster.transport.http_client import AsyncTransport, SyncTransport, open_async_client, open_client
from tests.transport.hostile_readers import READERS, Reader
from tests.transport.tls_servers import Authority, https
from tests.web import Answer, serve

if TYPE_CHECKING:
    import ssl

readers = pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Remove what the environment of the test run says, and return how to set a variable."""
    for name in (*PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch.setenv


Set = Callable[[str, str], None]


@readers
@pytest.mark.parametrize("no_proxy", ["", "localhost,fe80::/10", "[::1]", "*", "::1, 10.0.0.0/8"])
def test_this_machine_is_never_reached_through_a_proxy_c6_c7_c8(read: Reader, no_proxy: str, environment: Set) -> None:
    for name in PROXIES:
        environment(name, "http://user:s3cret@127.0.0.1:1")
    environment("NO_PROXY", no_proxy)
    with serve(lambda _: Answer()) as web:
        assert read(web.origin).status == 200


@readers
def test_a_request_goes_through_the_proxy_of_the_environment(read: Reader, environment: Set) -> None:
    with serve(lambda _: Answer()) as proxy:
        environment("HTTP_PROXY", proxy.origin.removeprefix("http://"))
        assert read("http://sis.example").status == 200
        assert [seen.path for seen in proxy.seen] == ["http://sis.example/orgs"]


@pytest.mark.parametrize(
    ("entries", "host", "bypassed"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("localhost, 192.168.0.0/16,10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.1/8", "10.1.2.3", True),
        ("fe80::/10", "fe80::1", True),
        ("10.0.0.0/99,10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("fe80::/10", "10.1.2.3", False),
        ("10.0.0.0/8", "sis.example", False),
        ("/8,x/8", "10.1.2.3", False),
    ],
)
def test_c7_an_entry_of_no_proxy_may_be_a_network(entries: str, host: str, bypassed: bool, environment: Set) -> None:
    environment("HTTP_PROXY", "http://proxy.example:3128")
    environment("NO_PROXY", entries)
    url = httpx.URL(f"http://[{host}]/orgs" if ":" in host else f"http://{host}/orgs")
    assert (http_client._proxy_for(url) is None) is bypassed


@readers
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_that_does_not_respond_is_named_c8(read: Reader, variable: str, environment: Set) -> None:
    environment(variable, "http://user:s3cret@127.0.0.1:1")
    told = rf"through the proxy http://127\.0\.0\.1:1/? \({variable}\)"
    with pytest.raises((TransportError, KitError), match=told) as caught:
        read("http://sis.example")
    assert "s3cret" not in str(caught.value)


@readers
def test_a_proxy_that_wants_credentials_is_named_c8(read: Reader, environment: Set) -> None:
    with serve(lambda _: Answer(407, b"<html>")) as proxy:
        environment("HTTP_PROXY", proxy.origin.replace("://", "://user:s3cret@"))
        with pytest.raises((TransportError, KitError), match=r"proxy refused.*\(HTTP_PROXY\)") as caught:
            read("http://sis.example")
        assert len(proxy.seen) == 1
    assert "s3cret" not in str(caught.value)


def test_a_blank_proxy_is_none_c7(environment: Set) -> None:
    environment("HTTP_PROXY", "  ")
    assert http_client._proxy_for(httpx.URL("http://sis.example")) is None


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("HTTPS_PROXY", "http://user:s3cret@host:port", "HTTPS_PROXY"),
        ("HTTPS_PROXY", "ftp://user:s3cret@proxy", "HTTPS_PROXY"),
        ("ALL_PROXY", "://s3cret", "ALL_PROXY"),
        ("HTTPS_PROXY", "http://user:s3cret@xn--", "HTTPS_PROXY"),
        ("ALL_PROXY", "socks5://user:s3cret@proxy:1080", r"ALL_PROXY.*SOCKS.*oneroster-kit\[socks\]"),
        ("SSL_CERT_FILE", "/s3cret/not-there.pem", "SSL_CERT_FILE"),
    ],
)
def test_an_unusable_setting_is_named_without_its_value_c7(
    variable: str, value: str, told: str, environment: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "socksio", None)
    environment(variable, value)
    with pytest.raises(ConfigurationError, match=told) as caught:
        open_client(SyncTransport(), ["https://sis.example"])
    assert "s3cret" not in str(caught.value)
    with pytest.raises(ConfigurationError, match=told):
        open_async_client(AsyncTransport(), ["https://sis.example"])


@readers
def test_an_unusable_proxy_is_an_error_of_the_request(read: Reader, environment: Set) -> None:
    environment("HTTP_PROXY", "ftp://user:s3cret@proxy")
    with pytest.raises((ConfigurationError, KitError), match="HTTP_PROXY") as caught:
        read("http://sis.example")
    assert "s3cret" not in str(caught.value)


def test_a_setting_of_another_scheme_does_no_harm(environment: Set) -> None:
    environment("HTTPS_PROXY", "http://host:port")
    environment("SSL_CERT_FILE", "/not-there.pem")
    open_client(SyncTransport(), ["http://sis.example"]).close()


def test_certificates_are_loaded_once_and_for_https_only(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[ssl.SSLContext] = []
    create = httpx.create_ssl_context
    monkeypatch.setattr("httpx.create_ssl_context", lambda **options: loaded.append(create(**options)) or loaded[-1])
    with serve(lambda _: Answer()) as web, open_client(SyncTransport(), [web.origin]) as client:
        assert client.get(web.origin).status_code == 200
        plain = len([context for context in loaded if context.cert_store_stats()["x509_ca"]])
    open_client(SyncTransport(), ["https://sis.example/v1", "https://token.example/", "https://sis.example/v2"]).close()
    assert plain == 0
    assert len({id(context) for context in loaded if context.cert_store_stats()["x509_ca"]}) == 1


@readers
def test_certificates_of_the_environment_hold_on_this_machine_too_c6(
    read: Reader, environment: Set, tmp_path: Path
) -> None:
    environment("HTTPS_PROXY", "http://127.0.0.1:1")
    authority = Authority(tmp_path)
    with https(authority.issue()) as served:
        with pytest.raises((TransportError, KitError), match=r"CERTIFICATE_VERIFY_FAILED.*SSL_CERT_FILE"):
            read(served.origin)
        environment("SSL_CERT_FILE", str(authority.file))
        assert read(served.origin).status == 200


def test_closing_closes_every_route() -> None:
    with serve(lambda _: Answer()) as web:
        client = open_client(SyncTransport(), [web.origin, "https://sis.example"])
        client.get(web.origin)
        client.close()

        async def close() -> None:
            asynchronous = open_async_client(AsyncTransport(), [web.origin])
            assert (await asynchronous.get(web.origin)).status_code == 200
            await asynchronous.aclose()

        asyncio.run(close())
