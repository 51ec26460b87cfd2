"""The fields of the wire structs: types that msgspec validates, narrowed by what the document demands of a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generation.facts import REFERENCE

if TYPE_CHECKING:
    from generation.facts import Model
    from generation.shapes import Property

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


def _kind(found: Property) -> str:
    named = found.enumeration or found.record
    if named is None:
        return _TYPES[found.kind]
    return f"list[{named}]" if found.kind in {"enumerations", "records"} else named


def _narrowed(kind: str, constraints: dict[str, Any]) -> str:
    said = ", ".join(f"{_CONSTRAINTS[name]}={value!r}" for name, value in constraints.items() if name in _CONSTRAINTS)
    return f"Annotated[{kind}, Meta({said})]" if said else kind
