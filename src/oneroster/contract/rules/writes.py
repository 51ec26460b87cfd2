"""Writes: a PUT creates and replaces what is in it. All of it on objects of the kit's own making, removed again."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.parsed_response import ParsedResponse, Record
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.snapshot import PAGE
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.observation.walk import walk
from oneroster.contract.result import Evidence, Finding
from oneroster.contract.rule import rule
from oneroster.contract.writes.lifecycle import Lifecycle, changed_properties, lifecycle_of
from oneroster.contract.writes.owned_objects import DONE, owned_objects
from oneroster.contract.writes.sample_records import MAX_SCORE
from oneroster_runtime.specification import Operation

LONG: Final = 300
"""Characters; longer than the columns of most databases that somebody thought long enough for a title."""
MOST_PAGES: Final = 20


def puts(tenant: ObservedTenant) -> Iterator[Operation]:
    """The PUT operations of the dialect.

    Raises ``NotExercised`` when nothing may be written.
    """
    return writing(tenant, "PUT")


def writing(tenant: ObservedTenant, method: str) -> Iterator[Operation]:
    """The operations of a writing method for whose objects the dialect has a read.

    Raises ``NotExercised`` when nothing may be written.
    """
    owned_objects(tenant)
    paths = {read.path for read in tenant.dialect.reads}
    return (
        each
        for each in tenant.standard.specification.operations.values()
        if each.method == method and each.path in paths
    )


def told(message: str, exchange: Exchange, *ids: str, level: Level | None = None) -> Finding:
    """A finding that rests on the answer to a write."""
    return Finding(message, (Evidence(request=exchange.request, ids=ids),), level)


@rule(
    "OR-WRT-01",
    family="writes",
    title="A valid record is taken",
    clause="2 putCategory, putLineItem and putResult [A]",
    example="PUT of a complete line item under a new id is answered with 400",
    fix="take every record that the schema allows, under whatever id the path names",
    over=puts,
)
def valid_is_taken(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    if life.created.status not in DONE:
        yield told(f"a valid record under a new id: HTTP {life.created.status}", life.created, life.sourced_id)


@rule(
    "OR-WRT-02",
    family="writes",
    title="A PUT that creates is answered with 201",
    clause="2 note W, created 201 [B]",
    example="PUT under a new id is answered with 200",
    fix="answer 201 when the path's sourcedId was not there before",
    over=puts,
    needs=("OR-WRT-01",),
)
def created_201(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    if life.created.status != 201:
        yield told(f"HTTP {life.created.status} instead of 201", life.created, life.sourced_id)


@rule(
    "OR-WRT-03",
    family="writes",
    title="What was put is read back the same",
    clause="2 putCategory, putLineItem and putResult [A]",
    example="the description of a line item that was put is not in the answer to the GET",
    fix="keep every property of the record that the document knows",
    over=puts,
    needs=("OR-WRT-01",),
)
def read_back(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    yield from _kept(life, life.record, life.read_after_create)


def _kept(life: Lifecycle, sent: Record, reading: ParsedResponse) -> Iterator[Finding]:
    if reading.problem is not None:
        yield finding(f"what was put cannot be read: {reading.problem}", reading, [sent["sourcedId"]])
    elif names := changed_properties(life.definition, sent, reading.rows[0]):
        yield finding(f"{', '.join(names)} did not come back as sent", reading, [sent["sourcedId"]])


@rule(
    "OR-WRT-04",
    family="writes",
    title="What was put stands in its collection",
    clause="2 getAllCategories, getAllLineItems and getAllResults [A]",
    example="a category that was put can be read by its id, and GET /categories does not list it",
    fix="serve the collection from where the record was written to, or let a cache know",
    over=puts,
    needs=("OR-WRT-03",),
)
def stands_in_collection(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    reading = life.read_after_create
    collection = tenant.dialect.collection_of(life.element)
    if collection is None or reading.problem is not None:
        raise NotExercised("there is no collection to look into, or no record")
    one = tenant.fetch(collection, {}, {"filter": f"sourcedId='{life.sourced_id}'"})
    if life.sourced_id in one.ids:
        return
    # A server that does not filter, or does so wrongly, is another rule's matter.
    found = walk(tenant.fetch, collection, {}, limit=PAGE, max_rows=tenant.gateway.limits.rows, max_pages=MOST_PAGES)
    if life.sourced_id in found.ids:
        return
    if not found.complete:
        raise NotExercised(f"the collection could not be read to its end ({found.stopped})")
    yield finding("the record can be read by its id, and its collection does not hold it", one, [life.sourced_id])


@rule(
    "OR-WRT-05",
    family="writes",
    title="A PUT to an id that is there replaces the record",
    clause="2 putCategory, putLineItem and putResult [A]",
    example="a category is put again with another title, and GET still shows the first one",
    fix="write what the second PUT says over what was there",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def replaced(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    if life.replaced.status not in DONE:
        yield told(f"a second PUT to the same id: HTTP {life.replaced.status}", life.replaced, life.sourced_id)
    else:
        yield from _kept(life, life.replacement, life.read_after_replace)


@rule(
    "OR-WRT-06",
    family="writes",
    title="A PUT that replaces is answered with 200",
    clause="2 note W, replaced 200 [B]",
    example="the second PUT to the same id is answered with 201",
    fix="answer 201 only when the sourcedId was not there before",
    over=puts,
    needs=("OR-WRT-05",),
)
def replaced_200(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    if life.replaced.status != 200:
        yield told(f"HTTP {life.replaced.status} instead of 200", life.replaced, life.sourced_id)


@rule(
    "OR-WRT-07",
    family="writes",
    title="A replaced record keeps nothing of the former one",
    clause="2 note W, PUT creates or replaces the object [B]",
    example="a line item is put again without its description, and GET still shows the former one",
    fix="replace the whole record; a PUT is no PATCH",
    over=puts,
    needs=("OR-WRT-05",),
)
def nothing_kept(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    second = life.read_after_replace
    left_out = sorted(life.record.keys() - life.replacement.keys())
    if not left_out:
        raise NotExercised("the record has no optional text that could be left out")
    if second.problem is not None:
        raise NotExercised(f"the replaced record could not be read ({second.problem})")
    kept = [name for name in left_out if second.rows[0].get(name) not in (None, "")]
    if kept:
        yield finding(f"{', '.join(kept)} left out of the second PUT, and still there", second, [life.sourced_id])


@rule(
    "OR-WRT-08",
    family="writes",
    title="A PUT is answered with nothing, or with the record under its wrapper",
    clause="2 note W, content of a PUT response [C]",
    example="the record comes back without the key category around it",
    fix="answer with an empty body, or as the GET of the record would",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def answer_of_put(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    if not life.created.body.strip():
        return
    payload = life.created.json
    if not isinstance(payload, dict):
        yield told("the answer is no JSON object", life.created, life.sourced_id)
        return
    echo = payload.get(life.wrapper)
    if not isinstance(echo, dict):
        yield told(f"the answer holds no record under '{life.wrapper}'", life.created, life.sourced_id)
    elif names := changed_properties(life.definition, life.record, echo):
        yield told(f"{', '.join(names)} in the answer not as sent", life.created, life.sourced_id)


def scored(tenant: ObservedTenant) -> Iterator[Operation]:
    """The PUT operations of records that have a score."""
    return (each for each in puts(tenant) if "score" in tenant.properties(each.body))


@rule(
    "OR-WRT-09",
    family="writes",
    title="A score may exceed the highest regular one",
    clause="5.12 Result.score, extra credit [A]",
    example="a score of 12.5 for a line item with resultValueMax 10 is answered with 422, or stored as 10",
    fix="take the score as it is; teachers give extra credit",
    over=scored,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def extra_credit(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    yield from _another(life, {"score": MAX_SCORE * 1.25}, "a score above resultValueMax")


def titled(tenant: ObservedTenant) -> Iterator[Operation]:
    """The PUT operations of records that have a title."""
    return (each for each in puts(tenant) if "title" in tenant.properties(each.body))


@rule(
    "OR-WRT-10",
    family="writes",
    title="A long title is kept whole",
    clause="5.8 and 5.9 title, a string without a bound [A]",
    example="a title of 300 characters comes back with 255",
    fix="keep the title whole, or refuse the record with 422; never cut it silently",
    over=titled,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def long_title(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    title = (f"{life.record['title']} " * LONG)[:LONG].strip().ljust(LONG, ".")
    # No source names a longest title, so refusing one openly is nobody's breach.
    yield from _another(life, {"title": title}, f"a title of {LONG} characters", refusal=Level.OPEN)


def _another(life: Lifecycle, changes: Record, what: str, refusal: Level | None = None) -> Iterator[Finding]:
    """Put one more object, like the first but for some values, and look whether it is taken and kept."""
    _ = life.read_after_create
    sourced_id = life.objects.new_id()
    record = {**life.record, **changes, "sourcedId": sourced_id}
    exchange = life.objects.put(life.element, sourced_id, {life.wrapper: record})
    if exchange.status not in DONE:
        level = refusal if exchange.status < 500 else None
        yield told(f"{what}: HTTP {exchange.status}", exchange, sourced_id, level=level)
    else:
        yield from _kept(life, record, life.objects.read(life.element, sourced_id))
