"""Send through an httpx client of the caller: with its proxies, certificates, hooks and headers.

The connections are the caller's, so a deadline only shortens the timeouts of its operations.
"""

import math
from collections.abc import Iterable
from typing import Final

import httpx

from oneroster.errors import ConfigurationError
from oneroster.transport.deadline import seconds_left
from oneroster.transport.urls import origin_of, origins_of

__all__ = ["AsyncCallersTransport", "CallersTransport"]


class _Caller:
    """What the caller's client adds to requests."""

    def __init__(self, client: httpx.Client | httpx.AsyncClient, base_url: str | Iterable[str]) -> None:
        self._headers, self._origins = client.headers, origins_of(base_url)

    def complete(self, request: httpx.Request) -> httpx.Request:
        """Add the headers of the caller's client to a request to the tenant; they may be secrets."""
        if origin_of(request.url) in self._origins:
            for name, value in self._headers.items():
                request.headers.setdefault(name, value)
        return request


class CallersTransport(httpx.BaseTransport):
    """Sends requests through the caller's client, which stays open. Its authentication is not used.

    Args:
        client: The caller's client.
        base_url: The tenant, by its base URL or those of its services; only their origins receive the headers of the
            caller's client.
    """

    def __init__(self, client: httpx.Client, base_url: str | Iterable[str]) -> None:
        if not isinstance(client, httpx.Client):
            raise ConfigurationError("http_client must be an httpx.Client; AsyncOneRoster takes an httpx.AsyncClient.")
        self._client: Final = client
        self._caller: Final = _Caller(client, base_url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        left = seconds_left()
        if left < math.inf:
            timeouts = request.extensions.get("timeout", {})
            request.extensions["timeout"] = {
                name: min(each or left, max(left, 0.001)) for name, each in timeouts.items()
            }
        return self._client.send(self._caller.complete(request), stream=True, auth=None, follow_redirects=False)


class AsyncCallersTransport(httpx.AsyncBaseTransport):
    """Sends requests through the caller's asynchronous client; see `CallersTransport`."""

    def __init__(self, client: httpx.AsyncClient, base_url: str | Iterable[str]) -> None:
        if not isinstance(client, httpx.AsyncClient):
            raise ConfigurationError("http_client must be an httpx.AsyncClient; OneRoster takes an httpx.Client.")
        self._client: Final = client
        self._caller: Final = _Caller(client, base_url)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        request = self._caller.complete(request)
        return await self._client.send(request, stream=True, auth=None, follow_redirects=False)
