"""The version of the standard that a tenant speaks: set, named by its URL, or found out by a request."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

import httpx

from oneroster.errors import ConfigurationError, DecodeError, OneRosterError, StatusError
from oneroster.operation_call import OperationCall
from oneroster.service_urls import version_in_url
from oneroster.settings import Settings
from oneroster.standard import DEFAULT, Standard
from oneroster.transport.bounded_response import RawResponse
from oneroster.transport.retry import Retry
from oneroster.transport.session import Session
from oneroster_runtime.lenient_json import parse_json

__all__ = ["Detected", "check_with_server", "detect_standard"]

_OK: Final = 200


class Detected(NamedTuple):
    """The version that a tenant speaks, and what says so.

    Attributes:
        standard: The version.
        source: What says so, as in ``the setting standard``.
        certain: Whether settings say so, and no request was needed.
    """

    standard: Standard
    source: str
    certain: bool = False

    def __str__(self) -> str:
        return f"OneRoster {self.standard.version} ({self.source})"


def detect_standard(settings: Settings, *, send: bool = True, **connection: Any) -> Detected:
    """Return the version of the standard that a tenant speaks.

    The setting ``standard`` decides, if the server does not contradict it; then the path of ``base_url``, then the
    kind of access, which only some versions have. Otherwise requests decide: for the discovery document of a version
    that has one, then for one record of a collection, newest version first. If nothing is answered as a version
    demands, the default version is returned.

    Args:
        settings: The settings of the tenant.
        send: Whether requests may be sent; otherwise the default version is returned where only these decide.
        connection: Further arguments of `Session`, as in ``ssl_context``.

    Raises:
        ConfigurationError: The setting ``standard`` names no version that is supported, one that has no such access, or
            one that the server does not speak, while it speaks another.
    """
    if settings.standard is not None:
        found = _checked(Detected(Standard.of(settings.standard), "the setting standard", certain=True), settings)
        if send and version_in_url(settings.base_url) is None:
            check_with_server(found.standard, settings, **connection)
        return found
    named = version_in_url(settings.base_url)
    if named in Standard.versions():
        return _checked(Detected(Standard.of(named), "the path of base_url", certain=True), settings)
    able = [standard for standard in _newest_first() if _offers_access(standard, settings)]
    if len(able) == 1:
        return Detected(able[0], f"access by {settings.access}", certain=True)
    for ask in (_by_discovery, _by_read) if send else ():
        for standard in able:
            # A tenant that cannot be reached is reported by the command itself, with its retries.
            with suppress(OneRosterError, httpx.HTTPError):
                if (source := ask(settings, standard, connection)) is not None:
                    return Detected(standard, source)
    return Detected(Standard.of(DEFAULT), "the default; no response tells the version")


def _newest_first() -> list[Standard]:
    versions = sorted(Standard.versions(), key=lambda version: [int(part) for part in version.split(".")], reverse=True)
    return [Standard.of(version) for version in versions]


def _offers_access(standard: Standard, settings: Settings) -> bool:
    """Return whether a version has the kind of access; a token may come from any."""
    schemes = standard.specification.security_trust
    return settings.access in {"bearer", "none"} or not schemes or settings.access in schemes


def _checked(detected: Detected, settings: Settings) -> Detected:
    if not _offers_access(detected.standard, settings):
        raise ConfigurationError(
            f"OneRoster {detected.standard.version}, by {detected.source}, has no access by {settings.access}: give the"
            " token endpoint besides client id and secret (token_url, --token-url, ONEROSTER_TOKEN_URL), or a token."
        )
    return detected


def check_with_server(standard: Standard, settings: Settings, **connection: Any) -> None:
    """Check by one read that a server does not speak another version than the one that is set.

    Where the path of the base URL names a version, that has been compared already.

    Args:
        standard: The version that is set.
        settings: The settings of the tenant.
        connection: Further arguments of `Session`.

    Raises:
        ConfigurationError: It does.
    """
    try:
        _by_read(settings, standard, connection)
        return
    except StatusError as error:
        if error.status_code != httpx.codes.NOT_FOUND:
            return
    except DecodeError:
        pass
    except (OneRosterError, httpx.HTTPError):
        # A tenant that cannot be reached is reported by the command itself, with its retries.
        return
    for other in _newest_first():
        if other is standard or not _offers_access(other, settings):
            continue
        with suppress(OneRosterError, httpx.HTTPError):
            source = _by_read(settings, other, connection)
            break
    else:
        return
    raise ConfigurationError(
        f"{settings.base_url} does not answer as OneRoster {standard.version}, which is set (standard, --standard,"
        f" ONEROSTER_STANDARD), but as {other.version}, by {source}. Set standard to {other.version}, or correct"
        " base_url."
    )


def _by_discovery(settings: Settings, standard: Standard, connection: dict[str, Any]) -> str | None:
    """Return what a discovery document says; it is asked for without credentials first."""
    anonymous = settings._replace(token=None, client_id=None, client_secret=None, token_url=None)
    for known in (anonymous, settings):
        session = Session(known, standard, Retry(attempts=1), **connection)
        try:
            for url in _discovery_urls(session, standard):
                raw = session.send("GET", url)
                if raw.status_code == _OK and _is_document(raw):
                    return f"its discovery document {url}"
                if raw.status_code == httpx.codes.UNAUTHORIZED:
                    break
            else:
                return None
        finally:
            session.close()
    return None


def _discovery_urls(session: Session, standard: Standard) -> Iterator[str]:
    """Yield the URLs of the discovery document of the first service, under each of its names."""
    for service, names in [*standard.specification.discovery.items()][:1]:
        yield from (f"{session.service_urls[service]}/discovery/{name}" for name in names)


def _is_document(raw: RawResponse) -> bool:
    with suppress(DecodeError):
        found = parse_json(raw.content)
        return isinstance(found, dict) and "openapi" in found
    return False


def _by_read(settings: Settings, standard: Standard, connection: dict[str, Any]) -> str | None:
    """Return what the read of one record says."""
    collections = (each.collection for each in standard.specification.elements.values() if each.collection)
    operation_id = next(collections)
    session = Session(settings._replace(standard=None), standard, Retry(attempts=1), **connection)
    try:
        call = OperationCall(standard, operation_id, {"limit": 1}, session.service_urls)
        request = call.request()
        call.read_page(session.send("GET", call.url(request)))
        return f"its response to {operation_id}"
    finally:
        session.close()
