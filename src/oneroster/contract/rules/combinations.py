"""Rules on parameters in combination, on every kind of collection: whole, specialised and nested.

Every parameter alone has rules of its own. Servers often build one query for each parameter, and lose one when several
are set.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Final

from oneroster.contract.errors import BeyondBudget, ExplainedBy, NotEnoughData, NotJudged, NotOffered
from oneroster.contract.http.exchange import encoded_path, encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level, level_of
from oneroster.contract.observation.evidence import count_of, evidence_of, finding
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.operation_selectors import all_collections
from oneroster.contract.observation.probe_values import largest_collections
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.selected_pages import selected_page
from oneroster.contract.observation.walk import ObservedWalk
from oneroster.contract.oracle.filters import parse_timestamp
from oneroster.contract.oracle.sorting import first_out_of_order, sort_values
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

FIELD: Final = "dateLastModified"
"""Every record has it, it is never personal, and it can be filtered and sorted by."""
MOST_ROWS: Final = 800
MIN_ROWS: Final = 3
MOST_PLAIN_PAGES: Final = 6
"""Pages that are read again without parameters, to find out whether paging alone is wrong."""
VALUES: Final = ("OR-SCH-02", "OR-SCH-03", "OR-SCH-04", "OR-SCH-05", "OR-SCH-07")
"""The rules on types and forms of values, which report those that only selected fields have as well."""
ABSENT: Final = object()
"""The value of a field that a record does not have; null is another one."""
EVERYTHING: Final = "filter, sort, fields, limit and offset"
SORTED: Final = "sort, limit and offset"
UNORDERED: Final = "the rows are not in descending order"
PAGES: Final = ("OR-PAG-01", "OR-PAG-02", "OR-PAG-03", "OR-PAG-04")
"""The rules on pages without other parameters."""
EXPLAINING: Final = {
    "filter": ("OR-FLT-01", "OR-FLT-05", "OR-FLT-04", "OR-FLT-06"),
    "sort": ("OR-SRT-01", "OR-SRT-02"),
}
"""By parameter: the rules that report what it does alone."""


@dataclass(frozen=True)
class Combination:
    """One collection with a filter by a moment in its middle.

    Attributes:
        found: The walk over the collection.
        filter: The filter.
        matching: The records that the filter selects, by id.
    """

    found: ObservedWalk
    filter: str
    matching: dict[str, Record]


def combination(tenant: ObservedTenant, operation: Operation) -> Combination:
    """Return the combination for the largest walk of a collection.

    Raises ``NotJudged`` when no walk has rows that a moment divides.
    """
    found = max((each for each in tenant.walks(operation) if each.complete), key=len, default=None)
    if found is None or len(found) < MIN_ROWS:
        raise NotEnoughData(0 if found is None else len(found), MIN_ROWS, "rows")
    rows = {name: row for row in found.rows if (name := identity(row)) is not None}
    if len(rows) < len(found):
        raise ExplainedBy(("OR-SEM-10", "OR-SEM-28", "OR-PAG-04"), "rows are repeated without parameters as well")
    moments = {name: moment for name, row in rows.items() if (moment := parse_timestamp(row.get(FIELD)))}
    days = sorted({moment.astimezone(UTC).date() for moment in moments.values()})
    if len(days) < MIN_ROWS or len(moments) < len(rows):
        raise NotEnoughData(len(days), MIN_ROWS, f"different days of {FIELD}")
    # Midnight, so that a server that compares days, or another precision, finds the same rows; other rules test that.
    bounds = (datetime.combine(day, time.min, UTC) for day in days[len(days) // 2 :])
    for bound in bounds:
        matching = {name: rows[name] for name, moment in moments.items() if moment >= bound}
        # Both halves fit on pages of a size that the server does not shorten.
        if len(matching) // 2 + 1 <= len(found.pages[0].rows) and len(matching) <= MOST_ROWS:
            return Combination(found, f"{FIELD}>='{_text(bound)}'", matching)
    raise BeyondBudget(f"too many of the {len(found)} rows were changed on one day")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Combined(dict[str, ParsedResponse]):
    """The responses to combined parameters, by path and query."""


def combined(tenant: ObservedTenant, found: ObservedWalk, query: Query) -> ParsedResponse:
    """Return the response to a query, requested once and kept apart, because it may lack properties.

    Raises ``NotJudged`` when it holds no data; other rules report that.
    """
    kept = tenant.memo(_Combined, _Combined)
    path, text = encoded_path(found.operation.path, found.values), encoded_query(query)
    key = f"{path}?{text}"
    if key not in kept:
        kept[key] = tenant.parse(found.operation, tenant.probe(path, text), found.values, query)
    if kept[key].problem is not None:
        raise _without_data(kept[key])
    return kept[key]


def _without_data(reading: ParsedResponse) -> NotJudged:
    """Return why a combined request brought no data; a finding, unless a parameter alone shows the same."""
    beyond = int(reading.query.get("offset", 0)) > 0 and reading.exchange.status in (204, 404)
    rules = ("OR-CMB-01", "OR-FLT-01", "OR-FLT-05", "OR-SRT-01", "OR-FLD-01", "OR-ERR-10", "OR-PAG-01", "OR-PAG-07")
    empty = ("OR-ENV-10",) if reading.exchange.status in (204, 404) else ()
    level = _trust_of_filters(reading.operation) if "filter" in reading.query else None
    names = ", ".join(reading.query)
    text = f"a request with {names}: {reading.problem}"
    return ExplainedBy(
        (*(rules[::-1] if beyond else rules), *empty),
        text,
        anywhere=beyond,
        otherwise=text,
        level=level,
        evidence=evidence_of(reading),
    )


def queries(known: Combination) -> dict[str, list[Query]]:
    """Return the pages of every combination, by its parameters."""
    # Two pages have room for one row more, so that a surplus row shows.
    half, whole = len(known.matching) // 2 + 1, len(known.found) // 2 + 1
    sort: Query = {"sort": FIELD, "orderBy": "desc"}
    filter_: Query = {"filter": known.filter}
    found: dict[str, list[Query]] = {
        EVERYTHING: [
            {"limit": half, "offset": offset, **filter_, **sort, "fields": f"sourcedId,{FIELD}"} for offset in (0, half)
        ],
        "filter, limit and offset": [{"limit": half, "offset": offset, **filter_} for offset in (0, half)],
    }
    if len(known.found.pages[0].rows) == len(known.found) <= min(MOST_ROWS, known.found.limit):
        found[SORTED] = [{"limit": whole, "offset": offset, **sort} for offset in (0, whole)]
    return found


def single_queries(known: Combination) -> dict[str, Query]:
    """Return a request for each parameter alone."""
    page: Query = {"limit": min(MOST_ROWS, known.found.limit), "offset": 0}
    return {"filter": {**page, "filter": known.filter}, "sort": {**page, "sort": FIELD, "orderBy": "desc"}}


def shows_on_a_whole_collection(tenant: ObservedTenant, violates: Callable[[Combination], object]) -> bool:
    """Whether the largest collections of all records of an element show the same with one parameter."""
    for operation in largest_collections(tenant):
        try:
            if violates(combination(tenant, operation)):
                return True
        except NotJudged:
            continue
    return False


def wrong_rows(
    tenant: ObservedTenant, known: Combination, pages: list[Query], *, is_cut: bool = False
) -> tuple[str, list[str]] | None:
    """Return what is wrong with the rows of some pages, with the ids of the rows; None if they are right.

    Args:
        tenant: The tenant.
        known: The collection and the filter.
        pages: The queries of the pages.
        is_cut: Whether the pages need not hold all rows: the server shortens them, or they are the first ones.
    """
    if not pages:
        return None
    readings = [combined(tenant, known.found, page) for page in pages]
    expected = set(known.matching) if "filter" in pages[0] else {name for name in known.found.ids if name}
    ids = [name for reading in readings for name in reading.ids if name is not None]
    lost, surplus = [] if is_cut else sorted(expected - set(ids)), sorted(set(ids) - expected)
    if lost or surplus:
        parts = [f"{count_of(len(lost), 'row')} missing"] if lost else []
        parts += [f"{count_of(len(surplus), 'row')} not expected"] if surplus else []
        return ", ".join(parts), lost or surplus
    if len(ids) != len(set(ids)):
        return "rows on two pages", []
    keys = sort_values([row for reading in readings for row in reading.rows], FIELD, "date-time")
    if "sort" in pages[0] and first_out_of_order(keys, "date-time", descending=True) is not None:
        return UNORDERED, []
    return None


def _are_ascending(tenant: ObservedTenant, known: Combination, pages: list[Query]) -> bool:
    """Return whether the rows of some pages are in ascending order, as if orderBy were not there."""
    rows = [row for page in pages for row in combined(tenant, known.found, page).rows]
    return first_out_of_order(sort_values(rows, FIELD, "date-time"), "date-time", descending=False) is None


def _wrong_alone(tenant: ObservedTenant, known: Combination, name: str) -> tuple[str, list[str]] | None:
    """Return what is wrong with the rows of one parameter alone."""
    query, longest = single_queries(known)[name], len(known.found.pages[0].rows)
    is_cut = len(combined(tenant, known.found, query).rows) == longest < len(known.found)
    return wrong_rows(tenant, known, [query], is_cut=is_cut)


def _wrong_rows_with(tenant: ObservedTenant, name: str) -> Callable[[Combination], object]:
    """Return a function that says what is wrong with the rows of one parameter alone."""
    return lambda other: _wrong_alone(tenant, other, name)


def _plain_pages(pages: list[Query], rows: int) -> list[Query]:
    """Return the pages of that size, without parameters, of a collection; as many as are read at most."""
    limit = int(pages[0]["limit"])
    return [{"limit": limit, "offset": offset} for offset in range(0, min(rows, MOST_PLAIN_PAGES * limit), limit)]


def _are_wrong_without_parameters(tenant: ObservedTenant, known: Combination, pages: list[Query]) -> bool:
    """Return whether pages of that size are wrong without other parameters as well."""
    plain = _plain_pages(pages, len(known.found))
    is_cut = len(known.found) > len(plain) * int(plain[0]["limit"])
    return wrong_rows(tenant, known, plain, is_cut=is_cut) is not None


def _apart_from_paging(
    tenant: ObservedTenant, known: Combination, pages: list[Query]
) -> tuple[list[Query], tuple[str, list[str]]]:
    """Return wrong pages and what is wrong with them: one page where pages without parameters are wrong as well.

    Raises ``ExplainedBy`` when the one page is right, or the server shortens it.
    """
    wrong = wrong_rows(tenant, known, pages)
    if _are_wrong_without_parameters(tenant, known, pages):
        is_whole = len(known.found.pages[0].rows) == len(known.found) <= MOST_ROWS
        pages = [{**pages[0], "limit": min(MOST_ROWS, known.found.limit), "offset": 0}] if is_whole else []
        wrong = wrong_rows(tenant, known, pages)
    if wrong is None:
        text = "pages without parameters are wrong as well"
        raise ExplainedBy(PAGES, text, anywhere=True, otherwise=text)
    return pages, wrong


def _wrong_sorted_pages(tenant: ObservedTenant) -> Callable[[Combination], object]:
    """Return a function that says what is wrong with sorted pages."""
    return lambda other: wrong_rows(tenant, other, queries(other).get(SORTED, []))


@rule(
    "OR-CMB-01",
    family="combinations",
    title="Parameters in combination return the rows that each of them asks for",
    clause="3.1 limit, offset, sort and filter [A]",
    example="with filter and sort together, the filter is lost; in a nested collection the offset is",
    fix="build one query from all parameters, for every collection alike",
    stands_on=("parameter limit", "parameter offset", "parameter sort"),
    over=all_collections,
)
@confirmed
def rows_of_combinations(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = combination(tenant, operation)
    explained: ExplainedBy | None = None
    for what, pages in queries(known).items():
        if wrong_rows(tenant, known, pages) is None:
            continue
        pages, wrong = _apart_from_paging(tenant, known, pages)
        sorted_pages = len(pages) > 1 and "sort" in pages[0]
        if sorted_pages and shows_on_a_whole_collection(tenant, _wrong_sorted_pages(tenant)):
            rules = ("OR-PAG-10", "OR-PAG-09", "OR-SRT-01", "OR-SRT-02")
            text = "pages of a sorted collection are wrong"
            # Another combination may be wrong for another reason.
            explained = explained or ExplainedBy(rules, text, anywhere=True, otherwise=f"{text}: {wrong[0]}")
            continue
        single = (name for name in single_queries(known) if name in pages[0])
        alone = [name for name in single if _wrong_alone(tenant, known, name) is not None]
        for name in alone:
            if shows_on_a_whole_collection(tenant, _wrong_rows_with(tenant, name)):
                text = f"{name} alone returns other rows as well"
                raise ExplainedBy(EXPLAINING[name], text, anywhere=True, otherwise=f"{text}: {wrong[0]}")
        text = f"with {' and '.join(alone)} alone" if alone else f"with {what}"
        if wrong[0] == UNORDERED and _are_ascending(tenant, known, pages):
            # Of a server that shortens pages, the first rows of a sort alone may all have one value.
            text = f"{text}: {wrong[0]}"
            raise ExplainedBy(EXPLAINING["sort"][::-1], text, anywhere=True, otherwise=text)
        symptom_of = _symptom_of(known, pages, alone)
        page, level = combined(tenant, known.found, pages[0]), _level_with(pages[0], operation)
        certain = list(_wrong_without_filter(tenant, known, what)) if level is not None and len(pages) > 1 else []
        yield from certain or [finding(f"{text}: {wrong[0]}", page, wrong[1], level, symptom_of)]
        return
    if explained is not None:
        raise explained


def _symptom_of(known: Combination, pages: list[Query], alone: list[str]) -> tuple[str, ...]:
    """Return the rules that report the same, where some parameters show it alone, or perhaps none is needed."""
    rules = tuple(rule_id for name in alone for rule_id in EXPLAINING[name])
    # Of many pages without parameters, only the first were looked at.
    return (*rules, *PAGES) if len(known.found) > MOST_PLAIN_PAGES * int(pages[0]["limit"]) else rules


def _level_with(query: Query, operation: Operation) -> Level | None:
    """Return the level of a finding that shows with some parameters: lower than others if filters are less certain."""
    level = _trust_of_filters(operation)
    return None if level is Level.MUST or "filter" not in query else level


def _trust_of_filters(operation: Operation) -> Level:
    """Return how certain it is that a collection can be filtered."""
    trust = (each.trust for each in operation.parameters if each.name == "filter" and each.location == "query")
    return level_of(max(trust, default="A"))


def _wrong_without_filter(tenant: ObservedTenant, known: Combination, what: str) -> Iterator[Finding]:
    """Yield what is wrong with the pages of a combination of which the filter is left out.

    That is as certain as the other parameters.
    """
    if len(known.found.pages[0].rows) < len(known.found) or len(known.found) > min(MOST_ROWS, known.found.limit):
        # A server that shortens pages may shorten these.
        return
    whole = len(known.found) // 2 + 1
    selection: Query = {"fields": f"sourcedId,{FIELD}"} if what == EVERYTHING else {}
    sort: Query = {"sort": FIELD, "orderBy": "desc"} if what == EVERYTHING else {}
    for parameters in ({}, sort, selection, {**sort, **selection}):
        pages: list[Query] = [{"limit": whole, "offset": offset, **parameters} for offset in (0, whole)]
        if (wrong := wrong_rows(tenant, known, pages)) is not None:
            names = "".join(f"{name}, " for name in parameters if name != "orderBy")
            page = combined(tenant, known.found, pages[0])
            symptom_of = () if parameters else PAGES
            yield finding(f"with {names}limit and offset: {wrong[0]}", page, wrong[1], symptom_of=symptom_of)
            return


def wrong_total(tenant: ObservedTenant, known: Combination, page: Query) -> int | None:
    """Return the total of a response if it is wrong."""
    total = combined(tenant, known.found, page).total
    count = len(known.matching) if "filter" in page else len(known.found)
    return None if total == count else total


def _wrong_total_with(tenant: ObservedTenant, name: str) -> Callable[[Combination], object]:
    """Return a function that says whether the total of one parameter alone is wrong."""
    return lambda other: wrong_total(tenant, other, single_queries(other)[name]) is not None


@rule(
    "OR-CMB-02",
    family="combinations",
    title="X-Total-Count counts the rows of the combined request",
    clause="4 X-Total-Count, value after the filter [A]",
    example="with filter and sort, X-Total-Count is the number of all rows of the nested collection",
    fix="count with the same conditions as the rows, before limit and offset",
    stands_on=("header X-Total-Count", "parameter limit", "parameter offset", "parameter sort", "parameter filter"),
    over=all_collections,
    needs=("OR-PAG-05", "OR-PAG-11", "OR-CMB-01"),
)
@confirmed
def totals_of_combinations(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = combination(tenant, operation)
    if combined(tenant, known.found, queries(known)[EVERYTHING][0]).total is None:
        raise NotOffered("X-Total-Count is not sent")
    for what, pages in queries(known).items():
        total = wrong_total(tenant, known, pages[-1])
        if total is None:
            continue
        for name in single_queries(known).keys() & pages[-1].keys():
            if shows_on_a_whole_collection(tenant, _wrong_total_with(tenant, name)):
                raise ExplainedBy(
                    ("OR-PAG-11", "OR-PAG-05", *EXPLAINING[name]),
                    f"{name} alone has another total as well",
                    anywhere=True,
                    otherwise=f"with {name} alone, X-Total-Count is {total}",
                )
        count = len(known.matching) if "filter" in pages[0] else len(known.found)
        message = f"with {what}, X-Total-Count is {total}, but {count_of(count, 'row')} match"
        received = sum(len(combined(tenant, known.found, page).rows) for page in pages)
        # A total that counts the rows of the response is right, if these are the wrong rows.
        symptom_of = (*EXPLAINING["filter"], *EXPLAINING["sort"]) if total == received else ()
        yield finding(message, combined(tenant, known.found, pages[-1]), symptom_of=symptom_of)
        return


def _surplus_of_everything(tenant: ObservedTenant, operation: Operation) -> set[str]:
    """Return the fields that a request with every parameter returned, and did not ask for."""
    try:
        known = combination(tenant, operation)
        pages = queries(known)[EVERYTHING]
        rows = [row for page in pages for row in combined(tenant, known.found, page).rows]
    except NotJudged:
        return set()
    return {name for row in rows for name in row} - set(str(pages[0]["fields"]).split(","))


@rule(
    "OR-CMB-04",
    family="combinations",
    title="A selected field has the same value as in the full record",
    clause="3.4 field selection, the requested fields [B]",
    example="fields=sourcedId,school returns the school as a string, or without its href",
    fix="build the full record first, and remove the other properties from it",
    stands_on=("parameter fields",),
    over=all_collections,
    needs=("OR-FLD-01",),
)
@confirmed
def values_of_selected_fields(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    page = selected_page(tenant, operation)
    names, full_records, reading = page.names, page.full, page.reading
    if reading.problem is not None:
        raise _without_data(reading)
    different: dict[str, list[Any]] = {}
    for row in reading.rows:
        full = full_records.get(identity(row))
        for name in names:
            if full is not None and (name in full or name in row) and row.get(name, ABSENT) != full.get(name, ABSENT):
                different.setdefault(name, []).append(identity(row))
    surplus = {name for row in reading.rows for name in row} - {"sourcedId", *names}
    whole = tenant.dialect.collection_of(operation.element)
    if surplus and not different:
        text = f"fields={','.join(['sourcedId', *names])} returned {count_of(len(surplus), 'further field')}"
        raise ExplainedBy("OR-FLD-01", text, whole.operation_id if whole else None, otherwise=text)
    if not different and len(reading.rows) < min(page.rows, int(reading.query["limit"])):
        text = f"with fields, the page has {len(reading.rows)} of {count_of(page.rows, 'row')}"
        yield finding(text, reading, symptom_of=("OR-PAG-01", "OR-FLD-01"))
        return
    if not different and not surplus and (more := _surplus_of_everything(tenant, operation)):
        text = f"with filter and sort, fields returned {count_of(len(more), 'further field')}"
        yield finding(text, reading)
    if different:
        ids = [sourced_id for known in different.values() for sourced_id in known]
        text = f"selected fields differ from the full record: {', '.join(sorted(different))}"
        yield finding(text, reading, ids, symptom_of=VALUES)
