"""The outcome of each tenant as a row of a table."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

import pyarrow as pa

from oneroster.pull.tenant_pull import TenantOutcome

__all__ = ["as_batch", "outcome_schema"]

_TIME = pa.timestamp("us", tz="UTC")


def outcome_schema() -> pa.Schema:
    """Return the schema of the table that `pull` returns, with the attributes of `TenantOutcome` as columns."""
    return pa.schema(
        [
            pa.field("tenant", pa.string(), nullable=False),
            pa.field("destination", pa.string(), nullable=False),
            pa.field("run_id", pa.string(), nullable=False),
            pa.field("rows", pa.int64(), nullable=False),
            pa.field("collections", pa.map_(pa.string(), pa.int64())),
            pa.field("fetched", pa.int64(), nullable=False),
            pa.field("requests", pa.int64(), nullable=False),
            pa.field("retries", pa.int64(), nullable=False),
            pa.field("received", pa.int64(), nullable=False),
            pa.field("seconds", pa.float64(), nullable=False),
            pa.field("watermark", _TIME),
            pa.field("rejects", pa.int64(), nullable=False),
            pa.field("not_offered", pa.list_(pa.string())),
            pa.field("notes", pa.list_(pa.string())),
            pa.field("skipped", pa.bool_(), nullable=False),
            pa.field("error", pa.string()),
            pa.field("error_type", pa.string()),
            pa.field("transient", pa.bool_(), nullable=False),
        ]
    )


def as_batch(outcomes: Iterable[TenantOutcome]) -> pa.RecordBatch:
    """Return outcomes as a batch of `outcome_schema`."""
    rows = []
    for outcome in outcomes:
        row = asdict(outcome)
        row["watermark"] = None if outcome.watermark is None else datetime.fromisoformat(outcome.watermark)
        rows.append(row | {"collections": list(outcome.collections.items())})
    return pa.RecordBatch.from_pylist(rows, outcome_schema())
