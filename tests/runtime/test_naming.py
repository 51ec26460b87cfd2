"""Python names are those of the generator, for every name of every document."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_python_client.strings import PythonIdentifier

from generation.document import read
from oneroster_runtime.specification import parameter_name, python_name

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("openapi*.yaml"), *(ROOT / "tests" / "generation" / "data").glob("*.yaml")])
AWKWARD = [
    "",
    "_a",
    "a b",
    "a.b-c",
    "HTTPServer",
    "sourcedIDs",
    "x2Y",
    "3d",
    "class",
    "id",
    "self",
    "émile",
    "a$b",
    "__",
    "TRUE",
]


def names(value: Any) -> Iterator[str]:
    """Every key of a document, and every text that may be a name."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield key
            yield from names(below)
    elif isinstance(value, list):
        for below in value:
            yield from names(below)
    elif isinstance(value, str) and len(value) < 60:
        yield value


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_names_of_a_document_are_those_of_the_generator(path: Path) -> None:
    found = set(names(read(path.read_text(encoding="utf-8")).data))
    assert len(found) > 100
    assert {name: python_name(name) for name in found} == {name: PythonIdentifier(name, "field_") for name in found}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_are_those_of_the_generator(name: str) -> None:
    assert python_name(name) == PythonIdentifier(name, "field_")


@pytest.mark.parametrize(
    ("name", "expected"), [("filter", "filter"), ("orderBy", "order_by"), ("class", "class_"), ("id", "id")]
)
def test_a_parameter_may_have_the_name_of_a_builtin_but_not_of_a_keyword(name: str, expected: str) -> None:
    assert parameter_name(name) == expected
