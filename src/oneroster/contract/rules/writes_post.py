"""Write rules on POST, which only OneRoster 1.2 has: the tenant allocates the ids of the records of the body."""

from collections.abc import Iterator

from oneroster.contract.errors import ExplainedBy, NotOffered, OtherAuthentication
from oneroster.contract.harm import Harm
from oneroster.contract.http.credentials import NoCredentials
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, evidence_of, finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.token_endpoint import token_endpoint_of
from oneroster.contract.oracle.filters import parse_timestamp
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.writes_effects import problem_of_date
from oneroster.contract.rules.writes_put import write_finding
from oneroster.contract.rules.writes_refused import token_without
from oneroster.contract.writes.lifecycle import changed_properties, is_rejected
from oneroster.contract.writes.owned_objects import DONE, owned_objects
from oneroster.contract.writes.posting import posting_of
from oneroster_runtime.specification import Operation

CREATED = 201


def post_operations(tenant: ObservedTenant) -> Iterator[Operation]:
    """The POST operations that create records of an element that can be read.

    Raises ``NotJudged`` when the run must not write.
    """
    owned_objects(tenant)
    operations = tenant.standard.specification.operations.values()
    return (each for each in operations if each.created_wrapper is not None and tenant.dialect.read_of(each.body))


@rule(
    "OR-WRT-31",
    family="writes",
    title="A POST of valid records creates them with 201",
    clause="5 POST, 201 with the pairs of ids [A]",
    example="a POST of two complete line items of a class returns 400, or 200",
    fix="accept every record that the schema allows, allocate an id to each, and return 201",
    stands_on=("status 201",),
    over=post_operations,
)
def valid_is_created(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    posting = posting_of(tenant, operation)
    if posting.created.status != CREATED:
        message = f"a POST of valid records returned HTTP {posting.created.status} instead of {CREATED}"
        yield write_finding(message, posting.created)


@rule(
    "OR-WRT-32",
    family="writes",
    title="A POST returns one pair of ids for each record",
    clause="5 POST, sourcedIdPairs with one pair for each record [A]",
    example="a POST of two results returns one pair, or a pair that is in no list",
    fix="return sourcedIdPairs, a list with the supplied and the allocated sourcedId of each record",
    stands_on=("status 201",),
    over=post_operations,
)
def one_pair_each(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    posting = posting_of(tenant, operation)
    pairs, body = posting.pairs, posting.created.json
    listed = body.get(operation.created_wrapper) if isinstance(body, dict) else None
    supplied = {str(record["sourcedId"]) for record in posting.records}
    if not isinstance(listed, list):
        yield write_finding(f"the response to a POST has no list {operation.created_wrapper}", posting.created)
    elif pairs.keys() != supplied or len(listed) != len(supplied):
        message = f"{len(pairs.keys() & supplied)} of {len(supplied)} records have a pair of ids in the response"
        yield write_finding(message, posting.created)
    elif isinstance(body, dict) and len(body) > 1:
        message = f"the response to a POST has {count_of(len(body) - 1, 'member')} beside {operation.created_wrapper}"
        yield write_finding(message, posting.created)


@rule(
    "OR-WRT-33",
    family="writes",
    harm=Harm.ROWS,
    title="Created records are read under their allocated ids, with the values that were sent",
    clause="5 POST, the provider stores the records [A]",
    example="GET of the allocatedSourcedId returns 404, because the record was stored under the supplied id",
    fix="store each record under the id that the response names, with every documented property",
    over=post_operations,
)
def created_are_read(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    posting = posting_of(tenant, operation)
    for record, name, reading in posting.stored:
        if reading.problem is not None:
            yield finding(f"a created record could not be read: {reading.problem}", reading, [name])
            return
        definition = tenant.specification.elements[posting.element]
        sent = {key: value for key, value in record.items() if key != "sourcedId"}
        if changed := changed_properties(definition, sent, reading.rows[0]):
            message = f"a created record is read back with other values of {', '.join(changed)} than sent"
            yield finding(message, reading, [name])
            return


@rule(
    "OR-WRT-34",
    family="writes",
    harm=Harm.ROWS,
    title="Created records are listed in their collection",
    clause="5 POST, the provider stores the records [A]",
    example="a new line item can be read by its id, but GET /lineItems does not list it",
    fix="serve the collection from the storage that POST writes to, or invalidate its cache",
    over=post_operations,
    needs=("OR-WRT-33",),
)
def created_are_listed(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    posting = posting_of(tenant, operation)
    collection = tenant.dialect.collection_of(posting.element)
    if collection is None:
        raise NotOffered("the element has no collection")
    for _, name, reading in posting.stored:
        if reading.problem is not None:
            raise ExplainedBy("OR-WRT-33", "a created record could not be read")
        listed = tenant.fetch(collection, {}, {"limit": 2, "filter": f"sourcedId='{name}'"})
        if listed.problem is None and listed.ids.count(name) != 1:
            text = f"the collection lists a created record {listed.ids.count(name)} times"
            raise ExplainedBy(
                ("OR-WRT-04", "OR-FLT-01", "OR-FLT-16"),
                text,
                anywhere=True,
                otherwise=text,
                evidence=evidence_of(listed),
            )
    for record, name, _ in posting.stored[:1]:
        listed_with_mark = posting.copies(record, name)
        if listed_with_mark is not None and listed_with_mark[1]:
            listed, others = listed_with_mark
            yield finding("a POST also created a record with an id that is in no pair", listed, others)


@rule(
    "OR-WRT-44",
    family="writes",
    title="A POST sets dateLastModified to the time of the write",
    clause="2.1 dateLastModified, last change of the record [A]",
    example="a line item that is created today is read with the dateLastModified of last year",
    fix="set dateLastModified on every write; clients that ask for changes miss the record otherwise",
    over=post_operations,
    needs=("OR-WRT-33",),
)
def created_now(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    posting = posting_of(tenant, operation)
    for _, name, reading in posting.stored:
        if reading.rows:
            changed = parse_timestamp(reading.rows[0].get("dateLastModified"))
            if (wrong := problem_of_date(changed, posting.created)) is not None:
                message, level = wrong
                yield finding(f"dateLastModified {message}", reading, [name], level)
                return


@rule(
    "OR-WRT-35",
    family="writes",
    harm=Harm.ROWS,
    title="The allocated ids are new, and differ",
    clause="2.1 sourcedId, unique, and 5 POST, the provider allocates the ids [A]",
    example="a POST returns the id of an existing line item, which is overwritten",
    fix="allocate an id that no record of the element has or had",
    over=post_operations,
)
def ids_are_new(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    posting = posting_of(tenant, operation)
    allocated = list(posting.pairs.values())
    taken = [name for name in allocated if name in posting.known]
    if taken:
        message = f"{len(taken)} of {len(allocated)} allocated ids had a record before"
        yield write_finding(message, posting.created, *taken)
    elif len(set(allocated)) < len(allocated):
        yield write_finding("two records of one POST have the same allocated id", posting.created)


@rule(
    "OR-WRT-36",
    family="writes",
    title="A POST of a record that does not match the schema is rejected",
    clause="3.6 422, body that is wrong in meaning [A]",
    example="POST of a line item without a title, or with the status gone, returns 201",
    fix="validate every record against the schema before writing, and return 422 with the minor code invaliddata",
    stands_on=("status 422",),
    over=post_operations,
)
def invalid_is_rejected(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for what, _, exchange in posting_of(tenant, operation).invalid:
        if not is_rejected(exchange):
            yield _accepted(f"a POST of {what}", exchange)


def _accepted(what: str, exchange: Exchange) -> Finding:
    """Return a finding on a POST that did not return 400 or 422; other 4xx statuses are at most a should."""
    level = Level.SHOULD if 400 <= exchange.status < 500 else None
    text = f"{what} returned HTTP {exchange.status} instead of 422 or 400"
    return write_finding(text, exchange, level=level, uncertain="the status of such a rejection")


@rule(
    "OR-WRT-37",
    family="writes",
    title="A POST whose body is not JSON is rejected",
    clause="3.6 400, body that is not JSON, which no write declares [C]",
    example="a POST with a truncated body returns 500, or 201 without pairs",
    fix="return 400 with the minor code invaliddata when the body cannot be parsed",
    stands_on=("status 400",),
    over=post_operations,
)
def no_json(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    exchange = posting_of(tenant, operation).not_json
    if not is_rejected(exchange):
        yield _accepted("a POST of JSON that is cut off", exchange)


@rule(
    "OR-WRT-38",
    family="writes",
    harm=Harm.ROWS,
    title="A rejected POST stores nothing",
    clause="3.6 422, a failed write stores nothing [A]",
    example="a POST without a title returns 422, but the record exists afterwards",
    fix="validate all records before writing, and write in one transaction",
    stands_on=("status 422",),
    over=post_operations,
)
def rejected_stores_nothing(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    posting = posting_of(tenant, operation)
    rejected = [each for each in posting.invalid if each[2].status not in DONE]
    if not rejected:
        raise ExplainedBy("OR-WRT-36", "no POST was rejected")
    for what, record, exchange in rejected:
        if posting.is_stored(record):
            message = f"a POST of {what} returned HTTP {exchange.status}, but the record exists afterwards"
            yield write_finding(message, exchange)


@rule(
    "OR-WRT-39",
    family="writes",
    harm=Harm.ACCESS,
    title="A POST without credentials returns 401",
    clause="3.6 401 [A]",
    example="a POST of line items succeeds without an Authorization header",
    fix="check the credentials before anything else, on every method",
    stands_on=("status 401",),
    over=post_operations,
)
def without_credentials(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    if isinstance(tenant.gateway.target.access, NoCredentials):
        raise OtherAuthentication("credentials, so a request without them is valid")
    posting = posting_of(tenant, operation)
    _ = posting.pairs
    for access, which in ((NoCredentials(), "without"), (tenant.gateway.target.access.invalid(), "with wrong")):
        exchange = posting.send([posting.record()], access=access)
        if exchange.status != 401:
            message = f"a POST {which} credentials returned HTTP {exchange.status} instead of 401"
            yield write_finding(message, exchange)
            return


@rule(
    "OR-WRT-40",
    family="writes",
    harm=Harm.ACCESS,
    title="A POST without its scope returns 403",
    clause="4.2 scope gradebook.createpost, and 3.6 403 [A]",
    example="a token for gradebook.readonly creates results",
    fix="require gradebook.createpost for every POST, and return 403 without it",
    stands_on=("scheme oauth2", "scopes", "status 403"),
    over=post_operations,
    needs=("OR-WRT-39",),
)
def scope_of_posts(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    token_endpoint_of(tenant)
    posting = posting_of(tenant, operation)
    _ = posting.pairs
    exchange = posting.send([posting.record()], access=token_without(tenant, operation))
    if exchange.status != 403:
        level = None if exchange.status in DONE else Level.SHOULD
        message = f"a POST without its scope returned HTTP {exchange.status} instead of 403"
        yield write_finding(message, exchange, level=level, uncertain="the status of such a refusal")


@rule(
    "OR-WRT-41",
    family="writes",
    title="A POST below a record that does not exist is refused",
    clause="3.6 404, the id is unknown [A]",
    example="a POST of line items of a class that no request returns is answered with 201",
    fix="look up every id of the path, and return 404 with the minor code unknownobject",
    stands_on=("status 404",),
    over=post_operations,
)
def unknown_parent(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    posting = posting_of(tenant, operation)
    _ = posting.pairs
    exchange = posting.send([posting.record()], parents=posting.unknown_parents())
    if exchange.status in DONE:
        message = f"a POST below a record that does not exist returned HTTP {exchange.status} instead of 404"
        yield write_finding(message, exchange)


@rule(
    "OR-WRT-42",
    family="writes",
    title="The records of a POST refer to the parent in its path",
    clause="5 POST, agreement of body and path, not described [C]",
    example="a POST to /classes/a/lineItems with line items of class b creates them",
    fix="compare the references of each record with the path, and return 422 if they differ",
    over=post_operations,
)
def other_parent(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    posting = posting_of(tenant, operation)
    _ = posting.pairs
    exchange = posting.send([posting.record()], parents=posting.other_parents())
    if exchange.status in DONE:
        message = f"records that refer to another parent than the path were accepted (HTTP {exchange.status})"
        yield write_finding(message, exchange, level=Level.OPEN, uncertain="the parents of posted records")
