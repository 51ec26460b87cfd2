"""The operations of the document as one dialect has them, and how they hang together."""

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from oneroster.contract.dialects.dependencies import prerequisites
from oneroster.contract.dialects.overlay import chosen_profile, facts_of
from oneroster_v1p1.tables import Operation
from oneroster_v1p1.tables import document as fresh_document

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["Dialect", "path_parameters", "wrapper_trust"]


@cache
def document() -> dict[str, Any]:
    """The document, read once; nobody changes it."""
    return fresh_document()


class Dialect:
    """The reads that a tenant of one dialect has, and what the document says of them there.

    ``profile`` is the name of a profile, ``overlay`` the path of an overlay file that is applied on top of it. The
    standard's operation ids are resolved to the dialect's own operation where one stands in its place.

    Raises ``OverlayError`` when there is no such dialect.
    """

    def __init__(self, profile: str = "", chosen: "Collection[str] | None" = None, overlay: str = "") -> None:
        self.profile: Final = chosen_profile(profile, overlay)
        self.overlay: Final = overlay
        self.facts: Final = facts_of(profile, overlay)
        self.booleans: Final = self.facts.booleans
        read = self.facts.operations if chosen is None else prerequisites(self.facts, chosen)
        self.operations: Final[Mapping[str, Operation]] = {
            name: operation for name, operation in self.facts.operations.items() if name in read
        }
        self._stands: Final = {each.stands_for: each for each in self.operations.values() if each.stands_for}

    def find(self, operation_id: str | None) -> Operation | None:
        """The dialect's operation for a standard operation id; None when the dialect has none."""
        if operation_id is None:
            return None
        return self.operations.get(operation_id) or self._stands.get(operation_id)

    @cached_property
    def collections(self) -> tuple[Operation, ...]:
        """The collections without a parent."""
        return tuple(each for each in self.operations.values() if each.many and not path_parameters(each))

    @cached_property
    def nested(self) -> tuple[Operation, ...]:
        """The collections below a parent."""
        return tuple(each for each in self.operations.values() if each.many and path_parameters(each))

    @cached_property
    def reads(self) -> tuple[Operation, ...]:
        """The reads of a single record."""
        return tuple(each for each in self.operations.values() if not each.many)

    def all_of(self, element: str | None) -> Operation | None:
        """The collection that holds every record of an element."""
        return self.find(self.facts.elements[element].collection) if element else None

    def list_of(self, read_id: str) -> Operation | None:
        """The collection whose records a single read reads; None when the dialect has no such list."""
        read = self.find(read_id)
        lists = (each for each in self.collections if read is not None and self.find(each.item_read) is read)
        return next(lists, None)

    def read_of(self, element: str | None) -> Operation | None:
        """The single read of an element."""
        return self.find(self.facts.elements[element].read) if element else None


def path_parameters(operation: Operation) -> tuple[str, ...]:
    """The names of the path parameters, in the order of the path."""
    return tuple(each.name for each in operation.parameters if each.location == "path")


def wrapper_trust(operation: Operation) -> str:
    """The trust mark of the key under which this operation's answer holds its data."""
    for schema in document()["components"]["schemas"].values():
        if (
            schema.get("x-oneroster-wrapper") == operation.wrapper
            and schema.get("x-oneroster-element") == operation.element
            and bool(schema.get("x-oneroster-many")) is operation.many
        ):
            return str(schema["properties"][operation.wrapper].get("x-oneroster-trust", "A"))
    return "A"
