"""Rule on specialised and nested collections: filters by bounds and references, and sorts without a direction."""

import operator
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotJudged
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import encoded_path, encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.observation.combined_requests import combined
from oneroster.contract.observation.evidence import count_of, evidence_of
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.operation_selectors import nested
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.snapshot import needs_escaping
from oneroster.contract.observation.walk import ObservedWalk
from oneroster.contract.oracle.filters import (
    parse_timestamp,
    values_at,
)
from oneroster.contract.oracle.sorting import first_out_of_order, sort_values
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.combinations_everywhere import (
    BY_FIELD,
    BY_ID,
    MIN_ROWS,
    MOST_ROWS,
    ORDERS,
    specialised_and_nested,
)
from oneroster.contract.rules.expectations import (
    returns_ids,
    returns_matches,
)
from oneroster.contract.rules.fields_in_turn import BASE_FIELD, filter_by_a_field, sort_in_turn
from oneroster_runtime.specification import Operation

BOUNDS: Final = {"date": (">", "<=", "<", ">="), "number": (">", "<", ">=", "<=")}
"""By kind: operators that compare with a bound."""
ID: Final = "sourcedId"
MOMENTS: Final = 2
A_LITTLE: Final = timedelta(seconds=5)
"""A server may store instants with another precision than it sends."""
COMPARED: Final = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
COMPARISONS: Final = ("OR-FLT-01", "OR-FLT-05", "OR-FLT-04", "OR-FLT-11", "OR-CMB-01", "OR-CMB-05")
"""The rules on filters that compare date-times."""


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
    rows = {name: row for row in found.rows if (name := identity(row)) is not None}
    sort = sort_in_turn(tenant, operation, rows, 1) or (BASE_FIELD, "date-time")
    query: Query = {"filter": expression, "sort": sort[0]}
    if len(matching) > operation.default_limit:
        query["limit"] = len(found) + 1
    try:
        reading = combined(tenant, found, query)
    except NotJudged:
        # Other rules report a response without data.
        return
    wrong = _wrong_bounds(reading, rows, matching, sort)
    if wrong is not None and not found.is_cut(reading):
        raise ExplainedBy(
            (*COMPARISONS, *ORDERS, "OR-SRT-06", "OR-SRT-07", "OR-PAG-08"),
            wrong,
            anywhere=True,
            otherwise=wrong,
            evidence=evidence_of(reading),
        )
    _try_bound(tenant, operation, found)
    if operation in _first_nested(tenant):
        _try_reference(tenant, operation, found)
    yield from ()


def _try_bound(tenant: ObservedTenant, operation: Operation, found: ObservedWalk) -> None:
    """Raise ``ExplainedBy`` if a filter by a date or a number with a bound returns other rows."""
    rows = {name: row for row in found.rows if (name := identity(row)) is not None}
    wanted = filter_by_a_field(tenant, operation, rows, BOUNDS)
    if wanted is None:
        return
    query: Query = {"limit": len(found) + 1, "offset": 0, "filter": str(wanted)}
    path = encoded_path(operation.path, found.values)
    reading = tenant.parse(operation, tenant.probe(path, encoded_query(query)), found.values, query)
    wrong = returns_matches(wanted, rows, "B")(reading)
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


def _wrong_bounds(
    reading: ParsedResponse, rows: dict[str, Record], matching: set[str], sort: tuple[str, str]
) -> str | None:
    """Return what is wrong with the rows of a filter by bounds that is sorted without orderBy; None if nothing is."""
    returned = {name for name in reading.ids if name}
    lost, surplus = len(matching - returned), len(returned - matching)
    if lost or surplus:
        counts = f"{count_of(surplus, 'row')} not expected, {count_of(lost, 'row')} missing"
        return f"a filter with bounds of dateLastModified: {counts}"
    name, kind = sort
    keys = sort_values([rows.get(identity(row) or "", row) for row in reading.rows], name, kind)
    ascending = first_out_of_order(keys, kind, descending=False) is None
    return None if ascending else f"a sort by {name} without orderBy is not ascending"
