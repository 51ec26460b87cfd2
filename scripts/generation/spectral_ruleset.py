"""The rules of a document that need no program, as a ruleset of Spectral: docs/oneroster.spectral.yaml.

Every rule is a JSON Schema on parts of the document, so that other tools can take it over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from generation.lint_document import TRUST
from generation.lint_form import FORMATS
from generation.lint_rules import RULES
from oneroster_runtime.specification.vocabulary import OBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["RULE_PREFIX", "ruleset", "ruleset_as_yaml"]

RULE_PREFIX = "oneroster-"
_HEAD = """\
# Rules of a OneRoster document for Spectral: spectral lint --ruleset oneroster.spectral.yaml FILE
# Made by scripts/docs. Each rule has the name of the one of scripts/generate of which it is a part; docs/document.md
# has them all. Rules that follow a reference or compare parts are checked by scripts/generate only.
"""
_OPERATIONS = "$.paths.*.*"
_PROPERTIES = ("$.components.schemas.*.properties.*", "$.components.schemas.*.allOf[*].properties.*")
_MARK: dict[str, Any] = {"enum": list(TRUST)}
_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_LEAVES: dict[str, dict[str, Any]] = {
    "any": {},
    "text": _TEXT,
    "mark": _MARK,
    "flag": {"type": "boolean"},
    "names": {"type": "array", "items": _TEXT},
    "notation": {"enum": ["string", "json"]},
    "version": {"type": "string", "pattern": r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$"},
}
_WITH_REASON: dict[str, Any] = {
    "if": {"type": "object", "properties": {"x-oneroster-trust": {"const": "C"}}, "required": ["x-oneroster-trust"]},
    "then": {"required": ["x-oneroster-note"]},
}


def ruleset() -> dict[str, Any]:
    """Return the ruleset."""
    texts = {rule.name: rule.text for rule in RULES} | {
        "vocabulary": "Every object has keys of the vocabulary only, with values of their form."
    }
    return {
        "rules": {
            RULE_PREFIX + name: {
                "description": texts[name.partition("/")[0]],
                "message": "{{path}}: {{error}}",
                "severity": "error",
                "resolved": False,
                "given": list(given),
                "then": {"function": "schema", "functionOptions": {"dialect": "draft2020-12", "schema": schema}},
            }
            for name, given, schema in _rules()
        }
    }


def ruleset_as_yaml() -> str:
    """Return the file of the ruleset."""
    return _HEAD + yaml.safe_dump(ruleset(), sort_keys=False, allow_unicode=True, width=120)


def _rules() -> Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]:
    yield "vocabulary", ("$",), _vocabulary()
    yield "operation-id", (_OPERATIONS,), {"required": ["operationId"]}
    needed = ["summary", "description", "tags", "x-oneroster-profiles"]
    one_tag = {"tags": {"minItems": 1, "maxItems": 1}, "x-oneroster-profiles": {"minItems": 1}}
    yield "operation-form", (_OPERATIONS,), {"required": needed, "properties": one_tag}
    reference = {"required": ["$ref"]}
    yield "shared-parts", (f"{_OPERATIONS}.parameters[*]", f"{_OPERATIONS}.responses.*"), reference
    components = tuple(
        f"$.components.{each}.*" for each in ("parameters", "responses", "headers", "requestBodies", "examples")
    )
    yield "shared-parts/components", components, {"not": reference}
    yield "errors", (f"{_OPERATIONS}.responses",), {"propertyNames": {"pattern": "^[0-9]+$"}}
    typed = {"anyOf": [{"required": ["type"]}, reference]}
    marked = {"required": ["x-oneroster-trust"], "properties": {"x-oneroster-trust": _MARK}}
    yield "properties", _PROPERTIES, {**marked, **typed}
    parts = (_OPERATIONS, *(f"$.components.{each}.*" for each in ("parameters", "responses", "securitySchemes")))
    yield "marks", parts, marked
    yield "uncertain", (*parts, "$.components.headers.*", "$.components.schemas.*", *_PROPERTIES), _WITH_REASON
    schema = {"if": {"required": ["enum"]}, "then": {**marked, "required": ["description", "x-oneroster-trust"]}}
    listed = {"properties": {"enum": {"type": "array", "minItems": 1, "uniqueItems": True}}}
    yield "enumerations", ("$.components.schemas.*",), {**schema, **listed}
    yield "enumerations/inline", _PROPERTIES, {"not": {"required": ["enum"]}}
    yield "constraints", _PROPERTIES, {"properties": {"format": {"enum": FORMATS}}}


def _vocabulary() -> dict[str, Any]:
    """Return the closed vocabulary as a JSON Schema of a document."""
    kinds = {kind: _object(keys) for kind, keys in OBJECTS.items()}
    return {**_form("document"), "$defs": {_definition(kind): schema for kind, schema in kinds.items()}}


def _object(keys: Mapping[str, str]) -> dict[str, Any]:
    required = [key[:-1] for key in keys if key.endswith("!")]
    found: dict[str, Any] = {
        "type": "object",
        "properties": {key.removesuffix("!"): _form(form) for key, form in keys.items()},
        "additionalProperties": False,
    }
    return found | ({"required": required} if required else {})


def _form(form: str) -> dict[str, Any]:
    if form.startswith("["):
        return {"type": "array", "items": _form(form[1:-1])}
    if form.startswith("{"):
        return {"type": "object", "additionalProperties": _form(form[1:-1])}
    return dict(_LEAVES[form]) if form in _LEAVES else {"$ref": f"#/$defs/{_definition(form)}"}


def _definition(kind: str) -> str:
    return kind.replace(" ", "-")
