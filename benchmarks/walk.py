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
        contestants = {
            "typed": _timed(partial(typed_walk, base_url), plan),
            "classlink": _timed(partial(classlink_walk, base_url, plan.page_rows), plan),
            "stock": _timed(partial(stock_walk, stock, base_url, plan.page_rows), plan),
        }
        costs = in_turn("walk on loopback", contestants, plan.rounds)
    what = f"walk {plan.walk_rows} rows"
    yield line(f"{what} / ClassLink's loop", costs["typed"], costs["classlink"], _MOST_OF_CLASSLINK)
    yield line(f"{what} / stock generated code", costs["typed"], costs["stock"], _MOST_OF_STOCK)


def far(plan: Plan) -> Iterator[Line]:
    """The rows of the table with the latency of a distance."""
    with running(plan.walk_rows, plan.latency) as base_url:
        contestants = {
            "typed": _timed(partial(typed_walk, base_url), plan),
            "typed, 4 windows": _timed(partial(typed_walk, base_url, Paging(adaptive=False)), plan),
            "classlink": _timed(partial(classlink_walk, base_url, plan.page_rows), plan),
        }
        costs = in_turn("walk with latency", contestants, plan.rounds)
    what = f"walk {plan.walk_rows} rows, {plan.latency * 1000:.0f} ms a page"
    yield line(f"{what} / ClassLink's loop", costs["typed"], costs["classlink"], _MOST_FAR)
    yield line(f"{what}, 4 windows / ClassLink's loop", costs["typed, 4 windows"], costs["classlink"])


def _timed(walk: Callable[[], int], plan: Plan) -> Callable[[], float]:
    """Seconds on the wall, for waiting is a part of a walk."""

    def cost() -> float:
        began = time.perf_counter()
        seen = walk()
        spent = time.perf_counter() - began
        if seen != plan.walk_rows:
            raise RuntimeError(f"a walk saw {seen} of {plan.walk_rows} rows")
        return spent

    return cost
