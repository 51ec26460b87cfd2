"""Error rules on queries that careless clients send: impossible values, many clauses, odd fields to sort by."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import Exchange, encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, evidence_of, finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import one_of_each_service
from oneroster.contract.observation.probe_values import known_collections
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

IMPOSSIBLE: Final = {
    "enumeration": "oneroster-check-word",
    "date-time": "yesterday",
    "date": "2025-02-30",
    "number": "oneroster-check",
    "integer": "oneroster-check",
    "boolean": "perhaps",
    # A percent sign is one of the letters with which patterns and formats are built.
    "strings": "oneroster-check 100%",
    "reference": "oneroster-check 100%",
    "references": "oneroster-check 100%",
    "records": "oneroster-check",
    "object": "oneroster-check",
}
"""By kind: a value that no record can have, however a server reads it."""
UNSORTABLE: Final = ("strings", "references", "reference", "records", "object")
"""Kinds without an order."""
ABSENT_ID: Final = "oneroster-check-nowhere"
SEVERAL: Final = 2


def complete(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections of all records of an element that were read to their end."""
    return (operation for operation, _ in known_collections(tenant))


def ask_once(tenant: ObservedTenant, operation: Operation, query: dict[str, str | int]) -> ParsedResponse:
    """Return the response to a query that other rules must not use."""
    return tenant.parse(operation, tenant.probe(operation.path, encoded_query(query)), {}, query)


def is_successful(exchange: Exchange) -> bool:
    """Return whether a request was served, be it with another status than 200, which is the finding of another rule."""
    return 200 <= exchange.status < 300


@rule(
    "OR-ERR-11",
    family="errors",
    title="A filter by a value that the field cannot have returns no record",
    clause="3.2 operators, = is equality [A]",
    example="filter=role='no-such-role' or filter=dateLastModified='yesterday' returns all records",
    fix="return 400 with codeMinor `invalid data`, or no record; never drop a condition that cannot be evaluated",
    stands_on=("parameter filter",),
    over=complete,
    harm=Harm.ROWS,
)
def impossible_values(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    kinds: dict[str, str] = {}
    for known in tenant.properties(operation.element).values():
        if known.kind in IMPOSSIBLE and not known.secret:
            # The last of a kind: the first is the status, which every element has.
            kinds[known.kind] = known.name
    for kind in {"strings", "reference"} & kinds.keys() if operation in complete_of_each_service(tenant) else ():
        # Not defined by any source; only a server error is a violation, and the rule on the whole run reports it.
        ask_once(tenant, operation, {"limit": 1, "filter": f"{kinds[kind]}>'oneroster-check'"})
    if operation in complete_of_each_service(tenant):
        ask_once(tenant, operation, {"limit": 1, "filter": "metadata.onerosterCheck='x'"})
    if "reference" in kinds:
        # Nor is a field of a reference.
        ask_once(tenant, operation, {"limit": 1, "fields": f"{kinds['reference']}.sourcedId"})
    unsortable = [kind for kind in kinds if kind in UNSORTABLE]
    for kind in unsortable[len(operation.operation_id) % 2 :: 2]:
        # Half of these kinds on each element, so that each is tried on some.
        del kinds[kind]
    for kind, name in sorted(kinds.items(), key=lambda each: each[0] in UNSORTABLE):
        reading = ask_once(tenant, operation, {"limit": 1, "filter": f"{name}='{IMPOSSIBLE[kind]}'"})
        if is_successful(reading.exchange) and reading.rows:
            text = f"the filter {name}='{IMPOSSIBLE[kind]}' returned records, although no {kind} can have that value"
            if kind in UNSORTABLE:
                # A server that knows no such filter may take the field for an unknown one.
                raise ExplainedBy(
                    ("OR-FLT-12", "OR-FLT-01"),
                    text,
                    anywhere=True,
                    otherwise=text,
                    evidence=evidence_of(reading, reading.ids),
                )
            yield finding(text, reading, reading.ids, symptom_of=("OR-FLT-01",))


@rule(
    "OR-ERR-12",
    family="errors",
    title="A filter with three clauses is evaluated in full, or rejected",
    clause="3.2 logic, at most two clauses [B]",
    example="filter=status='active' AND role='student' AND sourcedId='7' returns all active students",
    fix="evaluate every clause, or return 400 with a status payload; never drop the third one",
    stands_on=("parameter filter",),
    over=one_of_each_service,
    harm=Harm.ROWS,
)
def many_clauses(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    ids = [name for name in tenant.rows_by_id(tenant.walk(operation)) if name.isprintable() and "'" not in name]
    if len(ids) < SEVERAL:
        raise NotEnoughData(len(ids), SEVERAL, "records")
    if ask_once(tenant, operation, {"limit": 1, "filter": "status"}).rows:
        raise ExplainedBy(("OR-FLT-13", "OR-FLT-01"), "a filter that cannot be parsed is ignored")
    one, other = ids[0], ids[-1]
    # By every reading of the precedence, the first matches no record and the second at most one.
    for expression, allowed in (
        (f"sourcedId='{one}' AND status!='' AND sourcedId='{other}'", set()),
        (f"sourcedId='{one}' OR sourcedId='{other}' AND sourcedId='{ABSENT_ID}'", {one}),
    ):
        reading = ask_once(tenant, operation, {"limit": 10, "filter": expression})
        surplus = [name for name in reading.ids if name not in allowed]
        if is_successful(reading.exchange) and surplus:
            yield finding(
                f"a filter with three clauses returned {count_of(len(surplus), 'record')} that it excludes",
                reading,
                surplus,
                symptom_of=("OR-FLT-01",),
            )
            return


def odd_sorts(tenant: ObservedTenant, operation: Operation) -> Iterator[dict[str, str | int]]:
    """Yield sorts that have no obvious order: by a list, an object, a member of a reference, and by no field."""
    yield {"orderBy": "desc"}
    if operation in complete_of_each_service(tenant):
        # The field that decides the order need not be selected.
        yield {"sort": "dateLastModified", "fields": "sourcedId"}
    chosen: dict[str, str] = {}
    for known in tenant.properties(operation.element).values():
        if known.kind in UNSORTABLE:
            chosen.setdefault(known.kind, known.name)
    # Half of the kinds on each element, so that each is tried on some.
    for kind, name in list(chosen.items())[len(operation.operation_id) % 2 :: 2]:
        yield {"sort": name}
        if kind == "reference":
            yield {"sort": f"{name}.sourcedId"}


@rule(
    "OR-ERR-13",
    family="errors",
    title="A sort without an obvious order keeps all records",
    clause="3.1 sort; 3.3 a sort that is not understood returns all data [A]",
    example="sort=grades returns an empty array, or orderBy=desc without sort returns half of the records",
    fix="ignore a sort that cannot be applied, and add the warning `invalid_sort_field`",
    stands_on=("parameter sort",),
    over=complete,
    needs=("OR-PAG-05",),
    harm=Harm.ROWS,
)
def odd_sort_keeps_all(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    rejected: list[str] = []
    example: ParsedResponse | None = None
    found = tenant.walk(operation)
    # Without a total, only the rows show that some are repeated.
    limit = 1 if found.pages[0].total is not None else found.limit
    for query in odd_sorts(tenant, operation):
        reading = ask_once(tenant, operation, {"limit": limit, **query})
        text = encoded_query(query)
        if 400 <= reading.exchange.status < 500:
            rejected.append(text)
            example = example or reading
        elif is_successful(reading.exchange) and reading.problem is None and _has_lost_rows(tenant, reading):
            left = len(reading.rows) if reading.total is None else reading.total
            yield finding(f"{text} leaves {left} of {len(found)} records", reading)
            return
        elif is_successful(reading.exchange) and reading.problem is None and _has_repeated_rows(tenant, reading):
            yield finding(f"{text} returns records more than once", reading)
            return
    if rejected:
        text = f"rejected sorts: {', '.join(rejected)}"
        yield finding(text, example, level=Level.OPEN, uncertain="the rejection of such sorts")


def _has_repeated_rows(tenant: ObservedTenant, reading: ParsedResponse) -> bool:
    """Return whether a response returns records twice, and announces more than there are, if it has a total."""
    if reading.total is not None and reading.total <= len(tenant.all_rows(reading.operation)):
        return False
    found, whole = tenant.walk(reading.operation), reading
    if reading.total is not None:
        whole = ask_once(tenant, reading.operation, {**reading.query, "limit": found.limit})
    return len(set(whole.ids)) < len(whole.ids) and len(set(found.ids)) == len(found)


def _has_lost_rows(tenant: ObservedTenant, reading: ParsedResponse) -> bool:
    if not reading.rows:
        return True
    found = tenant.walk(reading.operation)
    if reading.total is None or reading.total >= len(tenant.all_rows(reading.operation)):
        return False
    # A live tenant changes: compare with the total of the same moment.
    if tenant.fetch(reading.operation, {}, {"limit": 1}).total == reading.total:
        return False
    # Other rules report a total that is wrong while all rows are there.
    whole = ask_once(tenant, reading.operation, {**reading.query, "limit": found.limit})
    return len(whole.rows) < min(len(found), len(found.pages[0].rows))


def complete_of_each_service(tenant: ObservedTenant) -> Iterator[Operation]:
    """The first of these collections of each service."""
    seen: set[str] = set()
    for operation in complete(tenant):
        if operation.tag not in seen:
            seen.add(operation.tag)
            yield operation


@rule(
    "OR-ERR-14",
    family="errors",
    title="A field that is selected twice is returned once",
    clause="3.4 field selection, exactly the requested fields [B]",
    example="fields=status,status returns whole records",
    fix="treat the names in fields as a set",
    stands_on=("parameter fields",),
    over=complete_of_each_service,
    needs=("OR-FLD-01",),
)
def repeated_fields(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    reading = ask_once(tenant, operation, {"limit": 1, "fields": "status,status"})
    if is_successful(reading.exchange):
        if any(row.keys() != {"status"} for row in reading.rows):
            yield finding("fields=status,status returned records with other fields than status", reading)
    elif 400 <= reading.exchange.status < 500:
        text = f"fields=status,status returned HTTP {reading.exchange.status}"
        yield finding(text, reading, level=Level.OPEN, uncertain="the rejection of a field that is selected twice")
