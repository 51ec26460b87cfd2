"""Clients: the base URL of a tenant, credentials, and the connection to use."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    import httpx

__all__ = ["AuthenticatedClient", "Client"]


def _without_slash(url: str) -> str:
    return str(url).rstrip("/")


def _copy(entries: Mapping[str, Any]) -> dict[str, Any]:
    return dict(entries)


def _check_base_url(_client: Client, _attribute: attrs.Attribute[str], value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("base_url must be an http or https URL with a host, without query and fragment")


def _check_header(_client: Client, attribute: attrs.Attribute[str], value: str) -> None:
    # httpx would raise as well, with the token in its message.
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise ValueError(f"{attribute.name} must be printable ASCII text")


@attrs.define(repr=False, eq=False)
class Client:
    """A client without credentials, or with those of `auth` or `httpx_args`.

    It has one connection pool for synchronous and one for asynchronous use, opened at the first request. Use it as a
    context manager, or close it. Threads can share it.

    Attributes:
        base_url: The base URL of the tenant, as in ``https://sis.example/ims/oneroster/v1p1``.
        service_urls: The base URLs of services that are not at `base_url`, by name; for versions with several services.
        cookies: Cookies sent with every request.
        headers: Headers sent with every request.
        timeout: Seconds to wait for connecting, for each read and for each write; None for no limit.
        verify_ssl: Whether to verify the server's certificate, or the SSL context to use.
        follow_redirects: Whether to follow redirects; otherwise a redirect raises a StatusError.
        auth: An authentication flow of httpx, such as a signer.
        limits: Limits of the connection pool; None for those of httpx.
        httpx_args: Further arguments of `httpx.Client` and `httpx.AsyncClient`, which override the above.
    """

    base_url: str = attrs.field(converter=_without_slash, validator=_check_base_url)
    service_urls: Mapping[str, str] = attrs.field(factory=dict, converter=_copy, kw_only=True)
    cookies: Mapping[str, str] = attrs.field(factory=dict, converter=_copy, kw_only=True)
    headers: Mapping[str, str] = attrs.field(factory=dict, converter=_copy, kw_only=True)
    timeout: float | httpx.Timeout | None = attrs.field(default=30.0, kw_only=True)
    verify_ssl: bool | ssl.SSLContext = attrs.field(default=True, kw_only=True)
    follow_redirects: bool = attrs.field(default=False, kw_only=True)
    auth: httpx.Auth | None = attrs.field(default=None, kw_only=True)
    limits: httpx.Limits | None = attrs.field(default=None, kw_only=True)
    httpx_args: Mapping[str, Any] = attrs.field(factory=dict, converter=_copy, kw_only=True)
    _sync: httpx.Client | None = attrs.field(default=None, init=False)
    _async: httpx.AsyncClient | None = attrs.field(default=None, init=False)
    _lock: Lock = attrs.field(factory=Lock, init=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._shown_url()!r})"

    def _shown_url(self) -> str:
        parts = urlsplit(self.base_url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    def service_url(self, service: str) -> str:
        """Return the base URL of a service."""
        return _without_slash(self.service_urls.get(service, self.base_url))

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """Return a copy that also sends these headers. The copy opens its own connections."""
        return attrs.evolve(self, headers={**self.headers, **headers})

    def with_cookies(self, cookies: Mapping[str, str]) -> Self:
        """Return a copy that also sends these cookies. The copy opens its own connections."""
        return attrs.evolve(self, cookies={**self.cookies, **cookies})

    def with_timeout(self, timeout: float | httpx.Timeout | None) -> Self:
        """Return a copy with another timeout in seconds. The copy opens its own connections."""
        return attrs.evolve(self, timeout=timeout)

    def _arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "headers": {"Accept": "application/json", **self.headers},
            "cookies": dict(self.cookies),
            "timeout": self.timeout,
            "verify": self.verify_ssl,
            "follow_redirects": self.follow_redirects,
            "auth": self.auth,
        }
        if self.limits is not None:
            arguments["limits"] = self.limits
        return {**arguments, **self.httpx_args}

    def set_httpx_client(self, client: httpx.Client) -> Self:
        """Use this httpx client, with its own headers, timeout and credentials. Returns this object."""
        self._sync = client
        return self

    def get_httpx_client(self) -> httpx.Client:
        """Return the httpx client for synchronous use; it is created at the first call."""
        with self._lock:
            if self._sync is None:
                import httpx

                self._sync = httpx.Client(**self._arguments())
            return self._sync

    def set_async_httpx_client(self, client: httpx.AsyncClient) -> Self:
        """Use this asynchronous httpx client; see `set_httpx_client`. Returns this object."""
        self._async = client
        return self

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Return the httpx client for asynchronous use; it is created at the first call."""
        with self._lock:
            if self._async is None:
                import httpx

                self._async = httpx.AsyncClient(**self._arguments())
            return self._async

    def close(self) -> None:
        """Close the synchronous connections; a later request opens new ones."""
        connection, self._sync = self._sync, None
        if connection is not None:
            connection.close()

    async def aclose(self) -> None:
        """Close the asynchronous connections; a later request opens new ones."""
        connection, self._async = self._async, None
        if connection is not None:
            await connection.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


@attrs.define(repr=False, eq=False)
class AuthenticatedClient(Client):
    """A client that sends a token with every request.

    Attributes:
        token: The token; it is in no repr and no message.
        prefix: The word before the token, "" for none.
        auth_header_name: The header that has both.
    """

    token: str = attrs.field(validator=_check_header)
    prefix: str = attrs.field(default="Bearer", kw_only=True, validator=_check_header)
    auth_header_name: str = attrs.field(default="Authorization", kw_only=True, validator=_check_header)

    def _arguments(self) -> dict[str, Any]:
        arguments = super()._arguments()
        value = f"{self.prefix} {self.token}" if self.prefix else self.token
        return {**arguments, "headers": {**arguments["headers"], self.auth_header_name: value}}
