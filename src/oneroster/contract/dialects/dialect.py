"""A dialect: the read operations that a tenant has, and lookups between them."""

from collections.abc import Collection, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

from oneroster.contract.dialects.operation_dependencies import with_dependencies
from oneroster.contract.dialects.overlay import chosen_profile, dialect_specification
from oneroster.standard import Standard
from oneroster_runtime.specification import Operation, Specification

if TYPE_CHECKING:
    from oneroster.contract.dialects.dialect_specification import DocumentModel

__all__ = ["Dialect", "document_words", "path_parameters"]


class Dialect:
    """The reads of one dialect.

    Args:
        profile: The name of a profile, or empty.
        standard: The version of the standard.
        overlay: The path of an overlay file on top of the profile, or empty.
        chosen: Restrict the dialect to these operations and those that they depend on.

    Attributes:
        profile: The name of the profile.
        overlay: The path of the overlay file, or empty.
        specification: What the document says in this dialect.
        operations: The reads, by operation id.

    Raises:
        OverlayError: The dialect does not exist.
    """

    def __init__(
        self, profile: str, standard: Standard, chosen: Collection[str] | None = None, overlay: str = ""
    ) -> None:
        self.profile: Final = chosen_profile(profile, overlay, standard)
        self.overlay: Final = overlay
        self.specification: Final[DocumentModel] = dialect_specification(profile, standard, overlay)
        everything = self.specification.operations
        included = (
            everything if chosen is None else with_dependencies(self.specification, _with_reads(chosen, standard))
        )
        self.operations: Final[Mapping[str, Operation]] = {
            name: operation for name, operation in everything.items() if name in included
        }
        self._stand_ins: Final = {each.stands_for: each for each in self.operations.values() if each.stands_for}

    @property
    def booleans(self) -> str:
        """How booleans are written: ``string``, ``json`` or ``either``."""
        return self.specification.booleans

    def operation(self, operation_id: str | None) -> Operation | None:
        """Return an operation by the id that it has in the standard; None if the dialect has none.

        A dialect may replace an operation of the standard.
        """
        if operation_id is None:
            return None
        return self.operations.get(operation_id) or self._stand_ins.get(operation_id)

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

    def collection_of(self, element: str | None) -> Operation | None:
        """Return the collection that holds all records of an element."""
        return self.operation(self.specification.elements[element].collection) if element else None

    def list_of(self, read_id: str) -> Operation | None:
        """Return the collection whose records a single read returns; None if the dialect has none."""
        read = self.operation(read_id)
        lists = (each for each in self.collections if read is not None and self.operation(each.item_read) is read)
        return next(lists, None)

    def read_of(self, element: str | None) -> Operation | None:
        """Return the single read of an element."""
        return self.operation(self.specification.elements[element].read) if element else None


def _with_reads(chosen: Collection[str], standard: Standard) -> frozenset[str]:
    """Return some operationIds, and those of the reads of what the writes among them change."""
    operations = standard.specification.operations
    written = {operations[name].path for name in chosen if name in operations and operations[name].method != "GET"}
    return frozenset(chosen) | {name for name, each in operations.items() if each.path in written}


def path_parameters(operation: Operation) -> tuple[str, ...]:
    """Return the names of the path parameters of an operation, in their order."""
    return tuple(each.name for each in operation.parameters if each.location == "path")


@cache
def document_words(specification: Specification) -> frozenset[str]:
    """Return the words of paths and wrappers; other keys of a response may be values of records, and are not shown."""
    return frozenset(
        word
        for operation in specification.operations.values()
        for word in (operation.wrapper, *operation.path.split("/"))
        if word
    )
