"""One asynchronous HTTP client for each event loop, because connections belong to the loop that opened them."""

import asyncio
from collections.abc import Callable
from weakref import WeakKeyDictionary

import httpx

from oneroster.errors import ConfigurationError

__all__ = ["LoopClients"]


class LoopClients:
    """The clients of a session.

    Args:
        open_client: Opens a client. It is called at once, so that wrong settings are reported before anything is sent.
        only_one: Whether all clients share the connections of one that the caller has opened.
    """

    def __init__(self, open_client: Callable[[], httpx.AsyncClient], *, only_one: bool) -> None:
        self._open, self._only_one = open_client, only_one
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = WeakKeyDictionary()
        # It is taken by the first loop.
        self._first: httpx.AsyncClient | None = open_client()

    def current(self) -> httpx.AsyncClient:
        """Return the client of the running event loop; before there is one, that of the first.

        Raises:
            ConfigurationError: The caller's own client was used in another event loop.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._first = self._first or self._open()
            return self._first
        if loop not in self._clients:
            if self._first is None and self._only_one:
                raise ConfigurationError(
                    "The http_client was used in another event loop, to which its connections belong. Create the"
                    " http_client and the AsyncOneRoster client in each event loop."
                )
            self._clients[loop], self._first = self._first or self._open(), None
        return self._clients[loop]
