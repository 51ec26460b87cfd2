"""Rule on specialised and nested collections: they read each parameter as the collection of all records does."""

import operator
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotJudged
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import encoded_path, encoded_query
from oneroster.contract.http.incidents import is_server_error
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.combined_requests import combined
from oneroster.contract.observation.evidence import count_of, evidence_of
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.operation_selectors import all_collections, nested, turn_of
from oneroster.contract.observation.probe_values import probe_fields, usable_values
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.snapshot import needs_escaping
from oneroster.contract.observation.walk import ObservedWalk
from oneroster.contract.oracle.filters import (
    ExpectedClause,
    ExpectedFilter,
    expected,
    filter_text,
    parse_timestamp,
    values_at,
)
from oneroster.contract.oracle.sorting import first_out_of_order, sort_values
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.combinations import level_of_query
from oneroster.contract.rules.expectations import (
    STATUS,
    Expectation,
    has_known_fields_only,
    returns_a_page,
    returns_ids,
    returns_one_row,
    returns_rows,
)
from oneroster.contract.rules.filter_comparison import EMPTY_PAGES, NOTHING
from oneroster_runtime.specification import Operation

EQUALITIES: Final = {
    "string": ("=", "!=", "~"),
    "enumeration": ("=", "!="),
    "date": ("=", "!="),
    "number": ("=", "!="),
}
BOUNDS: Final = {"date": (">", "<=", "<", ">="), "number": (">", "<", ">=", "<=")}
"""By kind: operators whose meaning is certain, and others."""
BASE_FIELD: Final = "dateLastModified"
BY_FIELD: Final = (
    "OR-FLT-11",
    "OR-FLT-01",
    "OR-FLT-02",
    "OR-FLT-03",
    "OR-FLT-16",
    "OR-FLT-04",
    "OR-FLT-07",
    "OR-FLT-17",
)
"""The rules on filters by one field."""
SORTED_KINDS: Final = frozenset({"string", "date", "number", "integer"})
UNKNOWN: Final = "onerosterCheck"
"""A field that no element has."""
ID: Final = "sourcedId"
MOST_ROWS: Final = 300
MIN_ROWS: Final = 2
MOMENTS: Final = 2
DELETED: Final = "tobedeleted"
BY_ID: Final = ("OR-FLT-01", "OR-FLT-16", "OR-FLT-14")
"""The rules on filters by an id."""
BY_PIECE: Final = ("OR-FLT-01", "OR-FLT-03", "OR-FLT-14", "OR-FLT-16")
"""The rules on filters by a part of a text."""
ORDERS: Final = ("OR-SRT-03", "OR-SRT-01", "OR-SRT-02", "OR-CMB-01")
"""The rules on the order of rows."""
SORT: Final[Query] = {"sort": "dateLastModified", "orderBy": "desc"}
A_LITTLE: Final = timedelta(seconds=5)
"""A server may store instants with another precision than it sends."""
COMPARED: Final = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
COMPARISONS: Final = ("OR-FLT-01", "OR-FLT-05", "OR-FLT-04", "OR-FLT-11", "OR-CMB-01", "OR-CMB-05")
"""The rules on filters that compare date-times."""
STATUSES: Final = frozenset({"active", DELETED})


def specialised_and_nested(tenant: ObservedTenant) -> Iterator[Operation]:
    """The readable collections of a part of the records; rules on the others test those parameter by parameter."""
    return (each for each in all_collections(tenant) if each.subset is not None or each.scope is not None)


def expectations(tenant: ObservedTenant, operation: Operation, found: ObservedWalk) -> Iterator[Expectation]:
    """Yield the requests about a collection."""
    rows = {name: row for row in found.rows if (name := identity(row)) is not None}
    usable = [name for name in rows if name.isprintable() and "'" not in name]
    plain = [name for name in usable if not needs_escaping(name)] or usable
    by_field = list(_field_filters(tenant, operation, rows))
    if plain and all(isinstance(row.get("status"), str) and row["status"] in STATUSES for row in rows.values()):
        yield from _filters(rows, plain, by_field, turn_of(tenant, operation))
    else:
        yield Expectation({"limit": 1, **SORT}, returns_rows, ("OR-SRT-02",))
        yield from _filters_by_ids(rows, plain)
    yield from _sorts(tenant, operation, rows)
    yield from by_field
    if tenant.standard.specification.warnings:
        # A version without warnings lets a server reject names that it does not know.
        yield from _unknown_names(tenant, found, rows, plain)


def _filter_by_a_field(
    tenant: ObservedTenant, operation: Operation, rows: dict[str, Record], operators: Mapping[str, tuple[str, ...]]
) -> ExpectedFilter | None:
    """Return a filter by a field that only this element has, if one has different values in the collection.

    The operations get the fields and the operators in turn.
    """
    number = sum(map(ord, operation.operation_id))
    possible: list[ExpectedClause] = []
    for kind, operators_ in operators.items():
        for probe in probe_fields(tenant, kind):
            if probe.operation.element != operation.element or probe.path in (ID, STATUS, BASE_FIELD):
                continue
            held = {filter_text(value) for row in rows.values() for value in values_at(row, probe.path)}
            texts = [text for text in usable_values(probe) if text in held]
            if len(held) > 1 and texts:
                operator_ = operators_[number % len(operators_)]
                possible.append(ExpectedClause(probe.path, kind, operator_, texts[len(texts) // 2]))
    return ExpectedFilter((possible[number % len(possible)],)) if possible else None


def _field_filters(tenant: ObservedTenant, operation: Operation, rows: dict[str, Record]) -> Iterator[Expectation]:
    """Yield a filter by a field that only this element has, and the status."""
    if (alone := _filter_by_a_field(tenant, operation, rows, EQUALITIES)) is not None:
        active = ExpectedClause(STATUS, "enumeration", "=", "active")
        has_status = all(row.get(STATUS) in STATUSES for row in rows.values() if isinstance(row.get(STATUS), str))
        wanted = ExpectedFilter((*alone.clauses, active)) if has_status else alone
        query: Query = {"limit": len(rows) + 1, "offset": 0, "filter": str(wanted)}
        yield Expectation(query, _returns_matches(wanted, rows, "A"), BY_FIELD, _returns_matches(wanted, rows, "B"))


def _returns_matches(
    wanted: ExpectedFilter, rows: dict[str, Record], least: str
) -> Callable[[ParsedResponse], str | None]:
    """Return a function that compares a response with the records that match a filter, where that is certain enough."""

    def wrong(reading: ParsedResponse) -> str | None:
        if reading.problem is not None:
            return reading.problem
        found = set(reading.ids)
        matches = {name: expected(wanted, row) for name, row in rows.items()}
        clear = [name for name, match in matches.items() if match.trust <= least]
        different = [name for name in clear if matches[name].holds is not (name in found)]
        if different:
            return f"{wanted.shape} returned the wrong records, or not all of the right ones"
        return None if found <= rows.keys() else f"{wanted.shape} returned records that are not in the collection"

    return wrong


def _sorts(tenant: ObservedTenant, operation: Operation, rows: dict[str, Record]) -> Iterator[Expectation]:
    """Yield a request with a sort by a field that some of the records do not have, if there is one."""
    found = list(rows.values())
    candidates: list[tuple[int, str, str]] = []
    for known in tenant.properties(operation.element).values():
        values = sort_values(found, known.name, known.kind) if known.kind in SORTED_KINDS and not known.secret else []
        if None in values and (distinct := len(set(values) - {None})) >= MIN_ROWS:
            candidates.append((distinct, known.name, known.kind))
    if candidates:
        _, name, kind = max(candidates)
        query: Query = {"limit": len(rows) + 1, "offset": 0, "sort": name, "orderBy": "desc"}
        yield Expectation(query, _returns_in_order(set(rows), name, kind), ("OR-SRT-06", "OR-SRT-07", *ORDERS))


def _returns_in_order(expected: set[str], name: str, kind: str) -> Callable[[ParsedResponse], str | None]:
    """Return a function that compares the records of a response with the expected ids, and their order."""
    right_ids = returns_ids(expected)

    def wrong(reading: ParsedResponse) -> str | None:
        keys = sort_values(reading.rows, name, kind)
        unordered = first_out_of_order(keys, kind, descending=True) is not None
        return right_ids(reading) or (f"the rows are not in descending order of {name}" if unordered else None)

    return wrong


def _unknown_names(
    tenant: ObservedTenant, found: ObservedWalk, rows: dict[str, Record], plain: list[str]
) -> Iterator[Expectation]:
    """Yield requests with an unknown name to sort by or to select, which must not change what a filter returns.

    Nor may the sort change how many rows a page has; the operations try the one or the other in turn.
    """
    filtered: Query = {"limit": len(rows) + 1, "filter": f"sourcedId='{plain[-1]}'"} if plain else {"limit": 1}
    if turn_of(tenant, found.operation) % 2:
        short = min(len(rows) - 1, len(found.pages[0].rows))
        page: Query = {"limit": short, "offset": 0, "sort": UNKNOWN}
        yield Expectation(page, returns_a_page(short), ("OR-SRT-04", "OR-PAG-01"))
    else:
        sort: Query = {**filtered, "sort": UNKNOWN}
        yield Expectation(sort, returns_ids({plain[-1]}) if plain else returns_rows, ("OR-SRT-04", *BY_ID))
    selection: Query = {**filtered, "fields": f"status,{UNKNOWN}"}
    rules = ("OR-FLD-03", "OR-FLD-01", *BY_ID)
    yield Expectation(selection, returns_one_row, rules, has_known_fields_only)


def _filters(
    rows: dict[str, Record], plain: list[str], by_field: list[Expectation], turn: int
) -> Iterator[Expectation]:
    # Of the live ones the last, of which a page that is cut or a filter that is lost has no need.
    one = next((name for name in reversed(plain) if rows[name]["status"] != DELETED), plain[-1])
    deleted = {name for name, row in rows.items() if row["status"] == DELETED}
    limit = len(rows) + 1
    only_deleted: Query = {"limit": limit, "filter": f"status='{DELETED}'", **SORT}
    yield Expectation(only_deleted, returns_ids(deleted), ("OR-FLT-01", "OR-SRT-02"))
    # In turn, an id and a part of one, which distinguishes equality from a search.
    text = one[1:] if turn % 2 and one[1:] not in rows else one
    either: Query = {"limit": limit, "filter": f"status!='active' OR sourcedId='{text}'"}
    yield Expectation(either, returns_ids(deleted | {one} & {text}), ("OR-FLT-02", "OR-FLT-11", *BY_ID))
    if not any("~" in str(each.query["filter"]) for each in by_field):
        yield from _filter_by_piece(rows, one)
    if not by_field:
        both: Query = {"limit": limit, "filter": f"sourcedId='{one}' AND status='{rows[one]['status']}'"}
        yield Expectation(both, returns_ids({one}), ("OR-FLT-11", *BY_ID))


def _filters_by_ids(rows: dict[str, Record], plain: list[str]) -> Iterator[Expectation]:
    """Yield the filters of records whose status is missing, or written in another way."""
    if len(plain) < MIN_ROWS:
        return
    first, last = plain[0], plain[-1]
    either: Query = {"limit": len(rows) + 1, "filter": f"sourcedId='{first}' OR sourcedId='{last}'"}
    yield Expectation(either, returns_ids({first, last}), ("OR-FLT-02", "OR-FLT-11", *BY_ID))
    yield from _filter_by_piece(rows, last)
    both: Query = {"limit": len(rows) + 1, "filter": f"sourcedId!='{first}' AND sourcedId='{last}'"}
    yield Expectation(both, returns_ids({last}), ("OR-FLT-02", "OR-FLT-11", *BY_ID))


def _filter_by_piece(rows: dict[str, Record], one: str) -> Iterator[Expectation]:
    piece = one[1:]
    if piece and not any(piece.casefold() in name.casefold() for name in rows if name != one):
        query: Query = {"limit": len(rows) + 1, "filter": f"sourcedId~'{piece}'"}
        yield Expectation(query, returns_ids({one}), BY_PIECE)


def instants(found: ObservedWalk) -> dict[str, datetime]:
    """Return when each record of a walk was changed, by id; empty if one has no id or no valid date-time."""
    known = {name: parse_timestamp(row.get("dateLastModified")) for row in found.rows if (name := identity(row))}
    valid = {name: when.astimezone(UTC) for name, when in known.items() if when is not None}
    return valid if len(valid) == len(found) else {}


def filter_at_bounds(operation: Operation, known: Mapping[str, datetime]) -> tuple[str, set[str]]:
    """Return a filter whose bounds are values of records, and the ids that match it.

    It has either >= and <, or > and <=; one bound is a value, and one is near a value. The operations get these in
    turn: each comparison is tried on a server, with one request for an operation.
    """
    moments = sorted(set(known.values()))
    first, last = moments[len(moments) // 3], moments[-1 - len(moments) // 3]
    after, before = (">=", "<") if len(operation.operation_id) % 2 else (">", "<=")
    # One of the bounds is a value, the other is near one: the one shows whether it is included, the other whether the
    # time of day is compared.
    if sum(map(ord, operation.operation_id)) % 2:
        first += A_LITTLE if after == ">=" else -A_LITTLE
    else:
        last += A_LITTLE if before == "<" else -A_LITTLE
    texts = [moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") for moment in (first, last)]
    matching = {name for name, when in known.items() if COMPARED[after](when, first) and COMPARED[before](when, last)}
    return f"dateLastModified{after}'{texts[0]}' AND dateLastModified{before}'{texts[1]}'", matching


@rule(
    "OR-CMB-06",
    family="combinations",
    title="Specialised and nested collections keep the bounds of a filter, and sort in ascending order",
    clause="3.2 >, >=, < and <= on date-times; 3.1 orderBy default [B]",
    example="GET /classes/{id}/students with dateLastModified>='…' omits the row with that value",
    fix="parse filters in one place, for all collections",
    stands_on=("parameter filter", "parameter sort"),
    over=specialised_and_nested,
    harm=Harm.ROWS,
    needs=("OR-CMB-05", "OR-CMB-01"),
)
@confirmed
def bounds_of_filters(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    complete = (each for each in tenant.walks(operation) if each.complete and len(each) <= MOST_ROWS)
    found = max(complete, key=lambda each: len(set(instants(each).values())), default=None)
    known = instants(found) if found is not None else {}
    moments = {when for when in known.values() if when.microsecond % 1000 == 0}
    if found is None or len(moments) < max(MOMENTS, len(set(known.values()))):
        raise NotEnoughData(len(moments), MOMENTS, "different values of dateLastModified, to the millisecond")
    expression, matching = filter_at_bounds(operation, known)
    query: Query = {"filter": expression, "sort": "dateLastModified"}
    if len(matching) > operation.default_limit:
        query["limit"] = len(found) + 1
    try:
        reading = combined(tenant, found, query)
    except NotJudged:
        # Other rules report a response without data.
        return
    wrong = _wrong_bounds(reading, matching)
    if wrong is not None and not found.is_cut(reading):
        raise ExplainedBy(
            (*COMPARISONS, *ORDERS, "OR-PAG-08"), wrong, anywhere=True, otherwise=wrong, evidence=evidence_of(reading)
        )
    _try_bound(tenant, operation, found)
    if operation in _first_nested(tenant):
        _try_reference(tenant, operation, found)
    yield from ()


def _try_bound(tenant: ObservedTenant, operation: Operation, found: ObservedWalk) -> None:
    """Raise ``ExplainedBy`` if a filter by a date or a number with a bound returns other rows."""
    rows = {name: row for row in found.rows if (name := identity(row)) is not None}
    wanted = _filter_by_a_field(tenant, operation, rows, BOUNDS)
    if wanted is None:
        return
    query: Query = {"limit": len(found) + 1, "offset": 0, "filter": str(wanted)}
    path = encoded_path(operation.path, found.values)
    reading = tenant.parse(operation, tenant.probe(path, encoded_query(query)), found.values, query)
    wrong = _returns_matches(wanted, rows, "B")(reading)
    if wrong is not None and not found.is_cut(reading):
        raise ExplainedBy(
            (*BY_FIELD, *COMPARISONS), wrong, anywhere=True, otherwise=wrong, evidence=evidence_of(reading)
        )


def _first_nested(tenant: ObservedTenant) -> Iterator[Operation]:
    """The first nested collection of each element."""
    seen: set[str | None] = set()
    for each in nested(tenant):
        if each.element not in seen:
            seen.add(each.element)
            yield each


def _try_reference(tenant: ObservedTenant, operation: Operation, found: ObservedWalk) -> None:
    """Raise ``ExplainedBy`` if a filter by the id of a reference returns other rows of a nested collection."""
    for known in tenant.properties(operation.element).values():
        values = {identity(row): values_at(row, f"{known.name}.{ID}")[:1] for row in found.rows}
        ids = sorted({name for held in values.values() for name in held if isinstance(name, str)})
        usable = [name for name in ids if name.isprintable() and "'" not in name and not needs_escaping(name)]
        if known.kind != "reference" or len(ids) < MIN_ROWS or not usable:
            continue
        matching = {name for name, held in values.items() if name and held == usable[:1]}
        query: Query = {"limit": len(found) + 1, "filter": f"{known.name}.{ID}='{usable[0]}'"}
        path = encoded_path(operation.path, found.values)
        reading = tenant.parse(operation, tenant.probe(path, encoded_query(query)), found.values)
        wrong = returns_ids(matching)(reading)
        if wrong is not None and not found.is_cut(reading):
            text = f"a filter by {known.name}.{ID}: {wrong}"
            raise ExplainedBy(
                ("OR-FLT-10", *BY_ID, *COMPARISONS), text, anywhere=True, otherwise=text, evidence=evidence_of(reading)
            )
        return


def _wrong_bounds(reading: ParsedResponse, matching: set[str]) -> str | None:
    """Return what is wrong with the rows of a filter by bounds that is sorted without orderBy; None if nothing is."""
    returned = {name for name in reading.ids if name}
    lost, surplus = len(matching - returned), len(returned - matching)
    if lost or surplus:
        counts = f"{count_of(surplus, 'row')} not expected, {count_of(lost, 'row')} missing"
        return f"a filter with bounds of dateLastModified: {counts}"
    keys = sort_values(reading.rows, "dateLastModified", "date-time")
    ascending = first_out_of_order(keys, "date-time", descending=False) is None
    return None if ascending else "a sort without orderBy is not ascending"


def _is_empty_success(reading: ParsedResponse) -> bool:
    """Return whether a request was served with another status than 200, and without data."""
    return 200 < reading.exchange.status < 300 and reading.problem is not None


@rule(
    "OR-CMB-05",
    family="combinations",
    title="Specialised and nested collections read each parameter as the whole collection does",
    clause="3.1 parameters of all collections; 3.3 the errors that they cause [A]",
    example="GET /classes/{id}/students ignores != in a filter, or returns 400 for OR",
    fix="parse filter, sort and fields in one place, for all collections",
    stands_on=("parameter limit",),
    over=specialised_and_nested,
    harm=Harm.ROWS,
    needs=("OR-PAG-01", "OR-CMB-01"),
)
@confirmed
def same_parameters(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    complete = (each for each in tenant.walks(operation) if each.complete and MIN_ROWS <= len(each) <= MOST_ROWS)
    found = max(complete, key=len, default=None)
    if found is None:
        raise NotEnoughData(0, MIN_ROWS, f"rows, and at most {MOST_ROWS}")
    if len(set(found.ids)) < len(found):
        raise ExplainedBy(("OR-SEM-10", "OR-SEM-28", "OR-PAG-04"), "rows are repeated without parameters as well")
    path = encoded_path(operation.path, found.values)
    probable: ExplainedBy | None = None
    for each in expectations(tenant, operation, found):
        exchange = tenant.probe(path, encoded_query(each.query))
        reading = tenant.parse(operation, exchange, found.values, each.query)
        wrong, level = each.wrong(reading), level_of_query(operation, each.query)
        if wrong is None:
            wrong, level = each.doubtful(reading), Level.SHOULD
        if wrong is None or found.is_cut(reading) or is_server_error(exchange.status) or _is_empty_success(reading):
            # Rules on statuses report server errors, and a success by another name.
            continue
        shown = " and ".join(sorted(each.query.keys() - {"limit"}))
        text = f"a request with {shown}: {wrong}"
        nothing = EMPTY_PAGES if exchange.status in NOTHING else ()
        rules = (*each.rules, "OR-CMB-01", "OR-ENG-02", "OR-PAG-08", *nothing)
        if level is not Level.MUST:
            seen = evidence_of(reading)
            probable = probable or ExplainedBy(rules, text, anywhere=True, otherwise=text, level=level, evidence=seen)
            continue
        raise ExplainedBy(rules, text, anywhere=True, otherwise=text, evidence=evidence_of(reading))
    if probable is not None:
        raise probable
    yield from ()
