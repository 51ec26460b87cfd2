"""Write rules on requests to reject: invalid bodies, wrong ids or references, and missing credentials."""

from collections.abc import Iterable, Iterator

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.credentials import Nobody
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.writes import puts, told
from oneroster.contract.writes.lifecycle import Attempt, changed_properties, is_refused, lifecycle_of
from oneroster.contract.writes.owned_objects import DONE, is_gone
from oneroster_v1p1.tables import ELEMENTS, Operation


def unrefused(attempts: Iterable[Attempt]) -> Iterator[Finding]:
    """Yield a finding for each attempt that did not return 400 or 422; other 4xx statuses are at most a should."""
    for what, sourced_id, exchange in attempts:
        if is_refused(exchange):
            continue
        level = Level.SHOULD if 400 <= exchange.status < 500 else None
        yield told(
            f"a PUT of {what} returned HTTP {exchange.status} instead of 400 or 422", exchange, sourced_id, level=level
        )


@rule(
    "OR-WRT-11",
    family="writes",
    title="A body that is not JSON is rejected",
    clause="6.1 400, invalid request [A]",
    example="a PUT with a truncated body returns 500",
    fix="return 400 with codeMinor `invalid data` when the body cannot be parsed",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def no_json(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from unrefused(lifecycle_of(tenant, operation).no_json)


@rule(
    "OR-WRT-12",
    family="writes",
    title="A record without its wrapper is rejected",
    clause="6.1 422, body that cannot be processed [B]",
    example="PUT of a bare category, without the key category around it, returns 201",
    fix="require the wrapper, and return 422 or 400 when it is missing",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def unwrapped(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from unrefused(lifecycle_of(tenant, operation).unwrapped)


@rule(
    "OR-WRT-13",
    family="writes",
    title="A record that does not match the schema is rejected",
    clause="6.1 422, body that cannot be processed [B]",
    example="PUT of a category without a title, or with the status gone, returns 201",
    fix="validate the body against the schema before writing, and return 422 or 400 with codeMinor `invalid data`",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def invalid(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from unrefused(lifecycle_of(tenant, operation).invalid)


@rule(
    "OR-WRT-14",
    family="writes",
    title="A rejected PUT changes nothing",
    clause="6.1 400, invalid request [A]",
    example="a PUT without a title returns 422, but the record exists afterwards",
    fix="validate before writing, and write in one transaction",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def refused_changes_nothing(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    refused = [each for each in (*life.no_json, *life.unwrapped, *life.invalid) if each.exchange.status not in DONE]
    for what, sourced_id, exchange in refused:
        reading = life.shop.read(life.element, sourced_id)
        if reading.exchange.status == 200 and not is_gone(reading):
            yield finding(
                f"a PUT of {what} returned HTTP {exchange.status}, but the record exists afterwards",
                reading,
                [sourced_id],
            )
    exchange, behind = life.refused
    if exchange.status in DONE and not refused:
        raise NotExercised("no PUT was rejected")
    names = changed_properties(life.element, life.record, behind.rows[0]) if behind.rows else ["the whole record"]
    if exchange.status not in DONE and names:
        message = f"a PUT to an existing record returned HTTP {exchange.status}, but changed {', '.join(names)}"
        yield finding(message, behind, [life.sourced_id])


@rule(
    "OR-WRT-15",
    family="writes",
    title="A body with another sourcedId than the path is rejected",
    clause="2 note W, body sourcedId and path id differ [C]",
    example="PUT /categories/a with sourcedId b in the body writes record b",
    fix="return 422 with codeMinor `invalid data`, so that clients cannot overwrite a record they did not name",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def other_id(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    _ = life.first
    in_path, in_body = life.shop.new_id(), life.shop.new_id()
    body = {life.wrapper: {**life.record, "sourcedId": in_body}}
    exchange = life.shop.put(life.element, in_path, body, also=in_body)
    if exchange.status not in DONE:
        return
    places = {"the path": in_path, "the body": in_body}
    written = [place for place, name in places.items() if life.shop.read(life.element, name).exchange.status == 200]
    where = " and ".join(written) or "neither of them"
    yield told(
        f"a body with another id than the path returned HTTP {exchange.status}; written to the id of: {where}",
        exchange,
        in_path,
        in_body,
    )


def referring(tenant: ObservedTenant) -> Iterator[Operation]:
    """The PUT operations of records with a required reference."""
    for operation in puts(tenant):
        properties = ELEMENTS[operation.body].properties.values() if operation.body else ()
        if any(known.required and known.kind == "reference" for known in properties):
            yield operation


@rule(
    "OR-WRT-16",
    family="writes",
    title="A record with a reference to a missing record is rejected",
    clause="5.2 GUIDRef.sourcedId in a PUT, no rule found [C]",
    example="PUT of a result whose line item does not exist returns 201",
    fix="resolve the references in the body, and return 422 with codeMinor `invalid data` if a record is missing",
    over=referring,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def dangling(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    _ = life.first
    properties = ELEMENTS[life.element].properties.values()
    known = next(each for each in properties if each.required and each.kind == "reference")
    sourced_id, nowhere = life.shop.new_id(), life.shop.new_id()
    reference = {**life.record[known.name], "sourcedId": nowhere}
    record = {**life.record, "sourcedId": sourced_id, known.name: reference}
    exchange = life.shop.put(life.element, sourced_id, {life.wrapper: record})
    if exchange.status in DONE:
        yield told(
            f"a PUT with a {known.name} that does not exist was accepted (HTTP {exchange.status})", exchange, sourced_id
        )


@rule(
    "OR-WRT-17",
    family="writes",
    title="A write without credentials returns 401",
    clause="6.1 401 [A]",
    example="PUT or DELETE of a category succeeds without an Authorization header",
    fix="check the credentials before anything else, on every method",
    over=puts,
    needs=("OR-WRT-01", "OR-WRT-03"),
)
def without_credentials(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    if isinstance(tenant.gateway.target.access, Nobody):
        raise NotExercised("the run uses no credentials, so a request without them cannot be tested")
    life = lifecycle_of(tenant, operation)
    _ = life.first
    sourced_id = life.shop.new_id()
    record = {**life.record, "sourcedId": sourced_id}
    put = life.shop.put(life.element, sourced_id, {life.wrapper: record}, access=Nobody())
    delete = life.shop.delete(life.element, sourced_id, access=Nobody())
    for exchange in (put, delete):
        if exchange.status != 401:
            yield told(
                f"a {exchange.method} without credentials returned HTTP {exchange.status} instead of 401", exchange
            )
    if put.status == 401 and life.shop.read(life.element, sourced_id).exchange.status == 200:
        yield told("a PUT without credentials returned 401, but the record was written", put, sourced_id)
