"""HTTPS servers on loopback, with certificates of an authority made for the test."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["Authority", "Issued", "Served", "front", "https"]

_DAY = timedelta(days=1)


class Issued(NamedTuple):
    """The files of a certificate: the certificate alone, its key alone, and both in one."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """An authority that issues certificates into a folder.

    Args:
        folder: The folder.
        strict: Whether its certificates hold what Python 3.13 demands.
    """

    def __init__(self, folder: Path, *, strict: bool = True) -> None:
        self._folder, self._strict = folder, strict
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"authority {folder.name}")])
        built = self._builder(self._name, self._key.public_key(), 1)
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        if strict:
            others = "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
            usage = dict.fromkeys(f"{others} encipher_only decipher_only".split(), False)
            built = built.add_extension(x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True), critical=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        built = x509.CertificateBuilder(self._name, name, key, x509.random_serial_number())
        built = built.not_valid_before(now - 3 * _DAY).not_valid_after(now + days * _DAY)
        if not self._strict:
            return built
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return built.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False).add_extension(
            own, critical=False
        )

    def issue(self, name: str = "127.0.0.1", *, days: int = 1, password: bytes | None = None) -> Issued:
        """Issue a certificate for an address; with negative days, one that has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        built = self._builder(subject, key.public_key(), days).add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False
        )
        certificate = built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        files = Issued(*(self._folder / f"{len(list(self._folder.iterdir()))}-{part}.pem" for part in Issued._fields))
        for file, content in zip(files, (certificate, private, private + certificate), strict=True):
            file.write_bytes(content)
        return files


class _Handler(BaseHTTPRequestHandler):
    """Answers with an empty collection."""

    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.answer(200, b'{"orgs": []}', [])

    def log_message(self, *_: object) -> None:
        pass


class Served(NamedTuple):
    """A running server, and the connections that it has accepted."""

    origin: str
    connections: list[object]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.connections: list[object] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.append(client_address)
        super().process_request(request, client_address)

    def handle_error(self, *_: object) -> None:
        """A refused handshake is expected."""


@contextmanager
def https(
    server: Issued, client_authority: Path | None = None, handler: type[BaseHTTPRequestHandler] = _Handler
) -> Iterator[Served]:
    """Serve by https on loopback. With an authority, clients must have a certificate of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.both)
    if client_authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        # In TLS 1.3 a server refuses a client after the handshake; closing may overtake its alert.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(client_authority)
    with _Server(handler) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True, do_handshake_on_connect=False)
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Served(f"https://127.0.0.1:{running.server_port}", running.connections)
        finally:
            running.shutdown()
            thread.join()


@contextmanager
def front(
    base_url: str, server: Issued, client_authority: Path | None = None, required: tuple[str, str] | None = None
) -> Iterator[str]:
    """Serve another server by https; yields the origin. Requests without the required header are refused."""
    host = base_url.removeprefix("http://").partition("/")[0]

    class Forward(_Handler):
        def do_GET(self) -> None:
            if required is not None and self.headers.get(required[0]) != required[1]:
                self.answer(403, b"{}", [])
                return
            connection = HTTPConnection(host)
            connection.request(self.command, self.path, headers=dict(self.headers.items()))
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
            self.answer(answer.status, answer.read(), kept)
            connection.close()

        do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - the names that http.server calls

    with https(server, client_authority, Forward) as served:
        yield served.origin


_HOP = {"content-length", "connection", "transfer-encoding", "date", "server"}
