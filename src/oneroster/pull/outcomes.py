"""The outcome of each collection of a fetch, and whether an error may pass by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from oneroster.errors import ResponseTooLargeError, StatusError, TokenError, TransportError
from oneroster.pull.fetch.throttled_session import PullStoppedError
from oneroster.transport.retry import RETRIED_STATUSES

__all__ = ["CollectionOutcome", "is_transient"]


@dataclass(frozen=True)
class CollectionOutcome:
    """The outcome of one collection.

    Attributes:
        collection: The collection, as in ``users``.
        rows: The number of rows in the result; 0 after an error.
        fetched: The number of rows fetched, before those of `active` are left out.
        announced: The number of rows of the collection that the server announces, also where `rows` are changes only
            (of its active rows, if only those are kept); None if it announces none.
        requests: The number of requests sent, retries included.
        retries: The number of requests sent again.
        seconds: The duration of the fetch.
        watermark: The time from which the next changes must be requested: the start of the fetch.
        whole: Whether the rows are the whole collection; False for changes only.
        rejects: The number of rejects by reason.
        identical: The number of rows left out because another has the same sourcedId and the same content.
        gone: The number of rows that were deleted while the collection was read.
        absent: Whether the server does not have the collection.
        refused: Whether the server refuses access to it.
        error: Why it could not be fetched, in words; None if it could.
        error_type: The class of the error.
        transient: Whether the error may pass by itself, so that a later attempt may succeed.
    """

    collection: str
    rows: int = 0
    fetched: int = 0
    announced: int | None = None
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0
    watermark: str = ""
    whole: bool = True
    rejects: Mapping[str, int] = field(default_factory=dict)
    identical: int = 0
    gone: int = 0
    absent: bool = False
    refused: bool = False
    error: str | None = None
    error_type: str | None = None
    transient: bool = False


def is_transient(error: BaseException) -> bool:
    """Return whether an error may pass by itself: the network, an overloaded server, or a pull that was stopped.

    Credentials and certificates that are refused, collections that cannot be read exactly once and full disks do not
    pass by themselves.
    """
    if isinstance(error, StatusError):
        return error.status_code in RETRIED_STATUSES
    if isinstance(error, TokenError):
        return error.status_code in RETRIED_STATUSES
    if isinstance(error, TransportError):
        return not error.permanent and not isinstance(error, ResponseTooLargeError)
    return isinstance(error, PullStoppedError)
