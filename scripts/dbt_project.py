"""The dbt project of examples/dbt: sources and staging models for every collection, from the specification."""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import yaml

from oneroster.pull import collection_schema
from oneroster.pull.plan import collections_to_fetch
from oneroster.standard import Standard

FOLDER = Path(__file__).resolve().parent.parent / "examples" / "dbt"
TENANT = "tenant_code"
SOURCE = "oneroster"

PROJECT = """\
name: oneroster
version: "1.0.0"
profile: oneroster
model-paths: [models]
models:
  oneroster:
    staging:
      +materialized: view
"""


def main(arguments: Sequence[str], folder: Path = FOLDER) -> int:
    """Write the files, or tell which of them are out of date; return the exit status."""
    wanted = dict(files())
    outdated = sorted(name for name, text in wanted.items() if _read(folder / name) != text)
    if "--check" in arguments:
        for name in outdated:
            print(f"{name} is out of date; run scripts/dbt", file=sys.stderr)
        return int(bool(outdated))
    for name in outdated:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(wanted[name], encoding="utf-8")
    return 0


def files() -> Iterator[tuple[str, str]]:
    """Yield the files of the project by their path, with their text."""
    schemas = {
        one.collection: collection_schema(one.collection) for one in collections_to_fetch(Standard.of().specification)
    }
    yield "dbt_project.yml", PROJECT
    yield "models/staging/sources.yml", _sources(schemas)
    for collection, schema in schemas.items():
        yield f"models/staging/stg_{SOURCE}__{snake_case(collection)}.sql", _model(collection, schema)


def snake_case(name: str) -> str:
    """Return a name of the standard as a column name of a warehouse.

    >>> snake_case("orgSourcedIds"), snake_case("_extras")
    ('org_sourced_ids', '_extras')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _sources(schemas: dict[str, pa.Schema]) -> str:
    tables = [
        {
            "name": collection,
            "columns": [
                {"name": TENANT, "description": "The name of the tenant.", "data_tests": ["not_null"]},
                *({"name": field.name, **_tests(field)} for field in schema),
            ],
        }
        for collection, schema in schemas.items()
    ]
    described = {
        "name": SOURCE,
        "description": "Rosters pulled by oneroster-kit, a table per collection.",
        "schema": SOURCE,
        "quoting": {"identifier": True},
        "tables": tables,
    }
    return yaml.safe_dump({"version": 2, "sources": [described]}, sort_keys=False, width=120)


def _tests(field: pa.Field) -> dict[str, list[str]]:
    return {} if field.nullable else {"data_tests": ["not_null"]}


def _model(collection: str, schema: pa.Schema) -> str:
    columns = ",\n".join([f"    {TENANT}", *(f'    "{field.name}" as {snake_case(field.name)}' for field in schema)])
    return (
        f"select\n{columns}\nfrom {{{{ source('{SOURCE}', '{collection}') }}}}\n"
        "where coalesce(\"status\", 'active') <> 'tobedeleted'\n"
    )


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
