"""The values of settings: how each kind is read from text or from TOML, and what is invalid.

No message shows a value, which may be a secret.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from oneroster.bounded_files import read_at_most
from oneroster.error_words import words_of
from oneroster.errors import ConfigurationError
from oneroster.url_checks import http_url_problem, is_http_url, sends_in_clear

__all__ = [
    "FLAGS",
    "HEADERS",
    "SECRETS",
    "SERVICE_URLS",
    "Headers",
    "ServiceUrls",
    "invalid_settings",
    "merged_headers",
    "read_flag",
    "read_header_references",
    "read_reference",
    "read_service_urls",
]

Headers = tuple[tuple[str, str], ...]
"""Names and values of HTTP headers; the names are in lower case."""

ServiceUrls = tuple[tuple[str, str], ...]
"""Names of services and their base URLs."""

SECRETS: Final = frozenset({"client_secret", "token"})
"""Settings whose values must not be in a configuration file."""
_MOST_SECRET_BYTES: Final = 1 << 20

FLAGS: Final = frozenset({"allow_http"})
"""Settings that are true or false."""
HEADERS: Final = "headers"
"""The setting that holds HTTP headers."""
SERVICE_URLS: Final = "service_urls"
"""The setting that holds the base URLs of services."""

_CHOICES: Final = {"client_auth": ("basic", "body"), "oauth1_method": ("HMAC-SHA256", "HMAC-SHA1")}
"""The values of the settings that have few."""
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off", ""})
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_HEADERS: Final = frozenset(
    {"accept-encoding", "authorization", "connection", "content-encoding", "content-length", "content-type", "expect"}
    | {"host", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers that the client sets, or that describe the connection."""


def read_flag(label: str, value: object) -> bool:
    """Return a setting that is true or false, from a bool or from text.

    Raises:
        ConfigurationError: It is neither.
    """
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else "?"
    if word not in _TRUE | _FALSE:
        raise ConfigurationError(f"{label} must be true or false.")
    return word in _TRUE


def read_reference(label: str, kind: str, name: str, environ: Mapping[str, str]) -> str:
    """Return the secret that a reference leads to.

    Args:
        label: The setting, for messages.
        kind: ``env`` or ``file``.
        name: The name of the environment variable, or the path of the file.
        environ: The environment variables.

    Raises:
        ConfigurationError: The secret does not exist.
    """
    if kind == "env":
        if not environ.get(name):
            raise ConfigurationError(f"{label}: the environment variable {name} is not set.")
        return environ[name]
    try:
        secret = read_at_most(Path(name), _MOST_SECRET_BYTES).decode("utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{label}: {name} cannot be read ({words_of(error)}).") from error
    if not secret:
        raise ConfigurationError(f"{label}: {name} is empty.")
    return secret


def read_header_references(label: str, references: Iterable[str], environ: Mapping[str, str]) -> Headers:
    """Return the headers that references of the form ``NAME=env:VARIABLE`` or ``NAME=file:PATH`` name.

    Args:
        label: The option or variable that holds the references, for messages.
        references: The references.
        environ: The environment variables.

    Raises:
        ConfigurationError: A reference has another form, or leads nowhere.
    """
    found = []
    for reference in references:
        name, _, source = reference.partition("=")
        kind, _, place = source.partition(":")
        if kind not in ("env", "file") or not place or not _HEADER_NAME.fullmatch(name.strip()):
            raise ConfigurationError(
                f"{label} must be NAME=env:VARIABLE or NAME=file:PATH: the value of a header may be a secret, so it is"
                " read from an environment variable or from a file."
            )
        found.append((name.strip().lower(), read_reference(f"{label}, {name.strip()}", kind, place, environ)))
    return tuple(found)


def read_service_urls(label: str, given: object) -> ServiceUrls:
    """Return the base URLs of services, from a mapping or from texts of the form ``SERVICE=URL``.

    Args:
        label: The option, variable or setting that holds them, for messages.
        given: The mapping or the texts.

    Raises:
        ConfigurationError: They have another form.
    """
    pairs: list[tuple[object, object]] = []
    if isinstance(given, Mapping):
        pairs = list(given.items())
    elif isinstance(given, Iterable) and not isinstance(given, str):
        texts = [str(each).strip() for each in given]
        pairs = [(name.strip(), url) for name, _, url in (text.partition("=") for text in texts if text)]
    found = tuple((name, url.rstrip("/")) for name, url in pairs if isinstance(name, str) and isinstance(url, str))
    if not found or len(found) < len(pairs) or not all(name and url for name, url in found):
        raise ConfigurationError(f"{label} must name services with their base URLs, as in gradebook=https://….")
    return found


def merged_headers(stored: Headers, given: Headers) -> Headers:
    """Return stored headers with those of an argument added; a given header replaces a stored one of its name."""
    return tuple({**dict(stored), **dict(given)}.items())


def invalid_settings(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is invalid, without its value."""
    yield from _invalid_urls(found)
    yield from _invalid_credentials(found)
    yield from _invalid_headers(found.get(HEADERS, ()))
    for name, choices in _CHOICES.items():
        if name in found and found[name] not in choices:
            yield f"{name} must be {' or '.join(choices)}"
    yield from _invalid_service_urls(found.get(SERVICE_URLS, ()))
    if "client_key" in found and "client_cert" not in found:
        yield "client_key is given without client_cert"
    if "time_zone" in found and not _is_time_zone(found["time_zone"]):
        yield "time_zone must be the name of a time zone, as in America/New_York"


def _invalid_urls(found: Mapping[str, Any]) -> Iterator[str]:
    for name in ("base_url", "token_url"):
        if name in found and (problem := http_url_problem(found[name])):
            yield f"{name} must be an http(s) URL without user info; {problem}"
    if set("?#") & set(found.get("base_url", "")):
        # The paths of the operations are appended to it.
        yield "base_url must have no query and no fragment"
    if "#" in (url := found.get("token_url", "")):
        yield "token_url must have no fragment"
    elif is_http_url(url) and sends_in_clear(url) and not found.get("allow_http"):
        yield (
            "token_url must be https: the client secret would cross the network unencrypted (allow_http = true,"
            " ONEROSTER_ALLOW_HTTP=1 or --allow-http permits it)"
        )


def _invalid_service_urls(urls: ServiceUrls) -> Iterator[str]:
    for name, url in urls:
        if not is_http_url(url) or set("?#") & set(url):
            yield f"service_urls: {name} must be an http(s) URL without user info, query and fragment"


def _invalid_credentials(found: Mapping[str, Any]) -> Iterator[str]:
    if "token" in found:
        token = found["token"]
        if "client_id" in found:
            yield "token and client_id are both given; give a token, or a client id and secret"
        if not token.strip():
            yield "token is empty"
        elif not token.isascii() or not token.isprintable():
            yield "token must be printable ASCII text without line breaks"
    for name in ("client_id", "client_secret"):
        if not found.get(name, "").isprintable():
            yield f"{name} must be printable text without line breaks"


def _invalid_headers(headers: Headers) -> Iterator[str]:
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name):
            yield "headers: a name of a header must consist of letters, digits and dashes"
        elif name in _OWN_HEADERS:
            hint = "; give a token, or a client id and secret" if name == "authorization" else ""
            yield f"headers: {name} is set by the client{hint}"
        elif not value.strip() or not value.isascii() or not value.isprintable():
            yield f"headers: the value of {name} must be printable ASCII text without line breaks"


def _is_time_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True
