"""The tenant to test: its base URL, dialect and credentials, made from the settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, get_args

import httpx

from oneroster.contract.dialects.overlay import OverlayError, chosen_profile, dialect_specification
from oneroster.contract.http.credentials import (
    BearerToken,
    Credentials,
    HttpMethod,
    NoCredentials,
    OAuth1Credentials,
    OAuth2Credentials,
)
from oneroster.contract.http.exchange import Exchange
from oneroster.errors import ConfigurationError
from oneroster.service_urls import service_urls
from oneroster.setting_values import Headers, ServiceUrls
from oneroster.settings import Settings, variable_of
from oneroster.standard import Standard
from oneroster.transport.tls import TlsSettings
from oneroster.transport.urls import origin_of, origins_of
from oneroster_runtime.specification import Specification

__all__ = ["DEFAULT_PROFILE", "Target", "required_scopes"]

DEFAULT_PROFILE: Final = "standard"


@dataclass(frozen=True, slots=True)
class Target:
    """A tenant to test.

    Attributes:
        base_url: The base URL.
        profile: The name of the profile.
        access: The credentials.
        allow_writes: Whether the kit may create objects in the tenant.
        standard: The version of the standard.
        overlay: The path of an overlay file on top of the profile, or empty.
        headers: Further headers, as pairs of name and value, sent to the origin of the tenant only.
        tls: The certificates to trust and to send.
        service_urls: The base URLs of services that are not below `base_url`, as pairs of name and URL.
    """

    base_url: str
    profile: str = DEFAULT_PROFILE
    access: Credentials = field(default_factory=NoCredentials, repr=False)
    allow_writes: bool = False
    standard: Standard = field(default_factory=Standard.of, repr=False)
    overlay: str = ""
    headers: Headers = field(default=(), repr=False)
    tls: TlsSettings = field(default_factory=TlsSettings, repr=False)
    service_urls: ServiceUrls = ()

    @property
    def urls(self) -> Mapping[str, str]:
        """The base URL of each service, by name."""
        return service_urls(Settings(self.base_url, service_urls=self.service_urls), self.standard)

    def url_of(self, path: str) -> str:
        """Return the URL of a path below a base URL: that of the service with an operation there, or of the first."""
        urls = self.urls
        service = _service_at(self.standard, path) if len(urls) > 1 else None
        return urls.get(service or "", next(iter(urls.values()))) + path

    def below(self, url: str) -> str:
        """Return a URL without the base URL that it begins with."""
        base = next((each for each in self.urls.values() if url.startswith(each)), "")
        return url.removeprefix(base)

    def curl_options(self, url: str) -> str:
        """Return the options of curl that send headers and certificates to a URL, as environment variables."""
        headers = self.headers if self.headers and origin_of(url) in origins_of(self.urls.values()) else ()
        words = [f'-H "{name}: ${_variable(name)}"' for name, _ in headers]
        files = {"--cacert": "ca_file", "--cert": "client_cert", "--key": "client_key"}
        words += [f'{option} "${variable_of(name)}"' for option, name in files.items() if getattr(self.tls, name)]
        return " ".join(words)

    def command(self, request: str) -> str | None:
        """Return the curl command that repeats a read by its request line, secrets as environment variables.

        Args:
            request: A method and a path below the base URL, with its query.

        Returns:
            None for the line of a request that is not a read.
        """
        method, _, below = request.partition(" ")
        if method not in get_args(HttpMethod) or not below.startswith("/"):
            return None
        url = self.url_of(below)
        options = " ".join(filter(None, [self.access.curl(), self.curl_options(url)]))
        return Exchange(method, below, url, 0, httpx.Headers(), b"", curl_access=options).curl

    @classmethod
    def from_settings(
        cls, settings: Settings, *, allow_writes: bool = False, standard: Standard | None = None
    ) -> "Target":
        """Return the tenant that settings name; see `oneroster.settings.resolve_settings`.

        Args:
            settings: The settings. Without credentials, requests are sent without them.
            allow_writes: Whether the kit may create objects in the tenant.
            standard: The version of the standard; the default version if None.

        Raises:
            ConfigurationError: The profile or the overlay cannot be used.
        """
        version = standard or Standard.of()
        overlay = settings.overlay or ""
        try:
            profile = chosen_profile(settings.profile or "", overlay, version)
            dialect_specification(profile, version, overlay)
        except OverlayError as error:
            raise ConfigurationError(str(error)) from error
        access = _credentials(settings, required_scopes(version.specification, writes=allow_writes))
        tls = TlsSettings.of(settings)
        urls = settings.service_urls
        return cls(settings.base_url, profile, access, allow_writes, version, overlay, settings.headers, tls, urls)


@cache
def _patterns(standard: Standard) -> list[tuple[re.Pattern[str], str]]:
    operations = standard.specification.operations.values()
    return [(re.compile(re.sub(r"\{[^}]*\}", "[^/]+", one.path)), one.service) for one in operations]


def _service_at(standard: Standard, path: str) -> str | None:
    """Return the service that has an operation at a path."""
    bare = path.partition("?")[0]
    return next((service for pattern, service in _patterns(standard) if pattern.fullmatch(bare)), None)


def _variable(header: str) -> str:
    """Return an environment variable for the value of a header, as in ``X_VENDOR_KEY``."""
    return re.sub(r"[^A-Z0-9]", "_", header.upper())


def _credentials(settings: Settings, default_scopes: tuple[str, ...]) -> Credentials:
    if settings.token is not None:
        return BearerToken(settings.token)
    if settings.client_id is None or settings.client_secret is None:
        return NoCredentials()
    if settings.token_url is None:
        return OAuth1Credentials(settings.client_id, settings.client_secret, settings.oauth1_method)
    scopes = default_scopes if settings.scopes is None else tuple(settings.scopes.split())
    in_body = settings.client_auth == "body"
    return OAuth2Credentials(settings.token_url, settings.client_id, settings.client_secret, scopes, in_body)


def required_scopes(specification: Specification, *, writes: bool = False) -> tuple[str, ...]:
    """Return the OAuth 2 scopes of all reads of the standard, each once; with ``writes`` of all operations."""
    operations = (each for each in specification.operations.values() if writes or each.method == "GET")
    return tuple(dict.fromkeys(scope for operation in operations for scope in operation.oauth_scopes))
