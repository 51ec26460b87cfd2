"""Which operations must be read before a given operation can be checked."""

from collections.abc import Collection, Iterator

from oneroster.contract.dialects.dialect_specification import DocumentModel
from oneroster_runtime.specification import Operation

__all__ = ["with_dependencies"]


def with_dependencies(specification: DocumentModel, operations: Collection[str]) -> frozenset[str]:
    """Return the ids of some operations and of those that they depend on.

    An operation depends on the collection of all records of its element, the collection of a single read, the
    collections of its parents and of the records that link to them, and the collections that its records refer to.
    """
    needed: set[str] = set()
    for name in operations:
        if name in specification.operations:
            needed.add(name)
            needed |= set(_dependencies(specification, specification.operations[name]))
    stand_ins = {each.stands_for: name for name, each in specification.operations.items() if each.stands_for}
    return frozenset(name for each in needed if (name := stand_ins.get(each, each)) in specification.operations)


def _dependencies(specification: DocumentModel, operation: Operation) -> Iterator[str]:
    yield from _collection_of(specification, operation.element)
    yield from _lists_of(specification, operation.operation_id)
    if operation.item_read is not None:
        yield operation.item_read
    if operation.subset is not None:
        yield operation.subset.of
    yield from _of_scope(specification, operation)
    for known in specification.elements[operation.element].properties.values() if operation.element else ():
        yield from _collection_of(specification, known.refers_to)


def _of_scope(specification: DocumentModel, operation: Operation) -> Iterator[str]:
    """Yield the operations that decide which rows of a nested collection belong to which parents."""
    if operation.scope is None:
        return
    if operation.scope.through is not None:
        yield operation.scope.through.collection
    for parent in operation.scope.parents:
        yield from _lists_of(specification, parent.read)
        read = specification.operations.get(parent.read)
        yield from _collection_of(specification, read.element if read else None)


def _lists_of(specification: DocumentModel, read_id: str) -> Iterator[str]:
    return (each.operation_id for each in specification.operations.values() if each.item_read == read_id)


def _collection_of(specification: DocumentModel, element: str | None) -> Iterator[str]:
    collection = specification.elements[element].collection if element else None
    if collection is not None:
        yield collection
