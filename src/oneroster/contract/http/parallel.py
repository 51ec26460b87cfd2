"""Run a function over many items in a pool of threads."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["map_parallel"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_parallel(workers: int, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return the results of ``work`` for all items, in their order, running up to ``workers`` calls at a time.

    If a call fails, calls that have not begun are cancelled, and the first error in the order of the items is raised.
    """
    known = list(items)
    if workers == 1 or len(known) < 2:
        return [work(item) for item in known]
    with ThreadPoolExecutor(min(workers, len(known)), "oneroster-check") as pool:
        futures = [pool.submit(work, item) for item in known]
        try:
            return [each.result() for each in futures]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
