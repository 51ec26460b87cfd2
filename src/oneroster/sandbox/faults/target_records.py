"""Which record a fault falls upon: always the same one in the same district, and deep in its collection."""

from collections.abc import Callable, Iterator

from oneroster.sandbox.handlers.serialization import Record
from oneroster.sandbox.requests.operation_request import unlimited
from oneroster.sandbox.store.result_set import ResultSet
from oneroster.sandbox.store.store import Store

_STEP = 200


def last(store: Store, element: str, fits: Callable[[Record], bool] = lambda _: True) -> Record:
    """The last living record of an element, in the store's own order, that fits.

    Raises:
        ValueError: the district has none.
    """
    for record in backwards(unlimited(element).select(store)):
        if is_alive(record) and fits(record):
            return record
    raise ValueError(f"this district has no {element} on which the fault could show")


def is_alive(record: Record) -> bool:
    """Whether a record is not about to be deleted; servers may leave those out, so they make no good victims."""
    return bool(record["status"] == "active")


def backwards(rows: ResultSet) -> Iterator[Record]:
    """The rows of a selection from the last to the first."""
    for end in range(rows.total, 0, -_STEP):
        start = max(0, end - _STEP)
        yield from reversed(rows.page(start, end - start))
