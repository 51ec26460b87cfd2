"""The data source: all rows of a tenant or none, typed, without a secret."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from oneroster.pull import Tenant, collection_schema, extract
from oneroster.spark.data_source import OneRosterDataSource, OneRosterReader, error_row, tenant_rows
from oneroster.spark.source_options import SourceOptions
from pyspark_oneroster import DefaultSource
from tests.engines.tenants import SAMPLE, Served, die_once, page_faults, secrets_in, served


class Read(NamedTuple):
    served: Served
    table: pa.Table

    def of(self, tenant: str) -> list[dict[str, Any]]:
        rows = [row for row in self.table.to_pylist() if row["tenant"] == tenant]
        return sorted(rows, key=lambda row: row["sourcedId"] or "")


@pytest.fixture(scope="module")
def read(spark: Any, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Read]:
    """Read the users of 20 tenants and of two that cannot be reached."""
    folder = tmp_path_factory.mktemp("source")
    faults = page_faults() if request.config.option.all else SAMPLE
    with served(folder, len(faults) + 3, faults, bad=True) as running:
        frame = source(spark, running, mode="PERMISSIVE").load("users")
        yield Read(running, frame.toArrow())


def source(spark: Any, running: Served, **options: str) -> Any:
    return spark.read.format("oneroster").option("tenants", str(running.config)).options(**options)


def test_spark_finds_it_without_registration() -> None:
    assert DefaultSource is OneRosterDataSource
    assert DefaultSource.name() == "oneroster"


def test_a_tenant_has_all_its_rows_or_one_row_with_its_error(read: Read) -> None:
    failed = 0
    for name in (*read.served.sandbox.tenants, "nobody", "locked"):
        rows = read.of(name)
        with extract(Tenant(name, config=read.served.config), ["users"]) as found:
            if "users" in found.files:
                plain = sorted(found.read("users").read_all().to_pylist(), key=lambda row: row["sourcedId"])
                assert rows == [{"tenant": name, **row, "_error": None} for row in plain], name
            else:
                failed += 1
                (row,) = rows
                refused = f"NothingOfferedError: Tenant {name!r} refuses access to users."
                assert row["_error"] == (f"{type(found.error).__name__}: {found.error}" if found.error else refused)
                assert {value for key, value in row.items() if key not in ("tenant", "_error")} == {None}
    assert failed >= 3


def test_the_schema_is_that_of_an_extract(read: Read, spark: Any) -> None:
    from pyspark.sql.pandas.types import from_arrow_schema

    strict = source(spark, read.served).load("enrollments").schema
    assert strict.fields[1:] == from_arrow_schema(collection_schema("enrollments")).fields
    assert strict.fields[0].name == "tenant"


def test_no_secret_is_in_the_plan_the_rows_or_the_event_log(
    read: Read, spark: Any, event_log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source(spark, read.served).load("users").explain(True)
    shown = capsys.readouterr().out + repr(read.table.to_pylist())
    assert "oneroster" in shown
    assert not [secret for secret in read.served.secrets if secret in shown]
    assert not secrets_in(event_log, read.served.secrets)


def test_failfast_fails_with_the_error_and_without_a_secret(read: Read, spark: Any) -> None:
    with pytest.raises(Exception, match="announced") as caught:
        source(spark, read.served, tenant="tenant-1").load("users").toArrow()
    assert not [secret for secret in read.served.secrets if secret in str(caught.value)]
    with pytest.raises(Exception, match="Unknown options token"):
        source(spark, read.served, token="x").load("users")


def test_options_narrow_what_is_read(read: Read, spark: Any) -> None:
    name = f"tenant-{len(read.served.sandbox.tenants)}"
    narrow = {"tenant": name, "columns": "role", "filter": "role='student'", "rate": "50"}
    frame = source(spark, read.served, **narrow).load("users")
    assert frame.columns == ["tenant", "sourcedId", "status", "dateLastModified", "role"]
    students = frame.toArrow().to_pylist()
    everyone = read.of(name)
    assert {row["role"] for row in students} == {"student"}
    assert len(students) == sum(row["role"] == "student" for row in everyone)
    dates = sorted(row["dateLastModified"] for row in everyone)
    changed = source(spark, read.served, tenant=name, since=dates[-1].isoformat()).load("users").toArrow().to_pylist()
    assert 0 < len(changed) < len(everyone)


class KilledReader(OneRosterReader):
    """Its worker is killed once, after a batch chosen at random."""

    marker = Path()

    def read(self, partition: Any) -> Iterator[pa.RecordBatch]:
        for batch in super().read(partition):
            for start in range(0, batch.num_rows, 7):
                yield batch.slice(start, 7)
                if random.random() < 0.2:  # noqa: S311  # no secret
                    die_once(self.marker)


class KilledSource(OneRosterDataSource):
    """The data source with that reader; the option ``marker`` tells where to note that it was killed."""

    @classmethod
    def name(cls) -> str:
        return "killed"

    def reader(self, schema: Any) -> OneRosterReader:  # noqa: ARG002  # as Spark calls it
        options = dict(self.options)
        marker = Path(options.pop("marker"))
        reader = KilledReader(SourceOptions.of(options))
        reader.marker = marker
        return reader

    def schema(self) -> Any:
        given = {name: text for name, text in self.options.items() if name != "marker"}
        return OneRosterDataSource(given).schema()


def test_a_worker_that_is_killed_at_any_batch_leaves_each_row_once(spark: Any, tmp_path: Path) -> None:
    spark.dataSource.register(KilledSource)
    with served(tmp_path, 3) as running:
        frame = (
            spark.read.format("killed")
            .option("tenants", str(running.config))
            .option("marker", str(tmp_path / "killed"))
        )
        rows = frame.load("users").toArrow().to_pylist()
    assert (tmp_path / "killed").exists()
    assert Counter(row["tenant"] for row in rows) == {f"tenant-{number}": 40 for number in (1, 2, 3)}
    assert len({(row["tenant"], row["sourcedId"]) for row in rows}) == len(rows)


def test_rows_and_errors_are_made_without_spark_as_well(read: Read) -> None:
    given = {"path": "users", "tenants": str(read.served.config), "mode": "PERMISSIVE"}
    options = SourceOptions.of(given)
    batches = list(tenant_rows(f"tenant-{len(read.served.sandbox.tenants)}", options))
    assert sum(batch.num_rows for batch in batches) == 40
    assert error_row("nobody", options, OSError("full")).to_pylist()[0]["_error"] == "OSError: full"
