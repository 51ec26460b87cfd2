"""Log records of the client, under the logger ``oneroster``.

DEBUG: one line for each request sent. INFO: a retry, or a second reading of a collection. Lines name methods,
operations, statuses and durations; never a query, a credential or a value of a record.

httpx logs as well. Its INFO lines show whole URLs, so also a filter by a child's name; this module removes the queries
of URLs at the hosts of this client's tenants. oauthlib's DEBUG lines show every signed parameter, so they are disabled
unless a level is set for its logger. The DEBUG lines of httpcore show response headers; leave them disabled.
"""

import logging
from typing import Final

import httpx

from oneroster.transport.urls import redacted

__all__ = ["hide_queries", "log_request", "log_reread", "log_retry"]

_LOGGER: Final = logging.getLogger("oneroster")
_LOGGER.addHandler(logging.NullHandler())


def log_request(method: str, operation_id: str, outcome: str, seconds: float, attempt: int) -> None:
    """Log a completed or failed request.

    Args:
        method: The HTTP method.
        operation_id: The operation.
        outcome: The status, or the name of an error class.
        seconds: The duration, from sending the request to the last byte received.
        attempt: The number of the attempt; the first is 1.
    """
    _LOGGER.debug("%s %s: %s in %.0f ms, attempt %d", method, operation_id, outcome, seconds * 1000, attempt)


def log_retry(method: str, operation_id: str, outcome: str, delay: float, attempt: int) -> None:
    """Log that a request will be sent again.

    Args:
        method: The HTTP method.
        operation_id: The operation.
        outcome: The outcome of the last attempt: the status, or the name of an error class.
        delay: Seconds until the next attempt.
        attempt: The number of the next attempt.
    """
    _LOGGER.info("%s %s: %s; attempt %d follows in %.1f s", method, operation_id, outcome, attempt, delay)


def log_reread(collection: str, reason: str) -> None:
    """Log that a collection was unstable and is read a second time, under ``sort=sourcedId``."""
    _LOGGER.info("%s: %s; it is read again under sort=sourcedId", collection, reason)


_REASON_PHRASE: Final = 4
"""The index of the reason phrase in the arguments of httpx's log record, after method, URL, version and status."""


class _QueryFilter(logging.Filter):
    """Removes query and reason phrase from httpx's records about certain hosts; other records stay unchanged."""

    def __init__(self) -> None:
        super().__init__()
        self.hosts: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        args = record.args
        if isinstance(args, tuple) and any(isinstance(value, httpx.URL) and value.host in self.hosts for value in args):
            record.args = tuple(self._redact(index, value) for index, value in enumerate(args))
        return True

    def _redact(self, index: int, value: object) -> object:
        # The server chooses the text of the reason phrase, so it may hold anything.
        if index >= _REASON_PHRASE:
            return "-"
        return redacted(value) if isinstance(value, httpx.URL) else value


_QUERY_FILTER: Final = _QueryFilter()
_SIGNATURES: Final = logging.getLogger("oauthlib.oauth1")


def hide_queries(url: str) -> None:
    """Remove the queries of all URLs at the host of ``url`` from the logs of httpx and oauthlib."""
    _QUERY_FILTER.hosts.add(httpx.URL(url).host)
    logging.getLogger("httpx").addFilter(_QUERY_FILTER)
    if _SIGNATURES.level == logging.NOTSET:
        _SIGNATURES.setLevel(logging.INFO)
