"""The closed vocabulary of a document: the keys of each kind of object, and what the x-oneroster-* keys say.

A key that is not listed is a mistake, because nothing would read it. To add one, list it here under the objects that
may have it, read it in `reader` or `schemas`, and give a key of this project a sentence in `SENTENCES`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final

__all__ = ["OBJECTS", "OVERLAID", "SENTENCES", "nearest", "objects_with", "vocabulary_problems"]

Path = tuple[str | int, ...]

_VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")

# The form of a value is the name of another object, of a list "[…]" or a mapping "{…}" of them, or one of `_LEAVES`.
# "!" after a key says that the object must have it. Values of OpenAPI's own keys are left to its validator: "any".
_WORDS: Final = {"description": "any", "x-oneroster-note": "text"}
_MARKED: Final = {**_WORDS, "x-oneroster-trust": "mark"}
_VALUE: Final[dict[str, str]] = {
    "$ref": "text",
    **dict.fromkeys(
        (
            "type", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems",
            "description", "default",
        ),
        "any",
    ),
}  # fmt: skip
_STRUCTURE: Final = {
    "items": "item",
    "properties": "{property}",
    "required": "any",
    "additionalProperties": "any",
}
_DATA: Final[dict[str, str]] = {
    "x-oneroster-wrapper": "text",
    "x-oneroster-element": "text",
    "x-oneroster-many": "flag",
}
_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

OBJECTS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "document": {
            "openapi": "any",
            "info": "info",
            "servers": "[server]",
            "tags": "[tag]",
            "paths!": "{path}",
            "components": "components",
            "x-oneroster-profiles": "{profile}",
            "x-oneroster-status": "status",
            "x-oneroster-conventions": "conventions",
        },
        "info": {
            **dict.fromkeys(("title!", "version!"), "text"),
            **dict.fromkeys(("summary", "description"), "any"),
            "license": "license",
            "x-oneroster-contract-version!": "version",
        },
        "license": dict.fromkeys(("name", "url", "identifier"), "text"),
        "server": {
            "url!": "text",
            "description": "any",
            "variables": "{server variable}",
            "x-oneroster-service": "text",
            "x-oneroster-discovery": "names",
        },
        "server variable": dict.fromkeys(("default", "enum", "description"), "any"),
        "tag": {"name!": "text", "description": "any", "x-oneroster-service": "text"},
        "components": {
            "securitySchemes": "{security scheme}",
            "parameters": "{parameter}",
            "headers": "{header}",
            "schemas": "{schema}",
            "requestBodies": "{request body}",
            "responses": "{response}",
            "examples": "{example}",
        },
        "security scheme": {
            **_MARKED,
            **dict.fromkeys(("type", "scheme", "name", "in", "bearerFormat"), "any"),
            "flows": "{flow}",
            "x-oneroster-oauth-scopes": "{mark}",
        },
        "flow": dict.fromkeys(("authorizationUrl", "tokenUrl", "refreshUrl", "scopes"), "any"),
        "path": dict.fromkeys(_METHODS, "operation"),
        "operation": {
            **_MARKED,
            **dict.fromkeys(("operationId", "summary", "tags", "security"), "any"),
            "parameters": "[parameter]",
            "requestBody": "request body",
            "responses!": "{response}",
            "x-oneroster-profiles": "names",
            "x-oneroster-stands-for": "text",
            "x-oneroster-scope": "scope",
        },
        "parameter": {
            **_MARKED,
            **dict.fromkeys(("required", "style", "explode"), "any"),
            **dict.fromkeys(("$ref", "name", "in"), "text"),
            "schema": "value",
            "examples": "{example}",
        },
        "header": {
            **_MARKED,
            "$ref": "text",
            "required": "any",
            "schema": "value",
            "x-oneroster-presence": "presence",
        },
        "request body": {**_WORDS, "$ref": "text", "required": "any", "content": "{media type}"},
        "response": {
            **_MARKED,
            "$ref": "text",
            "headers": "{header}",
            "content": "{media type}",
            "links": "{link}",
            "x-oneroster-subset": "subset",
        },
        "media type": {"schema!": "value", "examples": "{example}"},
        "example": {"$ref": "text", **dict.fromkeys(("summary", "description", "value"), "any")},
        "link": {**dict.fromkeys(("operationId", "parameters", "description"), "any")},
        "schema": {
            **_VALUE,
            **_STRUCTURE,
            **_MARKED,
            **_DATA,
            "enum": "any",
            "anyOf": "[alternative]",
            "allOf": "[part]",
            "x-oneroster-collection": "text",
            "x-oneroster-read": "text",
        },
        "alternative": {"enum": "any", "pattern": "any"},
        "part": {**_STRUCTURE, "$ref": "text", "type": "any", "description": "any"},
        "property": {
            **_VALUE,
            **_MARKED,
            "items": "item",
            "additionalProperties": "any",
            "enum": "any",
            "x-oneroster-profiles": "names",
            "x-oneroster-presence": "presence",
            "x-oneroster-personal": "flag",
            "x-oneroster-secret": "flag",
            "x-oneroster-reference": "reference",
        },
        "item": {**_VALUE, "items": "item", "enum": "any"},
        "value": {**_VALUE, "items": "item", "enum": "any"},
        # The values of the keys of this project.
        "profile": {"description!": "text", "booleans": "notation"},
        "status": {"payload!": "text", "codes!": "text"},
        "conventions": {
            **dict.fromkeys(("page-parameters", "read-parameters", "page-headers", "security", "errors"), "names")
        },
        "scope": {"through": "through", "parents!": "[parent]", "trust!": "mark", "x-oneroster-note": "text"},
        "through": {"collection!": "text", "property!": "text", "where": "{names}"},
        "parent": {"parameter!": "text", "read!": "text", "property!": "text"},
        "subset": {"of!": "text", "property!": "text", "values!": "names", "trust!": "mark"},
        "presence": {"trust!": "mark", "note": "text"},
        "reference": {"to!": "text", "types!": "names"},
    }
)
"""The keys of each kind of object, with the forms of their values."""

_OF_JSON_SCHEMA: Final[dict[str, str]] = {
    **dict.fromkeys(("anyOf", "oneOf", "allOf"), "[value]"),
    **dict.fromkeys(("title", "const", "not", "enum", "examples", "default", "deprecated"), "any"),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems"), "any"),
    **_STRUCTURE,
}
_OF_OVERLAYS: Final[Mapping[str, Mapping[str, str]]] = {
    "info": {"contact": "any", "termsOfService": "any", "x-oneroster-dialect": "text"},
    "path": {"summary": "any", "description": "any", "parameters": "[parameter]", "servers": "[server]"},
    "operation": {"deprecated": "any", "externalDocs": "any", "servers": "[server]"},
    "parameter": {"deprecated": "any", "allowEmptyValue": "any", "allowReserved": "any", "example": "any"},
    "response": _DATA,
    "schema": _OF_JSON_SCHEMA | {"allOf": "[part]"},
    "part": _VALUE | _OF_JSON_SCHEMA,
    **dict.fromkeys(("property", "item", "value"), _OF_JSON_SCHEMA),
}
OVERLAID: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {kind: {**keys, **_OF_OVERLAYS.get(kind, {})} for kind, keys in OBJECTS.items()}
)
"""The keys in a document that an overlay has changed: also those with which a vendor describes other servers."""

_INSTEAD: Final = MappingProxyType({"nullable": "; OpenAPI 3.1 writes a null as a type: [string, 'null']"})
"""What OpenAPI 3.1 has in place of a key of older versions, which nothing reads any more."""

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "x-oneroster-contract-version": "the version of this contract (semantic), beside that of the standard",
        "x-oneroster-profiles": "at the top: the dialects, and their notation of booleans; on an operation: the "
        "dialects that serve it; on a property: the dialects that have it, all without the key",
        "x-oneroster-status": "`payload`, the schema of an error; `codes`, the enumeration of its minor codes",
        "x-oneroster-conventions": "the rules of this version: `page-parameters` and `read-parameters` (components), "
        "`page-headers`, `security`, `errors` (statuses)",
        "x-oneroster-service": "with several servers: the name of the service at this base path; the service of the "
        "operations with this tag",
        "x-oneroster-discovery": "the names of the discovery document of the service, below `discovery/`; the sources "
        "name several",
        "x-oneroster-stands-for": "the standard operation that a dialect's own replaces",
        "x-oneroster-wrapper": "the key of the data in the response",
        "x-oneroster-element": "the schema of the data",
        "x-oneroster-many": "whether the data is an array",
        "x-oneroster-subset": "the collection that a specialised one is a part of, and the property and values that "
        "decide",
        "x-oneroster-scope": "how a row belongs to the parents in the path: the `property` of each parent refers to it "
        "(dotted over two hops), directly or `through` a record of another collection",
        "x-oneroster-collection": "the operation that lists all records of the element",
        "x-oneroster-read": "the operation that reads one record of the element",
        "x-oneroster-reference": "the element that a GUIDRef refers to, and the values of its `type`",
        "x-oneroster-oauth-scopes": "the mark of each OAuth 2 scope: how certain it is which operations need it",
        "x-oneroster-trust": "`A` certain, `B` probable, `C` uncertain",
        "x-oneroster-presence": 'the mark of "required" or "optional", if it differs from that of the fact',
        "x-oneroster-personal": "personal data: never shown in a log, a message, a repr or a report",
        "x-oneroster-secret": "a password: never shown at all",
        "x-oneroster-note": "why a fact is uncertain",
    }
)
"""What each key of this project says."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value)) and len(set(value)) == len(value)


_LEAVES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "any": (lambda _: True, ""),
    "text": (_is_text, "text"),
    "flag": (lambda value: isinstance(value, bool), "true or false"),
    "mark": (lambda value: value in ("A", "B", "C"), "A, B or C"),
    "version": (lambda value: isinstance(value, str) and bool(_VERSION.fullmatch(value)), "a version like 1.0.0"),
    "notation": (lambda value: value in ("string", "json"), "string or json"),
    "names": (_are_names, "a list of different names"),
}


_NAMES: Final = MappingProxyType({"{path}": re.compile("/"), "{media type}": re.compile("[^/]+/[^/]")})
"""How the names in a mapping begin."""


def nearest(word: str, known: Mapping[str, Any] | list[str]) -> str:
    """Return a question with the known name that is most like a word, whatever the case; empty if none is."""
    names = {name.casefold(): name for name in reversed(list(known))}
    found = get_close_matches(word.casefold(), list(names), n=1, cutoff=0.6)
    return f"; did you mean {names[found[0]]}?" if found else ""


def objects_with(key: str) -> list[str]:
    """Return the kinds of objects that may have a key."""
    return [kind for kind, keys in OBJECTS.items() if key in _names(keys)]


def vocabulary_problems(
    document: Mapping[str, Any], objects: Mapping[str, Mapping[str, str]] = OBJECTS
) -> Iterator[tuple[Path, str]]:
    """Yield the path and the description of each key that its object cannot have, and of each value of another form.

    In a document that an overlay has changed, values that are no objects where OpenAPI has one are left to its
    validator.

    Args:
        document: The document.
        objects: The keys of each kind of object: `OBJECTS`, or `OVERLAID`, which lets the keys of others through.
    """
    yield from _Vocabulary(objects).problems("document", document, ())


def _names(keys: Mapping[str, str]) -> dict[str, str]:
    return {key.rstrip("!"): form for key, form in keys.items()}


class _Vocabulary:
    def __init__(self, objects: Mapping[str, Mapping[str, str]]) -> None:
        self._objects = objects

    def problems(self, kind: str, value: Any, path: Path, around: Sequence[str] = ()) -> Iterator[tuple[Path, str]]:
        """Yield the problems of an object of a kind; a key that it lacks may be among the strange ones around it."""
        keys = self._objects[kind]
        known = _names(keys)
        if not isinstance(value, Mapping):
            if self._objects is OBJECTS or any(key.endswith("!") for key in keys):
                yield path, f"{_article(kind)} {kind} is a mapping with the keys {', '.join(known)}"
            return
        unknown = [key for key in value if key not in known and not self._is_of_others(key)]
        yield from _strange(kind, unknown, known, path)
        for key in keys:
            if key.endswith("!") and key[:-1] not in {*value, *around} and not unknown:
                yield path, f"the {kind} has no {key[:-1]}"
        if kind == "parameter" and self._objects is OBJECTS and "$ref" not in value and not unknown:
            missing = [key for key in ("name", "in") if key not in value]
            yield from [(path, f"the parameter has no {' and no '.join(missing)}")] if missing else []
        for key, form in known.items():
            if key in value:
                yield from self._value(key, form, value[key], (*path, key), unknown)

    def _is_of_others(self, key: Any) -> bool:
        text = str(key)
        return self._objects is OVERLAID and text.startswith("x-") and not text.startswith("x-oneroster-")

    def _value(self, key: str, form: str, value: Any, path: Path, around: Sequence[str]) -> Iterator[tuple[Path, str]]:
        if value is None and around and (form[0] in "[{" or form in self._objects):
            return  # What belongs to it stands beside it.
        if form[0] in "[{":
            parts = list(_items(value))
            is_strict = self._objects is OBJECTS or isinstance(value, Mapping | list)
            if is_strict and not isinstance(value, Mapping if form[0] == "{" else list):
                yield path, f"{key} is a {'mapping' if form[0] == '{' else 'list'}"
                return
            other = [str(name) for name, _ in parts if form in _NAMES and not _NAMES[form].match(str(name))]
            if other:
                yield (*path, other[0]), f"{key} has {form[1:-1]}s, and {', '.join(other)} {_are(other)} none"
                return
            for name, part in parts:
                yield from self._value(str(name), form[1:-1], part, (*path, name), around)
        elif form in self._objects:
            yield from self.problems(form, value, path, around)
        else:
            fits, words = _LEAVES[form]
            if not fits(value):
                yield path, f"{key} is {words}, not {value!r}"


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    return value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()


def _strange(kind: str, unknown: list[Any], known: Mapping[str, str], path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the unknown keys of an object. Several that belong to one and the same other object are one mistake."""
    shared = set.intersection(*(set(objects_with(key)) for key in unknown)) if unknown[1:] else set[str]()
    if shared:
        said = f"{', '.join(unknown)} have no meaning here ({kind}); they are keys of {', '.join(sorted(shared))}"
        yield (*path, unknown[0]), f"{said}: is a line missing above, or an indentation?"
    else:
        yield from (((*path, key), _unknown(kind, key, known)) for key in unknown)


def _are(names: list[str]) -> str:
    return "are" if names[1:] else "is"


def _unknown(kind: str, key: Any, known: Mapping[str, str]) -> str:
    elsewhere = objects_with(key)
    if elsewhere:
        return f"{key} has no meaning here ({kind}); it is a key of {', '.join(elsewhere)}"
    return f"{key} is no known key of {_article(kind)} {kind}{_INSTEAD.get(key) or nearest(str(key), known)}"


def _article(kind: str) -> str:
    return "an" if kind[0] in "aeiou" else "a"
