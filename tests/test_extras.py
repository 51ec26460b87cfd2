"""What a plain installation says where the libraries of an extra are missing."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from oneroster.cli._command_list import COMMANDS
from oneroster.cli._extras_of_commands import EXTRA_OF_COMMAND, extras_for
from oneroster.extras import CHECK_LIBRARIES, PULL_LIBRARIES, how_to_install

PROJECT = tomllib.loads((Path(__file__).resolve().parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMPORT_NAMES = {"pyyaml": "yaml"}


def libraries_of(extra: str) -> set[str]:
    names = [name.partition(">")[0] for name in PROJECT["optional-dependencies"][extra]]
    return {IMPORT_NAMES.get(name, name.replace("-", "_")) for name in names}


def test_the_libraries_of_one_extra_are_known() -> None:
    assert set(CHECK_LIBRARIES) == libraries_of("check") - libraries_of("pull")
    assert set(PULL_LIBRARIES) == libraries_of("pull") - libraries_of("check")
    assert EXTRA_OF_COMMAND.keys() == COMMANDS.keys()


@pytest.mark.parametrize(
    ("statement", "missing", "extra"),
    [
        ("from oneroster.pull import pull", "pyarrow", "pull"),
        ("from oneroster.pull import extract", "pyarrow", "pull"),
        ("from oneroster.sandbox import Sandbox", "starlette", "check"),
        ("from oneroster.sandbox import create_app", "starlette", "check"),
        ("from oneroster.dlt import oneroster", "dlt", "dlt"),
        ("from oneroster.dlt import oneroster", "pyarrow", "dlt"),
        ("from oneroster.spark import pull", "pyarrow", "spark"),
    ],
)
def test_an_import_names_the_extra(statement: str, missing: str, extra: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None\ntry: {statement}\nexcept ImportError as e: print(e)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert f'is not installed; run pip install "oneroster-kit[{extra}]"' in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("line", "extras"),
    [
        ("check --sandbox", "check"),
        ("pull --to r.parquet", "pull"),
        ("pull --sandbox", "check,pull"),
        ("stats r.parquet", "pull"),
        ("get users", "check"),
        ("--help", "all"),
    ],
)
def test_a_command_line_names_every_extra_that_it_needs(line: str, extras: str) -> None:
    said = how_to_install("typer", *extras_for(line.split()))
    assert said == f'typer is not installed; run pip install "oneroster-kit[{extras}]"'
