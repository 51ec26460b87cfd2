"""Membership: which records belong to which parents, computed from the tenant's own collections."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final

from oneroster.contract.errors import NotJudged, NotOffered
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.oracle.reference_forms import references_at
from oneroster_runtime.specification import Operation, Scope, Subset

__all__ = [
    "certain_members",
    "count_parents",
    "deleted_members",
    "entries_of",
    "expected_members",
    "in_subset",
    "is_live",
    "linked_ids",
    "possible_members",
    "says",
    "values_at",
]

TO_BE_DELETED: Final = "tobedeleted"
UNCERTAIN: Final = "C"
"""The mark of a scope that is an interpretation."""
USER: Final = "User"
ENROLLMENT: Final = "Enrollment"
ORG: Final = "Org"


def linked_ids(tenant: ObservedTenant, element: str, row: Record, path: str) -> set[str]:
    """Return the ids that a record refers to.

    Args:
        tenant: The tenant.
        element: The element of the record.
        row: The record.
        path: A reference property, or ``sourcedId`` for the record itself, or two properties joined by a dot, as in
            ``lineItem.class``; then the record in between is looked up in its collection.
    """
    if path == "sourcedId":
        own_id = identity(row)
        return {own_id} if own_id is not None else set()
    head, _, rest = path.partition(".")
    ids = {name for item in references_at(row, head) if (name := identity(item)) is not None}
    if not rest:
        return ids
    known = tenant.specification.elements[element].properties.get(head)
    if known is not None and known.record is not None:
        inner = [item for item in entries_of(row.get(head)) if isinstance(item, dict)]
        return {name for item in inner for name in linked_ids(tenant, known.record, item, rest)}
    between = known.refers_to if known is not None else None
    if between is None:
        return set()
    records = tenant.rows_by_id(tenant.walk(tenant.dialect.collection_of(between)))
    return {name for each in ids if each in records for name in linked_ids(tenant, between, records[each], rest)}


def in_subset(row: Record, subset: Subset | None) -> bool:
    """Return whether a record belongs to a specialised collection, such as students among users."""
    return subset is None or any(says(value, subset.values) for value in values_at(row, subset.property))


def says(value: Any, words: tuple[str, ...] | frozenset[str]) -> bool:
    """Return whether a value is documented, in upper or lower case; the schema rules report other letters."""
    return isinstance(value, str) and (value in words or value.casefold() in _folded(words))


@cache
def _folded(words: tuple[str, ...] | frozenset[str]) -> frozenset[str]:
    return frozenset(word.casefold() for word in words)


def values_at(row: Record, path: str) -> set[str]:
    """Return the texts at a property, or at one of the records in a list, as in ``roles.role``."""
    head, _, rest = path.partition(".")
    found = [item for item in entries_of(row.get(head)) if isinstance(item, dict)] if rest else []
    if rest:
        return {value for item in found for value in values_at(item, rest)}
    return {item for item in entries_of(row.get(head)) if isinstance(item, str)}


def entries_of(value: Any) -> list[Any]:
    """Return the entries of a list; another value as its only entry."""
    return value if isinstance(value, list) else [value]


def is_live(row: Record) -> bool:
    """Return whether a record is not marked for deletion; the standard does not say what deleted records link to."""
    return not says(row.get("status"), (TO_BE_DELETED,))


def linking_records(
    tenant: ObservedTenant, operation: Operation, scope: Scope, *, complete: bool = True
) -> tuple[str, Iterable[Record]]:
    """Return the records that link rows to parents, and their element.

    They are the rows themselves, or the records of the collection that the scope goes through.

    Raises:
        NotJudged: That collection was not read, or with ``complete``, not completely.
    """
    if scope.through is None:
        collection = tenant.dialect.collection_of(operation.element)
    else:
        collection = tenant.dialect.operation(scope.through.collection)
    records = tenant.all_rows(collection) if complete else tenant.known_rows(collection)
    if collection is None or collection.element is None:
        raise NotOffered("the dialect has no such collection")
    where = dict(scope.through.where) if scope.through is not None else {}
    matching = (row for row in records.values() if all(says(row.get(name), values) for name, values in where.items()))
    return collection.element, matching


def expected_members(
    tenant: ObservedTenant, operation: Operation, values: dict[str, str], *, live_only: bool
) -> set[str]:
    """Return the ids of the rows that a nested collection should hold for the given parents.

    Args:
        tenant: The tenant.
        operation: The nested collection.
        values: The ids of the parents by path parameter.
        live_only: Ignore links and rows that are marked for deletion.

    Raises:
        NotJudged: A collection that is needed was not read completely.
    """
    scope, element = operation.scope, operation.element
    if scope is None or element is None:
        raise NotOffered("the document does not say to which parent the rows belong")
    linking, records = linking_records(tenant, operation, scope)
    rows = tenant.all_rows(tenant.dialect.collection_of(element))
    ids: set[str] = set()
    for record in records:
        if live_only and not is_live(record):
            continue
        if all(values[each.parameter] in linked_ids(tenant, linking, record, each.property) for each in scope.parents):
            ids |= linked_ids(tenant, linking, record, scope.through.property if scope.through else "sourcedId")
    return {
        name
        for name in ids
        if name in rows and in_subset(rows[name], operation.subset) and (is_live(rows[name]) or not live_only)
    }


def certain_members(tenant: ObservedTenant, operation: Operation, values: dict[str, str]) -> set[str]:
    """Return the ids of the live rows that a nested collection should hold by every reading of the standard.

    Where the document's reading is an interpretation, a user must also be enrolled at the parent in the role of the
    collection. No other reading leaves out what these require: that of all sessions, or of all categories, adds rows.

    Raises:
        NotJudged: See `expected_members`.
    """
    members = expected_members(tenant, operation, values, live_only=True)
    if not _is_interpretation(operation) or operation.subset is None or operation.element != USER:
        return members
    roles = operation.subset.values
    try:
        return members & _enrolled(
            tenant, set(values.values()), lambda row: is_live(row) and says(row.get("role"), roles)
        )
    except NotJudged:
        return set()


def possible_members(tenant: ObservedTenant, operation: Operation, values: dict[str, str]) -> set[str] | None:
    """Return the ids of the rows that a nested collection may hold by some reading; None if that may be any row.

    A user may belong to an org by a role there, in an org above or below it, or by an enrollment there.

    Raises:
        NotJudged: See `expected_members`.
    """
    members = expected_members(tenant, operation, values, live_only=False)
    if not _is_interpretation(operation) or operation.scope is None:
        return members
    if operation.element != USER:
        return None
    rows = tenant.all_rows(tenant.dialect.collection_of(USER))
    path = operation.scope.parents[0].property
    try:
        orgs = _related_orgs(tenant, set(values.values()))
        enrolled = _enrolled(tenant, orgs, lambda _: True)
    except NotJudged:
        return None
    return members | enrolled | {name for name, row in rows.items() if orgs & linked_ids(tenant, USER, row, path)}


def _is_interpretation(operation: Operation) -> bool:
    return operation.scope is not None and operation.scope.trust == UNCERTAIN


def _enrolled(tenant: ObservedTenant, orgs: set[str], counts: Callable[[Record], bool]) -> set[str]:
    """Return the ids of the users with an enrollment at one of the orgs, that count."""
    enrollments = tenant.all_rows(tenant.dialect.collection_of(ENROLLMENT)).values()
    return {
        name
        for row in enrollments
        if counts(row) and orgs & linked_ids(tenant, ENROLLMENT, row, "school")
        for name in linked_ids(tenant, ENROLLMENT, row, "user")
    }


def _related_orgs(tenant: ObservedTenant, orgs: set[str]) -> set[str]:
    """Return orgs with all orgs above and below them."""
    rows = tenant.all_rows(tenant.dialect.collection_of(ORG))
    above = {name: linked_ids(tenant, ORG, row, "parent") for name, row in rows.items()}
    for name, row in rows.items():
        for child in linked_ids(tenant, ORG, row, "children"):
            above.setdefault(child, set()).add(name)
    below: dict[str, set[str]] = {}
    for name, parents in above.items():
        for parent in parents:
            below.setdefault(parent, set()).add(name)
    return _reached(orgs, above) | _reached(orgs, below)


def _reached(start: set[str], steps: Mapping[str, set[str]]) -> set[str]:
    found, new = set(start), set(start)
    while new:
        new = {name for each in new for name in steps.get(each, ())} - found
        found |= new
    return found


def deleted_members(tenant: ObservedTenant, operation: Operation, values: dict[str, str]) -> set[str]:
    """Return the ids of the rows marked for deletion that a nested collection should hold for the given parents.

    None of a collection through other records: no source says what a deleted link still links.

    Raises:
        NotJudged: See `expected_members`.
    """
    if operation.scope is None or operation.scope.through is not None:
        return set()
    rows = tenant.all_rows(tenant.dialect.collection_of(operation.element))
    members = expected_members(tenant, operation, values, live_only=False)
    return {name for name in members if not is_live(rows[name])}


def count_parents(tenant: ObservedTenant, operation: Operation, *, complete: bool = True) -> Counter[tuple[str, ...]]:
    """Return how many records link each combination of parents of a nested collection, in the order of its scope.

    Raises:
        NotJudged: The records were not read, or with ``complete``, not completely.
    """
    if operation.scope is None:
        raise NotOffered("the document does not say to which parent the rows belong")
    element, records = linking_records(tenant, operation, operation.scope, complete=complete)
    counts: Counter[tuple[str, ...]] = Counter()
    through = operation.scope.through
    for record in records:
        if through is not None and not linked_ids(tenant, element, record, through.property):
            # Such as a course without resources: it links no row.
            continue
        sides = [sorted(linked_ids(tenant, element, record, each.property)) for each in operation.scope.parents]
        counts.update(itertools.product(*sides))
    return counts
