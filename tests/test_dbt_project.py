"""The dbt project of examples/dbt is what the specification says."""

import re
from pathlib import Path

import duckdb
import pytest
import yaml

import dbt_project
from oneroster import OneRoster
from oneroster.pull import collection_schema, pull
from oneroster.sandbox import Sandbox
from tests.own_environment import ROOT, installed, run

PAGE = (ROOT / "docs" / "thousands-of-tenants.md").read_text(encoding="utf-8")
(LOADING,) = (block for block in re.findall(r"^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if "CREATE" in block)


def test_the_project_in_the_repository_is_up_to_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dbt_project.main(["--check"]) == 0
    assert dbt_project.main(["--check"], tmp_path) == 1
    assert "dbt_project.yml is out of date" in capsys.readouterr().err
    assert dbt_project.main([], tmp_path) == dbt_project.main(["--check"], tmp_path) == 0


def test_every_collection_and_column_is_a_source_and_a_model() -> None:
    written = dict(dbt_project.files())
    (source,) = yaml.safe_load(written["models/staging/sources.yml"])["sources"]
    for table in source["tables"]:
        names = [column["name"] for column in table["columns"]]
        assert names == ["tenant_code", *collection_schema(table["name"]).names]
        model = written[f"models/staging/stg_oneroster__{dbt_project.snake_case(table['name'])}.sql"]
        assert all(f'"{name}" as {dbt_project.snake_case(name)}' in model for name in names[1:])
        assert f"source('oneroster', '{table['name']}')" in model
    assert "password" not in written["models/staging/sources.yml"]


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, int]:
    """A DuckDB file with rosters of two tenants, loaded as the documentation does, and the users of each."""
    monkeypatch.chdir(tmp_path)
    with Sandbox(size=40) as sandbox, OneRoster(token=sandbox.token, base_url=sandbox.base_url) as roster:
        (tmp_path / "rosters").mkdir()
        for tenant in ("tenant-1", "tenant-2"):
            report = pull(roster, tmp_path / "rosters" / f"{tenant}.parquet")
    with duckdb.connect("lake.duckdb") as connection:
        for collection in report.manifest.collections:
            connection.execute(LOADING.replace("users", collection))
    return tmp_path / "lake.duckdb", report.manifest.collections["users"].rows


def test_the_statements_of_the_page_load_rosters_by_tenant(lake: tuple[Path, int]) -> None:
    place, users = lake
    assert users > 0
    with duckdb.connect(str(place), read_only=True) as connection:
        counted = connection.sql("SELECT tenant_code, count(*) FROM oneroster.users GROUP BY 1 ORDER BY 1")
        assert counted.fetchall() == [("tenant-1", users), ("tenant-2", users)]


@pytest.mark.only_with_all
def test_dbt_parses_and_builds_it(lake: tuple[Path, int], tmp_path: Path) -> None:
    # Newer versions install a part from elsewhere than the index.
    commands = installed(tmp_path / "environment", "dbt-core<1.12", "dbt-duckdb")
    place, users = lake
    dbt_project.main([], tmp_path / "project")
    profile = {"target": "lake", "outputs": {"lake": {"type": "duckdb", "path": str(place)}}}
    (tmp_path / "profiles.yml").write_text(yaml.safe_dump({"oneroster": profile}), encoding="utf-8")
    places: list[str | Path] = ["--project-dir", tmp_path / "project", "--profiles-dir", tmp_path]
    for command in ("parse", "build"):
        run([commands / "dbt", command, *places], DBT_SEND_ANONYMOUS_USAGE_STATS="false")
    with duckdb.connect(str(place), read_only=True) as connection:
        counted = "SELECT tenant_code, count(*) FROM {} GROUP BY 1 ORDER BY 1".format
        kept = connection.sql(counted("oneroster.users WHERE status <> 'tobedeleted'")).fetchall()
        assert connection.sql(counted("stg_oneroster__users")).fetchall() == kept
        assert 0 < kept[0][1] < users
