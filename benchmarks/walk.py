"""Reading a whole collection over HTTP from a quick server in another process."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from benchmarks.measuring import Line, in_turn, line
from benchmarks.plan import Plan
from benchmarks.server import running
from benchmarks.stock import generated
from benchmarks.walkers import classlink_walk, stock_walk, typed_walk
from oneroster import Paging

__all__ = ["far", "near"]

_MOST_OF_CLASSLINK: Final = 0.55
_MOST_OF_STOCK: Final = 0.35
_MOST_FAR: Final = 0.16


def near(plan: Plan) -> Iterator[Line]:
    """The rows of the table on loopback."""
    with running(plan.walk_rows) as base_url, generated() as stock:
        walks = {
            "typed": _Walk(partial(typed_walk, base_url), plan),
            "classlink": _Walk(partial(classlink_walk, base_url, plan.page_rows), plan),
            "stock": _Walk(partial(stock_walk, stock, base_url, plan.page_rows), plan),
        }
        costs = in_turn("walk on loopback", walks, plan.rounds)
    what = f"walk {plan.walk_rows} rows"
    for peer, called, most in (
        ("classlink", "ClassLink's loop", _MOST_OF_CLASSLINK),
        ("stock", "stock generated code", _MOST_OF_STOCK),
    ):
        yield line(f"{what} / {called}", costs["typed"], costs[peer], most)
        yield line(f"{what}, processor time / {called}", walks["typed"].worked, walks[peer].worked)


def far(plan: Plan) -> Iterator[Line]:
    """The rows of the table with the latency of a distance."""
    with running(plan.walk_rows, plan.latency) as base_url:
        walks = {
            "typed": _Walk(partial(typed_walk, base_url), plan),
            "typed, 4 windows": _Walk(partial(typed_walk, base_url, Paging(adaptive=False)), plan),
            "classlink": _Walk(partial(classlink_walk, base_url, plan.page_rows), plan),
        }
        costs = in_turn("walk with latency", walks, plan.rounds)
    what = f"walk {plan.walk_rows} rows, {plan.latency * 1000:.0f} ms a page"
    yield line(f"{what} / ClassLink's loop", costs["typed"], costs["classlink"], _MOST_FAR)
    yield line(f"{what}, 4 windows / ClassLink's loop", costs["typed, 4 windows"], costs["classlink"])


class _Walk:
    """A walk that can be gone again and again.

    Attributes:
        worked: Processor seconds of this process in each of the walks gone.
    """

    def __init__(self, walk: Callable[[], int], plan: Plan) -> None:
        self._walk, self._rows = walk, plan.walk_rows
        self.worked: list[float] = []

    def __call__(self) -> float:
        """Seconds on the wall, for waiting is a part of a walk."""
        began, worked = time.perf_counter(), time.process_time()
        seen = self._walk()
        spent = time.perf_counter() - began
        self.worked.append(time.process_time() - worked)
        if seen != self._rows:
            raise RuntimeError(f"a walk saw {seen} of {self._rows} rows")
        return spent
