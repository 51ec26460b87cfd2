"""The fields of msgspec structs: strict ones for `wire`, and lenient ones for the fast reading of models."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from oneroster_runtime.specification import python_name
from oneroster_runtime.specification.schemas import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from generation.package_model import Model, PackageModel
    from oneroster_runtime.specification import Property

# Keywords of JSON Schema, and the names of msgspec for a scalar and for a list.
_CONSTRAINTS = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "minItems": "min_length",
    "maxItems": "max_length",
    "minimum": "ge",
    "maximum": "le",
}
_KEY = "sourcedId"
_TYPES = {
    "string": "str",
    "uri": "str",
    "date": "date",
    "date-time": "Instant",
    "boolean": "TrueFalse",
    "number": "int | float",
    "integer": "int",
    "object": "dict[str, Any]",
    "strings": "list[str]",
    "reference": REFERENCE,
    "references": f"list[{REFERENCE}]",
}


def wire_field(model: Model, found: Property, extensions: Collection[str]) -> str:
    """Return the line of a property in the strict struct of its element.

    Args:
        model: The model of the element.
        found: The property.
        extensions: The enumerations that may be extended.
    """
    kind = _narrowed(
        _kind(found, extensions), {} if found.kind == "date-time" else model.constraints.get(found.name, {})
    )
    options = [] if found.required else ["default=None"]
    options += [f"name={found.name!r}"] if found.name != found.attribute else []
    kind = kind if found.required else f"{kind} | None"
    if not options:
        return f"{found.attribute}: {kind}"
    return f"{found.attribute}: {kind} = " + ("None" if options == ["default=None"] else f"field({', '.join(options)})")


def regular_field(found: Property, model: str) -> str:
    """Return the line of a property in the lenient struct of its element.

    The types are those that msgspec distinguishes at no cost. Everything else is left to the tolerant reading: absent
    properties, unlisted values, booleans and date-times in other notations, references without an id.

    Args:
        found: The property.
        model: The name of the model that has it.
    """
    if model == REFERENCE and found.name == _KEY:
        return f"{found.attribute}: Annotated[str, Meta(min_length=1)] = field(name={found.name!r})"
    name = f", name={found.name!r}" if found.name != found.attribute else ""
    default = f"field(default=None{name})" if name else "None"
    return f"{found.attribute}: {_regular_kind(found)} | None = {default}"


def _regular_kind(found: Property) -> str:
    if found.kind == "boolean":
        return "str | bool"
    if found.kind in {"enumeration", "date-time"}:
        return "str"
    if found.kind == "enumerations":
        return "list[str]"
    named = nested_schema(found)
    if named is None:
        return _TYPES[found.kind]
    struct = f"{python_name(named)}.Regular"
    return f"list[{struct}]" if found.kind in {"references", "records"} else struct


def page_models(package: PackageModel) -> frozenset[str]:
    """Return the models of the records of pages, with nested ones. They are read by the thousand."""
    found: set[str] = set()
    waiting = [model.element for model in package.models.values() if model.many and model.element]
    while waiting:
        name = waiting.pop()
        found.add(name)
        nested = map(nested_schema, package.models[name].properties.values())
        waiting += [name for name in nested if name and name not in found]
    return frozenset(found)


def nested_schema(found: Property) -> str | None:
    """Return the schema of the records in a property."""
    return REFERENCE if found.kind in {"reference", "references"} else found.record


def term_pattern(values: Iterable[str], pattern: str) -> str:
    """Return the pattern of an enumeration that may be extended: its values, or terms of another pattern."""
    return f"^(?:{'|'.join(map(re.escape, values))})$|{pattern}"


def _kind(found: Property, extensions: Collection[str]) -> str:
    named = found.enumeration or found.record
    if found.enumeration in extensions:
        named = f"{found.enumeration}Term"
    if named is None:
        return _TYPES[found.kind]
    return f"list[{named}]" if found.kind in {"enumerations", "records"} else named


def _narrowed(kind: str, constraints: dict[str, Any]) -> str:
    limits = ", ".join(f"{_CONSTRAINTS[name]}={value!r}" for name, value in constraints.items() if name in _CONSTRAINTS)
    return f"Annotated[{kind}, Meta({limits})]" if limits else kind
