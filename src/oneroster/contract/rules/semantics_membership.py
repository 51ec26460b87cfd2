"""Semantic rules on specialised and nested collections: exactly the right records, each with a unique id."""

from collections import Counter
from collections.abc import Iterator

from oneroster.contract.harm import Harm
from oneroster.contract.http.parsed_response import identity
from oneroster.contract.levels import Level, level_of
from oneroster.contract.observation.evidence import count_of, finding, id_list
from oneroster.contract.observation.membership import (
    certain_members,
    deleted_members,
    expected_members,
    in_subset,
    is_live,
    possible_members,
)
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import collections, nested
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.foreign_rows import foreign_rows
from oneroster_runtime.specification import Operation


def specialised(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections that select one kind of record from another one, such as students from users."""
    return (operation for operation in collections(tenant) if operation.subset is not None)


@rule(
    "OR-SEM-01",
    family="semantics",
    harm=Harm.ROWS,
    title="A specialised collection contains only records of its kind",
    clause="2 what the specialised endpoints select [B]",
    example="GET /students lists a user whose role is teacher",
    fix="select by the property that defines the kind, such as role or type, and by nothing else",
    stands_on=("subset",),
    over=specialised,
)
@confirmed
def only_its_kind(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = tenant.walk(operation)
    others = [identity(row) for row in found.rows if not in_subset(row, operation.subset)]
    if others and operation.subset is not None:
        allowed = " or ".join(operation.subset.values)
        message = f"{len(others)} of {len(found)} records have a {operation.subset.property} other than {allowed}"
        yield finding(message, found.pages[0], others)
    elif operation.subset is not None and found.pages:
        larger = tenant.dialect.operation(operation.subset.of)
        yield from foreign_rows(tenant, found.pages[0], found.rows, "the collection", larger)


@rule(
    "OR-SEM-02",
    family="semantics",
    harm=Harm.ROWS,
    title="A specialised collection contains all records of its kind",
    clause="2 what the specialised endpoints select [B]",
    example="a user whose role is student is listed by /users but not by /students",
    fix="serve the specialised collection from the same records as the collection it selects from, with those that"
    " are tobedeleted",
    stands_on=("subset",),
    over=specialised,
)
@confirmed
def all_of_its_kind(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    if operation.subset is None:
        return
    larger = tenant.all_rows(tenant.dialect.operation(operation.subset.of))
    expected = {name for name, row in larger.items() if in_subset(row, operation.subset)}
    listed = tenant.all_rows(operation).keys()
    missing = sorted(name for name in expected - listed if is_live(larger[name]))
    deleted = sorted(expected - listed - set(missing))
    if missing:
        message = f"{len(missing)} of {len(expected)} records of {operation.subset.of} are missing ({id_list(missing)})"
        yield finding(message, tenant.walk(operation).pages[0], missing)
    elif deleted:
        message = f"{count_of(len(deleted), 'record')} of {operation.subset.of} that are tobedeleted are missing"
        yield finding(message, tenant.walk(operation).pages[0], deleted)


@rule(
    "OR-SEM-03",
    family="semantics",
    harm=Harm.ROWS,
    title="A nested collection contains only the records of its parent",
    clause="2 nested endpoints, parents [B]",
    example="GET /schools/{id}/classes lists a class of another school",
    fix="select by the parent id in the path",
    over=nested,
)
@confirmed
def only_the_parents_rows(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    whole = tenant.dialect.collection_of(operation.element)
    for found in tenant.walks(operation):
        strangers = list(
            foreign_rows(tenant, found.pages[0], found.rows, "the collection", whole)
            if found.pages and whole is not None
            else ()
        )
        if strangers:
            yield from strangers
            return
        expected = expected_members(tenant, operation, found.values, live_only=False)
        known = tenant.all_rows(whole)
        others = [name for name in found.ids if name in known and name not in expected]
        if others:
            message = f"{len(others)} of {len(found)} records do not belong to the parent {_parents_text(found.values)}"
            possible = possible_members(tenant, operation, found.values)
            certain = [] if possible is None else [name for name in others if name not in possible]
            yield finding(message, found.pages[0], certain or others, None if certain else scope_level(operation))
            return


@rule(
    "OR-SEM-04",
    family="semantics",
    harm=Harm.ROWS,
    title="A nested collection contains all records of its parent",
    clause="2 nested endpoints, parents [B]",
    example="a class refers to the school, but GET /schools/{id}/classes does not list it",
    fix="select by the reference that the records contain, over all records, with those that are tobedeleted",
    over=nested,
)
@confirmed
def all_the_parents_rows(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    judged = False
    for found in tenant.walks(operation):
        if not found.complete:
            continue
        judged = True
        expected = expected_members(tenant, operation, found.values, live_only=True)
        missing = sorted(expected - set(found.ids))
        if missing:
            message = (
                f"{len(missing)} of {len(expected)} records of the parent {_parents_text(found.values)} are missing"
            )
            certain = sorted(certain_members(tenant, operation, found.values).intersection(missing))
            yield finding(message, found.pages[0], certain or missing, None if certain else scope_level(operation))
            return
        tombstones = deleted_members(tenant, operation, found.values) - set(found.ids)
        if tombstones:
            message = (
                f"{count_of(len(tombstones), 'record')} of the parent {_parents_text(found.values)} that are"
                " tobedeleted are missing, although the general collection lists them"
            )
            yield finding(message, found.pages[0], sorted(tombstones), scope_level(operation))
            return
    if not judged:
        raise next(iter(tenant.walks(operation))).incomplete


def scope_level(operation: Operation) -> Level | None:
    """Return the level of a finding that another reading of the standard allows; None if there is no other reading."""
    return level_of(operation.scope.trust) if operation.scope is not None else None


def _parents_text(values: dict[str, str]) -> str:
    return ", ".join(f"{name}={id_list([value])}" for name, value in values.items())


@rule(
    "OR-SEM-10",
    family="semantics",
    harm=Harm.ROWS,
    title="No two records of a collection have the same sourcedId",
    clause="5.1 sourcedId [A]",
    example="two orgs on one page have the same sourcedId",
    fix="give every record an id that is unique within its element, and keep it",
    over=collections,
)
def unique_ids(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for reading in tenant.walk(operation).pages:
        repeated = [name for name, count in Counter(reading.ids).items() if count > 1 and name is not None]
        if repeated:
            yield finding(
                f"{count_of(len(repeated), 'sourcedId')} used by several records on one page", reading, repeated
            )
            return
