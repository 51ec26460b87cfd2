"""Semantic rules on ids: demographics use the id of their user, and ids do not change between requests."""

from collections.abc import Iterator

from oneroster.contract.errors import NotEnoughData
from oneroster.contract.harm import Harm
from oneroster.contract.observation.evidence import count_of, finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.semantics_references import base_collections
from oneroster_runtime.specification import Operation


def demographics_collection(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collection of all demographics."""
    return (operation for operation in base_collections(tenant) if operation.element == "Demographics")


@rule(
    "OR-SEM-15",
    family="semantics",
    title="Demographics have the sourcedId of the user they describe",
    clause="5.6 Demographics.sourcedId [A]",
    example="a demographics record has the sourcedId d-1, which is not the sourcedId of a user",
    fix="use the sourcedId of the user as the sourcedId of the demographics record",
    over=demographics_collection,
)
@confirmed
def demographics_have_user_ids(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    users = tenant.all_rows(tenant.dialect.collection_of("User"))
    found = tenant.walk(operation)
    unknown = sorted({name for name in found.ids if name is not None and name not in users})
    if unknown:
        message = f"{len(unknown)} of {count_of(len(found), 'record')} have a sourcedId that belongs to no user"
        yield finding(message, found.pages[0], unknown)


@rule(
    "OR-SEM-16",
    family="semantics",
    harm=Harm.ROWS,
    title="Reading the same page again returns the same ids",
    clause="5.1 sourcedId, unique to its object [A]",
    example="a record has the id c-1 in one response and c-2 in the next, with all other values equal",
    fix="store the id with the record; never generate it while responding",
    over=base_collections,
)
def ids_stay(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    first = tenant.walk(operation).pages[0]
    if not first.rows:
        raise NotEnoughData(0, 1, "row")
    second = tenant.fetch(operation, first.values, first.query)
    if second.problem is not None or set(second.ids) == set(first.ids):
        return
    # One difference may be a change of the data; generated ids differ every time.
    third = tenant.fetch(operation, first.values, first.query)
    changing = sorted(str(name) for name in set(third.ids) - set(second.ids) - set(first.ids))
    if third.problem is None and changing:
        yield finding(
            f"{len(changing)} of {count_of(len(third.rows), 'id')} on the page change with every request",
            third,
            changing,
        )
