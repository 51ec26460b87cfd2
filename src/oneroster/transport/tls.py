"""TLS: which certificates are trusted and sent, and why a handshake failed, with what to do about it."""

import os
import ssl
from collections.abc import Iterator
from typing import Final, NamedTuple

import httpx

from oneroster.error_words import words_of
from oneroster.errors import ConfigurationError
from oneroster.settings import Settings, option_of

__all__ = ["TlsSettings", "describe_tls_failure", "tls_context", "tls_failure"]


class TlsSettings(NamedTuple):
    """What a client trusts, and what it shows of itself.

    Attributes:
        ca_file: The path of a PEM file with certificates to trust besides those of the environment.
        client_cert: The path of a PEM file with the client certificate.
        client_key: The path of a PEM file with its key, if the file of the certificate does not hold it.
        context: The caller's own context, instead of all of these.
    """

    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    context: ssl.SSLContext | None = None

    @classmethod
    def of(cls, settings: Settings, context: ssl.SSLContext | None = None) -> "TlsSettings":
        """Return the settings of a tenant."""
        return cls(settings.ca_file, settings.client_cert, settings.client_key, context)


def tls_context(tls: TlsSettings) -> ssl.SSLContext:
    """Return the context for connections to a tenant.

    Raises:
        ConfigurationError: Certificates or the key cannot be loaded.
    """
    if tls.context is not None:
        return tls.context
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if file or folder:
            # httpx 0.27 ignores a file that is missing, and 0.28 does not.
            context = ssl.create_default_context(cafile=file or None, capath=None if file else folder)
        else:
            context = httpx.create_ssl_context(verify=True, trust_env=False)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"The certificates cannot be loaded ({words_of(error)}). Check SSL_CERT_FILE and SSL_CERT_DIR in the"
            " environment."
        ) from None
    if tls.ca_file is not None:
        try:
            context.load_verify_locations(tls.ca_file)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"ca_file {tls.ca_file} cannot be loaded ({words_of(error)}); it must hold certificates as PEM."
            ) from None
    if tls.client_cert is not None:
        _load_client_certificate(context, tls.client_cert, tls.client_key)
    return context


def _load_client_certificate(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    try:
        # Without a function, the SSL library asks for the password of an encrypted key on the terminal.
        context.load_cert_chain(certificate, key, password=_refuse_encrypted_key)
    except (OSError, ValueError) as error:
        files = certificate if key is None else f"{certificate} with client_key {key}"
        raise ConfigurationError(
            f"client_cert {files} cannot be loaded ({words_of(error)}). A certificate and its unencrypted key are"
            " expected as PEM; client_key names the file of the key."
        ) from None


def _refuse_encrypted_key() -> str:
    raise ValueError("the key is encrypted")


def tls_failure(error: BaseException | None) -> ssl.SSLError | None:
    """Return the TLS error that caused an error, if every further attempt would fail in the same way."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            # These say that the connection was lost, not that one side refused the other.
            lost = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError)
            return None if lost else error
        # httpcore raises its errors "from None", which leaves their origin in the context only.
        error = error.__cause__ or error.__context__
    return None


_STRICT: Final = (
    "authority key identifier",
    "subject key identifier",
    "basic constraints",
    "key usage",
    "path length",
    "empty subject",
    "issuer name empty",
    "subject alternative name",
    "version 3",
)
"""What VERIFY_X509_STRICT finds wrong with certificates, in words of OpenSSL."""


def describe_tls_failure(error: ssl.SSLError) -> str:
    """Return the cause of a TLS failure and what to do; the text is of the TLS library, never of the server."""
    fix = next(_fixes(error), "check the certificates on both sides")
    return f"{_cause(error)}; {fix}"


def _cause(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"CERTIFICATE_VERIFY_FAILED: {error.verify_message}"
    return f"TLS failed: {_reason(error) or type(error).__name__}"


def _fixes(error: ssl.SSLError) -> Iterator[str]:
    """Yield what to do about a TLS failure, the most specific advice first."""
    message = str(getattr(error, "verify_message", "")).lower()
    reason = _reason(error).lower().replace("_", " ")
    if "mismatch" in message:
        yield "the certificate is of another host: check base_url, or let the server present its own certificate"
    if "expired" in message or "not yet valid" in message:
        yield "the server needs a new certificate, or the clock of this machine is wrong"
    if any(words in message for words in _STRICT):
        yield (
            "Python 3.13 and later refuse such certificates, which earlier versions accepted (ssl.VERIFY_X509_STRICT):"
            " let the certificate be issued again, or pass an ssl_context without that flag to the client"
        )
    if message:
        option = option_of("ca_file")
        yield (
            f"if the server is right, its authority is not known here: ca_file ({option}) or SSL_CERT_FILE names a file"
            " with the authority's certificate; a server that leaves out intermediate certificates must send them"
        )
    if "wrong version number" in reason or "http request" in reason:
        yield "the server does not speak TLS on this port; check scheme and port of base_url"
    if "unsupported protocol" in reason or "protocol version" in reason:
        yield "the server offers only versions of TLS that are no longer secure; it must support a newer one"
    if any(words in reason for words in ("certificate required", "bad certificate", "handshake failure", "unknown ca")):
        option = option_of("client_cert")
        yield f"the server may require a client certificate that it knows: client_cert and client_key ({option})"


def _reason(error: ssl.SSLError) -> str:
    # An error of the alert of the other side has one; others may have no such attribute.
    return str(getattr(error, "reason", None) or "")
