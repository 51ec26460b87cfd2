"""How HTTP clients are opened: proxies, certificates and deadlines, the same for every client of the project.

Proxies come from the environment, as in httpx, with three differences: a server on this machine is never reached
through a proxy; an entry of ``NO_PROXY`` may be a network, as in ``10.0.0.0/8``; one that cannot be understood matches
nothing instead of failing. Certificates come from ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``, or else from certifi, and
from the settings of the tenant. They are loaded for https:// only.
"""

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address, ip_network
from typing import Any, Final, Generic, NamedTuple, TypeVar
from urllib.request import getproxies, proxy_bypass

import httpx

from oneroster.errors import ConfigurationError
from oneroster.transport.deadline import DeadlineBackend
from oneroster.transport.tls import TlsSettings, tls_context
from oneroster.transport.urls import is_loopback, origin_of, origins_of, redacted

__all__ = ["AsyncTransport", "HeadersForTenant", "SyncTransport", "open_async_client", "open_client"]

_DEFAULT_TLS: Final = TlsSettings()

T = TypeVar("T")

_REFUSED: Final = "407 Proxy Authentication Required"
_PROXY_SCHEMES: Final = ("http", "https", "socks5", "socks5h")


class _Proxy(NamedTuple):
    """A proxy of the environment; ``url`` may hold a password."""

    url: httpx.URL
    variable: str

    @property
    def name(self) -> str:
        return f"the proxy {redacted(self.url)} ({self.variable})"


def _proxy_for(url: httpx.URL) -> _Proxy | None:
    """Return the proxy that the environment sets for a URL.

    Raises:
        ConfigurationError: The variable does not hold the URL of a proxy.
    """
    if is_loopback(url):
        return None
    proxies = getproxies()
    scheme = url.scheme if proxies.get(url.scheme) else "all"
    value = (proxies.get(scheme) or "").strip()
    host = f"[{url.host}]" if ":" in url.host else url.host
    if not value or _is_in_network(url.host, proxies.get("no", "")):
        return None
    if proxy_bypass(host) or (url.port is not None and proxy_bypass(f"{host}:{url.port}")):
        return None
    variable = f"{scheme.upper()}_PROXY"
    try:
        found = httpx.URL(value if "://" in value else f"http://{value}")
        usable = found.scheme in _PROXY_SCHEMES and bool(found.host)
    except (httpx.InvalidURL, ValueError):
        usable = False
    if not usable:
        # The value may hold a password, so it is not shown.
        raise ConfigurationError(f"{variable} in the environment is not the URL of a proxy (http, https or socks5).")
    return _Proxy(found, variable)


def _is_in_network(host: str, entries: str) -> bool:
    """Return whether a host is an address in one of the networks that ``NO_PROXY`` lists."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    for entry in entries.split(","):
        with suppress(ValueError):
            if "/" in entry and address in ip_network(entry.strip().strip("[]"), strict=False):
                return True
    return False


class _Routes(Generic[T]):
    """One transport of httpx for each way to a server: direct or through a proxy, with TLS or without."""

    def __init__(self, make: Callable[..., T], tls: TlsSettings) -> None:
        self._make, self._tls = make, tls
        self._transports: dict[tuple[str | None, bool], T] = {}
        self._found: dict[tuple[str, str, int | None], tuple[T, _Proxy | None]] = {}
        self._lock = threading.Lock()

    def find(self, url: httpx.URL) -> tuple[T, _Proxy | None]:
        """Return the transport for a URL, and its proxy.

        Raises:
            ConfigurationError: The proxy or the certificates in the environment cannot be used.
        """
        origin = origin_of(url)
        with self._lock:
            if origin not in self._found:
                proxy, tls = _proxy_for(url), url.scheme != "http"
                key = (str(proxy.url) if proxy else None, tls)
                if key not in self._transports:
                    self._transports[key] = self._open(proxy, tls)
                self._found[origin] = self._transports[key], proxy
            return self._found[origin]

    def _open(self, proxy: _Proxy | None, tls: bool) -> T:
        # Without certificates a context trusts no server. It is not used for http://, and costs nothing.
        context = tls_context(self._tls) if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            return self._make(verify=context, proxy=None if proxy is None else httpx.Proxy(proxy.url))
        except ImportError:
            variable = "the environment" if proxy is None else proxy.variable
            raise ConfigurationError(
                f"{variable} names a SOCKS proxy, which needs a package of its own: pip install 'oneroster-kit[socks]'."
            ) from None

    def opened(self) -> list[T]:
        return list(self._transports.values())


def _is_refusal(response: httpx.Response, proxy: _Proxy | None) -> bool:
    """Return whether a response is of the proxy, which wants other credentials, and not of the server."""
    return proxy is not None and response.status_code == httpx.codes.PROXY_AUTHENTICATION_REQUIRED


@contextmanager
def _naming(proxy: _Proxy | None) -> Iterator[None]:
    """Note the proxy on errors, for their descriptions."""
    try:
        yield
    except httpx.TransportError as error:
        if proxy is not None:
            error.add_note(f"through {proxy.name}")
        raise


class SyncTransport(httpx.BaseTransport):
    """Sends requests, each on its route, within the deadline of the thread; see `oneroster.transport.deadline`.

    Args:
        tls: The certificates to trust and to send.
    """

    def __init__(self, tls: TlsSettings = _DEFAULT_TLS) -> None:
        self._backend = DeadlineBackend()
        self._routes = _Routes(self._make, tls)

    def _make(self, **options: Any) -> httpx.HTTPTransport:
        transport = httpx.HTTPTransport(**options)
        # httpcore has a public argument for this, which httpx does not pass on.
        transport._pool._network_backend = self._backend  # noqa: SLF001  # see above
        return transport

    def prepare(self, url: str) -> None:
        """Open the route to a URL before anything is sent.

        Raises:
            ConfigurationError: The proxy or the certificates in the environment cannot be used.
        """
        self._routes.find(httpx.URL(url))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on its route."""
        transport, proxy = self._routes.find(request.url)
        with _naming(proxy):
            response = transport.handle_request(request)
            if _is_refusal(response, proxy):
                response.close()
                raise httpx.ProxyError(_REFUSED, request=request)
            return response

    def stop(self) -> None:
        """End all connections and wake the threads that wait for a response."""
        self._backend.stop()

    def close(self) -> None:
        """Close all idle connections."""
        for transport in self._routes.opened():
            transport.close()


class AsyncTransport(httpx.AsyncBaseTransport):
    """Sends requests, each on its route.

    Args:
        tls: The certificates to trust and to send.
    """

    def __init__(self, tls: TlsSettings = _DEFAULT_TLS) -> None:
        self._routes = _Routes(httpx.AsyncHTTPTransport, tls)

    def prepare(self, url: str) -> None:
        """Open the route to a URL; see `SyncTransport.prepare`."""
        self._routes.find(httpx.URL(url))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on its route."""
        transport, proxy = self._routes.find(request.url)
        with _naming(proxy):
            response = await transport.handle_async_request(request)
            if _is_refusal(response, proxy):
                await response.aclose()
                raise httpx.ProxyError(_REFUSED, request=request)
            return response

    async def aclose(self) -> None:
        """Close all connections."""
        for transport in self._routes.opened():
            await transport.aclose()


class HeadersForTenant:
    """Adds the further headers of a tenant to every request to its origins, and to no other."""

    def __init__(self, headers: Iterable[tuple[str, str]], base_url: str | Iterable[str]) -> None:
        self._headers, self._origins = tuple(headers), origins_of(base_url)

    def add(self, request: httpx.Request) -> None:
        """Add the headers, if the request is to the tenant."""
        if origin_of(request.url) in self._origins:
            request.headers.update(self._headers)

    async def add_async(self, request: httpx.Request) -> None:
        """Add the headers, as `add` does."""
        self.add(request)


def open_client(
    transport: httpx.BaseTransport,
    urls: Iterable[str] = (),
    tenant_headers: HeadersForTenant | None = None,
    **options: Any,
) -> httpx.Client:
    """Return a client that sends by a transport of ours.

    Args:
        transport: Its transport.
        urls: The URLs whose routes are opened at once, so that a wrong setting is reported before anything is sent.
        tenant_headers: Adds the further headers of a tenant.
        options: Further arguments of `httpx.Client`.

    Raises:
        ConfigurationError: A proxy or the certificates in the environment or the settings cannot be used.
    """
    if isinstance(transport, SyncTransport):
        for url in urls:
            transport.prepare(url)
    # Not default headers of the client, which it would send to any URL.
    hooks = {"request": [tenant_headers.add]} if tenant_headers else None
    return httpx.Client(transport=transport, trust_env=False, event_hooks=hooks, **options)


def open_async_client(
    transport: httpx.AsyncBaseTransport,
    urls: Iterable[str] = (),
    tenant_headers: HeadersForTenant | None = None,
    **options: Any,
) -> httpx.AsyncClient:
    """Return an asynchronous client; see `open_client`."""
    if isinstance(transport, AsyncTransport):
        for url in urls:
            transport.prepare(url)
    hooks = {"request": [tenant_headers.add_async]} if tenant_headers else None
    return httpx.AsyncClient(transport=transport, trust_env=False, event_hooks=hooks, **options)
