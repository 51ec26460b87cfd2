"""What the client tells while it works, to the logger ``oneroster``.

DEBUG: one line for each request that was sent. INFO: a request is sent again, a collection is read again. Lines name
methods, operations, statuses and times; never a query, a credential or anything out of a record.

httpx keeps a log of its own whose INFO lines show whole URLs, so a filter by a child's name too. For the tenants of
this client its queries are left out. The DEBUG lines of httpcore show the headers of answers; leave them off.
"""

import logging
from typing import Final

import httpx

from oneroster.transport.transport_errors import bare

__all__ = ["hide_queries", "reading_again", "request_again", "request_done"]

_LOGGER: Final = logging.getLogger("oneroster")
_LOGGER.addHandler(logging.NullHandler())


def request_done(method: str, operation_id: str, outcome: str, seconds: float, attempt: int) -> None:
    """Tell of a request that is over.

    Args:
        method: The HTTP method.
        operation_id: The operation.
        outcome: The status, or the name of an error class.
        seconds: From the first byte sent to the last one received.
        attempt: 1 for the first send.
    """
    _LOGGER.debug("%s %s: %s in %.0f ms, attempt %d", method, operation_id, outcome, seconds * 1000, attempt)


def request_again(method: str, operation_id: str, outcome: str, delay: float, attempt: int) -> None:
    """Tell that a request will be sent again.

    Args:
        method: The HTTP method.
        operation_id: The operation.
        outcome: What the last attempt brought: the status, or the name of an error class.
        delay: Seconds until then.
        attempt: The coming one.
    """
    _LOGGER.info("%s %s: %s; attempt %d follows in %.1f s", method, operation_id, outcome, attempt, delay)


def reading_again(collection: str, reason: str) -> None:
    """Tell that a collection was unstable and is read again under ``sort=sourcedId``."""
    _LOGGER.info("%s: %s; it is read again under sort=sourcedId", collection, reason)


_REASON: Final = 4


class _WithoutQuery(logging.Filter):
    """Takes query and reason phrase out of what httpx logs of certain hosts; other users of httpx keep their lines."""

    def __init__(self) -> None:
        super().__init__()
        self.hosts: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        args = record.args
        if isinstance(args, tuple) and any(isinstance(value, httpx.URL) and value.host in self.hosts for value in args):
            record.args = tuple(self._shown(place, value) for place, value in enumerate(args))
        return True

    def _shown(self, place: int, value: object) -> object:
        # Method, URL, version, status, and then a phrase that the server is free to choose.
        if place >= _REASON:
            return "-"
        return bare(value) if isinstance(value, httpx.URL) else value


_WITHOUT_QUERY: Final = _WithoutQuery()


def hide_queries(url: str) -> None:
    """Keep the queries of all URLs at the host of this one out of the log of httpx."""
    _WITHOUT_QUERY.hosts.add(httpx.URL(url).host)
    logging.getLogger("httpx").addFilter(_WITHOUT_QUERY)
