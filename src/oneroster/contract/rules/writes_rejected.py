"""Writes that should not be done: bodies that are no such record, and callers who are nobody."""

from collections.abc import Iterable, Iterator

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.credentials import NoCredentials
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.writes import puts, told
from oneroster.contract.writes.lifecycle import Attempt, changed_properties, is_rejected, lifecycle_of
from oneroster.contract.writes.owned_objects import DONE, is_gone
from oneroster_runtime.specification import Operation


def unrefused(attempts: Iterable[Attempt]) -> Iterator[Finding]:
    """A finding for each attempt that was not refused with 400 or 422; another refusal is at most a should."""
    for what, sourced_id, exchange in attempts:
        if is_rejected(exchange):
            continue
        level = Level.SHOULD if 400 <= exchange.status < 500 else None
        yield told(f"{what}: HTTP {exchange.status} instead of 400 or 422", exchange, sourced_id, level=level)


@rule(
    "OR-WRT-11",
    family="writes",
    title="A body that is no JSON is refused",
    clause="6.1 400, invalid request [A]",
    example="a PUT whose body is cut off is answered with 500",
    fix="answer 400 with codeMinor 'invalid data' when the body cannot be read",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def no_json(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from unrefused(lifecycle_of(tenant, operation).not_json)


@rule(
    "OR-WRT-12",
    family="writes",
    title="A record without its wrapper is refused",
    clause="6.1 422, body that cannot be processed [B]",
    example="PUT of a bare category, without the key category around it, is answered with 201",
    fix="ask for the wrapper, answer 422 or 400 when it is missing",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def unwrapped(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from unrefused(lifecycle_of(tenant, operation).unwrapped)


@rule(
    "OR-WRT-13",
    family="writes",
    title="A record that the schema does not allow is refused",
    clause="6.1 422, body that cannot be processed [B]",
    example="PUT of a category without title, or with the status gone, is answered with 201",
    fix="judge the body by the schema before writing, answer 422 or 400 with codeMinor 'invalid data'",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def invalid(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from unrefused(lifecycle_of(tenant, operation).invalid)


@rule(
    "OR-WRT-14",
    family="writes",
    title="A PUT that is refused changes nothing",
    clause="6.1 400, invalid request [A]",
    example="a PUT without title is answered with 422, and the record is there all the same",
    fix="judge first and write then, in one transaction",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def refused_changes_nothing(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    refused = [each for each in (*life.not_json, *life.unwrapped, *life.invalid) if each.exchange.status not in DONE]
    for what, sourced_id, exchange in refused:
        reading = life.objects.read(life.element, sourced_id)
        if reading.exchange.status == 200 and not is_gone(reading):
            yield finding(f"{what} was refused (HTTP {exchange.status}), and is there", reading, [sourced_id])
    exchange, behind = life.rejected
    if exchange.status in DONE and not refused:
        raise NotExercised("no PUT was refused")
    names = changed_properties(life.definition, life.record, behind.rows[0]) if behind.rows else ["all of it"]
    if exchange.status not in DONE and names:
        message = f"a PUT over a record was refused (HTTP {exchange.status}), and changed {', '.join(names)}"
        yield finding(message, behind, [life.sourced_id])


@rule(
    "OR-WRT-15",
    family="writes",
    title="A body that names another record than the path is refused",
    clause="2 note W, body sourcedId and path id differ [C]",
    example="PUT /categories/a with sourcedId b in the body writes the record b",
    fix="answer 422 with codeMinor 'invalid data', so that no consumer overwrites a record that it did not name",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def other_id(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    _ = life.read_after_create
    in_path, in_body = life.objects.new_id(), life.objects.new_id()
    body = {life.wrapper: {**life.record, "sourcedId": in_body}}
    exchange = life.objects.put(life.element, in_path, body, also=in_body)
    if exchange.status not in DONE:
        return
    places = {"the path": in_path, "the body": in_body}
    written = [place for place, name in places.items() if life.objects.read(life.element, name).exchange.status == 200]
    where = " and of ".join(written) or "neither"
    yield told(f"taken (HTTP {exchange.status}) and written under the id of {where}", exchange, in_path, in_body)


def referring(tenant: ObservedTenant) -> Iterator[Operation]:
    """The PUT operations of records that refer to others."""
    for operation in puts(tenant):
        properties = tenant.properties(operation.body).values()
        if any(known.required and known.kind == "reference" for known in properties):
            yield operation


@rule(
    "OR-WRT-16",
    family="writes",
    title="A record that refers to nothing is refused",
    clause="5.2 GUIDRef.sourcedId in a PUT, no rule found [C]",
    example="PUT of a result whose line item does not exist is answered with 201",
    fix="follow the references of the body, answer 422 with codeMinor 'invalid data' for one that leads nowhere",
    over=referring,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def dangling(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    _ = life.read_after_create
    properties = life.definition.properties.values()
    known = next(each for each in properties if each.required and each.kind == "reference")
    sourced_id, nowhere = life.objects.new_id(), life.objects.new_id()
    reference = {**life.record[known.name], "sourcedId": nowhere}
    record = {**life.record, "sourcedId": sourced_id, known.name: reference}
    exchange = life.objects.put(life.element, sourced_id, {life.wrapper: record})
    if exchange.status in DONE:
        yield told(f"a {known.name} that leads nowhere was taken (HTTP {exchange.status})", exchange, sourced_id)


@rule(
    "OR-WRT-17",
    family="writes",
    title="Nobody writes without credentials",
    clause="6.1 401 [A]",
    example="PUT or DELETE of a category without an Authorization header is done",
    fix="ask for credentials before anything else, on every method",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def without_credentials(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    if isinstance(tenant.gateway.target.access, NoCredentials):
        raise NotExercised("no credentials were given, so none can be left out")
    life = lifecycle_of(tenant, operation)
    _ = life.read_after_create
    sourced_id = life.objects.new_id()
    record = {**life.record, "sourcedId": sourced_id}
    put = life.objects.put(life.element, sourced_id, {life.wrapper: record}, access=NoCredentials())
    delete = life.objects.delete(life.element, sourced_id, access=NoCredentials())
    for exchange in (put, delete):
        if exchange.status != 401:
            yield told(f"{exchange.method} without credentials: HTTP {exchange.status} instead of 401", exchange)
    if put.status == 401 and life.objects.read(life.element, sourced_id).exchange.status == 200:
        yield told("PUT without credentials was refused with 401, and done", put, sourced_id)
