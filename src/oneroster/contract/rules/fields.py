"""Field selection: exactly the fields that were asked for, of exactly the records that were asked for.

What comes back may lawfully lack what the schema requires, so these answers are kept apart from all others.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.exchange import encoded_path, encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse, Record
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, finding, id_list
from oneroster.contract.observation.probe_values import complete_collections
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.snapshot import PAGE
from oneroster.contract.observation.tenant import ObservedTenant, Query
from oneroster.contract.oracle.status_payload import has_code_minor
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.filter_comparison import refused
from oneroster.contract.rules.sorting import UNKNOWN, largest
from oneroster_runtime.specification import Operation

ASKED: Final = ("status", "dateLastModified")
"""Every record has both; that the required sourcedId is left out as well is part of the matter."""
FEW: Final = 20
"""Rows; enough to see whether a selection is kept to."""
BAD_REQUEST: Final = 400


class _Selections(dict[str, ParsedResponse]):
    """The responses to requests with ``fields``, by path and query; kept apart, because they lack properties."""


def selected(
    tenant: ObservedTenant, operation: Operation, query: Query, values: dict[str, str] | None = None
) -> ParsedResponse:
    """The answer to a request with ``fields``; asked once, and no part of the tenant's other answers."""
    kept = tenant.memo(_Selections, _Selections)
    path, text = encoded_path(operation.path, values or {}), encoded_query(query)
    if f"{path}?{text}" not in kept:
        kept[f"{path}?{text}"] = tenant.parse(operation, tenant.probe(path, text), values, query)
    return kept[f"{path}?{text}"]


def chosen(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections on which selection is tried: one of each element."""
    return (operation for operation, _ in complete_collections(tenant))


def single_reads(tenant: ObservedTenant) -> Iterator[Operation]:
    """The reads of the same elements that gave a record."""
    for operation, _ in complete_collections(tenant):
        read = tenant.dialect.read_of(operation.element)
        if read is not None and any(reading.problem is None for reading in tenant.readings(read)):
            yield read


def not_as_asked(tenant: ObservedTenant, reading: ParsedResponse, asked: tuple[str, ...]) -> Iterator[Finding]:
    """What the records of an answer have too many or too few of; names that the document does not know are counted.

    Raises ``NotExercised`` when the answer holds no record.
    """
    if refused(reading):
        yield finding(f"a selection of fields is refused (HTTP {reading.exchange.status})", reading)
        return
    if reading.problem is not None or not reading.rows:
        raise NotExercised(reading.problem or "there is no record")
    extra = Counter(name for row in reading.rows for name in row if name not in asked)
    # One record that lacks what is required lacks it without a selection as well.
    missing = [name for name in asked if not any(name in row for row in reading.rows)]
    if extra or missing:
        told = [f"{_named(tenant, reading, extra)} not asked for"] if extra else []
        told += [f"{', '.join(missing)} missing"] if missing else []
        yield finding(f"fields={','.join(asked)} brings records with {' and with '.join(told)}", reading)


def _named(tenant: ObservedTenant, reading: ParsedResponse, names: Counter[str]) -> str:
    known = sorted(tenant.properties(reading.operation.element).keys() & names.keys())
    return id_list(known) if known else count_of(len(names), "other field")


@rule(
    "OR-FLD-01",
    family="fields",
    title="A selection in a collection brings exactly the fields asked for",
    clause="3.4 exactly the requested fields [B]",
    example="fields=status,dateLastModified brings records with sourcedId as well",
    fix="write out the named fields and no others, required ones included",
    over=chosen,
)
def selects_in_lists(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    reading = selected(tenant, operation, {"limit": FEW, "offset": 0, "fields": ",".join(ASKED)})
    yield from not_as_asked(tenant, reading, ASKED)


@rule(
    "OR-FLD-02",
    family="fields",
    title="A selection in a single read brings exactly the fields asked for",
    clause="3.1 fields, on all reads [B]",
    example="GET /users/{id}?fields=status brings the whole record",
    fix="take fields on every read, not on collections only",
    over=single_reads,
)
def selects_in_singles(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = next(reading for reading in tenant.readings(operation) if reading.problem is None)
    yield from not_as_asked(tenant, selected(tenant, operation, {"fields": ",".join(ASKED)}, known.values), ASKED)


def unknown_selection(tenant: ObservedTenant, operation: Operation) -> ParsedResponse:
    """The answer to a selection in which one name exists and one does not."""
    return selected(tenant, operation, {"limit": FEW, "offset": 0, "fields": f"status,{UNKNOWN}"})


@rule(
    "OR-FLD-03",
    family="fields",
    title="A selection with an unknown field is answered with the data",
    clause="3.3 fields names an unknown field [A]",
    example="fields=status,favouriteColour is answered with 400",
    fix="answer 200 with all fields, and warn in the status payload; 400 came with version 1.2",
    over=largest,
    needs=("OR-FLD-01",),
)
def unknown_field_selected(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    reading = unknown_selection(tenant, operation)
    if refused(reading):
        yield finding(f"a selection with an unknown field is answered with HTTP {reading.exchange.status}", reading)
    elif reading.problem is not None:
        raise NotExercised(reading.problem)
    elif not reading.rows:
        yield finding("a selection with an unknown field brings no record", reading)
    elif all(row.keys() <= {"status"} for row in reading.rows):
        # Certified servers do either; the sources name only the other.
        yield finding("beside an unknown field only the known ones come, not all", reading, level=Level.OPEN)


@rule(
    "OR-FLD-04",
    family="fields",
    title="An unknown field in a selection is told as a warning",
    clause="3.3 fields names an unknown field, warning beside the data [B]",
    example="fields=status,favouriteColour is answered as if all were well",
    fix="put a status entry success, warning, invalid_selection_field beside the data",
    over=largest,
    needs=("OR-FLD-01", "OR-FLD-03"),
)
def unknown_field_warned(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    reading = unknown_selection(tenant, operation)
    if reading.problem is not None:
        raise NotExercised(reading.problem)
    if not has_code_minor(reading.other_members, "invalid_selection_field"):
        yield finding("the answer does not say that a field of the selection is unknown", reading)


@rule(
    "OR-FLD-05",
    family="fields",
    title="A blank selection is refused",
    clause="3.3 fields is blank [B]",
    example="fields= is answered with whole records",
    fix="answer 400 with the minor code invalid_blank_selection_field",
    over=largest,
    needs=("OR-FLD-01",),
)
def blank_selection(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    reading = selected(tenant, operation, {"limit": FEW, "offset": 0, "fields": ""})
    status = reading.exchange.status
    if status == 200:
        yield finding(f"a blank selection is answered with {count_of(len(reading.rows), 'record')}", reading)
    elif status != BAD_REQUEST:
        yield finding(f"a blank selection is answered with HTTP {status} instead of 400", reading)


@rule(
    "OR-FLD-06",
    family="fields",
    title="A selection of fields does not change which records come",
    clause="3.4 field selection chooses fields [B]",
    example="filter=status='active'&fields=sourcedId brings nobody, because status is not among the fields",
    fix="filter and sort the whole records, and choose the fields last",
    over=largest,
    needs=("OR-FLD-01", "OR-FLT-01"),
)
@confirmed
def selection_keeps_records(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    rows = tenant.all_rows(operation)
    wanted = _rarest_status(rows)
    query: Query = {"limit": PAGE, "offset": 0, "filter": f"status='{wanted}'", "fields": "sourcedId"}
    reading = selected(tenant, operation, query)
    if refused(reading):
        yield finding(f"a selection beside a filter is refused (HTTP {reading.exchange.status})", reading)
        return
    if reading.problem is not None:
        raise NotExercised(reading.problem)
    expected = {name for name, row in rows.items() if row.get("status") == wanted}
    came = {name for name in reading.ids if name is not None}
    page = len(tenant.walk(operation).pages[0].rows)
    strange = sorted((came & rows.keys()) - expected)
    if strange:
        yield finding(
            f"beside a filter the selection brings {count_of(len(strange), 'other record')}", reading, strange
        )
    elif len(reading.rows) < min(len(expected), page):
        message = f"beside a filter the selection brings {len(reading.rows)} of {count_of(len(expected), 'record')}"
        yield finding(message, reading, sorted(expected - came))


def _rarest_status(rows: dict[str, Record]) -> str:
    counts = Counter(status for row in rows.values() if (status := row.get("status")) in ("active", "tobedeleted"))
    if not counts:
        raise NotExercised("no record has a status")
    return str(min(counts, key=lambda status: (counts[status], status)))
