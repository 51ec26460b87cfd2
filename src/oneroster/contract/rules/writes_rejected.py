"""Write rules on requests to reject: invalid bodies, wrong ids or references, and missing credentials."""

from collections.abc import Iterable, Iterator

from oneroster.contract.errors import ExplainedBy, OtherAuthentication
from oneroster.contract.harm import Harm
from oneroster.contract.http.credentials import NoCredentials
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.oracle.error_leaks import leaks_in
from oneroster.contract.oracle.status_payload_parser import status_entries
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.writes_put import put_operations, write_finding
from oneroster.contract.writes.lifecycle import Attempt, changed_properties, is_rejected, lifecycle_of
from oneroster.contract.writes.owned_objects import DONE, is_gone
from oneroster_runtime.specification import Operation

JSON = "application/json"


def expect_rejected(attempts: Iterable[Attempt]) -> Iterator[Finding]:
    """Yield a finding for each attempt that did not return 400 or 422; other 4xx statuses are at most a should."""
    for content, sourced_id, exchange in attempts:
        if is_rejected(exchange):
            continue
        level = Level.SHOULD if 400 <= exchange.status < 500 else None
        yield write_finding(
            f"a PUT of {content} returned HTTP {exchange.status} instead of 400 or 422",
            exchange,
            sourced_id,
            level=level,
            uncertain="the status of such a rejection",
        )


@rule(
    "OR-WRT-11",
    family="writes",
    title="A body that is not JSON is rejected",
    clause="6.1 400, invalid request [A]",
    example="a PUT with a truncated body returns 500",
    fix="return 400 with codeMinor `invalid data` when the body cannot be parsed",
    stands_on=("status 400",),
    over=put_operations,
)
def no_json(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from expect_rejected(lifecycle_of(tenant, operation).not_json)


@rule(
    "OR-WRT-12",
    family="writes",
    harm=Harm.FORM,
    title="A record without its wrapper is rejected",
    clause="6.1 422, body that cannot be processed [B]",
    example="PUT of a bare category, without the key category around it, returns 201",
    fix="require the wrapper, and return 422 or 400 when it is missing",
    stands_on=("status 422",),
    over=put_operations,
)
def unwrapped(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from expect_rejected(lifecycle_of(tenant, operation).unwrapped)


@rule(
    "OR-WRT-13",
    family="writes",
    title="A record that does not match the schema is rejected",
    clause="6.1 422, body that cannot be processed [B]",
    example="PUT of a category without a title, or with the status gone, returns 201",
    fix="validate the body against the schema before writing, and return 422 or 400 with codeMinor `invalid data`",
    stands_on=("status 422",),
    over=put_operations,
)
def invalid(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    found = list(expect_rejected(lifecycle.invalid))
    yield from found
    if len(found) < len(lifecycle.invalid):
        # A server that checks something: each further kind of mistake is one more look.
        yield from _grouped(expect_rejected(lifecycle.further_invalid))
    # Accepted or rejected: only a server error is a violation, and the rule on the whole run reports it.
    _ = lifecycle.extended


def _grouped(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Yield the first finding of each level; what is left out of a validation has often one cause."""
    seen: set[Level | None] = set()
    for each in findings:
        if each.level not in seen:
            seen.add(each.level)
            yield each


@rule(
    "OR-WRT-14",
    family="writes",
    harm=Harm.ROWS,
    title="A rejected PUT changes nothing",
    clause="6.1 400, invalid request [A]",
    example="a PUT without a title returns 422, but the record exists afterwards",
    fix="validate before writing, and write in one transaction",
    over=put_operations,
)
def rejected_changes_nothing(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    rejected = [
        each
        for each in (*lifecycle.not_json, *lifecycle.unwrapped, *lifecycle.invalid)
        if each.exchange.status not in DONE
    ]
    for content, sourced_id, exchange in rejected:
        reading = lifecycle.objects.read(lifecycle.element, sourced_id)
        if reading.exchange.status == 200 and not is_gone(reading):
            yield finding(
                f"a PUT of {content} returned HTTP {exchange.status}, but the record exists afterwards",
                reading,
                [sourced_id],
            )
    exchange, after = lifecycle.rejected
    if exchange.status in DONE and not rejected:
        raise ExplainedBy(("OR-WRT-11", "OR-WRT-13", "OR-WRT-12"), "no PUT was rejected")
    stored = next(iter(lifecycle.read_after_create.rows), lifecycle.record)
    before = {name: stored.get(name) for name in lifecycle.record}
    names = changed_properties(lifecycle.definition, before, after.rows[0]) if after.rows else ["the whole record"]
    if exchange.status not in DONE and names:
        message = f"a PUT to an existing record returned HTTP {exchange.status}, but changed {', '.join(names)}"
        yield finding(message, after, [lifecycle.sourced_id])


@rule(
    "OR-WRT-15",
    family="writes",
    title="A body with another sourcedId than the path is rejected",
    clause="2 note W, body sourcedId and path id differ [C]",
    example="PUT /categories/a with sourcedId b in the body writes record b",
    fix="return 422 with codeMinor `invalid data`, so that clients cannot overwrite a record they did not name",
    over=put_operations,
)
def other_id(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    _ = lifecycle.read_after_create
    in_path, in_body = lifecycle.objects.new_id(), lifecycle.objects.new_id()
    body = {lifecycle.wrapper: {**lifecycle.record, "sourcedId": in_body}}
    exchange = lifecycle.objects.put(lifecycle.element, in_path, body, also=in_body)
    if exchange.status not in DONE:
        return
    ids = {"the path": in_path, "the body": in_body}
    written = [
        place for place, name in ids.items() if lifecycle.objects.read(lifecycle.element, name).exchange.status == 200
    ]
    where = " and ".join(written) or "neither of them"
    yield write_finding(
        f"a body with another id than the path returned HTTP {exchange.status}; written to the id of: {where}",
        exchange,
        in_path,
        in_body,
    )


def puts_with_reference(tenant: ObservedTenant) -> Iterator[Operation]:
    """The PUT operations of records with a required reference."""
    for operation in put_operations(tenant):
        properties = tenant.properties(operation.body).values()
        if any(known.required and known.kind == "reference" for known in properties):
            yield operation


@rule(
    "OR-WRT-16",
    family="writes",
    title="A record with a reference to a missing record is rejected",
    clause="5.2 GUIDRef.sourcedId in a PUT, no rule found [C]",
    example="PUT of a result whose line item does not exist returns 201",
    fix="resolve the references in the body, and return 422 with codeMinor `invalid data` if a record is missing",
    over=puts_with_reference,
)
def dangling(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    _ = lifecycle.read_after_create
    properties = lifecycle.definition.properties.values()
    known = next(each for each in properties if each.required and each.kind == "reference")
    sourced_id, missing_id = lifecycle.objects.new_id(), lifecycle.objects.new_id()
    reference = {**lifecycle.record[known.name], "sourcedId": missing_id}
    record = {**lifecycle.record, "sourcedId": sourced_id, known.name: reference}
    exchange = lifecycle.objects.put(lifecycle.element, sourced_id, {lifecycle.wrapper: record})
    if exchange.status in DONE:
        yield write_finding(
            f"a PUT with a {known.name} that does not exist was accepted (HTTP {exchange.status})", exchange, sourced_id
        )


@rule(
    "OR-WRT-17",
    family="writes",
    harm=Harm.ACCESS,
    title="A write without credentials returns 401",
    clause="6.1 401 [A]",
    example="PUT or DELETE of a category succeeds without an Authorization header",
    fix="check the credentials before anything else, on every method",
    stands_on=("status 401",),
    over=put_operations,
)
def without_credentials(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    if isinstance(tenant.gateway.target.access, NoCredentials):
        raise OtherAuthentication("credentials, so a request without them is valid")
    lifecycle = lifecycle_of(tenant, operation)
    _ = lifecycle.read_after_create
    sourced_id = lifecycle.objects.new_id()
    record = {**lifecycle.record, "sourcedId": sourced_id}
    put = lifecycle.objects.put(lifecycle.element, sourced_id, {lifecycle.wrapper: record}, access=NoCredentials())
    existing = lifecycle.objects.new_id()
    made = lifecycle.objects.put(
        lifecycle.element, existing, {lifecycle.wrapper: {**lifecycle.record, "sourcedId": existing}}
    )
    delete = lifecycle.objects.delete(lifecycle.element, existing, access=NoCredentials())
    for exchange in (put, delete):
        if exchange.status != 401:
            yield write_finding(
                f"a {exchange.method} without credentials returned HTTP {exchange.status} instead of 401", exchange
            )
    if put.status == 401 and lifecycle.objects.read(lifecycle.element, sourced_id).exchange.status == 200:
        yield write_finding("a PUT without credentials returned 401, but the record was written", put, sourced_id)
    wrong = tenant.gateway.target.access.invalid()
    again = lifecycle.objects.put(lifecycle.element, sourced_id, {lifecycle.wrapper: record}, access=wrong)
    if again.status != 401 and put.status == 401:
        yield write_finding(f"a PUT with wrong credentials returned HTTP {again.status} instead of 401", again)
    if delete.status == 401:
        other = lifecycle.objects.delete(lifecycle.element, existing, access=wrong)
        if other.status != 401:
            yield write_finding(f"a DELETE with wrong credentials returned HTTP {other.status} instead of 401", other)
        elif made.status in DONE and is_gone(lifecycle.objects.read(lifecycle.element, existing)):
            yield write_finding("a DELETE without credentials returned 401, but removed the record", delete, existing)


@rule(
    "OR-WRT-43",
    family="writes",
    harm=Harm.FORM,
    title="Responses to writes say in their body what their status says",
    clause="6.2 code values, failure and error, or success [A]",
    example="a PUT returns 422 with codeMajor success, or 200 with codeMajor failure",
    fix="send the status payload with failure and error for every status from 400, and no failure with 200 and 201",
    stands_on=("property StatusInfo.imsx_codeMajor",),
    over=put_operations,
)
def codes_of_writes(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    attempts = (*lifecycle.not_json, *lifecycle.unwrapped, *lifecycle.invalid)
    refused = [each.exchange for each in attempts if is_rejected(each.exchange)]
    unknown = lifecycle.objects.delete(lifecycle.element, lifecycle.objects.new_id())
    refused += [unknown] if unknown.status == 404 else []
    for exchange in refused:
        said = status_entries(exchange.payload)
        if said and not any(each.code_major == "failure" and each.severity == "error" for each in said):
            message = f"no status entry of an HTTP {exchange.status} response has codeMajor failure and severity error"
            yield write_finding(message, exchange)
            break
    for exchange in (lifecycle.created, lifecycle.replaced):
        if exchange.status in DONE and any(each.code_major == "failure" for each in status_entries(exchange.payload)):
            yield write_finding(f"a PUT returned HTTP {exchange.status} with codeMajor failure", exchange)
            break
        if exchange.status in DONE and exchange.body.strip() and exchange.media_type != JSON:
            message = f"the media type of the response to a PUT is not {JSON}"
            yield write_finding(message, exchange, level=Level.SHOULD, uncertain="the body of such a response")
            break
    for exchange in refused:
        if not status_entries(exchange.payload):
            message = f"the HTTP {exchange.status} response to {exchange.method} contains no status payload"
            # The versions with a list of entries recommend it.
            is_certain = tenant.specification.specification.status_list is None
            level = None if is_certain else Level.SHOULD
            yield write_finding(message, exchange, level=level, uncertain="the payload of an error")
            break
        if kinds := leaks_in(exchange):
            message = f"the HTTP {exchange.status} response to {exchange.method} contains {' and '.join(kinds)}"
            yield write_finding(message, exchange, level=Level.SHOULD)
            break
