"""The dbt project of examples/dbt is what the specification says."""

from pathlib import Path

import pytest
import yaml

import dbt_project
from oneroster.pull import collection_schema


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
