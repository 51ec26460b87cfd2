"""Which record a fault falls upon: always the same one in the same district, and deep in its collection."""

from collections.abc import Callable, Iterator

from oneroster.sandbox.call import unlimited
from oneroster.sandbox.records import Record
from oneroster.sandbox.store import Store

_STEP = 200


def last(store: Store, element: str, fits: Callable[[Record], bool] = lambda _: True) -> Record:
    """The last record of an element, in the store's own order, that fits.

    Raises:
        ValueError: the district has none.
    """
    for record in _backwards(store, element):
        if fits(record):
            return record
    raise ValueError(f"this district has no {element} on which the fault could show")


def _backwards(store: Store, element: str) -> Iterator[Record]:
    rows = unlimited(element).select(store)
    for end in range(rows.total, 0, -_STEP):
        start = max(0, end - _STEP)
        yield from reversed(rows.page(start, end - start))
