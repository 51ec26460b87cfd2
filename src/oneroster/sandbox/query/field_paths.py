"""Resolve the dotted field names of filters and sorts by the specification."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from oneroster_runtime.specification import Element, Property, Specification

# The members of a reference. An href depends on the URL of the tenant and is not stored, so nothing is found by it.
_REFERENCE_MEMBERS: Final[Mapping[str, str]] = {"sourcedId": "string", "type": "enumeration"}
_LISTS: Final = {"strings": "string", "enumerations": "enumeration"}
_SCALARS: Final = frozenset({"string", "date", "date-time", "uri", "boolean", "number", "integer", "enumeration"})


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A field of an element with comparable values.

    Attributes:
        property: The property of the record.
        member: The member of a reference or of an inner record, or the key in metadata; None for the property itself.
        kind: The kind of a single value: a scalar kind of the specification, or "free" for metadata.
        many: Whether a record holds a list of such values.
    """

    property: str
    member: str | None
    kind: str
    many: bool


def resolve_field(specification: Specification, element: Element, name: str) -> FieldPath | None:
    """Return the field with that name, or None if the element has no such field (clause 3.2, nested fields [B]).

    A reference, a list of inner records and metadata have no single value: their names need a member after a dot.
    """
    head, dot, member = name.partition(".")
    known = element.properties.get(head)
    if known is None:
        return None
    if not dot:
        if known.kind in _SCALARS:
            return FieldPath(head, None, known.kind, many=False)
        return FieldPath(head, None, _LISTS[known.kind], many=True) if known.kind in _LISTS else None
    if known.kind == "object":
        return FieldPath(head, member, "free", many=False) if member else None
    kind = _member_kinds(specification, known).get(member)
    return None if kind is None else FieldPath(head, member, kind, many=known.kind.endswith("s"))


def _member_kinds(specification: Specification, known: Property) -> Mapping[str, str]:
    if known.refers_to:
        return _REFERENCE_MEMBERS
    inner = specification.elements[known.record].properties if known.record else {}
    return {name: member.kind for name, member in inner.items()}
