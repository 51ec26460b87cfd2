"""Write rules on the effects of a write beyond the record itself: its date, its lists, and the records beside it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotOffered
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.membership import linked_ids
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.oracle.filters import parse_timestamp
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.writes_beside import changed_rows, further_objects
from oneroster.contract.rules.writes_delete import delete_operations
from oneroster.contract.rules.writes_put import put_operations, write_finding
from oneroster.contract.writes.lifecycle import Lifecycle, changed_properties, element_written_by, lifecycle_of
from oneroster.contract.writes.owned_objects import DONE
from oneroster.contract.writes.sample_records import MAX_SCORE
from oneroster_runtime.specification import Operation, Property

SLOW_CLOCK: Final = timedelta(days=1)
"""How far the clock of a server may be behind, if its responses do not tell the time."""
MUCH: Final = timedelta(hours=1)
LITTLE: Final = timedelta(minutes=5)
"""How far the date of a record may be from the clock of its server."""
EDGES: Final = {
    "date": ("2024-02-29", "2025-12-31"),
    "date-time": ("2024-02-29T23:59:59Z", "2025-12-31T00:00:00Z", "2025-07-01T00:00:01.250Z"),
}
"""By kind: valid values on the edge of a month or a year, and with a fraction of a second."""
SCORE: Final = "score"
NEGATIVE: Final = -0.75
EDGES_OF: Final[Mapping[str, tuple[str | float, ...]]] = {
    "assignDate": ("2024-02-28T00:00:00Z", "2025-12-30T23:59:59Z", "2025-06-30T12:34:56.511Z"),
    "score": (7.125, 0.0, 9.875),
    "resultValueMin": (1.5, 0.0, -0.25),
    "resultValueMax": (12.5, 99.75, 100.125, 12345.75),
    "scorePercentile": (99.5, 0.125),
    "weight": (12.5, 0.25),
}
"""By property: values that fit those of the other properties."""


@rule(
    "OR-WRT-21",
    family="writes",
    title="A write that is not offered is refused with 405 or 403",
    clause="6.1 403 and 404; RFC 9110, 15.5.6 status 405 [B]",
    example="GET /categories is served, and PUT of a category under a new id returns 404",
    fix="return 405 with an Allow header if the server is read-only, or 403 if this client may not write",
    over=put_operations,
)
def refused_as_such(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    try:
        status = lifecycle.created.status
    except NotOffered:
        exchange = lifecycle.refused
        if exchange is not None and exchange.status == 404:
            message = "a PUT under a new id returned HTTP 404, although the collection is served"
            yield write_finding(message, exchange, lifecycle.sourced_id)
        return
    if status in (404, 410):
        yield write_finding(f"a PUT under a new id returned HTTP {status}", lifecycle.created, lifecycle.sourced_id)


@rule(
    "OR-WRT-22",
    family="writes",
    title="A write sets dateLastModified to the time of the write",
    clause="5.1 dateLastModified, last change of the record [A]",
    example="a record that is written today is read with the dateLastModified of last year",
    fix="set dateLastModified on every write; clients that ask for changes miss the record otherwise",
    over=put_operations,
)
def modified_now(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    dates: list[datetime] = []
    for reading, write in (
        (lifecycle.read_after_create, lifecycle.created),
        (lifecycle.read_after_replace, lifecycle.replaced),
    ):
        changed = parse_timestamp(reading.rows[0].get("dateLastModified")) if reading.rows else None
        if reading.rows and (wrong := problem_of_date(changed, write)) is not None:
            message, level = wrong
            yield finding(f"dateLastModified {message}", reading, [lifecycle.sourced_id], level)
            return
        dates += [] if changed is None else [changed]
    if lifecycle.read_after_create.rows == lifecycle.read_after_replace.rows:
        # Nothing was replaced, which OR-WRT-05 reports.
        return
    # With fractions of a second, two writes have two dates.
    if len(dates) == len(set(dates)) + 1 and dates[0].microsecond:
        message = "dateLastModified is the same after the record was replaced"
        yield finding(message, lifecycle.read_after_replace, [lifecycle.sourced_id], symptom_of=("OR-WRT-05",))


def problem_of_date(changed: datetime | None, write: Exchange) -> tuple[str, Level | None] | None:
    """Return what is wrong with the date of a record that was just written, with its level if it is not a must."""
    if changed is None:
        return "is missing", None
    now = datetime.now(UTC)
    said = write.headers.get("Date", "")
    try:
        clock = parsedate_to_datetime(said)
    except ValueError:
        return ("is older than the write", None) if changed < now - SLOW_CLOCK else None
    # A server takes the date from its own clock, or from the body, which has that of the kit.
    first, last = min(clock, now), max(clock, now)
    if changed < first - MUCH:
        return "is older than the write", None
    if changed < first - LITTLE:
        return "is some minutes older than the write", Level.SHOULD
    return ("is later than the write", Level.SHOULD) if changed > last + LITTLE else None


@rule(
    "OR-WRT-23",
    family="writes",
    title="A deleted record is not listed as active",
    clause="2 deleteCategory, deleteLineItem and deleteResult; 5.1 status [A]",
    example="a category returns 404 after its DELETE, and GET /categories still lists it",
    fix="remove the record from every collection, or list it with the status tobedeleted",
    over=delete_operations,
    needs=("OR-WRT-19",),
)
def not_listed(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    if lifecycle.deleted.status >= 400:
        raise ExplainedBy(("OR-WRT-18", "OR-WRT-19"), f"the DELETE failed (HTTP {lifecycle.deleted.status})")
    collection = tenant.dialect.collection_of(lifecycle.element)
    if collection is None:
        raise NotOffered("the element has no collection")
    listed = tenant.fetch(collection, {}, {"limit": 10, "filter": f"sourcedId='{lifecycle.sourced_id}'"})
    active = [row for row in listed.rows if identity(row) == lifecycle.sourced_id and row.get("status") == "active"]
    if active:
        yield finding("the collection lists the deleted record as active", listed, [lifecycle.sourced_id])
        return
    for nested, values in nested_lists_of(tenant, lifecycle):
        listed = tenant.fetch(nested, values, {"limit": 10, "filter": f"sourcedId='{lifecycle.sourced_id}'"})
        if any(identity(row) == lifecycle.sourced_id and row.get("status") == "active" for row in listed.rows):
            yield finding(f"{nested.operation_id} lists the deleted record as active", listed, [lifecycle.sourced_id])
            return


def nested_lists_of(tenant: ObservedTenant, lifecycle: Lifecycle) -> Iterator[tuple[Operation, dict[str, str]]]:
    """Yield the nested collections that must hold the object of a lifecycle, each with its parents."""
    for operation in tenant.dialect.nested:
        scope = operation.scope
        if operation.element != lifecycle.element or scope is None or scope.through is not None:
            continue
        values: dict[str, str] = {}
        for parent in scope.parents:
            ids = linked_ids(tenant, lifecycle.element, lifecycle.current, parent.property)
            if not ids and parent.property == "lineItem.class":
                ids = _class_of_own_line_item(tenant, lifecycle)
            values |= {parent.parameter: min(ids)} if ids else {}
        if len(values) == len(scope.parents) and tenant.offer(operation) == "offered":
            yield operation, values


def _class_of_own_line_item(tenant: ObservedTenant, lifecycle: Lifecycle) -> set[str]:
    """Return the class of the kit's own line item, which no collection read before holds."""
    item = next(iter(linked_ids(tenant, lifecycle.element, lifecycle.current, "lineItem")), None)
    reading = lifecycle.objects.read("LineItem", item) if item is not None else None
    return linked_ids(tenant, "LineItem", reading.rows[0], "class") if reading is not None and reading.rows else set()


@rule(
    "OR-WRT-24",
    family="writes",
    title="A written record is listed in the nested collections of its parents",
    clause="2 nested endpoints, parents [B]",
    example="a new line item is listed by /lineItems and not by /classes/{id}/lineItems",
    fix="serve nested collections from the storage that PUT writes to, or invalidate their caches",
    over=put_operations,
    needs=("OR-WRT-04",),
)
def listed_when_nested(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    _ = lifecycle.read_after_create
    judged = 0
    for nested, values in nested_lists_of(tenant, lifecycle):
        listed = tenant.fetch(nested, values, {"limit": 10, "filter": f"sourcedId='{lifecycle.sourced_id}'"})
        if listed.problem is not None:
            continue
        judged += 1
        if lifecycle.sourced_id not in listed.ids:
            yield finding(f"{nested.operation_id} does not list the written record", listed, [lifecycle.sourced_id])
            return
    if not judged:
        raise NotOffered("no nested collection holds such records")


@rule(
    "OR-WRT-25",
    family="writes",
    title="A PUT or a DELETE changes one record and no other",
    clause="2 writes of categories, line items and results, the object in the path [A]",
    example="DELETE of one category removes another one as well",
    fix="delete by the exact id, and do not cascade to records that clients did not name",
    over=delete_operations,
    needs=("OR-WRT-19",),
)
def no_side_effects(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    _ = lifecycle.read_after_delete
    yield from _other_case(lifecycle)
    yield from further_objects(tenant, lifecycle)
    beside = list(_known(tenant, lifecycle))
    # What the first object referred to: a write or the DELETE before may have taken it along.
    helpers = dict(_referenced(lifecycle))
    yield from (found := list(_lost(helpers.values())) or list(changed_rows(tenant, lifecycle)))
    if found and found[0].level is None:
        return
    text = _other_text(lifecycle)
    earlier, one, other = (_put_copy(lifecycle, changes) for changes in ({}, text, text))
    if earlier is None or one is None or other is None:
        raise ExplainedBy("OR-WRT-01", "no second object could be created", lifecycle.put_id)
    lifecycle.objects.delete(lifecycle.element, str(one["sourcedId"]))
    kept = [lifecycle.objects.read(lifecycle.element, str(each["sourcedId"])) for each in (earlier, other)]
    after_write = [tenant.fetch(each.operation, each.values) for each in beside]
    helpers = dict(_referenced(lifecycle))
    yield from (found := list(_lost([*kept, *helpers.values(), *after_write])))
    if found:
        return
    changed: list[tuple[ParsedResponse, list[str], Level | None]] = []
    stored_otherwise = lifecycle.changed_at_first
    for record, reading in zip((earlier, other), kept, strict=True):
        names = changed_properties(lifecycle.definition, record, reading.rows[0]) if reading.rows else []
        changed.append((reading, [name for name in names if name not in stored_otherwise], None))
    for element, reading in helpers.items():
        written = lifecycle.objects.helper_records[element]
        definition = tenant.specification.elements[element]
        names = changed_properties(definition, written, reading.rows[0]) if reading.rows else []
        changed.append((reading, [name for name in names if name not in _stored_otherwise(tenant, element)], None))
    # Somebody else may have changed a record of the tenant in the same moment, and nobody one of the kit's.
    changed += [
        (after, _changed_between(before, after), Level.SHOULD)
        for before, after in zip(beside, after_write, strict=True)
    ]
    for reading, names, level in changed:
        if names:
            message = f"a write also changed {', '.join(names)} of a record with another id"
            yield finding(message, reading, reading.values.values(), level)
            return


def _other_case(lifecycle: Lifecycle) -> Iterator[Finding]:
    """Write two copies under ids that differ in the case of a letter, and check that each is kept."""
    start = lifecycle.objects.new_id()
    ids = [lifecycle.objects.new_id(ending, start) for ending in ("-a", "-A")]
    written = []
    for sourced_id, changes in zip(ids, (_other_text(lifecycle), {}), strict=True):
        body = {lifecycle.wrapper: {**lifecycle.record, **changes, "sourcedId": sourced_id}}
        written.append(lifecycle.objects.put(lifecycle.element, sourced_id, body).status in DONE)
    first = lifecycle.objects.read(lifecycle.element, ids[0])
    if not all(written) or not first.rows:
        return
    names = [name for name in _other_text(lifecycle) if first.rows[0].get(name) == lifecycle.record[name]]
    if names:
        message = "a PUT under an id in other letters replaced the record whose id differs in case"
        yield finding(message, first, ids, Level.SHOULD)


def _lost(readings: Iterable[ParsedResponse]) -> Iterator[Finding]:
    """Yield a finding for the first record that cannot be read any more."""
    lost = next((reading for reading in readings if reading.exchange.status in (404, 410)), None)
    if lost is not None:
        yield finding("a DELETE also removed a record with another id", lost, lost.values.values())


def _stored_otherwise(tenant: ObservedTenant, element: str) -> frozenset[str]:
    """Return the properties of an element that the tenant stores otherwise than they were written."""
    put = next(each for each in put_operations(tenant) if element_written_by(tenant, each) == element)
    return lifecycle_of(tenant, put).changed_at_first


def _other_text(lifecycle: Lifecycle) -> Record:
    """Return another title or score for a copy, so that what a write changes beside it is seen."""
    record = lifecycle.record
    texts: Record = {name: f"{record[name]}, another" for name in ("title", "comment") if name in record}
    return texts if "title" in record else {"score": MAX_SCORE / 2, **texts}


def _referenced(lifecycle: Lifecycle) -> Iterator[tuple[str, ParsedResponse]]:
    """Yield the elements of the kit's own objects that the object refers to, each with its current single read."""
    written = lifecycle.objects.helper_records
    for name, known in lifecycle.definition.properties.items():
        reference = lifecycle.record.get(name)
        sourced_id = reference.get("sourcedId") if isinstance(reference, dict) else None
        if known.refers_to in written and sourced_id == written[known.refers_to]["sourcedId"]:
            yield known.refers_to, lifecycle.objects.read(known.refers_to, sourced_id)


def _changed_between(before: ParsedResponse, after: ParsedResponse) -> list[str]:
    """Return the properties that differ between two readings of one record, besides the date of its last change."""
    if before.problem is not None or after.problem is not None:
        return []
    one, other = before.rows[0], after.rows[0]
    names = (one.keys() | other.keys()) - {"dateLastModified"}
    return sorted(name for name in names if one.get(name) != other.get(name))


def _known(tenant: ObservedTenant, lifecycle: Lifecycle) -> Iterator[ParsedResponse]:
    """Yield the current single read of a record that could be read before."""
    read = lifecycle.objects.read_operation(lifecycle.element)
    before = next((reading for reading in tenant.readings(read) if reading.problem is None), None)
    if before is not None:
        yield tenant.fetch(read, before.values)


def _require_referenced(lifecycle: Lifecycle) -> None:
    """Raise ``ExplainedBy`` if an object that the record refers to is gone, for which a server may reject a record."""
    if any(reading.exchange.status in (404, 410) for _, reading in _referenced(lifecycle)):
        raise ExplainedBy("OR-WRT-25", "an object that the record refers to was deleted with another", anywhere=True)


def _put_copy(lifecycle: Lifecycle, changes: Record) -> Record | None:
    """Write a copy of the object with some other values; return it, or None if it is not accepted."""
    record = {**lifecycle.record, **changes, "sourcedId": lifecycle.objects.new_id()}
    exchange = lifecycle.objects.put(lifecycle.element, str(record["sourcedId"]), {lifecycle.wrapper: record})
    return record if exchange.status in DONE else None


def edge_values(tenant: ObservedTenant, known: Property) -> tuple[str | float, ...]:
    """Return valid values of a property that servers often change: enumerated ones, edges of dates, fractions."""
    if known.name in EDGES_OF:
        return EDGES_OF[known.name]
    if known.kind == "enumeration" and known.name != "status":
        return tenant.specification.enumerations[known.enumeration or ""]
    return EDGES.get(known.kind, ()) if known.name != "dateLastModified" else ()


def puts_with_edges(tenant: ObservedTenant) -> Iterator[Operation]:
    """The PUT operations of records with an enumeration or a date."""
    for operation in put_operations(tenant):
        if any(edge_values(tenant, known) for known in tenant.properties(operation.body).values()):
            yield operation


@rule(
    "OR-WRT-26",
    family="writes",
    title="Every enumerated value, number and date is stored unchanged",
    clause="5.8 and 5.12 properties of LineItem and Result, 5.15 enumerations [A]",
    example="the scoreStatus `partially graded` is read back as `fully graded`, or the score 7.125 as 7",
    fix="store the values of the standard with their spelling, and date-times in UTC",
    over=puts_with_edges,
)
def edges_are_stored(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    _ = lifecycle.read_after_create
    edges = {name: edge_values(tenant, known) for name, known in lifecycle.definition.properties.items()}
    for number in range(max(map(len, edges.values()))):
        changes = {name: values[number % len(values)] for name, values in edges.items() if values}
        record = _put_copy(lifecycle, changes)
        if record is None:
            # The record with plain values was accepted, so these values are what the server rejects.
            _require_referenced(lifecycle)
            text = f"a PUT with other valid values of {', '.join(sorted(changes))} is rejected"
            yield Finding(text, level=Level.SHOULD, uncertain="limits of a server on valid values")
            return
        reading = lifecycle.objects.read(lifecycle.element, str(record["sourcedId"]))
        names = changed_properties(lifecycle.definition, record, reading.rows[0]) if reading.rows else sorted(changes)
        if names:
            message = f"read back with other values of {', '.join(names)} than written"
            symptom_of = ("OR-WRT-03",) if lifecycle.changed_at_first.issuperset(names) else ()
            level = Level.SHOULD if reading.rows and _in_fractions_only(record, reading.rows[0], names) else None
            yield finding(message, reading, reading.ids, level, symptom_of=symptom_of)
            return
    yield from _negative_is_stored(lifecycle)


def _negative_is_stored(lifecycle: Lifecycle) -> Iterator[Finding]:
    """Yield a finding if a negative score is accepted and stored as another one; a server may reject it."""
    record = _put_copy(lifecycle, {SCORE: NEGATIVE}) if SCORE in lifecycle.record else None
    if record is not None:
        reading = lifecycle.objects.read(lifecycle.element, str(record["sourcedId"]))
        if reading.rows and SCORE in changed_properties(lifecycle.definition, record, reading.rows[0]):
            yield finding(f"a negative {SCORE} is read back with another value", reading, reading.ids)


def _in_fractions_only(sent: Record, found: Record, names: list[str]) -> bool:
    """Return whether dates differ by less than a second, and nothing else does."""
    pairs = [(parse_timestamp(sent.get(name)), parse_timestamp(found.get(name))) for name in names]
    return all(
        one is not None and other is not None and abs(one - other) < timedelta(seconds=1) for one, other in pairs
    )


@rule(
    "OR-WRT-30",
    family="writes",
    title="A record written with the status tobedeleted is not active",
    clause="5.1 status, tobedeleted [A]",
    example="a category is written with the status tobedeleted, and GET returns it with the status active",
    fix="store the status of the body, or delete the record",
    over=put_operations,
)
def marked_for_deletion(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    _ = lifecycle.read_after_create
    # A new record, because a version may leave open what a PUT on an existing id does.
    sourced_id = lifecycle.objects.new_id()
    record = {**lifecycle.record, "sourcedId": sourced_id, "status": "tobedeleted"}
    exchange = lifecycle.objects.put(lifecycle.element, sourced_id, {lifecycle.wrapper: record})
    if exchange.status not in DONE:
        _require_referenced(lifecycle)
        message = f"a PUT with the status tobedeleted returned HTTP {exchange.status} instead of 201"
        uncertain = "deletion by PUT"
        yield write_finding(message, exchange, sourced_id, level=Level.SHOULD, uncertain=uncertain)
        return
    reading = lifecycle.objects.read(lifecycle.element, sourced_id)
    if reading.rows and reading.rows[0].get("status") != "tobedeleted":
        message = "a record written with the status tobedeleted is read back with another status"
        yield finding(message, reading, [sourced_id])


def puts_with_session(tenant: ObservedTenant) -> Iterator[Operation]:
    """The PUT operations of records that refer to an academic session."""
    for operation in put_operations(tenant):
        if "gradingPeriod" in tenant.properties(operation.body):
            yield operation


@rule(
    "OR-WRT-27",
    family="writes",
    title="A record with a reference of the wrong kind is rejected",
    clause="5.2 GUIDRef.type in a PUT, no rule found [C]",
    example="PUT of a line item whose gradingPeriod has the type org returns 201",
    fix="check the type of every reference, and return 422 with codeMinor `invalid data`",
    over=puts_with_session,
)
def wrong_kind(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    _ = lifecycle.read_after_create
    name = "gradingPeriod"
    if name not in lifecycle.record:
        raise NotEnoughData(0, 1, "grading period")
    record = _put_copy(lifecycle, {name: {**lifecycle.record[name], "type": "org"}})
    if record is not None:
        reading = lifecycle.objects.read(lifecycle.element, str(record["sourcedId"]))
        yield finding(f"a PUT with a {name} of the type org was accepted", reading, reading.ids, Level.OPEN)
