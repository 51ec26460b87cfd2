"""TLS: certificates of the settings, and failures, which are named with cause and cure and not repeated."""

import ssl
from pathlib import Path

import httpx
import pytest

from oneroster import ConfigurationError, OneRoster, TransportError
from oneroster.contract.errors import KitError
from oneroster.transport.tls import TlsSettings, describe_tls_failure, tls_context, tls_failure
from tests.transport.hostile_readers import READERS, Reader
from tests.transport.tls_servers import Authority, https
from tests.web import Answer, serve

readers = pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    folder = tmp_path / "authority"
    folder.mkdir()
    return Authority(folder)


@readers
def test_an_authority_of_the_settings_is_trusted_c5(read: Reader, authority: Authority) -> None:
    with https(authority.issue()) as served:
        assert read(served.origin, tls=TlsSettings(ca_file=str(authority.file))).status == 200


@readers
@pytest.mark.parametrize("apart", [True, False], ids=["key apart", "key in the same file"])
def test_a_client_certificate_is_sent_c5(read: Reader, apart: bool, authority: Authority) -> None:
    own = authority.issue()
    tls = TlsSettings(str(authority.file), str(own.certificate if apart else own.both), str(own.key) if apart else None)
    with https(authority.issue(), authority.file) as served:
        assert read(served.origin, tls=tls).status == 200


class Failing:
    """Ways to fail at TLS: the server, what is trusted, and what the error says."""

    def __init__(self, authority: Authority, folder: Path) -> None:
        self.trusting = TlsSettings(ca_file=str(authority.file))
        (folder / "old").mkdir()
        old = Authority(folder / "old", strict=False)
        strict = ssl.create_default_context(cafile=old.file)
        strict.verify_flags |= ssl.VERIFY_X509_STRICT
        self.ways = {
            "unknown authority": (authority.issue(), None, TlsSettings(), r"VERIFY_FAILED.*ca_file \(--ca-file\)"),
            "other host": (authority.issue("127.0.0.2"), None, self.trusting, r"mismatch.*check base_url"),
            "expired": (authority.issue(days=-1), None, self.trusting, r"expired.*a new certificate"),
            "strict": (
                old.issue(),
                None,
                TlsSettings(context=strict),
                r"Python 3\.13.*VERIFY_X509_STRICT.*ssl_context",
            ),
            "client certificate": (authority.issue(), authority.file, self.trusting, r"client_cert and client_key"),
        }


@readers
@pytest.mark.parametrize("way", ["unknown authority", "other host", "expired", "strict", "client certificate"])
def test_a_tls_failure_names_cause_and_cure_and_is_not_repeated_c5(
    read: Reader, way: str, authority: Authority, tmp_path: Path
) -> None:
    server, clients, tls, said = Failing(authority, tmp_path).ways[way]
    with https(server, clients) as served, pytest.raises((TransportError, KitError), match=said) as caught:
        read(served.origin, tls=tls)
    assert len(served.connections) == 1
    assert getattr(caught.value, "permanent", True)


@readers
def test_a_server_that_speaks_no_tls_is_named_c5(read: Reader) -> None:
    with serve(lambda _: Answer()) as web, pytest.raises((TransportError, KitError), match=r"does not speak TLS"):
        read(web.origin.replace("http:", "https:"))


@pytest.mark.parametrize("name", ["ca_file", "client_cert"])
@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_that_cannot_be_used_is_named_c5(name: str, content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=rf"{name} .*file\.pem"):
        tls_context(TlsSettings(**{name: str(file)}))
    with pytest.raises(ConfigurationError, match=rf"{name} .*file\.pem"):
        _ = OneRoster(base_url="https://sis.example", token="t", **{name: file}).session  # type: ignore[arg-type]  # a keyword by name


def test_an_encrypted_key_asks_nobody_c5(authority: Authority) -> None:
    own = authority.issue(password=b"s3cret")
    with pytest.raises(ConfigurationError, match=r"client_key .* cannot be loaded .*unencrypted key"):
        tls_context(TlsSettings(client_cert=str(own.certificate), client_key=str(own.key)))


def test_a_lost_connection_is_no_tls_failure() -> None:
    error = httpx.ConnectError("lost")
    error.__cause__ = ssl.SSLEOFError(8, "EOF occurred in violation of protocol")
    assert tls_failure(error) is None
    assert tls_failure(httpx.ConnectError("refused")) is None
    refused = ssl.SSLError(1, "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE]")
    error.__cause__ = refused
    assert tls_failure(error) is refused
    assert "check the certificates" in describe_tls_failure(refused)
