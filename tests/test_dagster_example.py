"""The example for Dagster in docs/thousands-of-tenants.md, with stand-ins for what it takes from Dagster, which is not
installed."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from oneroster.sandbox import MultiTenantSandbox

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "thousands-of-tenants.md").read_text(encoding="utf-8")
(EXAMPLE,) = (block for block in re.findall(r"^```py\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if "dagster" in block)


class FailureError(Exception):
    """Stands for the error of Dagster that says whether it may be tried again."""

    def __init__(self, description: str, *, allow_retries: bool) -> None:
        super().__init__(description)
        self.allow_retries = allow_retries


@pytest.fixture
def dagster(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module with the names that the example imports; an asset is its function, with its options."""

    def asset(**options: Any) -> Callable[[Any], Any]:
        return lambda function: SimpleNamespace(function=function, **options)

    module = ModuleType("dagster")
    vars(module).update(
        asset=asset, Failure=FailureError, StaticPartitionsDefinition=tuple, AssetExecutionContext=object
    )
    monkeypatch.setitem(sys.modules, "dagster", module)
    return module


def context_of(tenant: str) -> Any:
    added: dict[str, object] = {}
    run = SimpleNamespace(run_id="2026-11-30")
    return SimpleNamespace(partition_key=tenant, run=run, added=added, add_output_metadata=added.update)


@pytest.mark.usefixtures("dagster")
def test_a_partition_is_a_tenant_and_a_failure_says_whether_to_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    assert "rate=2," in EXAMPLE
    program = EXAMPLE.replace("rate=2,", "rate=200,")
    exec(compile(program, "<documentation>", "exec"), names)  # noqa: S102  # our own example
    with MultiTenantSandbox(2, "40", faults={"tenant-2": ["wrong-total"]}) as sandbox:
        sandbox.write_config("oneroster.toml")
        roster = names["roster_asset"](list(sandbox.tenants))
        assert roster.partitions_def == ("tenant-1", "tenant-2")
        context = context_of("tenant-1")
        roster.function(context)
        assert context.added["rows"] > 40
        with pytest.raises(FailureError) as caught:
            roster.function(context_of("tenant-2"))
        assert caught.value.allow_retries is False
    assert len(list(Path("rosters").iterdir())) >= 1
