"""The table of outcomes has every attribute of an outcome."""

from dataclasses import asdict, fields

from oneroster.pull import TenantOutcome
from oneroster.spark import outcome_schema
from oneroster.spark.outcome_rows import as_batch


def test_every_attribute_is_a_column_and_comes_back() -> None:
    assert outcome_schema().names == [field.name for field in fields(TenantOutcome)]
    good = TenantOutcome(
        "north", "rosters/north.parquet", "night", 3, {"users": 2, "orgs": 1}, watermark="2026-01-01T00:00:00.000Z"
    )
    bad = TenantOutcome("south", "rosters/south.parquet", "night", error="refused", error_type="StatusError")
    first, second = as_batch([good, bad]).to_pylist()
    assert dict(first.pop("collections")) == {"users": 2, "orgs": 1}
    assert first.pop("watermark").isoformat() == "2026-01-01T00:00:00+00:00"
    expected = asdict(good) | {"notes": [], "not_offered": []}
    assert first == {name: value for name, value in expected.items() if name not in ("collections", "watermark")}
    assert (second["rows"], second["error"], second["watermark"]) == (0, "refused", None)
