"""Field selection rules: a response contains the requested fields only, of the same records.

Responses with ``fields`` may omit required properties, so they are kept apart from all other responses.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotOffered
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import encoded_path, encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, evidence_of, finding, id_list
from oneroster.contract.observation.membership import says
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.obstacles import obstacle
from oneroster.contract.observation.operation_selectors import last_usable_response, reads, turn_of
from oneroster.contract.observation.probe_values import known_collections, largest_collections
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.oracle.status_payload_parser import has_code_minor
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.filter_comparison import is_rejected
from oneroster.contract.rules.sorting import UNKNOWN_FIELD, all_or_largest, require_envelope
from oneroster_runtime.specification import Operation

STATUSES: Final = ("active", "tobedeleted")
REQUESTED_FIELDS: Final = ("status", "dateLastModified")
"""Every record has both. They do not include the required sourcedId, which a selection must omit as well."""
PAGE_SIZE: Final = 20
"""Rows of a page; enough to see whether a selection is applied."""
BAD_REQUEST: Final = 400
ID: Final = "sourcedId"
OWN: Final = frozenset({ID, *REQUESTED_FIELDS})
"""Fields that every record has."""
COMBINED: Final = ("OR-CMB-01",)
"""The rule on rows that are lost beside other parameters."""


class _Selections(dict[str, ParsedResponse]):
    """The responses to requests with ``fields``, by path and query; kept apart, because they lack properties."""


def response_with_fields(
    tenant: ObservedTenant, operation: Operation, query: Query, values: dict[str, str] | None = None
) -> ParsedResponse:
    """Return the response to a request with ``fields``, requested once and kept apart from other responses."""
    kept = tenant.memo(_Selections, _Selections)
    path, text = encoded_path(operation.path, values or {}), encoded_query(query)
    if f"{path}?{text}" not in kept:
        kept[f"{path}?{text}"] = tenant.parse(operation, tenant.probe(path, text), values, query)
    return kept[f"{path}?{text}"]


def one_collection_per_element(tenant: ObservedTenant) -> Iterator[Operation]:
    """One collection of each element."""
    return (operation for operation, _ in known_collections(tenant))


def single_reads(tenant: ObservedTenant) -> Iterator[Operation]:
    """The single reads that take fields and returned a record, those of specialised paths as well."""
    return (each for each in reads(tenant) if any(known.name == "fields" for known in each.parameters))


def largest_and_single_reads(tenant: ObservedTenant) -> list[Operation]:
    """The largest collections, and the single reads of their records."""
    largest = largest_collections(tenant)
    singles = {each.operation_id: each for each in single_reads(tenant)}
    known = (tenant.dialect.read_of(each.element) for each in largest)
    return largest + [each for each in known if each is not None and each.operation_id in singles]


def response_to_selection(tenant: ObservedTenant, operation: Operation, fields: str) -> ParsedResponse:
    """Return the response to ``fields`` on a page of a collection, or on a record that was read."""
    if operation.many:
        return response_with_fields(tenant, operation, {"limit": PAGE_SIZE, "offset": 0, "fields": fields})
    known = last_usable_response(tenant, operation)
    return response_with_fields(tenant, operation, {"fields": fields}, known.values)


def selection_by_status(tenant: ObservedTenant, operation: Operation) -> ParsedResponse:
    """Return the response to a selection on a page of a collection, sorted by status where that is not rejected."""
    query: Query = {"limit": PAGE_SIZE, "offset": 0, "fields": ",".join(REQUESTED_FIELDS)}
    reading = response_with_fields(tenant, operation, {**query, "sort": "status", "orderBy": "desc"})
    return response_with_fields(tenant, operation, query) if is_rejected(reading) else reading


def compare_fields(
    tenant: ObservedTenant, reading: ParsedResponse, asked: tuple[str, ...], allowed: tuple[str, ...] = ()
) -> Iterator[Finding]:
    """Yield a finding if the records of a response have other fields than those requested, or those allowed.

    Undocumented fields are counted and not named, because their names may be data.

    Raises ``NotJudged`` when the response contains no record.
    """
    if is_rejected(reading):
        yield finding(f"fields={','.join(asked)} returned HTTP {reading.exchange.status} instead of 200", reading)
        return
    if reading.problem is not None or not reading.rows:
        raise obstacle(reading) if reading.problem else NotEnoughData(0, 1, "record in the response")
    extra = Counter(name for row in reading.rows for name in row if name not in {*asked, *allowed})
    # A field counts as missing only if every record lacks it: a single record may lack it without a selection, too.
    missing = [name for name in asked if not any(name in row for row in reading.rows)]
    if extra or missing:
        parts = [f"{_field_names(tenant, reading, extra)} not asked for"] if extra else []
        parts += [f"missing fields ({', '.join(missing)})"] if missing else []
        yield finding(f"fields={','.join(asked)} returned records with {' and '.join(parts)}", reading)


def _field_names(tenant: ObservedTenant, reading: ParsedResponse, names: Counter[str]) -> str:
    known = sorted(tenant.properties(reading.operation.element).keys() & names.keys())
    return id_list(known) if known else count_of(len(names), "undocumented field")


@rule(
    "OR-FLD-01",
    family="fields",
    title="Field selection on a collection returns exactly the requested fields",
    clause="3.4 exactly the requested fields [B]",
    example="fields=status,dateLastModified returns records that contain sourcedId as well",
    fix="return only the requested fields, and omit required fields that were not requested",
    over=one_collection_per_element,
)
def selects_in_lists(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    reading = selection_by_status(tenant, operation)
    found = list(compare_fields(tenant, reading, REQUESTED_FIELDS))
    yield from found or _made_up_values(tenant, operation, reading)


def _made_up_values(tenant: ObservedTenant, operation: Operation, reading: ParsedResponse) -> Iterator[Finding]:
    """Yield a finding if a selection returned values that no record of the collection has together."""
    held = [{name: row.get(name) for name in REQUESTED_FIELDS} for row in tenant.known_rows(operation).values()]
    strange = [row for row in reading.rows if row not in held]
    if not strange or not tenant.walk(operation).complete:
        return
    # In a live tenant a record may have changed.
    page = tenant.walk(operation).pages[0]
    if tenant.fetch(operation, page.values, page.query).rows == page.rows:
        message = f"fields={','.join(REQUESTED_FIELDS)} returned {count_of(len(strange), 'record')} with other values"
        yield finding(message, reading, symptom_of=("OR-CMB-04",))


def fields_to_select(
    tenant: ObservedTenant, operation: Operation, full: Record
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return fields of a record to select, and one that it does not have, which stays absent if it is selected.

    The operations in turn select a field of each kind, or one field alone.
    """
    known = [each for each in tenant.properties(operation.element).values() if not each.secret]
    of_kinds = {each.kind: each.name for each in reversed(known) if full.get(each.name) and each.name not in OWN}
    turn, names = turn_of(tenant, operation), sorted(of_kinds.values())
    if turn % 2 and names:
        return (names[turn // 2 % len(names)],), ()
    absent = [each.name for each in known if not (each.required or each.name in full)][:1]
    return (ID, *REQUESTED_FIELDS, *names), tuple(absent)


@rule(
    "OR-FLD-02",
    family="fields",
    title="Field selection on a single read returns exactly the requested fields",
    clause="3.1 fields, on all reads [B]",
    example="GET /users/{id}?fields=status returns the whole record",
    fix="apply fields to every read, not only to collections",
    over=single_reads,
)
def selects_in_singles(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    full = last_usable_response(tenant, operation).rows[0]
    asked, absent = fields_to_select(tenant, operation, full)
    reading = response_to_selection(tenant, operation, ",".join((*asked, *absent)))
    if reading.envelope_problem is not None:
        # A record without its key may be taken for one of its references.
        text = f"a selection of fields: {reading.envelope_problem}"
        raise ExplainedBy(
            ("OR-ENV-02", "OR-ENV-08"), text, anywhere=True, otherwise=text, evidence=evidence_of(reading)
        )
    if any(identity(row) not in (None, identity(full)) for row in reading.rows):
        text = "a selection of fields returned another record than the requested one"
        certain = evidence_of(reading, [str(identity(full))])
        raise ExplainedBy("OR-SEM-08", text, anywhere=True, otherwise=text, evidence=certain)
    found = list(compare_fields(tenant, reading, asked, absent))
    yield from found
    if not found and any(name in row for name in absent for row in reading.rows):
        yield finding(f"fields={absent[0]} returned a field that the record does not have", reading)
    elif not found and (other := [name for name in asked if _is_other(reading, full, name)]):
        known_values = last_usable_response(tenant, operation).values
        # In a live tenant the record may have changed.
        if tenant.fetch(operation, known_values).rows == [full]:
            text = f"fields returned another value of {', '.join(other)} than the full record"
            rules = ("OR-CMB-04", "OR-SCH-01", "OR-SCH-08")
            raise ExplainedBy(rules, text, anywhere=True, otherwise=text, evidence=evidence_of(reading))


def _is_other(reading: ParsedResponse, full: Record, name: str) -> bool:
    return any(row.get(name) != full.get(name) for row in reading.rows)


def response_with_unknown_field(tenant: ObservedTenant, operation: Operation) -> ParsedResponse:
    """Return the response to a selection of one known and one unknown field."""
    return response_to_selection(tenant, operation, f"status,{UNKNOWN_FIELD}")


def with_unknown_names(tenant: ObservedTenant) -> list[Operation]:
    """Return the collections of all records and single reads to select an unknown field of."""
    known = {each.operation_id: each for each in (*all_or_largest(tenant), *largest_and_single_reads(tenant))}
    return list(known.values())


@rule(
    "OR-FLD-03",
    family="fields",
    harm=Harm.FORM,
    title="Field selection with an unknown name still returns the data",
    clause="3.3 fields names an unknown field [A]",
    example="fields=status,favouriteColour returns 400",
    fix="return 200 with all fields, and a warning in the status payload; 400 is the rule of version 1.2",
    over=with_unknown_names,
)
def unknown_field_selected(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    reading = response_with_unknown_field(tenant, operation)
    if is_rejected(reading):
        yield finding(f"fields with an unknown name returned HTTP {reading.exchange.status} instead of 200", reading)
    elif reading.problem is not None:
        raise obstacle(reading, "OR-FLD-01", "OR-FLD-03")
    elif not reading.rows:
        yield finding("fields with an unknown name returned no records", reading)
    elif not any(reading.rows):
        yield finding("fields with an unknown name returned records without any field", reading)
    elif all(row.keys() <= {"status"} for row in reading.rows):
        # A certified server does so, although the sources want all fields.
        text = "fields with an unknown name returned only the known fields instead of all fields"
        yield finding(text, reading, level=Level.SHOULD, uncertain="known names beside an unknown one")


@rule(
    "OR-FLD-04",
    family="fields",
    harm=Harm.FORM,
    title="Field selection with an unknown name returns a warning",
    clause="3.3 fields names an unknown field, warning beside the data [B]",
    example="fields=status,favouriteColour returns 200 without a warning",
    fix="add a status entry beside the data: success, warning, invalid_selection_field",
    over=largest_and_single_reads,
    needs=("OR-FLD-01", "OR-FLD-03"),
)
def unknown_field_warned(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    if not tenant.standard.specification.warnings:
        raise NotOffered("this version of OneRoster has no warnings beside data")
    reading = response_with_unknown_field(tenant, operation)
    if reading.problem is not None:
        raise obstacle(reading, "OR-FLD-01", "OR-FLD-03")
    require_envelope(reading)
    if not has_code_minor(reading.other_members, "invalid_selection_field"):
        yield finding(
            "the response contains no warning invalid_selection_field for the unknown name in fields", reading
        )


@rule(
    "OR-FLD-05",
    family="fields",
    harm=Harm.FORM,
    title="A blank fields parameter is rejected",
    clause="3.3 fields is blank [B]",
    example="fields= returns whole records",
    fix="return 400 with codeMinor `invalid_blank_selection_field`",
    stands_on=("status 400",),
    over=largest_and_single_reads,
    needs=("OR-FLD-01",),
)
def blank_selection(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    reading = response_to_selection(tenant, operation, "")
    status = reading.exchange.status
    if status == 200:
        yield finding(
            f"a blank fields parameter returned HTTP 200 with {count_of(len(reading.rows), 'record')} instead of 400",
            reading,
        )
    elif status != BAD_REQUEST:
        yield finding(f"a blank fields parameter returned HTTP {status} instead of 400", reading)


@rule(
    "OR-FLD-06",
    family="fields",
    harm=Harm.ROWS,
    title="Field selection does not change which records are returned",
    clause="3.4 field selection chooses fields [B]",
    example="filter=status='active'&fields=sourcedId returns no records, because status is not selected",
    fix="filter and sort whole records, and select the fields last",
    over=largest_collections,
    needs=("OR-FLD-01", "OR-FLT-01"),
)
@confirmed
def selection_keeps_records(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    whole = tenant.walk(operation)
    rows = tenant.rows_by_id(whole)
    wanted = _rarest_status(rows)
    # Neither the field of the filter nor that of the sort is selected.
    query: Query = {
        "limit": tenant.page_size,
        "offset": 0,
        "filter": f"status='{wanted}'",
        "sort": "dateLastModified",
        "fields": "sourcedId",
    }
    reading = response_with_fields(tenant, operation, query)
    if is_rejected(reading):
        message = f"fields together with a filter and a sort returned HTTP {reading.exchange.status} instead of 200"
        yield finding(message, reading, symptom_of=("OR-SRT-01", "OR-SRT-07"))
        return
    if reading.problem is not None:
        raise obstacle(reading, "OR-FLD-01", "OR-FLD-03")
    expected = {name for name, row in rows.items() if row.get("status") == wanted}
    returned = {name for name in reading.ids if name is not None}
    page = len(whole.pages[0].rows)
    unexpected = sorted((returned & rows.keys()) - expected)
    if unexpected:
        yield finding(
            f"with fields, the filter returned {count_of(len(unexpected), 'record')} that it does not match",
            reading,
            unexpected,
            symptom_of=COMBINED,
        )
    elif surplus := {name for row in reading.rows for name in row} - {"sourcedId"}:
        message = f"with a filter and a sort, fields=sourcedId returned {count_of(len(surplus), 'further field')}"
        yield finding(message, reading, symptom_of=("OR-FLD-01", "OR-CMB-04"))
    elif not whole.complete:
        tenant.all_rows(operation)
    elif len(reading.rows) < min(len(expected), page):
        message = (
            f"with fields, the filter returned {len(reading.rows)} of {count_of(len(expected), 'matching record')}"
        )
        yield finding(message, reading, sorted(expected - returned), symptom_of=COMBINED)


def _rarest_status(rows: dict[str, Record]) -> str:
    counts = Counter(row["status"] for row in rows.values() if says(row.get("status"), STATUSES))
    if not counts:
        raise ExplainedBy("OR-SCH-01", "no record has a status")
    return str(min(counts, key=lambda status: (counts[status], status)))
