"""One document for each profile: valid, complete in itself, and the same in all files."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from generation import command
from generation.document import read
from generation.lint_document import walk
from generation.lint_examples import examples
from generation.standalone import SUMS, profile_document
from oneroster_v1p1 import document, specification

FOLDER = Path(__file__).resolve().parents[2] / "generated" / "oneroster_v1p1" / "documents"
PROFILES = specification().profiles
Part = dict[str, Any]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_document_is_valid_and_has_what_the_profile_has(profile: str) -> None:
    found = profile_document(document(), profile)
    assert list(OpenAPIV31SpecValidator(found).iter_errors()) == []
    assert list(examples(found)) == []
    served = {one.operation_id for one in specification().operations.values() if profile in one.profiles}
    assert {one["operationId"] for item in found["paths"].values() for one in item.values()} == served
    assert all(str(part).startswith("#/components/") for path, part in walk(found) if path[-1:] == ("$ref",))
    used = {part for path, part in walk(found) if path[-1:] == ("$ref",)}
    for section, parts in found["components"].items():
        assert section == "securitySchemes" or {f"#/components/{section}/{name}" for name in parts} <= used


def test_a_profile_has_its_properties_and_its_booleans() -> None:
    kimono, standard = (profile_document(document(), name)["components"]["schemas"] for name in ("kimono", "standard"))
    assert kimono["TrueFalse"]["type"] == "boolean"
    assert standard["TrueFalse"]["type"] == "string"
    assert "weight" in kimono["Category"]["allOf"][1]["properties"]
    assert "weight" not in standard["Category"]["allOf"][1]["properties"]
    assert "org" not in kimono["Course"]["allOf"][1]["properties"]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_files_are_the_same_document_with_their_digests(profile: str) -> None:
    as_json, as_yaml = ((FOLDER / f"{profile}.{suffix}").read_bytes() for suffix in ("json", "yaml"))
    assert read(as_yaml.decode()).data == json.loads(as_json) == profile_document(document(), profile)
    sums = (FOLDER / SUMS).read_text(encoding="utf-8")
    for data, suffix in ((as_json, "json"), (as_yaml, "yaml")):
        assert f"{hashlib.sha256(data).hexdigest()}  {profile}.{suffix}\n" in sums


def test_the_option_writes_the_documents_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--standalone", str(tmp_path / "documents")]) == 0
    assert "Wrote one document for each profile" in capsys.readouterr().out
    written = {path.name: path.read_bytes() for path in (tmp_path / "documents").iterdir()}
    assert written == {path.name: path.read_bytes() for path in FOLDER.iterdir()}
