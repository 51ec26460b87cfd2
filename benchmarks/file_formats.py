"""Converting JSON pages to files, with the code of `oneroster pull` and with stock generated models.

Both convert the pages of users and enrollments to one file each, page by page.
"""

import csv
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import pyarrow as pa
from pyarrow import parquet

from benchmarks.fast_server import enrollments, users
from benchmarks.measurement import Line, in_turn, line
from benchmarks.scale import Scale
from benchmarks.stock_client import Stock, generated
from oneroster.pull.fetch.arrow_batches import Batcher
from oneroster.pull.fetch.row_parser import RowsCall
from oneroster.pull.formats import format_of
from oneroster.pull.plan import RosterSelection, collections_to_fetch, columns_to_fetch
from oneroster.pull.roster.columns import schema_of
from oneroster.pull.roster.manifest import Manifest, StoredCollection
from oneroster.pull.roster.roster_protocol import MemoryRoster
from oneroster.standard import Standard
from oneroster.transport.bounded_response import RawResponse

__all__ = ["Pages", "measure", "ours", "pages_of", "stock_csv", "stock_parquet"]

_MAX_PARQUET: Final = 0.2
_MAX_CSV: Final = 0.25
_BASE_URL: Final = "https://sis.example/ims/oneroster/v1p1"
_HEADERS: Final = {"Content-Type": "application/json"}
_USER_COLUMNS: Final = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,"
    "identifier,email,sms,phone,agentSourcedIds,grades,password"
)
_ENROLLMENT_COLUMNS: Final = (
    "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate"
)

Pages = dict[str, list[bytes]]
"""The bodies of the pages of each collection, by wrapper."""


def measure(scale: Scale) -> Iterator[Line]:
    """Yield the cost for each format, relative to stock models with a suitable library."""
    pages = pages_of(scale.file_rows, scale.page_rows)
    with generated() as stock:
        candidates = {
            "parquet": _timed(partial(ours, pages, "parquet"), scale),
            "csv": _timed(partial(ours, pages, "csv"), scale),
            "stock parquet": _timed(partial(stock_parquet, stock, pages), scale),
            "stock csv": _timed(partial(stock_csv, stock, pages), scale),
        }
        costs = in_turn("files", candidates, scale.rounds)
    what = f"JSON of 2 x {scale.file_rows} rows to"
    yield line(f"{what} Parquet / stock models + Arrow", costs["parquet"], costs["stock parquet"], _MAX_PARQUET)
    yield line(f"{what} OneRoster CSV / stock models + csv", costs["csv"], costs["stock csv"], _MAX_CSV)


def pages_of(rows: int, limit: int) -> Pages:
    """Return the pages of `rows` users and of as many enrollments of these users."""
    collections = (users(rows), enrollments(rows, rows))
    return {one.name: [one.page(offset, limit) for offset in range(0, rows, limit)] for one in collections}


def ours(pages: Pages, form: str, folder: Path) -> dict[str, int]:
    """Write the pages with our code, which validates every record; return the number of rows by file."""
    tables, holdings, standard = {}, {}, Standard.of()
    for source in collections_to_fetch(standard.specification, selection=RosterSelection(only=tuple(pages))):
        columns = columns_to_fetch(standard.specification, source.element, RosterSelection())
        batcher = Batcher(standard, schema_of(standard.specification, source.element, columns))
        call = RowsCall(standard, source.operation_id, {}, _BASE_URL)
        read = [
            batcher.batch(call.read_rows(RawResponse(200, httpx.Headers(_HEADERS), body, _BASE_URL)).rows)
            for body in pages[source.collection]
        ]
        table = tables[source.element] = pa.Table.from_batches(read)
        holdings[source.collection] = StoredCollection(source.element, table.num_rows, table.schema.names)
    roster = MemoryRoster(Manifest(base_url=_BASE_URL, collections=holdings), tables)
    return format_of(folder, form).write(folder, roster).rows


def stock_parquet(stock: Stock, pages: Pages, folder: Path) -> dict[str, int]:
    """Write the pages by `Table.from_pylist` with the same compression; return the number of rows by file."""
    folder.mkdir()
    rows = {}
    for name, bodies in pages.items():
        schema: pa.Schema | None = None
        with (folder / f"{name}.parquet").open("wb") as file:
            tables = _stock_tables(stock, name, bodies)
            first = next(tables)
            schema, count = first.schema, first.num_rows
            with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
                writer.write_table(first)
                for table in tables:
                    writer.write_table(table.cast(schema))
                    count += table.num_rows
        rows[f"{name}.parquet"] = count
    return rows


def _stock_tables(stock: Stock, name: str, bodies: Iterable[bytes]) -> Iterator[pa.Table]:
    for records in _stock_records(stock, name, bodies):
        yield pa.Table.from_pylist([record.to_dict() for record in records])


def stock_csv(stock: Stock, pages: Pages, folder: Path) -> dict[str, int]:
    """Write the pages by the `csv` module; return the number of rows by file."""
    folder.mkdir()
    rows = {}
    for name, bodies in pages.items():
        header, cells = (_USER_COLUMNS, _user_cells) if name == "users" else (_ENROLLMENT_COLUMNS, _enrollment_cells)
        count = 0
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            file.write(f"{header}\r\n")
            writer = csv.writer(file)
            for records in _stock_records(stock, name, bodies):
                writer.writerows(map(cells, records))
                count += len(records)
        rows[f"{name}.csv"] = count
    return rows


def _stock_records(stock: Stock, name: str, bodies: Iterable[bytes]) -> Iterator[list[Any]]:
    model = stock.page_model("UserPage" if name == "users" else "EnrollmentPage")
    for body in bodies:
        yield getattr(model.from_dict(json.loads(body)), name)


def _user_cells(user: Any) -> tuple[str, ...]:
    return (
        user.sourced_id,
        "",
        "",
        user.enabled_user,
        ",".join(org.sourced_id for org in user.orgs),
        user.role,
        user.username,
        ",".join(f"{{{one.type_}:{one.identifier}}}" for one in user.user_ids or ()),
        user.given_name,
        user.family_name,
        user.middle_name or "",
        user.identifier or "",
        user.email or "",
        user.sms or "",
        user.phone or "",
        ",".join(agent.sourced_id for agent in user.agents or ()),
        ",".join(user.grades or ()),
        "",
    )


def _enrollment_cells(enrollment: Any) -> tuple[str, ...]:
    return (
        enrollment.sourced_id,
        "",
        "",
        enrollment.class_.sourced_id,
        enrollment.school.sourced_id,
        enrollment.user.sourced_id,
        enrollment.role,
        enrollment.primary or "",
        enrollment.begin_date.isoformat() if enrollment.begin_date else "",
        enrollment.end_date.isoformat() if enrollment.end_date else "",
    )


def _timed(work: Callable[[Path], dict[str, int]], scale: Scale) -> Callable[[], float]:
    """Return a function that measures the CPU seconds, in all threads, of writing all files once."""

    def cost() -> float:
        with tempfile.TemporaryDirectory(prefix="oneroster-bench-") as folder:
            target = Path(folder) / "destination"
            began = time.process_time()
            rows = work(target)
            spent = time.process_time() - began
            shutil.rmtree(target)
        lost = [name for name, count in rows.items() if count != scale.file_rows]
        if lost or len(rows) != 2:
            raise RuntimeError(f"rows were lost: {rows}")
        return spent

    return cost
