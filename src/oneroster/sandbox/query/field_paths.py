"""What a dotted field name of a filter or a sort leads to, read from the tables of the contract."""

from dataclasses import dataclass
from typing import Final

from oneroster_v1p1.tables import ELEMENTS, Element

GUID_REF: Final = "GUIDRef"

# Addresses depend on where the tenant is served and are not stored, so nothing can be found by them.
_REFERENCE_MEMBERS: Final = {
    name: member for name, member in ELEMENTS[GUID_REF].properties.items() if member.kind != "uri"
}
_LISTS: Final = {"strings": "string", "enumerations": "enumeration"}
_SCALARS: Final = frozenset({"string", "date", "date-time", "uri", "boolean", "number", "integer", "enumeration"})


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A place in the records of an element that holds comparable values.

    Attributes:
        property: the property of the record.
        member: what of it: a member of a reference or a userId, the key in metadata, None for the property itself.
        kind: the kind of a single value, one of the scalar kinds of the tables, or "free" for metadata.
        many: whether a record holds a list of such values.
    """

    property: str
    member: str | None
    kind: str
    many: bool


def resolve(element: Element, name: str) -> FieldPath | None:
    """The field of that name, None when the element has no such data element (clause 3.2, nested fields [B]).

    A reference itself, a list of userIds and metadata hold no single value: they need a member after a dot.
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
    members = _REFERENCE_MEMBERS if known.refers_to else ELEMENTS[known.record].properties if known.record else {}
    if member not in members:
        return None
    return FieldPath(head, member, members[member].kind, many=known.kind.endswith("s"))
