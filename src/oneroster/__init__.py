"""OneRoster for Python: a client for any tenant, a contract kit that tests any server, and a sandbox server.

This package holds the client. `oneroster.pull` fetches whole rosters, `oneroster.contract` tests servers, and
`oneroster.sandbox` is a server to test against.
"""

from importlib import import_module

TYPE_CHECKING = False  # typing is not imported: the command line handles Ctrl-C as early as possible
if TYPE_CHECKING:
    from oneroster.client import AsyncOneRoster, OneRoster
    from oneroster.errors import (
        AccessDeniedError,
        AccessError,
        ConfigurationError,
        CountMismatchError,
        DecodeError,
        FieldError,
        FilterError,
        ForeignOriginError,
        MissingFieldError,
        OneRosterError,
        PagingError,
        ResponseTimeoutError,
        ResponseTooLargeError,
        StatusError,
        TokenError,
        TransportError,
        UnknownFieldError,
        UnreadableFieldError,
        UnstableCollectionError,
        WriteError,
        WrongRecordError,
    )
    from oneroster.filters import F, Filter, modified_since
    from oneroster.pages import AsyncPages, Page, Pages
    from oneroster.pagination.walk import Paging
    from oneroster.standard import Standard
    from oneroster.transport.bounded_response import ResponseLimits
    from oneroster.transport.retry import Retry

    __version__: str

__all__ = [
    "AccessDeniedError",
    "AccessError",
    "AsyncOneRoster",
    "AsyncPages",
    "ConfigurationError",
    "CountMismatchError",
    "DecodeError",
    "F",
    "FieldError",
    "Filter",
    "FilterError",
    "ForeignOriginError",
    "MissingFieldError",
    "OneRoster",
    "OneRosterError",
    "Page",
    "Pages",
    "Paging",
    "PagingError",
    "ResponseLimits",
    "ResponseTimeoutError",
    "ResponseTooLargeError",
    "Retry",
    "Standard",
    "StatusError",
    "TokenError",
    "TransportError",
    "UnknownFieldError",
    "UnreadableFieldError",
    "UnstableCollectionError",
    "WriteError",
    "WrongRecordError",
    "modified_since",
]

_MODULES = {
    "AsyncOneRoster": "client",
    "AsyncPages": "pages",
    "F": "filters",
    "Filter": "filters",
    "OneRoster": "client",
    "Page": "pages",
    "Pages": "pages",
    "Paging": "pagination.walk",
    "ResponseLimits": "transport.bounded_response",
    "Retry": "transport.retry",
    "Standard": "standard",
    "modified_since": "filters",
}
"""The module of each public name that is not an error."""


def __getattr__(name: str) -> object:
    # Loaded on first use: the sandbox and `--help` do not need the client and its dependencies.
    if name == "__version__":
        from importlib.metadata import version

        return version("oneroster-kit")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES.get(name, 'errors')}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
