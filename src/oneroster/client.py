"""`OneRoster` and `AsyncOneRoster`, the clients of OneRoster 1.1, and client classes for other versions."""

from functools import cache

from oneroster.base_client import AsyncClient, BaseClient, SyncClient
from oneroster.standard import Standard
from oneroster_v1p1.facade import AsyncOperations, Operations

__all__ = ["AsyncOneRoster", "OneRoster", "async_client_class", "client_class"]

_PARAMETERS = (BaseClient.__doc__ or "").partition(".")[2]


class OneRoster(SyncClient, Operations):
    __doc__ = f"""A client of one OneRoster 1.1 tenant, with one method per operation.

    Use it as a context manager, or close it. Threads may share it; a forked process opens its own connections.
    {_PARAMETERS}"""

    standard = Standard.of("1.1")


class AsyncOneRoster(AsyncClient, AsyncOperations):
    __doc__ = f"""An asynchronous client of one OneRoster 1.1 tenant, with one method per operation.

    Each event loop has its own connections. Use it as an async context manager, or close it.
    {_PARAMETERS}"""

    standard = Standard.of("1.1")


@cache
def client_class(standard: Standard) -> type[SyncClient]:
    """Return the synchronous client class for a version of the standard.

    Its methods are those of the facade of the generated package.
    """
    if standard is OneRoster.standard:
        return OneRoster
    return type("OneRoster", (SyncClient, standard.facade.Operations), {"standard": standard})


@cache
def async_client_class(standard: Standard) -> type[AsyncClient]:
    """Return the asynchronous client class for a version of the standard."""
    if standard is AsyncOneRoster.standard:
        return AsyncOneRoster
    return type("AsyncOneRoster", (AsyncClient, standard.facade.AsyncOperations), {"standard": standard})
