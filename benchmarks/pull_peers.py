"""A pull to Parquet with all checks, compared with plain loops that check nothing."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import duckdb
import httpx
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.fast_server import running
from benchmarks.measurement import Line, TimedRun, in_turn, line, progress
from benchmarks.pulls import users_of
from benchmarks.scale import Scale
from oneroster import OneRoster
from oneroster.pull import pull

__all__ = ["measure", "with_dlt"]

_MAX_TO_PYLIST: Final = 0.85
_MAX_TO_POLARS: Final = 0.55
_MAX_TO_DUCKDB: Final = 0.45
_MAX_TO_DLT: Final = 0.11

# The server does not check it.
_TOKEN: Final = "benchmark"  # noqa: S105  # of a server on loopback

_Write = Callable[[list[bytes], str, Path], int]


def measure(scale: Scale) -> Iterator[Line]:
    """Yield the results against httpx with Arrow, Polars and DuckDB, in processor time."""
    rows = scale.peer_rows
    peers = {
        "httpx, orjson and from_pylist": (_with_pylist, _MAX_TO_PYLIST),
        "httpx and Polars": (_with_polars, _MAX_TO_POLARS),
        "httpx and DuckDB": (_with_duckdb, _MAX_TO_DUCKDB),
    }
    with running(rows, users=users_of(rows)) as base_url:
        runs = {"pull": TimedRun(partial(_pulled, base_url), rows + users_of(rows))}
        for name, (write, _) in peers.items():
            runs[name] = TimedRun(partial(_loop, write, base_url, scale.page_rows), rows + users_of(rows))
        in_turn("pull and plain loops", runs, scale.rounds)
    for name, (_, target) in peers.items():
        what = f"pull {rows + users_of(rows)} rows to Parquet, processor time / {name}"
        yield line(what, runs["pull"].cpu_seconds, runs[name].cpu_seconds, target)


def with_dlt(scale: Scale) -> Iterator[Line]:
    """Yield the result against the REST source of dlt, where dlt is installed."""
    if find_spec("dlt") is None:
        progress('pull-dlt needs dlt: pip install "dlt[parquet]>=1.31"')
        return
    rows = scale.peer_rows
    with running(rows, users=users_of(rows)) as base_url:
        runs = {
            "pull": TimedRun(partial(_pulled, base_url), rows + users_of(rows)),
            "dlt": TimedRun(partial(_dlt, base_url, scale.page_rows), rows + users_of(rows)),
        }
        in_turn("pull and dlt", runs, scale.rounds)
    what = f"pull {rows + users_of(rows)} rows to Parquet, processor time / dlt's rest_api source"
    yield line(what, runs["pull"].cpu_seconds, runs["dlt"].cpu_seconds, _MAX_TO_DLT)


def _pulled(base_url: str) -> int:
    """Pull with a bearer token, as the peers read: signing each request is no part of this comparison."""
    with (
        tempfile.TemporaryDirectory(prefix="oneroster-bench-") as folder,
        OneRoster(base_url=base_url, token=_TOKEN) as roster,
    ):
        return sum(found.rows for found in pull(roster, Path(folder) / "roster.parquet").manifest.collections.values())


def _loop(write: _Write, base_url: str, limit: int) -> int:
    """Fetch all pages of both collections one after the other, and write a Parquet file of each."""
    rows = 0
    with tempfile.TemporaryDirectory(prefix="oneroster-bench-") as folder, _client(base_url) as client:
        for name in ("users", "enrollments"):
            bodies: list[bytes] = []
            total = 1
            while len(bodies) * limit < total:
                parameters = {"limit": limit, "offset": len(bodies) * limit}
                response = client.get(f"/{name}", params=parameters).raise_for_status()
                total = int(response.headers["X-Total-Count"])
                bodies.append(response.content)
            rows += write(bodies, name, Path(folder) / f"{name}.parquet")
    return rows


def _client(base_url: str) -> httpx.Client:
    return httpx.Client(base_url=base_url, headers={"Authorization": f"Bearer {_TOKEN}"}, timeout=60)


def _with_pylist(bodies: list[bytes], name: str, path: Path) -> int:
    rows: list[Any] = [row for body in bodies for row in orjson.loads(body)[name]]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return len(rows)


def _with_polars(bodies: list[bytes], name: str, path: Path) -> int:
    rows: list[Any] = [row for body in bodies for row in orjson.loads(body)[name]]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    frame.write_parquet(path)
    return frame.height


def _with_duckdb(bodies: list[bytes], name: str, path: Path) -> int:
    lines = path.with_suffix(".ndjson")
    with lines.open("wb") as file:
        for body in bodies:
            file.writelines(orjson.dumps(row) + b"\n" for row in orjson.loads(body)[name])
    with duckdb.connect() as connection:
        connection.read_json(str(lines), format="newline_delimited").write_parquet(str(path))
        found: Any = connection.read_parquet(str(path)).count("*").fetchall()
    return int(found[0][0])


def _dlt(base_url: str, limit: int) -> int:
    """Load both collections with dlt's REST source into Parquet files."""
    import dlt
    from dlt.sources.rest_api import rest_api_source

    paginator = {"type": "offset", "limit": limit, "total_path": None, "stop_after_empty_page": True}
    resources = [
        {"name": name, "endpoint": {"path": name, "paginator": paginator, "data_selector": name}}
        for name in ("users", "enrollments")
    ]
    source = rest_api_source({"client": {"base_url": f"{base_url}/"}, "resources": resources})
    with tempfile.TemporaryDirectory(prefix="oneroster-bench-") as folder:
        destination = dlt.destinations.filesystem(bucket_url=Path(folder, "files").as_uri())
        pipeline = dlt.pipeline(
            "oneroster_benchmark", pipelines_dir=folder, destination=destination, dataset_name="roster"
        )
        pipeline.run(source, loader_file_format="parquet")
        counts = pipeline.last_trace.last_normalize_info.row_counts
    return int(counts["users"] + counts["enrollments"])
