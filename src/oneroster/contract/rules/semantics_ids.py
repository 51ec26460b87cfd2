"""Semantics of ids: whose they are, and that they stay."""

from collections.abc import Iterator

from oneroster.contract.errors import NotExercised
from oneroster.contract.observation.evidence import count_of, finding
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.semantics_references import bases
from oneroster_runtime.specification import Operation


def demographics(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collection of all demographics."""
    return (operation for operation in bases(tenant) if operation.element == "Demographics")


@rule(
    "OR-SEM-15",
    family="semantics",
    title="Demographics have the sourcedId of the user whom they describe",
    clause="5.6 Demographics.sourcedId [A]",
    example="a demographics record has the id d-1, which no user has",
    fix="give the record the sourcedId of its user, and no other",
    over=demographics,
)
@confirmed
def of_users(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    users = tenant.all_rows(tenant.dialect.collection_of("User"))
    found = tenant.walk(operation)
    strangers = sorted({name for name in found.ids if name is not None and name not in users})
    if strangers:
        message = f"{count_of(len(strangers), 'record')} of {len(found)} with the id of no user"
        yield finding(message, found.pages[0], strangers)


@rule(
    "OR-SEM-16",
    family="semantics",
    title="The same page read again brings the same ids",
    clause="5.1 sourcedId, unique to its object [A]",
    example="a record comes as c-1 at first and as c-2 a moment later, with all else the same",
    fix="keep the id with the record; never make one up while answering",
    over=bases,
)
def ids_stay(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    first = tenant.walk(operation).pages[0]
    if not first.rows:
        raise NotExercised("the collection is empty")
    second = tenant.fetch(operation, first.values, first.query)
    if second.problem is not None or set(second.ids) == set(first.ids):
        return
    # One difference may be a change; ids that are made up differ every time.
    third = tenant.fetch(operation, first.values, first.query)
    anew = sorted(str(name) for name in set(third.ids) - set(second.ids) - set(first.ids))
    if third.problem is None and anew:
        yield finding(f"{count_of(len(anew), 'id')} of {len(third.rows)} new each time the page is read", third, anew)
