"""Semantic rules on operations that answer 404 for the ids of the tenant's own lists: partly offered is not absent."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotJudged
from oneroster.contract.harm import Harm
from oneroster.contract.http.parsed_response import ParsedResponse, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, evidence_of, finding
from oneroster.contract.observation.membership import count_parents, is_live, says
from oneroster.contract.observation.observed_tenant import ObservedTenant, Offer
from oneroster.contract.observation.operation_selectors import reads
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.snapshot import needs_escaping
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

ABSENT: Final = frozenset({404, 405, 410, 501})
ACTIVE: Final = "active"


def _is_absent(tenant: ObservedTenant, operation: Operation) -> bool:
    """Return whether an operation was asked for known records, and answered as if it did not exist."""
    statuses = {reading.exchange.status for reading in tenant.readings(operation)}
    return bool(statuses) and statuses <= ABSENT


def _asked_records(tenant: ObservedTenant, operation: Operation) -> list[ParsedResponse]:
    """Return the responses to single reads of live records of the tenant's own list."""
    try:
        entries = tenant.rows_by_id(tenant.walk(tenant.dialect.list_of(operation.operation_id)))
    except NotJudged:
        return []
    return [
        reading
        for reading in tenant.readings(operation)
        if any(name in entries and is_live(entries[name]) for name in reading.values.values())
    ]


def absent_reads(tenant: ObservedTenant) -> Iterator[Operation]:
    """The single reads that answered as if they did not exist, for records of their own list."""
    for operation in tenant.dialect.reads:
        if _is_absent(tenant, operation) and _asked_records(tenant, operation):
            yield operation


@rule(
    "OR-SEM-23",
    family="semantics",
    title="The records of a collection can be read one by one",
    clause="2 single reads; 6.1 404, an id that was never assigned [A]",
    example="GET /lineItems lists line items, and GET /lineItems/{id} returns 404 for each of them",
    fix="serve the single read of every collection that is served",
    over=lambda tenant: tenant.dialect.reads,
    harm=Harm.ROWS,
)
def singles_are_offered(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    asked = _asked_records(tenant, operation)
    if not asked:
        raise NotEnoughData(0, 1, "record of the collection that could be read")
    absent = list(absent_reads(tenant))
    if operation not in absent:
        return
    if not any(True for _ in reads(tenant)):
        if operation is absent[0]:
            message = f"no single read is offered: all {len(absent)} return HTTP {asked[0].exchange.status}"
            yield finding(message, asked[0], level=Level.SHOULD, uncertain="tenants without any single read")
        return
    names = [name for reading in asked for name in reading.values.values()]
    yield finding(f"{count_of(len(asked), 'listed record')} returned HTTP {asked[0].exchange.status}", asked[0], names)


def reads_of_deleted(tenant: ObservedTenant) -> Iterator[Operation]:
    """The readable single reads, without the specialised ones, which read the same records."""
    return (each for each in reads(tenant) if each.subset is None)


@rule(
    "OR-SEM-24",
    family="semantics",
    title="A listed record that is tobedeleted can be read by its id, with that status",
    clause="2 single reads; 5.1 status tobedeleted [B]",
    example="GET /users lists a user as tobedeleted, and GET /users/{id} returns 404",
    fix="serve the record with its status as long as the collection lists it",
    over=reads_of_deleted,
    needs=("OR-SEM-08",),
    harm=Harm.ROWS,
)
def tombstones_are_read(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    rows = tenant.walk(tenant.dialect.list_of(operation.operation_id)).rows
    deleted = sorted((name for row in rows if not is_live(row) and (name := identity(row))), key=needs_escaping)
    if not deleted:
        raise NotEnoughData(0, 1, "listed record that is tobedeleted")
    reading = tenant.ask(operation, {path_parameters(operation)[0]: deleted[0]})
    if reading.exchange.status in ABSENT:
        message = f"a listed record that is tobedeleted returned HTTP {reading.exchange.status} when read by its id"
        if needs_escaping(deleted[0]):
            raise ExplainedBy("OR-SEM-17", message, otherwise=message, evidence=evidence_of(reading, [deleted[0]]))
        yield finding(message, reading, [deleted[0]])
    elif any(identity(row) == deleted[0] and says(row.get("status"), (ACTIVE,)) for row in reading.rows):
        yield finding("a listed record that is tobedeleted is active when read by its id", reading, [deleted[0]])


def partly_absent_nested(tenant: ObservedTenant) -> Iterator[Operation]:
    """The nested collections that were asked for and are not absent for every parent."""
    return (each for each in asked_nested(tenant) if not _is_absent(tenant, each))


@rule(
    "OR-SEM-35",
    family="semantics",
    title="A nested collection is found whatever the ids of its parents are",
    clause="2 nested endpoints; 1 sourcedId, an opaque string [A]",
    example="GET /schools/a%2Fb/classes returns 404, although classes refer to the school a/b",
    fix="split the path into segments before decoding them, and look for the exact id",
    over=partly_absent_nested,
    harm=Harm.ROWS,
    needs=("OR-SEM-25",),
)
@confirmed
def nested_for_every_parent(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    names = [parent.parameter for parent in operation.scope.parents] if operation.scope else []
    with_rows = set(count_parents(tenant, operation, complete=False))
    lost = [
        reading
        for reading in tenant.readings(operation)
        if reading.exchange.status in (*ABSENT, 400) and tuple(reading.values.get(name) for name in names) in with_rows
    ]
    # A query other than that of the snapshot may be rejected for another reason.
    lost = [
        reading for reading in lost if reading.query.keys() <= {"limit", "offset"} and not reading.query.get("offset")
    ]
    if lost:
        status = lost[0].exchange.status
        message = f"{count_of(len(lost), 'listed parent')} with rows returned HTTP {status}"
        yield finding(message, lost[0])


def asked_nested(tenant: ObservedTenant) -> list[Operation]:
    """The nested collections that were asked for, and whose rows the tenant serves elsewhere."""
    return [
        each
        for each in tenant.dialect.nested
        if tenant.readings(each)
        and (whole := tenant.dialect.collection_of(each.element)) is not None
        and tenant.offer(whole) is Offer.YES
    ]


@rule(
    "OR-SEM-25",
    family="semantics",
    title="The nested collections of listed parents are offered",
    clause="2 nested endpoints; 6.1 404, no resource at the URI [B]",
    example="GET /schools/{id}/classes returns 404 for every school that GET /schools lists",
    fix="serve every nested collection whose rows and parents are served, also when it is empty",
    over=asked_nested,
    harm=Harm.ROWS,
)
def nested_are_offered(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = asked_nested(tenant)
    absent = [each for each in known if _is_absent(tenant, each)]
    if operation not in absent:
        return
    asked = tenant.readings(operation)
    status = asked[0].exchange.status
    if len(absent) == len(known):
        if operation is absent[0]:
            yield finding(f"no nested collection is offered: all {len(absent)} return HTTP {status}", asked[0])
        return
    text = f"{count_of(len(asked), 'listed parent')} returned HTTP {status}"
    # The parents that were asked for may all have no rows.
    raise ExplainedBy(("OR-ENV-10",), text, anywhere=True, otherwise=text, evidence=evidence_of(asked[0]))
