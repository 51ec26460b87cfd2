"""Which records belong to which parents, worked out naively from the tenant's own collections."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster_v1p1.tables import ELEMENTS, Operation, Scope, Subset

__all__ = ["belonging", "in_subset", "linked", "parents_in_data", "references"]

TO_BE_DELETED = "tobedeleted"


def references(value: Any) -> Iterator[Record]:
    """The references in a property's value, be it one reference or a list of them; anything else is passed over."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item


def linked(tenant: ObservedTenant, element: str, row: Record, path: str) -> set[str]:
    """The ids that a reference path of a record leads to.

    ``path`` is a property, ``sourcedId`` for the record itself, or dotted over two hops (``lineItem.class``), the
    middle record being looked up in its collection.
    """
    if path == "sourcedId":
        own = identity(row)
        return {own} if own is not None else set()
    head, _, rest = path.partition(".")
    ids = {name for item in references(row.get(head)) if (name := identity(item)) is not None}
    if not rest:
        return ids
    middle = ELEMENTS[element].properties[head].refers_to
    if middle is None:
        return set()
    records = tenant.by_id(tenant.walk(tenant.dialect.all_of(middle)))
    return {name for each in ids if each in records for name in linked(tenant, middle, records[each], rest)}


def in_subset(row: Record, subset: Subset | None) -> bool:
    """Whether a record is of the kind that a specialised collection holds."""
    return subset is None or row.get(subset.property) in subset.values


def is_live(row: Record) -> bool:
    """Whether a record is not marked for deletion; what such a record still links is nobody's promise."""
    return row.get("status") != TO_BE_DELETED


def linking_records(tenant: ObservedTenant, operation: Operation, scope: Scope) -> tuple[str, Iterable[Record]]:
    """The records that decide which rows belong where, and their element.

    Those are the rows themselves, or the records of the collection that the scope goes through.

    Raises ``NotExercised`` when that collection was not read to its end.
    """
    if scope.through is None:
        collection = tenant.dialect.all_of(operation.element)
    else:
        collection = tenant.dialect.find(scope.through.collection)
    records = tenant.whole(collection)
    if collection is None or collection.element is None:
        raise NotExercised("the dialect has no such collection")
    where = dict(scope.through.where) if scope.through is not None else {}
    passing = (row for row in records.values() if all(row.get(name) in values for name, values in where.items()))
    return collection.element, passing


def belonging(tenant: ObservedTenant, operation: Operation, values: dict[str, str], *, live_only: bool) -> set[str]:
    """The ids of the rows that a nested collection should hold for the given parents.

    With ``live_only``, links and rows that are marked for deletion do not count.

    Raises ``NotExercised`` when a collection that decides it was not read to its end.
    """
    scope, element = operation.scope, operation.element
    if scope is None or element is None:
        raise NotExercised("the document does not say to which parent the rows belong")
    linking, records = linking_records(tenant, operation, scope)
    rows = tenant.whole(tenant.dialect.all_of(element))
    ids: set[str] = set()
    for record in records:
        if live_only and not is_live(record):
            continue
        if all(values[each.parameter] in linked(tenant, linking, record, each.property) for each in scope.parents):
            ids |= linked(tenant, linking, record, scope.through.property if scope.through else "sourcedId")
    return {
        name
        for name in ids
        if name in rows and in_subset(rows[name], operation.subset) and (is_live(rows[name]) or not live_only)
    }


def parents_in_data(tenant: ObservedTenant, operation: Operation) -> Counter[tuple[str, ...]]:
    """How many records link each combination of parents of a nested collection, in the order of the scope's parents."""
    if operation.scope is None:
        raise NotExercised("the document does not say to which parent the rows belong")
    element, records = linking_records(tenant, operation, operation.scope)
    counts: Counter[tuple[str, ...]] = Counter()
    for record in records:
        sides = [sorted(linked(tenant, element, record, each.property)) for each in operation.scope.parents]
        counts.update(itertools.product(*sides))
    return counts
