"""The hand-written table of the files is checked against the document when it is used."""

from types import SimpleNamespace
from typing import Any

import pytest

import oneroster_v1p1
from oneroster.pull import DestinationError
from oneroster.pull.formats.oneroster_csv import file_definitions
from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS, binding_of, stale_rows
from oneroster.standard import Standard
from oneroster_runtime.specification import read_specification


@pytest.mark.parametrize("version", BINDINGS)
def test_the_table_fits_the_document(version: str) -> None:
    assert stale_rows(BINDINGS[version], Standard.of(version).specification) == []


def test_rows_that_the_document_does_not_have_are_named() -> None:
    document = oneroster_v1p1.document()
    user = document["components"]["schemas"]["User"]["allOf"][1]["properties"]
    user["text"] = user.pop("sms")
    document["components"]["schemas"]["CategoryPage"]["x-oneroster-wrapper"] = "kinds"
    assert stale_rows(BINDINGS["1.1"], read_specification(document)) == [
        "categories.csv has the records of kinds",
        "users.csv has sms, which User does not have",
    ]


def test_a_stale_table_is_refused_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_definitions, "stale_rows", lambda *_: ["users.csv has sms, which User does not have"])
    manifest: Any = SimpleNamespace(standard="1.1")
    with pytest.raises(DestinationError, match=r"users\.csv has sms.*Change the rows in .*file_definitions\.py"):
        binding_of(manifest, "The roster")


def test_an_unknown_column_names_the_row() -> None:
    with pytest.raises(DestinationError, match=r"users\.csv has the column nothing, which User does not have"):
        BINDINGS["1.1"].files["users"].column("nothing")
