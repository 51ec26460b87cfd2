"""Rule on specialised and nested collections: they read each parameter as the collection of all records does."""

from collections.abc import Callable, Iterator
from typing import Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import encoded_path, encoded_query
from oneroster.contract.http.incidents import is_server_error
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import evidence_of
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.operation_selectors import all_collections, turn_of
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.snapshot import needs_escaping
from oneroster.contract.observation.walk import ObservedWalk
from oneroster.contract.oracle.filters import (
    ExpectedClause,
    ExpectedFilter,
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
    returns_matches,
    returns_one_row,
    returns_rows,
)
from oneroster.contract.rules.fields_in_turn import (
    BASE_FIELD,
    clause_outside_of_subset,
    clauses_in_turn,
    filter_by_a_field,
    sort_in_turn,
)
from oneroster.contract.rules.filter_comparison import EMPTY_PAGES, NOTHING
from oneroster_runtime.specification import Operation

EQUALITIES: Final = {
    "string": ("=", "!=", "~"),
    "enumeration": ("=", "!="),
    "date": ("=", "!="),
    "number": ("=", "!="),
}
"""By kind: operators whose meaning is certain."""
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
MOST_ROWS: Final = 300
MIN_ROWS: Final = 2
DELETED: Final = "tobedeleted"
ID: Final = "sourcedId"
INSTANT: Final = "date-time"
BY_ID: Final = ("OR-FLT-01", "OR-FLT-16", "OR-FLT-14")
"""The rules on filters by an id."""
ORDERS: Final = ("OR-SRT-03", "OR-SRT-01", "OR-SRT-02", "OR-CMB-01")
"""The rules on the order of rows."""
SORT: Final[Query] = {"sort": "dateLastModified", "orderBy": "desc"}
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
        yield from _filters(tenant, operation, rows, plain, by_field)
    else:
        yield Expectation({"limit": 1, **SORT}, returns_rows, ("OR-SRT-02",))
        yield from _filters_by_ids(rows, plain)
    yield from _sorts(tenant, operation, rows)
    yield from by_field
    if tenant.standard.specification.warnings:
        # A version without warnings lets a server reject names that it does not know.
        yield from _unknown_names(tenant, found, rows, plain)


def _field_filters(tenant: ObservedTenant, operation: Operation, rows: dict[str, Record]) -> Iterator[Expectation]:
    """Yield a filter by a field that only this element has, and the status, with a sort."""
    if (alone := filter_by_a_field(tenant, operation, rows, EQUALITIES)) is not None:
        active = ExpectedClause(STATUS, "enumeration", "=", "active")
        has_status = all(row.get(STATUS) in STATUSES for row in rows.values() if isinstance(row.get(STATUS), str))
        wanted = ExpectedFilter((*alone.clauses, active)) if has_status else alone
        yield _matching(wanted, rows, {"limit": len(rows) + 1, "offset": 0}, sort_in_turn(tenant, operation, rows, 2))


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
        right = _returns_in_order(set(rows), name, kind, descending=True)
        yield Expectation(query, right, ("OR-SRT-06", "OR-SRT-07", *ORDERS))


def _returns_in_order(
    expected: set[str], name: str, kind: str, *, descending: bool
) -> Callable[[ParsedResponse], str | None]:
    """Return a function that compares the records of a response with the expected ids, and their order."""
    right_ids = returns_ids(expected)

    def wrong(reading: ParsedResponse) -> str | None:
        keys = sort_values(reading.rows, name, kind)
        unordered = first_out_of_order(keys, kind, descending=descending) is not None
        direction = "descending" if descending else "ascending"
        return right_ids(reading) or (f"the rows are not in {direction} order of {name}" if unordered else None)

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
    tenant: ObservedTenant,
    operation: Operation,
    rows: dict[str, Record],
    plain: list[str],
    by_field: list[Expectation],
) -> Iterator[Expectation]:
    turn = turn_of(tenant, operation)
    # Of the live ones the last, of which a page that is cut or a filter that is lost has no need.
    one = next((name for name in reversed(plain) if rows[name]["status"] != DELETED), plain[-1])
    deleted = {name for name, row in rows.items() if row["status"] == DELETED}
    limit = len(rows) + 1
    used = [str(each.query["filter"]) for each in by_field]
    further = clauses_in_turn(tenant, operation, rows, but=used)
    is_deleted = ExpectedClause(STATUS, "enumeration", "=", DELETED)
    if further:
        wanted = ExpectedFilter((further[0], is_deleted), either=True)
        yield _matching(wanted, rows, {"limit": limit}, sort_in_turn(tenant, operation, rows) or (BASE_FIELD, INSTANT))
    else:
        only: Query = {"limit": limit, "filter": str(is_deleted), **SORT}
        yield Expectation(only, returns_ids(deleted), ("OR-FLT-01", "OR-SRT-02"))
    other = clause_outside_of_subset(tenant, operation, rows)
    if other is not None:
        unlike = ExpectedClause(STATUS, "enumeration", "!=", "active")
        yield _matching(ExpectedFilter((other, unlike), either=True), rows, {"limit": limit})
    else:
        # In turn, an id and a part of one, which distinguishes equality from a search.
        text = one[1:] if turn % 2 and one[1:] not in rows else one
        either: Query = {"limit": limit, "filter": f"status!='active' OR sourcedId='{text}'"}
        yield Expectation(either, returns_ids(deleted | {one} & {text}), ("OR-FLT-02", "OR-FLT-11", *BY_ID))
    if not any("~" in each for each in used):
        yield from _filter_by_piece(rows, one, further[1:2], sort_in_turn(tenant, operation, rows, 3))
    if not by_field:
        both: Query = {"limit": limit, "filter": f"sourcedId='{one}' AND status='{rows[one]['status']}'"}
        yield Expectation(both, returns_ids({one}), ("OR-FLT-11", *BY_ID))


def _matching(
    wanted: ExpectedFilter, rows: dict[str, Record], query: Query, sort: tuple[str, str] | None = None
) -> Expectation:
    """Return a request whose response has the records that match a filter, in ascending order of a field."""
    certain, probable = (returns_matches(wanted, rows, mark) for mark in ("A", "B"))

    def wrong(reading: ParsedResponse) -> str | None:
        text = certain(reading)
        if text is None and sort is not None:
            name, kind = sort
            full = [rows.get(identity(row) or "", row) for row in reading.rows]
            if first_out_of_order(sort_values(full, name, kind), kind, descending=False) is not None:
                return f"the rows are not in ascending order of {name}"
        return text

    order: Query = {"sort": sort[0], "orderBy": "asc"} if sort is not None else {}
    rules = ("OR-FLT-02", *BY_FIELD, "OR-FLT-10", "OR-FLT-14", "OR-SRT-06", "OR-SRT-07", *ORDERS)
    alone = None
    if sort is not None:
        right = _returns_in_order(set(rows), *sort, descending=False)
        alone = Expectation({"limit": len(rows) + 1, "offset": 0, **order}, right, rules)
    return Expectation({**query, "filter": str(wanted), **order}, wrong, rules, probable, alone)


def _filters_by_ids(rows: dict[str, Record], plain: list[str]) -> Iterator[Expectation]:
    """Yield the filters of records whose status is missing, or written in another way."""
    if len(plain) < MIN_ROWS:
        return
    first, last = plain[0], plain[-1]
    either: Query = {"limit": len(rows) + 1, "filter": f"sourcedId='{first}' OR sourcedId='{last}'"}
    yield Expectation(either, returns_ids({first, last}), ("OR-FLT-02", "OR-FLT-11", *BY_ID))
    yield from _filter_by_piece(rows, last, [], None)
    both: Query = {"limit": len(rows) + 1, "filter": f"sourcedId!='{first}' AND sourcedId='{last}'"}
    yield Expectation(both, returns_ids({last}), ("OR-FLT-02", "OR-FLT-11", *BY_ID))


def _filter_by_piece(
    rows: dict[str, Record], one: str, further: list[ExpectedClause], sort: tuple[str, str] | None
) -> Iterator[Expectation]:
    """Yield a search for a part of an id, or for what another clause matches."""
    piece = one[1:]
    if piece and not any(piece.casefold() in name.casefold() for name in rows if name != one):
        clauses = (*further, ExpectedClause(ID, "string", "~", piece))
        wanted = ExpectedFilter(clauses, either=len(clauses) > 1)
        yield _matching(wanted, rows, {"limit": len(rows) + 1}, sort if further else None)


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
        elif level is not Level.MUST and each.alone is not None and not is_server_error(exchange.status):
            sure = tenant.parse(
                operation, tenant.probe(path, encoded_query(each.alone.query)), found.values, each.alone.query
            )
            if sure.exchange.status == 200 and (certain := each.alone.wrong(sure)) is not None:
                each, exchange, reading, wrong, level = each.alone, sure.exchange, sure, certain, Level.MUST
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
