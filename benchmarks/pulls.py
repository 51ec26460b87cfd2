"""A pull from a fast server in another process, compared with downloading the same bytes and discarding them."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from benchmarks.fast_server import running
from benchmarks.measurement import Line, TimedRun, in_turn, line
from benchmarks.scale import Scale
from oneroster import OneRoster
from oneroster.pull import PullOptions, pull

__all__ = ["far", "fetch", "near", "pulled", "users_of"]

_MAX: Final = 2.0
_MAX_FAR: Final = 1.25
_MAX_FAR_ROWS: Final = 250_000
# The server checks neither. They are given because signing requests is part of the work.
_ID: Final = "benchmark"
_SECRET: Final = "benchmark-secret"  # noqa: S105  # of a server on loopback

_WINDOWS: Final = PullOptions().workers


def near(scale: Scale) -> Iterator[Line]:
    """Yield the results without latency."""
    rows = scale.pull_rows
    with running(rows, users=users_of(rows)) as base_url:
        ours, bytes_only = (
            TimedRun(partial(pulled, base_url), rows + users_of(rows)),
            TimedRun(partial(fetch, base_url, scale, rows), rows + users_of(rows)),
        )
        costs = in_turn("pull", {"pull": ours, "bytes": bytes_only}, scale.rounds)
    what = f"pull {rows} enrollments, {users_of(rows)} users to Parquet"
    yield line(f"{what} / fetching the bytes", costs["pull"], costs["bytes"], _MAX)
    yield line(f"{what}, processor time / fetching the bytes", ours.cpu_seconds, bytes_only.cpu_seconds)


def far(scale: Scale) -> Iterator[Line]:
    """Yield the results with latency."""
    rows = min(scale.pull_rows, _MAX_FAR_ROWS)
    with running(rows, scale.latency, users_of(rows)) as base_url:
        ours, bytes_only = (
            TimedRun(partial(pulled, base_url), rows + users_of(rows)),
            TimedRun(partial(fetch, base_url, scale, rows), rows + users_of(rows)),
        )
        costs = in_turn("pull with latency", {"pull": ours, "bytes": bytes_only}, scale.rounds)
    pages = -(-rows // scale.page_rows) - (-users_of(rows) // scale.page_rows)
    floor = scale.latency * pages / _WINDOWS
    what = f"pull {rows} enrollments, {scale.latency * 1000:.0f} ms a page"
    yield line(f"{what} / fetching the bytes", costs["pull"], costs["bytes"], _MAX_FAR)
    yield line(f"{what} / latency x pages / windows", costs["pull"], [floor] * scale.rounds)


def users_of(rows: int) -> int:
    """Return the number of users for a number of enrollments."""
    return max(1, rows // 10)


def pulled(base_url: str) -> int:
    """Pull with `oneroster.pull`, including all checks, and return the number of rows."""
    with (
        tempfile.TemporaryDirectory(prefix="oneroster-bench-") as folder,
        OneRoster(_ID, _SECRET, base_url=base_url) as roster,
    ):
        report = pull(roster, Path(folder) / "roster.parquet")
        return report.manifest.collections["users"].rows + report.manifest.collections["enrollments"].rows


def fetch(base_url: str, scale: Scale, rows: int) -> int:
    """Download the same pages by httpx with the same concurrency; return the number of rows."""
    requests = [
        (name, offset)
        for name, count in (("users", users_of(rows)), ("enrollments", rows))
        for offset in range(0, count, scale.page_rows)
    ]
    with httpx.Client(base_url=base_url, timeout=60) as client, ThreadPoolExecutor(_WINDOWS) as pool:

        def download(request: tuple[str, int]) -> int:
            name, offset = request
            with client.stream("GET", f"/{name}", params={"limit": scale.page_rows, "offset": offset}) as response:
                response.raise_for_status()
                return sum(len(chunk) for chunk in response.iter_raw())

        if not all(pool.map(download, requests)):
            raise RuntimeError("a page was empty")
    return rows + users_of(rows)
