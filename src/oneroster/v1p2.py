"""`OneRoster` and `AsyncOneRoster`, the clients of OneRoster 1.2.

::

    from oneroster.v1p2 import OneRoster

    with OneRoster(base_url="https://sis.example/ims/oneroster", token="...") as roster:
        for scale in roster.get_all_score_scales():
            print(scale.title)

The three services share one session and one token. ``base_url`` is their root, or the base URL of one of them; those at
other places are given as ``service_urls``.
"""

from oneroster.base_client import AsyncClient, BaseClient, SyncClient
from oneroster.standard import Standard
from oneroster_v1p2.facade import AsyncOperations, Operations

__all__ = ["AsyncOneRoster", "OneRoster"]

_PARAMETERS = (BaseClient.__doc__ or "").partition(".")[2]


class OneRoster(SyncClient, Operations):
    __doc__ = f"""A client of one OneRoster 1.2 tenant, with one method per operation.

    Use it as a context manager, or close it. Threads may share it; a forked process opens its own connections.
    {_PARAMETERS}"""

    standard = Standard.of("1.2")


class AsyncOneRoster(AsyncClient, AsyncOperations):
    __doc__ = f"""An asynchronous client of one OneRoster 1.2 tenant, with one method per operation.

    Each event loop has its own connections. Use it as an async context manager, or close it.
    {_PARAMETERS}"""

    standard = Standard.of("1.2")
