"""How often a pull reads the rows that it staged."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from oneroster import OneRoster
from oneroster.pull import PullOptions, pull
from oneroster.pull.fetch.staged_roster import StagedRoster
from oneroster.sandbox import Sandbox

MOST = {"csv": 3, "ndjson": 2, "parquet": 2, "duckdb": 2, "sqlite": 2}


@pytest.mark.parametrize("format_", MOST)
def test_a_staged_row_is_read_a_few_times(format_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: Counter[str] = Counter()
    read = StagedRoster.read

    def counting(self: StagedRoster, element: str) -> pa.RecordBatchReader:
        reads[element] += 1
        return read(self, element)

    monkeypatch.setattr(StagedRoster, "read", counting)
    with Sandbox() as tenant, OneRoster(base_url=tenant.base_url, token=tenant.token) as client:
        report = pull(client, tmp_path / f"roster.{format_}", PullOptions(format=format_))
    assert len(reads) == len(report.fetched)
    assert max(reads.values()) <= MOST[format_]
