"""Reading a whole collection over HTTP from a fast server in another process."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.fast_server import running
from benchmarks.measurement import Line, TimedRun, in_turn, line
from benchmarks.read_loops import arrow_walk, classlink_walk, guaranteed_walk, stock_walk, typed_walk
from benchmarks.scale import Scale
from benchmarks.stock_client import generated
from oneroster import Paging

__all__ = ["far", "near"]

_MAX_TO_CLASSLINK: Final = 1.0
_MAX_TO_STOCK: Final = 0.38
_MAX_TO_EQUAL: Final = 0.6
_MAX_ARROW: Final = 0.5
_MAX_WITH_LATENCY: Final = 0.18


def near(scale: Scale) -> Iterator[Line]:
    """Yield the results without latency."""
    rows = scale.walk_rows
    with running(rows) as base_url, generated() as stock:
        walks = {
            "typed": TimedRun(partial(typed_walk, base_url), rows),
            "classlink": TimedRun(partial(classlink_walk, base_url, scale.page_rows), rows),
            "equal": TimedRun(partial(guaranteed_walk, base_url, scale.page_rows), rows),
            "stock": TimedRun(partial(stock_walk, stock, base_url, scale.page_rows), rows),
            "arrow": TimedRun(partial(arrow_walk, base_url), rows),
        }
        costs = in_turn("walk on loopback", walks, scale.rounds)
    for peer, name, target in (
        ("classlink", "ClassLink's loop", _MAX_TO_CLASSLINK),
        ("equal", "httpx and pydantic with equal guarantees", _MAX_TO_EQUAL),
        ("stock", "stock generated code", _MAX_TO_STOCK),
    ):
        yield line(f"walk {rows} rows / {name}", costs["typed"], costs[peer])
        yield line("the same, processor time", walks["typed"].cpu_seconds, walks[peer].cpu_seconds, target)
    arrow, typed = walks["arrow"].cpu_seconds, walks["typed"].cpu_seconds
    yield line(f"{rows} rows as Arrow, processor time / walk of typed records", arrow, typed, _MAX_ARROW)


def far(scale: Scale) -> Iterator[Line]:
    """Yield the results with latency."""
    with running(scale.walk_rows, scale.latency) as base_url:
        walks = {
            "typed": TimedRun(partial(typed_walk, base_url), scale.walk_rows),
            "typed, 4 windows": TimedRun(partial(typed_walk, base_url, Paging(adaptive=False)), scale.walk_rows),
            "classlink": TimedRun(partial(classlink_walk, base_url, scale.page_rows), scale.walk_rows),
        }
        costs = in_turn("walk with latency", walks, scale.rounds)
    what = f"walk {scale.walk_rows} rows, {scale.latency * 1000:.0f} ms a page"
    yield line(f"{what} / ClassLink's loop", costs["typed"], costs["classlink"], _MAX_WITH_LATENCY)
    yield line(f"{what}, 4 windows / ClassLink's loop", costs["typed, 4 windows"], costs["classlink"])
