"""What must be read of a tenant before an operation can be judged."""

from collections.abc import Collection, Iterator

from oneroster.contract.dialects.document_model import DocumentModel
from oneroster_v1p1.tables import Operation

__all__ = ["prerequisites"]


def prerequisites(facts: DocumentModel, operations: Collection[str]) -> frozenset[str]:
    """The operations, and those without which they cannot be judged.

    These are the collection of all records of their kind, the one that a single read belongs to, those of their
    parents and of what ties them to these, and those to which their records refer.
    """
    needed: set[str] = set()
    for name in operations:
        if name in facts.operations:
            needed.add(name)
            needed |= set(_needed(facts, facts.operations[name]))
    stands = {each.stands_for: name for name, each in facts.operations.items() if each.stands_for}
    return frozenset(name for each in needed if (name := stands.get(each, each)) in facts.operations)


def _needed(facts: DocumentModel, operation: Operation) -> Iterator[str]:
    yield from _collection_of(facts, operation.element)
    yield from (each.operation_id for each in facts.operations.values() if each.item_read == operation.operation_id)
    if operation.item_read is not None:
        yield operation.item_read
    if operation.subset is not None:
        yield operation.subset.of
    if operation.scope is not None:
        yield from _tied(facts, operation)
    for known in facts.elements[operation.element].properties.values() if operation.element else ():
        yield from _collection_of(facts, known.refers_to)


def _tied(facts: DocumentModel, operation: Operation) -> Iterator[str]:
    """What decides which rows of a nested collection belong to which parents."""
    assert operation.scope is not None  # noqa: S101 - the caller has looked
    if operation.scope.through is not None:
        yield operation.scope.through.collection
    for parent in operation.scope.parents:
        yield from (each.operation_id for each in facts.operations.values() if each.item_read == parent.read)
        read = facts.operations.get(parent.read)
        yield from _collection_of(facts, read.element if read else None)


def _collection_of(facts: DocumentModel, element: str | None) -> Iterator[str]:
    collection = facts.elements[element].collection if element else None
    if collection is not None:
        yield collection
