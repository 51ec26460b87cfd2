"""Reading a whole collection over HTTP from a fast server in another process."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from benchmarks.fast_server import running
from benchmarks.measurement import Line, in_turn, line
from benchmarks.read_loops import classlink_walk, stock_walk, typed_walk
from benchmarks.scale import Scale
from benchmarks.stock_client import generated
from oneroster import Paging

__all__ = ["far", "near"]

_MAX_TO_CLASSLINK: Final = 0.55
_MAX_TO_STOCK: Final = 0.35
_MAX_WITH_LATENCY: Final = 0.16


def near(scale: Scale) -> Iterator[Line]:
    """Yield the results without latency."""
    with running(scale.walk_rows) as base_url, generated() as stock:
        walks = {
            "typed": _Walk(partial(typed_walk, base_url), scale),
            "classlink": _Walk(partial(classlink_walk, base_url, scale.page_rows), scale),
            "stock": _Walk(partial(stock_walk, stock, base_url, scale.page_rows), scale),
        }
        costs = in_turn("walk on loopback", walks, scale.rounds)
    what = f"walk {scale.walk_rows} rows"
    for peer, name, target in (
        ("classlink", "ClassLink's loop", _MAX_TO_CLASSLINK),
        ("stock", "stock generated code", _MAX_TO_STOCK),
    ):
        yield line(f"{what} / {name}", costs["typed"], costs[peer], target)
        yield line(f"{what}, processor time / {name}", walks["typed"].cpu_seconds, walks[peer].cpu_seconds)


def far(scale: Scale) -> Iterator[Line]:
    """Yield the results with latency."""
    with running(scale.walk_rows, scale.latency) as base_url:
        walks = {
            "typed": _Walk(partial(typed_walk, base_url), scale),
            "typed, 4 windows": _Walk(partial(typed_walk, base_url, Paging(adaptive=False)), scale),
            "classlink": _Walk(partial(classlink_walk, base_url, scale.page_rows), scale),
        }
        costs = in_turn("walk with latency", walks, scale.rounds)
    what = f"walk {scale.walk_rows} rows, {scale.latency * 1000:.0f} ms a page"
    yield line(f"{what} / ClassLink's loop", costs["typed"], costs["classlink"], _MAX_WITH_LATENCY)
    yield line(f"{what}, 4 windows / ClassLink's loop", costs["typed, 4 windows"], costs["classlink"])


class _Walk:
    """A walk that can be measured repeatedly.

    Attributes:
        cpu_seconds: The CPU seconds of this process in each walk.
    """

    def __init__(self, walk: Callable[[], int], scale: Scale) -> None:
        self._walk, self._rows = walk, scale.walk_rows
        self.cpu_seconds: list[float] = []

    def __call__(self) -> float:
        """Walk once and return the wall-clock seconds; waiting is part of a walk."""
        began, cpu_began = time.perf_counter(), time.process_time()
        seen = self._walk()
        spent = time.perf_counter() - began
        self.cpu_seconds.append(time.process_time() - cpu_began)
        if seen != self._rows:
            raise RuntimeError(f"{seen} of {self._rows} rows were received")
        return spent
