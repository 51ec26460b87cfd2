"""`OneRoster` and `AsyncOneRoster`, the clients of OneRoster 1.1, and client classes for other versions."""

from functools import cache
from importlib import import_module
from types import MappingProxyType

from oneroster.base_client import AsyncClient, BaseClient, SyncClient
from oneroster.standard import Standard
from oneroster_v1p1.facade import AsyncOperations, Operations

__all__ = ["AsyncOneRoster", "OneRoster", "async_client_class", "client_class"]

_MODULES = MappingProxyType({"1.1": "oneroster.client", "1.2": "oneroster.v1p2"})
"""The modules of the typed clients, by version."""
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
    if (name := _typed_client(standard)) is not None:
        found: type[SyncClient] = import_module(name).OneRoster
        return found
    return type("OneRoster", (SyncClient, standard.facade.Operations), {"standard": standard})


@cache
def async_client_class(standard: Standard) -> type[AsyncClient]:
    """Return the asynchronous client class for a version of the standard."""
    if (name := _typed_client(standard)) is not None:
        found: type[AsyncClient] = import_module(name).AsyncOneRoster
        return found
    return type("AsyncOneRoster", (AsyncClient, standard.facade.AsyncOperations), {"standard": standard})


def _typed_client(standard: Standard) -> str | None:
    """Return the module of the typed clients of a version; None if it has none, or another package speaks it."""
    return next((name for version, name in _MODULES.items() if standard is Standard.of(version)), None)
