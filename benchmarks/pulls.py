"""A pull from a quick server in another process, against fetching the same bytes and throwing them away."""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from benchmarks.measuring import Line, in_turn, line
from benchmarks.plan import Plan
from benchmarks.server import running
from oneroster import OneRoster
from oneroster.pull import PullOptions, pull

__all__ = ["far", "fetch", "near", "pulled", "users_of"]

_MOST: Final = 2.0
_MOST_FAR: Final = 1.25
_MOST_FAR_ROWS: Final = 250_000
# Made up; the quick server looks at neither. Both are there because signing belongs to the work.
_ID: Final = "benchmark"
_SECRET: Final = "benchmark-secret"  # noqa: S105

_WINDOWS: Final = PullOptions().workers


def near(plan: Plan) -> Iterator[Line]:
    """The rows of the table on loopback."""
    rows = plan.pull_rows
    with running(rows, users=users_of(rows)) as base_url:
        ours, bytes_only = _Going(partial(pulled, base_url), rows), _Going(partial(fetch, base_url, plan, rows), rows)
        costs = in_turn("pull", {"pull": ours, "bytes": bytes_only}, plan.rounds)
    what = f"pull {rows} enrollments, {users_of(rows)} users to Parquet"
    yield line(f"{what} / fetching the bytes", costs["pull"], costs["bytes"], _MOST)
    yield line(f"{what}, processor time / fetching the bytes", ours.worked, bytes_only.worked)


def far(plan: Plan) -> Iterator[Line]:
    """The rows of the table with the latency of a distance."""
    rows = min(plan.pull_rows, _MOST_FAR_ROWS)
    with running(rows, plan.latency, users_of(rows)) as base_url:
        ours, bytes_only = _Going(partial(pulled, base_url), rows), _Going(partial(fetch, base_url, plan, rows), rows)
        costs = in_turn("pull with latency", {"pull": ours, "bytes": bytes_only}, plan.rounds)
    pages = -(-rows // plan.page_rows) - (-users_of(rows) // plan.page_rows)
    floor = plan.latency * pages / _WINDOWS
    what = f"pull {rows} enrollments, {plan.latency * 1000:.0f} ms a page"
    yield line(f"{what} / fetching the bytes", costs["pull"], costs["bytes"], _MOST_FAR)
    yield line(f"{what} / latency x pages / windows", costs["pull"], [floor] * plan.rounds)


def users_of(rows: int) -> int:
    """How many users have so many enrollments."""
    return max(1, rows // 10)


def pulled(base_url: str) -> int:
    """By `oneroster pull`, with all its checks; the other collections the tenant does not offer."""
    with (
        tempfile.TemporaryDirectory(prefix="oneroster-bench-") as folder,
        OneRoster(_ID, _SECRET, base_url=base_url) as roster,
    ):
        report = pull(roster, Path(folder) / "roster.parquet")
        return report.manifest.collections["users"].rows + report.manifest.collections["enrollments"].rows


def fetch(base_url: str, plan: Plan, rows: int) -> int:
    """The bytes of the same pages by httpx, as many on their way at once; nothing is done with them."""
    asks = [
        (name, offset)
        for name, count in (("users", users_of(rows)), ("enrollments", rows))
        for offset in range(0, count, plan.page_rows)
    ]
    with httpx.Client(base_url=base_url, timeout=60) as client, ThreadPoolExecutor(_WINDOWS) as pool:

        def one(ask: tuple[str, int]) -> int:
            name, offset = ask
            with client.stream("GET", f"/{name}", params={"limit": plan.page_rows, "offset": offset}) as answer:
                answer.raise_for_status()
                return sum(len(chunk) for chunk in answer.iter_raw())

        if not all(pool.map(one, asks)):
            raise RuntimeError("a page without a byte came")
    return rows + users_of(rows)


class _Going:
    """A way to go again and again.

    Attributes:
        worked: Processor seconds of this process, each time.
    """

    def __init__(self, go: Callable[[], int], rows: int) -> None:
        self._go, self._rows = go, rows + users_of(rows)
        self.worked: list[float] = []

    def __call__(self) -> float:
        """Seconds on the wall."""
        began, worked = time.perf_counter(), time.process_time()
        seen = self._go()
        spent = time.perf_counter() - began
        self.worked.append(time.process_time() - worked)
        if seen != self._rows:
            raise RuntimeError(f"{seen} of {self._rows} rows came")
        return spent
