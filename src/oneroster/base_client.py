"""The clients of any version of the standard: everything but the methods of the operations.

A client class for one version adds the methods of its generated facade::

    class Client(SyncClient, facade.Operations):
        standard = Standard.from_package(package)
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Self

from oneroster.classlink import make_roster_request
from oneroster.standard import Standard

if TYPE_CHECKING:
    import ssl
    from pathlib import Path
    from types import TracebackType

    import httpx

    from oneroster.operation_call import OperationCall
    from oneroster.pages import AsyncPages, Pages
    from oneroster.pagination.walk import Paging
    from oneroster.settings import Settings
    from oneroster.transport.bounded_response import ResponseLimits
    from oneroster.transport.retry import Retry
    from oneroster.transport.session import AsyncSession, Session
    from oneroster_runtime.http_client import Client

__all__ = ["AsyncClient", "BaseClient", "SyncClient"]


class BaseClient:
    """The settings of a client.

    Args:
        client_id: The client id, or OAuth 1.0a consumer key.
        client_secret: The client secret.
        base_url: The base URL of the tenant, up to and including a path such as ``/ims/oneroster/v1p1``. For a version
            with several services: that of one of them, or their root.
        token_url: The token endpoint. With it, the client authenticates by OAuth 2; without it, by OAuth 1.0a.
        token: A static bearer token, instead of id and secret.
        scopes: OAuth 2 scopes; None requests those of all reads. Writing requires further scopes.
        client_auth: How to send id and secret to the token endpoint: ``basic`` or ``body``.
        oauth1_method: ``HMAC-SHA256`` or ``HMAC-SHA1``.
        headers: Further HTTP headers, sent to the origin of the tenant only.
        ca_file: A PEM file with certificates to trust besides those of the environment.
        client_cert: A PEM file with the client certificate, which may hold its key as well.
        client_key: A PEM file with the unencrypted key of the client certificate.
        time_zone: The time zone of the tenant, as in ``America/New_York``.
        allow_http: Whether rosters and credentials may cross the network unencrypted.
        standard: The version of the standard that the tenant serves, as in ``1.1``. It must be that of the client. If
            the first read fails, and the server answers as another version, the error says so.
        service_urls: The base URLs of services that are not below `base_url`, by name.
        tenant: The name of a tenant in the configuration file, see `oneroster.settings`.
        config: The path of the configuration file.
        retry: The retry policy for reads.
        limits: The limits of one response.
        paging: How collections are read.
        ssl_context: Your own TLS context, instead of `ca_file`, `client_cert` and the certificates of the environment.
        http_client: Your own httpx client to send through, of the same kind as this client. It stays open. Its proxies,
            certificates and hooks hold, and the tenant also gets its headers; its authentication is not used.

    Settings that are not given are taken from ``ONEROSTER_*`` environment variables. Nothing is checked, loaded or sent
    before the first request.

    Attributes:
        standard: The version of the standard that the client speaks.
    """

    standard: ClassVar[Standard]

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        base_url: str | None = None,
        token_url: str | None = None,
        token: str | None = None,
        scopes: Sequence[str] | None = None,
        client_auth: str | None = None,
        oauth1_method: str | None = None,
        headers: Mapping[str, str] | None = None,
        ca_file: "str | Path | None" = None,
        client_cert: "str | Path | None" = None,
        client_key: "str | Path | None" = None,
        time_zone: str | None = None,
        allow_http: bool | None = None,
        standard: str | None = None,
        service_urls: Mapping[str, str] | None = None,
        tenant: str | None = None,
        config: "str | Path | None" = None,
        retry: "Retry | None" = None,
        limits: "ResponseLimits | None" = None,
        paging: "Paging | None" = None,
        ssl_context: "ssl.SSLContext | None" = None,
        http_client: "httpx.Client | httpx.AsyncClient | None" = None,
    ) -> None:
        self._given: dict[str, Any] = {
            "client_id": client_id,
            "client_secret": client_secret,
            "base_url": base_url,
            "token_url": token_url,
            "token": token,
            "scopes": scopes if scopes is None or isinstance(scopes, str) else " ".join(scopes),
            "client_auth": client_auth,
            "oauth1_method": oauth1_method,
            "headers": headers,
            "ca_file": ca_file,
            "client_cert": client_cert,
            "client_key": client_key,
            "time_zone": time_zone,
            "allow_http": allow_http,
            "standard": standard,
            "service_urls": service_urls,
        }
        self._connection = {"ssl_context": ssl_context, "http_client": http_client}
        self._tenant, self._config = tenant, config
        self._retry, self._limits, self._paging_given = retry, limits, paging
        self._lock = Lock()

    def _open(self, kind: Any) -> Any:
        from oneroster.service_urls import check_standard
        from oneroster.settings import resolve_settings
        from oneroster.transport.bounded_response import ResponseLimits
        from oneroster.transport.retry import Retry

        settings = resolve_settings(self._given, os.environ, self._tenant, self._config)
        check_standard(settings, self.standard)
        session = kind(
            settings, self.standard, self._retry or Retry(), self._limits or ResponseLimits(), **self._connection
        )
        if settings.standard is not None:
            session.doubt = partial(self._check_with_server, settings)
        return session

    def _check_with_server(self, settings: "Settings") -> None:
        """Check that the server speaks the version that is set, where the base URL does not show it.

        Raises:
            ConfigurationError: It speaks another.
        """
        from oneroster.detection import check_with_server
        from oneroster.service_urls import version_in_url

        # An asynchronous client of the caller can send nothing from the thread that this runs in.
        own = self._connection["http_client"] is None or isinstance(self, SyncClient)
        if own and version_in_url(settings.base_url) is None:
            check_with_server(self.standard, settings, **self._connection)

    @property
    def _paging(self) -> "Paging":
        from oneroster.pagination.walk import Paging

        return self._paging_given or Paging()

    def _call(
        self, base_url: Mapping[str, str], operation_id: str, arguments: dict[str, Any], body: Any = None
    ) -> "OperationCall":
        from oneroster.operation_call import OperationCall

        return OperationCall(self.standard, operation_id, arguments, base_url, body)

    def _generated_client(self, base_urls: Mapping[str, str]) -> "Client":
        first = next(iter(base_urls.values()))
        client: Client = import_module(self.standard.package).Client(first, service_urls=base_urls)
        return client

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._given['base_url']!r}, tenant={self._tenant!r})"


class SyncClient(BaseClient):
    """A synchronous client. Use it as a context manager, or close it. Threads may share it."""

    _session: "Session | None" = None

    @property
    def session(self) -> "Session":
        """The connections to the tenant, opened on first use.

        Raises:
            ConfigurationError: A setting is missing or invalid.
        """
        from oneroster.transport.session import Session

        with self._lock:
            if self._session is None:
                self._session = self._open(Session)
            return self._session

    @property
    def api(self) -> "Client":
        """The generated client, with the same connections and authentication but without retries and paging."""
        return self._generated_client(self.session.service_urls).set_httpx_client(self.session.client)

    def make_roster_request(self, url: str) -> dict[str, int | str]:
        """Send a GET to any URL, signed by OAuth 1.0a with HMAC-SHA256, as ClassLink's class does (7.3 [A]).

        Args:
            url: The whole URL, including the query. The request is signed for any host, so take the URL from your own
                configuration and never from a record.

        Returns:
            ``status_code`` (0 if no response was received) and ``response``, the body as text. An error status does
            not raise.
        """
        return make_roster_request(url, self._given["client_id"] or "", self._given["client_secret"] or "")

    def _collection(self, operation_id: str, arguments: dict[str, Any]) -> "Pages[Any]":
        from oneroster.pages import WalkedPages

        session = self.session
        return WalkedPages(session, self._call(session.service_urls, operation_id, arguments), self._paging)

    def _read(self, operation_id: str, arguments: dict[str, Any]) -> Any:
        session = self.session
        call = self._call(session.service_urls, operation_id, arguments)
        return session.read(call.url(call.request()), call.read_record, operation_id)

    def _write(self, operation_id: str, arguments: dict[str, Any], body: Any) -> None:
        session = self.session
        call = self._call(session.service_urls, operation_id, arguments, body)
        request = call.request()
        call.response(session.write(request.method, call.url(request), request.body, operation_id), request)

    def _create(self, operation_id: str, arguments: dict[str, Any], body: Iterable[Any]) -> Any:
        session = self.session
        call = self._call(session.service_urls, operation_id, arguments, body)
        request = call.request()
        return call.read_created(session.write(request.method, call.url(request), request.body, operation_id), request)

    def close(self) -> None:
        """Close all connections. The client opens new ones if it is used again."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.close()


class AsyncClient(BaseClient):
    """An asynchronous client. Use it as an async context manager, or close it.

    Each event loop has its own connections.
    """

    _session: "AsyncSession | None" = None

    @property
    def session(self) -> "AsyncSession":
        """The connections to the tenant, opened on first use.

        Raises:
            ConfigurationError: A setting is missing or invalid.
        """
        from oneroster.transport.session import AsyncSession

        if self._session is None:
            self._session = self._open(AsyncSession)
        return self._session

    @property
    def api(self) -> "Client":
        """The generated client, with the same connections and authentication but without retries and paging."""
        return self._generated_client(self.session.service_urls).set_async_httpx_client(self.session.client)

    def _collection(self, operation_id: str, arguments: dict[str, Any]) -> "AsyncPages[Any]":
        from oneroster.pages import AsyncWalkedPages

        session = self.session
        return AsyncWalkedPages(session, self._call(session.service_urls, operation_id, arguments), self._paging)

    async def _read(self, operation_id: str, arguments: dict[str, Any]) -> Any:
        session = self.session
        call = self._call(session.service_urls, operation_id, arguments)
        return await session.read(call.url(call.request()), call.read_record, operation_id)

    async def _write(self, operation_id: str, arguments: dict[str, Any], body: Any) -> None:
        session = self.session
        call = self._call(session.service_urls, operation_id, arguments, body)
        request = call.request()
        call.response(await session.write(request.method, call.url(request), request.body, operation_id), request)

    async def _create(self, operation_id: str, arguments: dict[str, Any], body: Iterable[Any]) -> Any:
        session = self.session
        call = self._call(session.service_urls, operation_id, arguments, body)
        request = call.request()
        raw = await session.write(request.method, call.url(request), request.body, operation_id)
        return call.read_created(raw, request)

    async def close(self) -> None:
        """Close all connections. The client opens new ones if it is used again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        await self.close()
