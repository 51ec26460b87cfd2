"""The fields of msgspec structs: strict ones for `wire`, and lenient ones from which the models are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generation.facts import REFERENCE, python_name

if TYPE_CHECKING:
    from generation.facts import Facts, Model
    from oneroster_runtime.specification import Property

# Words of JSON Schema, and what msgspec calls them for a scalar and for a list.
_CONSTRAINTS = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "minItems": "min_length",
    "maxItems": "max_length",
    "minimum": "ge",
    "maximum": "le",
}
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


def wire_field(model: Model, found: Property) -> str:
    """The line of a property in its struct.

    Args:
        model: The element.
        found: The property.
    """
    kind = _narrowed(_kind(found), {} if found.kind == "date-time" else model.constraints.get(found.name, {}))
    options = [] if found.required else ["default=None"]
    options += [f"name={found.name!r}"] if found.name != found.attribute else []
    kind = kind if found.required else f"{kind} | None"
    if not options:
        return f"{found.attribute}: {kind}"
    return f"{found.attribute}: {kind} = " + ("None" if options == ["default=None"] else f"field({', '.join(options)})")


def regular_field(found: Property) -> str:
    """The line of a property in the struct that a model is read from.

    Only types are asked for that a reader in C tells apart at no cost. What the tolerant reading lets through or keeps
    aside is left to it: absent properties, unlisted values, odd booleans, instants in other notations.

    Args:
        found: The property.
    """
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
    named = nested(found)
    if named is None:
        return _TYPES[found.kind]
    inside = f"{python_name(named)}.Regular"
    return f"list[{inside}]" if found.kind in {"references", "records"} else inside


def paged(facts: Facts) -> frozenset[str]:
    """The models of which pages are made, those inside others included: the ones that are read by the thousand."""
    found: set[str] = set()
    waiting = [model.element for model in facts.models.values() if model.many and model.element]
    while waiting:
        name = waiting.pop()
        found.add(name)
        inside = map(nested, facts.models[name].properties.values())
        waiting += [name for name in inside if name and name not in found]
    return frozenset(found)


def nested(found: Property) -> str | None:
    """The model inside a property."""
    return REFERENCE if found.kind in {"reference", "references"} else found.record


def _kind(found: Property) -> str:
    named = found.enumeration or found.record
    if named is None:
        return _TYPES[found.kind]
    return f"list[{named}]" if found.kind in {"enumerations", "records"} else named


def _narrowed(kind: str, constraints: dict[str, Any]) -> str:
    said = ", ".join(f"{_CONSTRAINTS[name]}={value!r}" for name, value in constraints.items() if name in _CONSTRAINTS)
    return f"Annotated[{kind}, Meta({said})]" if said else kind
