"""YAML of others is bounded before anything is built of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.contract.dialects.bounded_yaml import UnsafeYamlError, load_yaml

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))

HOSTILE = {
    "D5 aliases": BOMB,
    "D5 merged aliases": BOMB.replace("[*", "[{<<: [*").replace("]\n", "]}]\n"),
    "D5 many aliases": "a: &a [" + "x," * 1000 + "]\nb: [" + "*a," * 1000 + "]",
    "D5 brackets": "[" * 50_000,
    "D5 closed brackets": "[" * 50_000 + "]" * 50_000,
    "D5 braces": "{a: " * 50_000,
    "D5 block sequences": "- " * 50_000,
    "D5 an alias of itself": "&a [*a]",
    "D5 JSON objects": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "D5 a long text": "x" * (9 << 20),
    "D5 a long number": "9" * 10_000,
    "D5 many digits": "a: 1_" + "0" * 100_000,
    "no such day": "a: 2026-99-99",
    "no such tag": "!!python/object/apply:os.system [id]",
    "control characters": "a: \x00",
    "unclosed": "a: [",
    "a key twice": "a: {b: 1}\nc: {d: 1, d: 2}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_d5_hostile_yaml_is_refused_at_once(name: str) -> None:
    with pytest.raises(UnsafeYamlError) as refused:
        load_yaml(HOSTILE[name])
    assert len(str(refused.value)) < 100


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(st.characters(categories=["L", "N"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_json_comes_back(value: Any) -> None:
    assert load_yaml(json.dumps(value)) == value


def test_anchors_with_measure_are_read() -> None:
    assert load_yaml("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: *a") == {
        "a": {"x": 1},
        "b": {"x": 1, "y": 2},
        "c": {"x": 1},
    }
