"""OneRoster 1.1 for Python: a client for any tenant, a contract kit for any server, and a tenant to try them on.

The generated client is the package `oneroster_v1p1`; `oneroster.contract` judges servers, `oneroster.sandbox` is one.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oneroster.client import AsyncOneRoster, OneRoster
    from oneroster.errors import (
        AccessError,
        ConfigurationError,
        CountMismatchError,
        FilterError,
        ForeignOriginError,
        OneRosterError,
        PagingError,
        TokenError,
        TransportError,
        UnknownFieldError,
        UnstableCollectionError,
    )
    from oneroster.filters import F, Filter, modified_since
    from oneroster.pagination.walk import Paging
    from oneroster.transport.retry import Retry
    from oneroster.transport.session import ResponseLimits
    from oneroster_v1p1.facade import AsyncPages, Page, Pages

__all__ = [
    "AccessError",
    "AsyncOneRoster",
    "AsyncPages",
    "ConfigurationError",
    "CountMismatchError",
    "F",
    "Filter",
    "FilterError",
    "ForeignOriginError",
    "OneRoster",
    "OneRosterError",
    "Page",
    "Pages",
    "Paging",
    "PagingError",
    "ResponseLimits",
    "Retry",
    "TokenError",
    "TransportError",
    "UnknownFieldError",
    "UnstableCollectionError",
    "modified_since",
]

_HOMES = {
    "AsyncOneRoster": "client",
    "F": "filters",
    "Filter": "filters",
    "ResponseLimits": "transport.session",
    "OneRoster": "client",
    "Paging": "pagination.walk",
    "Retry": "transport.retry",
    "modified_since": "filters",
}


def __getattr__(name: str) -> Any:
    # Whoever runs the sandbox or asks for --help does not pay for the client.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("AsyncPages", "Page", "Pages"):
        return getattr(import_module("oneroster_v1p1.facade"), name)
    return getattr(import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)
