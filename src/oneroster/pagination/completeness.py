"""The proof that a reading has all rows, however a walk came to it.

Every row that the walk has ever received must be in the reading that counts, or be gone: its single read answers 404,
while that of a row in the reading does not. The reading must have as many rows as the server has ever announced, except
those that are gone; a total below an earlier one must be repeated in answer to a new request.

A row that is sent twice may fill the place of one that is never sent. It does not count twice if the server lists it
once in answer to a filter by its sourcedId. A server without such a filter is taken at its word.
"""

from collections import Counter
from collections.abc import Generator, Iterator
from typing import Final

from oneroster.errors import CountMismatchError, PagingError, UnstableCollectionError
from oneroster.pagination.id_log import IdLog
from oneroster.pagination.id_set import IdSet, id_hashes
from oneroster.pagination.page_requests import PageRequest, ReceivedPage
from oneroster.pagination.reading import Reading

__all__ = ["MAX_COPIES", "MAX_GONE", "IncompleteError", "prove_complete"]

MAX_GONE: Final = 20
"""How many rows may be deleted while a collection is read; each costs a request."""

MAX_COPIES: Final = 100
"""How many records that are sent more than once may be needed to explain a total; each costs a request."""


class IncompleteError(Exception):
    """A reading lacks rows.

    Attributes:
        reason: Which rows it lacks.
        ids: Some of them.
        error: The error to raise.
    """

    def __init__(self, reason: str, ids: list[str], error: type[PagingError]) -> None:
        super().__init__(reason)
        self.reason, self.ids, self.error = reason, ids, error


def prove_complete(
    reading: Reading, logs: tuple[IdLog, ...], peak: int, start: int, gone: list[str]
) -> Generator[PageRequest, ReceivedPage, None]:
    """Prove that a reading has all rows; yields the requests that it takes, and is sent the page for each.

    Args:
        reading: The reading, which has ended.
        logs: The ids of all rows ever received.
        peak: The highest total ever announced; 0 if none was announced.
        start: The number of rows skipped at the start.
        gone: Receives the ids of the rows that were deleted meanwhile.

    Raises:
        IncompleteError: It has not.
    """
    missing = _missing(reading.rows.seen, logs)
    if missing:
        yield from _prove_gone(reading, missing, gone)
    received = start + reading.at.received
    distinct = received - len(reading.rows.left_out)
    if distinct < peak and distinct < received:
        received = distinct + (yield from _count_copies(reading, peak - distinct))
    if received >= peak:
        return
    short = peak - received - len(gone)
    if short > 0:
        raise IncompleteError(_too_few(reading, peak, received - start, gone), [], CountMismatchError)
    fresh = yield PageRequest(start, 1, repeats=1)
    expected = fresh.total if reading.at.announced is None else reading.at.announced
    if fresh.total is None or fresh.total > received or fresh.total != expected:
        announced = "no total" if fresh.total is None else str(fresh.total)
        raise IncompleteError(
            f"the total fell from {peak}, and a new request announced {announced}", [], CountMismatchError
        )


def _count_copies(reading: Reading, needed: int) -> Generator[PageRequest, ReceivedPage, int]:
    """Return how many of the rows that were left out are records of their own by all that the server tells."""
    found = 0
    for name, sent in [*Counter(reading.rows.left_out).items()][:MAX_COPIES]:
        if found >= needed:
            break
        page = yield PageRequest(0, MAX_COPIES, copies_of=name)
        # A server that ignores or refuses the filter shows nothing about this record.
        found += len(page.ids) - 1 if set(page.ids) == {name} else sent
    return found


def _too_few(reading: Reading, peak: int, rows: int, gone: list[str]) -> str:
    known = f", of which {len(gone)} are gone" if gone else ""
    if reading.rows.left_out:
        sent = f"{reading.at.received} rows, {len(reading.rows.left_out)} of them a second time"
        return (
            f"the server announced {peak} rows and sent {sent}; it lists these once in answer to a filter by their"
            f" sourcedId, so others are missing{known}"
        )
    return (
        f"an earlier response announced {peak} rows, the last reading has {rows}{known}; the others were lost, or"
        " deleted before they were received, which a new attempt shows"
    )


def _missing(seen: IdSet, logs: tuple[IdLog, ...]) -> list[str]:
    """Return the ids in the logs that a reading does not have."""
    found = list(dict.fromkeys(_not_in(seen, logs)))
    if len(found) > MAX_GONE:
        raise IncompleteError(
            f"{len(found)} rows that were received before are not in the last reading; at most {MAX_GONE} may have been"
            " deleted meanwhile",
            found,
            UnstableCollectionError,
        )
    return found


def _not_in(seen: IdSet, logs: tuple[IdLog, ...]) -> Iterator[str]:
    for log in logs:
        for ids in log.chunks():
            hashes = id_hashes(ids)
            known = set(seen.indexes_of_known(hashes))
            yield from (name for index, name in enumerate(ids) if name is not None and index not in known)


def _prove_gone(reading: Reading, missing: list[str], gone: list[str]) -> Generator[PageRequest, ReceivedPage, None]:
    present = reading.at.last_id
    # A server without single reads answers 404 to all of them, so a row that exists is requested first.
    control = None if present is None else (yield PageRequest(0, 1, row=present))
    if control is None or not control.ids:
        raise IncompleteError(
            f"{len(missing)} rows that were received before are not in the last reading, and single reads do not show"
            " whether they were deleted",
            missing,
            UnstableCollectionError,
        )
    for name in missing:
        if (yield PageRequest(0, 1, row=name)).ids:
            raise IncompleteError(
                "rows that were received before are not in the last reading, although they still exist",
                [name],
                UnstableCollectionError,
            )
        gone.append(name)
