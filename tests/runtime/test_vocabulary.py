"""The closed vocabulary: everything in the document is known, and a key with a letter wrong is refused everywhere."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

import oneroster_v1p1
from oneroster_runtime.specification.vocabulary import OBJECTS, OVERLAID, SENTENCES, objects_with, vocabulary_problems

DOCUMENT = oneroster_v1p1.document()
Path = tuple[str | int, ...]


def test_the_document_has_no_other_keys() -> None:
    assert list(vocabulary_problems(DOCUMENT)) == []


def test_every_key_of_the_project_has_a_sentence_and_the_other_way_round() -> None:
    own = {key.rstrip("!") for keys in OBJECTS.values() for key in keys if key.startswith("x-")}
    assert own == set(SENTENCES)
    assert all(map(objects_with, SENTENCES))


def keys_of(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of one key of each kind of object: maps of names and examples have free keys."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield (*path, key)
            if key != "value":
                yield from keys_of(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from keys_of(below, (*path, index))


def own_keys() -> dict[str, Path]:
    return {str(path[-1]): path for path in keys_of(DOCUMENT) if str(path[-1]).startswith("x-oneroster-")}


def at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


@pytest.mark.parametrize("key", own_keys())
def test_a_key_of_the_project_with_a_letter_missing_is_refused_with_its_name(key: str) -> None:
    document, path = copy.deepcopy(DOCUMENT), own_keys()[key]
    holder, wrong = at(document, path[:-1]), key[:-2] + key[-1]
    holder[wrong] = holder.pop(key)
    ((place, message),) = vocabulary_problems(document)
    assert place == (*path[:-1], wrong)
    assert message.endswith(f"; did you mean {key}?")


@pytest.mark.parametrize(
    ("path", "key", "value", "said"),
    [
        (("components", "schemas", "Org", "allOf", 1), "requird", ["name"], "did you mean required?"),
        (("components", "schemas", "User", "allOf", 1, "properties", "orgs"), "minItmes", 1, "did you mean minItems?"),
        (("components", "parameters", "Limit", "schema"), "defualt", 50, "did you mean default?"),
        (("components", "parameters", "Limit"), "requierd", True, "did you mean required?"),
        (("components", "headers", "Link"), "descripton", "x", "did you mean description?"),
        (("components", "responses", "Orgs"), "header", {}, "did you mean headers?"),
        (("paths", "/orgs", "get"), "paramters", [], "did you mean parameters?"),
        (("paths", "/orgs"), "gett", {}, "did you mean get?"),
        (("paths", "/orgs"), "parameters", [], "it is a key of components, operation"),
        ((), "x-internal", True, "is no known key of a document"),
        (("info",), "vesion", "1", "did you mean version?"),
        (("components",), "schema", {}, "it is a key of parameter, header"),
        (("x-oneroster-profiles", "kimono"), "boolean", "json", "did you mean booleans?"),
        (("x-oneroster-profiles", "kimono"), "booleans", "jsn", "booleans is string or json, not 'jsn'"),
        (("components", "schemas", "User", "allOf", 1, "properties", "sms"), "x-oneroster-personal", "no", "true or f"),
        (("components", "schemas", "User", "allOf", 1, "properties", "sms"), "x-oneroster-trust", "D", "A, B or C"),
        (
            ("components", "schemas", "User"),
            "x-oneroster-personal",
            True,
            "has no meaning here (schema); it is a key of property",
        ),
        (("components", "responses", "Terms", "x-oneroster-subset"), "trust", "b", "trust is A, B or C, not 'b'"),
        (("components", "responses", "Terms", "x-oneroster-subset"), "values", [], "a list of different names"),
        (("components", "schemas", "User", "allOf"), 1, {"x-oneroster-trust": "A"}, "has no meaning here (part)"),
        (("tags",), 0, {"nme": "rostering"}, "did you mean name?"),
        (("tags",), 0, {"name": "rostering", "x-oneroster-service": " "}, "x-oneroster-service is text"),
    ],
)
def test_a_wrong_key_or_value_is_refused_at_its_place(path: Path, key: str, value: Any, said: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    at(document, path)[key] = value
    ((place, message),) = vocabulary_problems(document)
    assert place[: len(path)] == path
    assert said in message


@pytest.mark.parametrize("missing", ["of", "property", "values", "trust"])
def test_a_key_that_an_object_must_have(missing: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    place: Path = ("components", "responses", "Terms", "x-oneroster-subset")
    at(document, place).pop(missing)
    assert list(vocabulary_problems(document)) == [(place, f"the subset has no {missing}")]


def test_what_is_no_object_is_refused_and_under_an_overlay_left_to_openapi() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["paths"]["/orgs"]["get"]["parameters"] = "Fields"
    document["components"]["responses"]["Terms"]["x-oneroster-subset"] = "students"
    subset = (
        ("components", "responses", "Terms", "x-oneroster-subset"),
        "a subset is a mapping with the keys of, property, values, trust",
    )
    parameters = (("paths", "/orgs", "get", "parameters"), "parameters is a list")
    assert list(vocabulary_problems(document)) == [parameters, subset]
    assert list(vocabulary_problems(document, OVERLAID)) == [subset]
