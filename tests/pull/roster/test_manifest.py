"""Manifests: the JSON of this form and of form 1, and what is refused."""

import json
from pathlib import Path

import pytest

from oneroster.pull import DestinationError
from oneroster.pull.roster.manifest import MANIFEST_FORMAT, Manifest, StoredCollection, manifest_path, write_manifest
from oneroster.standard import DEFAULT, Standard

FORM_1 = b"""{"version": 1, "kind": "whole", "choice": {"only": ["users"]},
    "collections": {"users": {"element": "User", "rows": 3}}}"""


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    manifest = Manifest(base_url="https://sis.example", collections={"users": StoredCollection("User", 3, ["role"])})
    write_manifest(tmp_path / "roster.zip", manifest)
    text = manifest_path(tmp_path / "roster.zip").read_bytes()
    assert Manifest.from_json(text) == manifest
    assert json.loads(text)["format"] == MANIFEST_FORMAT
    assert json.loads(text)["standard"] == DEFAULT
    assert [path.name for path in tmp_path.iterdir()] == ["roster.zip.manifest.json"]


def test_form_1_is_read() -> None:
    manifest = Manifest.from_json(FORM_1)
    assert manifest.collections["users"].rows == 3
    assert manifest.selection == {"only": ["users"]}
    assert manifest.watermark is None
    assert manifest.specification is Standard.of("1.1").specification
    assert Manifest.from_json(manifest.to_json()) == manifest


@pytest.mark.parametrize("key", ["format", "version"])
def test_a_later_form_is_refused(key: str) -> None:
    text = b'{"%s": %d, "kind": ["quite", "another"]}' % (key.encode(), MANIFEST_FORMAT + 1)
    with pytest.raises(DestinationError, match=f"has format {MANIFEST_FORMAT + 1}.*Update"):
        Manifest.from_json(text, "roster/_manifest.json")


def test_an_unsupported_version_of_the_standard_is_refused() -> None:
    with pytest.raises(DestinationError, match=r"roster/_manifest\.json.*'0\.9' is not supported"):
        Manifest.from_json(b'{"format": 2, "standard": "0.9"}', "roster/_manifest.json")


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"version": 1, "kind": 7}', b'{"format": 2, "kind": 7}', b"\xff"]
)
def test_other_json_is_refused(text: bytes) -> None:
    with pytest.raises(DestinationError, match="not a manifest of a pull"):
        Manifest.from_json(text)
