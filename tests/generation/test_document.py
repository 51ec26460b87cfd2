"""Reading the document: the data of YAML as JSON knows it, and the place of everything."""

import json

import pytest
import yaml

from generation.document import DocumentError, read
from oneroster_v1p1 import document


def test_scalars_are_those_of_json() -> None:
    text = "{a: on, b: no, c: 2024-01-01, d: 0x1F, e: 1_000, f: true, g: null, h: '1', i: 1, j: 1.5, k: ~}"
    assert read(text).data == {
        "a": "on", "b": "no", "c": "2024-01-01", "d": "0x1F", "e": "1_000", "f": True, "g": None, "h": "1", "i": 1,
        "j": 1.5, "k": None,
    }  # fmt: skip


def test_every_place_has_its_line() -> None:
    found = read("a:\n  - b/c: 1\n  - {x~y: 2}\nd: &anchor\n  e: 3\nf: *anchor\n")
    assert found.data == {"a": [{"b/c": 1}, {"x~y": 2}], "d": {"e": 3}, "f": {"e": 3}}
    assert found.lines["/a/0/b~1c"] == 2
    assert found.lines["/a/1/x~0y"] == 3
    assert found.lines["/d/e"] == 5
    assert found.lines["/f"] == 6
    assert str(found.error("/a/7/z", "nothing")) == "line 1, /a/7/z: nothing"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", r"line 2, column 1, /a: the key 'a' is given twice, first on line 1"),
        ("a: &x\n  b: *x\n", r"line 1, /a/b: an alias leads back into itself"),
        ("a: !!python/object:os.system 1", r"line 1, /a: the tag .* is not known here"),
        ("a: !!set {b}", r"line 1, /a: the tag .* is not known here"),
        ("b: &x {c: 1}\na:\n  <<: *x\n", r"line 3, column 3, /a: a key must be plain text; merge keys"),
        ("? [a]\n: 1\n", r"line 1, column 3: a key must be plain text"),
        ("a: b: c", r"line 1, column 5: this is not YAML: "),
        ("a:\n  b: 1\n c: 2\n", r"line 3, column 2: .*; the block below line 1 is indented by 2, and this line by 1$"),
        ("a: \x00", "this is not YAML: "),
        ("--- a\n--- b\n", "this is not YAML: "),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        read(text)


def test_the_document_beside_the_package_is_the_one_that_was_read() -> None:
    from pathlib import Path

    text = (Path(__file__).resolve().parents[2] / "openapi.yaml").read_text(encoding="utf-8")
    assert read(text).data == document()
    assert json.dumps(document()) == json.dumps(yaml.safe_load(text))
    document()["info"]["title"] = "changed"
    assert document()["info"]["title"] == "OneRoster"
