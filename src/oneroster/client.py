"""`OneRoster` and `AsyncOneRoster`: the doors to one tenant."""

import os
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from oneroster.classlink import make_roster_request
from oneroster.standard import Standard
from oneroster_v1p1.facade import AsyncOperations, AsyncPages, Operations, Pages

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from oneroster.pagination.walk import Paging
    from oneroster.transport.retry import Retry
    from oneroster.transport.session import AsyncSession, ResponseLimits, Session
    from oneroster_v1p1 import Client

__all__ = ["AsyncOneRoster", "OneRoster"]


class _ClientBase:
    """What both clients are given.

    Args:
        client_id: The client, or consumer key, that the tenant gave.
        client_secret: Its secret.
        base_url: Up to and with ``/ims/oneroster/v1p1``.
        token_url: The token endpoint; with it access goes by OAuth 2, without it by OAuth 1.0a.
        token: A static bearer token, in place of id and secret.
        scopes: OAuth 2 scopes; None asks for all reads. Writing needs scopes of its own.
        client_auth: ``basic`` or ``body``: where the token endpoint wants id and secret.
        oauth1_method: ``HMAC-SHA256`` or ``HMAC-SHA1``.
        tenant: A tenant of the file, see `oneroster.settings`.
        config: The file.
        retry: How often a read is tried.
        limits: How much of an answer is taken.
        paging: How collections are read.

    What is not given comes from ``ONEROSTER_*`` variables. Nothing is checked, loaded or sent before the first request.
    """

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
        tenant: str | None = None,
        config: "str | Path | None" = None,
        retry: "Retry | None" = None,
        limits: "ResponseLimits | None" = None,
        paging: "Paging | None" = None,
    ) -> None:
        self._given = {
            "client_id": client_id,
            "client_secret": client_secret,
            "base_url": base_url,
            "token_url": token_url,
            "token": token,
            "scopes": scopes if scopes is None or isinstance(scopes, str) else " ".join(scopes),
            "client_auth": client_auth,
            "oauth1_method": oauth1_method,
        }
        self._tenant, self._config = tenant, config
        self._retry, self._limits, self._paging_given = retry, limits, paging
        self._lock = Lock()

    def _open(self, kind: Any) -> Any:
        from oneroster.settings import resolve
        from oneroster.transport.retry import Retry
        from oneroster.transport.session import ResponseLimits

        settings = resolve(self._given, os.environ, self._tenant, self._config)
        return kind(settings, self._retry or Retry(), self._limits or ResponseLimits())

    @property
    def standard(self) -> Standard:
        """The version of OneRoster of this client."""
        return Standard.of("1.1")

    @property
    def _paging(self) -> "Paging":
        from oneroster.pagination.walk import Paging

        return self._paging_given or Paging()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._given['base_url']!r}, tenant={self._tenant!r})"


class OneRoster(_ClientBase, Operations):
    __doc__ = f"""One tenant, with one method per operation.

    Use it as a context manager, or close it. Threads may share it.
    {(_ClientBase.__doc__ or "").partition(".")[2]}"""

    _session: "Session | None" = None

    def make_roster_request(self, url: str) -> dict[str, int | str]:
        """GET any URL, signed by OAuth 1.0a with HMAC-SHA256, as ClassLink's class does (7.3 [A]).

        Args:
            url: The whole URL, query included. It is signed for whatever host it names, so take it from your own
                settings and never out of a record.

        Returns:
            ``status_code`` (0 when no answer came) and ``response``, the body as text. HTTP errors do not raise.
        """
        return make_roster_request(url, self._given["client_id"] or "", self._given["client_secret"] or "")

    @property
    def session(self) -> "Session":
        """The connections, opened when first used.

        Raises:
            ConfigurationError: A setting is missing or wrong.
        """
        from oneroster.transport.session import Session

        with self._lock:
            if self._session is None:
                self._session = self._open(Session)
            return self._session

    @property
    def api(self) -> "Client":
        """The plain generated client over the same connections and credentials; without retries and page walks."""
        from oneroster_v1p1 import Client

        return Client(self.session.settings.base_url).set_httpx_client(self.session.client)

    def _collection(self, operation_id: str, arguments: dict[str, Any]) -> Pages[Any]:
        from oneroster.operation_call import OperationCall
        from oneroster.pages import WalkedPages

        session = self.session
        return WalkedPages(session, OperationCall(operation_id, arguments, session.settings.base_url), self._paging)

    def _read(self, operation_id: str, arguments: dict[str, Any]) -> Any:
        from oneroster.operation_call import OperationCall

        call = OperationCall(operation_id, arguments, self.session.settings.base_url)
        return self.session.read(call.url(call.request()), call.record, operation_id)

    def _write(self, operation_id: str, arguments: dict[str, Any], body: Any) -> None:
        from oneroster.operation_call import OperationCall

        call = OperationCall(operation_id, arguments, self.session.settings.base_url, body)
        request = call.request()
        call.response(self.session.write(request.method, call.url(request), request.body, operation_id), request)

    def close(self) -> None:
        """Close all connections; the object opens new ones when it is used again."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def __enter__(self) -> "OneRoster":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.close()


class AsyncOneRoster(_ClientBase, AsyncOperations):
    __doc__ = f"""One tenant, with one method per operation, for one event loop of asyncio.

    Use it as an asynchronous context manager, or close it.
    {(_ClientBase.__doc__ or "").partition(".")[2]}"""

    _session: "AsyncSession | None" = None

    @property
    def session(self) -> "AsyncSession":
        """The connections, opened when first used.

        Raises:
            ConfigurationError: A setting is missing or wrong.
        """
        from oneroster.transport.session import AsyncSession

        if self._session is None:
            self._session = self._open(AsyncSession)
        return self._session

    @property
    def api(self) -> "Client":
        """The plain generated client over the same connections and credentials; without retries and page walks."""
        from oneroster_v1p1 import Client

        return Client(self.session.settings.base_url).set_async_httpx_client(self.session.client)

    def _collection(self, operation_id: str, arguments: dict[str, Any]) -> AsyncPages[Any]:
        from oneroster.operation_call import OperationCall
        from oneroster.pages import AsyncWalkedPages

        session = self.session
        return AsyncWalkedPages(
            session, OperationCall(operation_id, arguments, session.settings.base_url), self._paging
        )

    async def _read(self, operation_id: str, arguments: dict[str, Any]) -> Any:
        from oneroster.operation_call import OperationCall

        call = OperationCall(operation_id, arguments, self.session.settings.base_url)
        return await self.session.read(call.url(call.request()), call.record, operation_id)

    async def _write(self, operation_id: str, arguments: dict[str, Any], body: Any) -> None:
        from oneroster.operation_call import OperationCall

        call = OperationCall(operation_id, arguments, self.session.settings.base_url, body)
        request = call.request()
        call.response(await self.session.write(request.method, call.url(request), request.body, operation_id), request)

    async def close(self) -> None:
        """Close all connections; the object opens new ones when it is used again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def __aenter__(self) -> "AsyncOneRoster":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        await self.close()
