"""Several requests at a time, where one does not wait for what another brings."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["map_parallel"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_parallel(workers: int, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """What ``work`` makes of each item, in the order of the items, ``workers`` of them at a time.

    When one fails, those that have not begun are left out, and the first error by the order of the items is raised.
    """
    known = list(items)
    if workers == 1 or len(known) < 2:
        return [work(item) for item in known]
    with ThreadPoolExecutor(min(workers, len(known)), "oneroster-check") as pool:
        waiting = [pool.submit(work, item) for item in known]
        try:
            return [each.result() for each in waiting]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
