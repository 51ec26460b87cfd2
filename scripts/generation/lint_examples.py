"""Rules of examples: each has the form of its schema, and names only what the document has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from generation.lint_document import (
    Document,
    Found,
    Path,
    Rule,
    followed,
    name_of,
    properties_of,
    register_in,
)
from oneroster_runtime.specification.vocabulary import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema.exceptions import ValidationError

EXAMPLE_RULES: list[Rule] = []
rule = register_in(EXAMPLE_RULES)

_LISTED = re.compile(r"[^,]+")
_COMPARED = re.compile(r"(?:^| AND | OR )([A-Za-z0-9_.]+)(?=[=!<>~])")
# The names of properties in the value of a parameter, by format.
_NAMES = {"oneroster-filter": _COMPARED, "oneroster-fields": _LISTED, "oneroster-sort": _LISTED}


@rule(
    "examples",
    "Every response and every body has a synthetic example, which its schema accepts; it has no other properties.",
)
def examples(document: Document) -> Found:
    for here, media in _media(document):
        if not media.get("examples"):
            yield here, "there is no example"
    violations: dict[tuple[int, str], list[tuple[Path, str]]] = {}
    for schema, value, path in _values(document):
        yield from _unknown(document, schema, value, path)
        for place, error in _errors(document, schema, value, path):
            violations.setdefault((id(error.schema), str(error.validator)), []).append((place, error.message[:200]))
    for (_, keyword), found in violations.items():
        # What many values violate is likely not a mistake of theirs.
        is_several = len({message for _, message in found}) > 1
        more = f"; {len(found) - 1} more values violate the same {keyword}" if is_several else ""
        yield from (
            (place, f"the example violates the schema: {message}{more}")
            for place, message in (found[:1] if more else found)
        )


def unknown_properties(document: Document) -> Found:
    """Yield the properties of all examples that their schemas do not have."""
    for schema, value, path in _values(document):
        yield from _unknown(document, schema, value, path)


def _media(document: Document) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for section in ("responses", "requestBodies"):
        for name, part in document["components"].get(section, {}).items():
            for kind, media in part.get("content", {}).items():
                yield ("components", section, name, "content", kind), media


def _values(document: Document) -> Iterator[tuple[Mapping[str, Any], Any, Path]]:
    """Yield every example with its schema and its path."""
    for here, media in _media(document):
        for key, example in media.get("examples", {}).items():
            path = _place(example, (*here, "examples", key))
            yield media["schema"], followed(document, example).get("value"), (*path, "value")


def _place(example: Mapping[str, Any], path: Path) -> Path:
    reference = example.get("$ref")
    return path if reference is None else ("components", "examples", name_of(reference))


def _errors(
    document: Document, schema: Mapping[str, Any], value: Any, path: Path
) -> Iterator[tuple[Path, ValidationError]]:
    """Yield the errors of an example, one for each place, without those that an unknown property explains."""
    renamed = {place[:-1] for place, _ in _unknown(document, schema, value, path)}
    seen: set[Path] = set()
    validator = Draft202012Validator(
        {**schema, "components": document["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    for error in validator.iter_errors(value):
        place = (*path, *error.absolute_path)
        # A renamed property is missing under its new name and unknown under its old one.
        # One value that is of another type is also none of those listed.
        if place not in seen and (error.validator != "required" or place not in renamed):
            seen |= set() if error.validator == "required" else {place}
            yield place, error


def _unknown(document: Document, schema: Mapping[str, Any], value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the properties of an example that its schema does not have."""
    reference = schema.get("$ref")
    target = followed(document, schema)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(document, target.get("items", {}), item, (*path, index))
    elif isinstance(value, dict) and reference is not None:
        name = name_of(reference)
        known = properties_of(document, name)
        for key, below in value.items():
            if key in known:
                yield from _unknown(document, known[key], below, (*path, key))
            else:
                yield (*path, key), f"{name} has no property {key}{nearest(key, known)}"


@rule("parameter-examples", "The examples of parameters name properties of the elements.")
def parameter_examples(document: Document) -> Found:
    elements = [
        name for name, schema in document["components"]["schemas"].items() if "x-oneroster-collection" in schema
    ]
    known = {key: None for element in elements for key in properties_of(document, element)}
    for name, parameter in document["components"].get("parameters", {}).items():
        pattern = _NAMES.get(parameter.get("schema", {}).get("format", ""))
        for key, example in parameter.get("examples", {}).items():
            for word in pattern.findall(str(example.get("value"))) if pattern else ():
                if word.split(".")[0] not in known:
                    place: Path = ("components", "parameters", name, "examples", key, "value")
                    yield place, f"no element has a property {word}{nearest(word, known)}"
