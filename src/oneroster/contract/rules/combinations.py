"""Rules on parameters in combination, on every kind of collection: whole, specialised and nested.

Every parameter alone has its own rules. Servers often build one query for each parameter, and lose one when several
are set.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from oneroster.contract.errors import ExplainedBy, NotJudged, NotOffered
from oneroster.contract.http.parsed_response import ParsedResponse, identity
from oneroster.contract.levels import Level, level_of
from oneroster.contract.observation.combined_requests import (
    FIELD,
    MOST_ROWS,
    Combination,
    combination,
    combined,
)
from oneroster.contract.observation.evidence import count_of, evidence_of, finding
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.operation_selectors import all_collections
from oneroster.contract.observation.probe_values import largest_collections
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.oracle.sorting import first_out_of_order, sort_values
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

MOST_PLAIN_PAGES: Final = 12
"""Pages that are read again without parameters, to find out whether paging alone is wrong."""
VALUES: Final = ("OR-SCH-01", "OR-SCH-02", "OR-SCH-03", "OR-SCH-04", "OR-SCH-05", "OR-SCH-07", "OR-PRV-06")
"""The rules on values that report those of selected fields as well; a token in a link changes with the token."""
ID: Final = "sourcedId"
ABSENT: Final = object()
"""The value of a field that a record does not have; null is another one."""
EVERYTHING: Final = "filter, sort, fields, limit and offset"
SORTED: Final = "sort, fields, limit and offset"
UNORDERED: Final = "the rows are not in descending order"
REPEATED: Final = "rows on two pages"
OF_ANY_ROWS: Final = frozenset({UNORDERED, REPEATED})
"""What is wrong whichever rows a filter selects."""
PAGES: Final = ("OR-PAG-01", "OR-PAG-02", "OR-PAG-03", "OR-PAG-04")
"""The rules on pages without other parameters."""
CHANGED: Final = (
    "OR-CMB-04",
    "OR-FLD-01",
    "OR-FLD-06",
    "OR-FLT-01",
    "OR-SRT-01",
    "OR-PAG-03",
    "OR-SCH-08",
    "OR-SEM-16",
)
"""The rules on values that change with a parameter."""
EXPLAINING: Final = {
    "filter": ("OR-FLT-01", "OR-FLT-05", "OR-FLT-04", "OR-FLT-06", "OR-FLT-11", "OR-FLT-02"),
    "sort": ("OR-SRT-01", "OR-SRT-02"),
}
"""By parameter: the rules that report what it does alone."""


def queries(known: Combination) -> dict[str, list[Query]]:
    """Return the pages of every combination, by its parameters."""
    # Two pages have room for one row more, so that a surplus row shows.
    half, whole = len(known.matching) // 2 + 1, len(known.found) // 2 + 1
    sort: Query = {"sort": FIELD, "orderBy": "desc"}
    filter_: Query = {"filter": known.filter}
    # The field that the rows are filtered and sorted by is not selected, and one that only some rows have is. Only the
    # first page shows whether one field has another limit, and only its links whether they repeat several.
    several = f"{ID},{known.partial or FIELD}"
    selections = (several, ID) if _selects_several_first(known) else (ID, several)
    found: dict[str, list[Query]] = {
        EVERYTHING: [
            {"limit": half, "offset": offset, **filter_, **sort, "fields": fields}
            for offset, fields in zip((0, half), selections, strict=True)
        ],
        # The first page of a filter alone is that of its own rules.
        "filter, limit and offset": [{"limit": half, "offset": half, **filter_}],
    }
    if len(known.found.pages[0].rows) == len(known.found) <= min(MOST_ROWS, known.found.limit):
        one: Query = {"fields": ID}
        first, second = ({}, one) if _selects_several_first(known) else (one, {})
        found[SORTED] = [
            {"limit": whole, "offset": 0, **sort, **first},
            {"limit": whole, "offset": whole, **sort, **second},
        ]
    return found


def _selects_several_first(known: Combination) -> bool:
    """Return whether the first page selects several fields, and one or none otherwise; the operations take turns."""
    return sum(map(ord, known.found.operation.operation_id)) // 3 % 2 == 1


def single_queries(known: Combination) -> dict[str, Query]:
    """Return a request for each parameter alone."""
    page: Query = {"limit": min(MOST_ROWS, known.found.limit), "offset": 0}
    return {"filter": {**page, "filter": known.filter}, "sort": {**page, "sort": FIELD, "orderBy": "desc"}}


def shows_on_a_whole_collection(
    tenant: ObservedTenant, known: Combination, violates: Callable[[Combination], object]
) -> bool:
    """Return whether the largest collections of all records of an element show the same with one parameter."""
    for operation in largest_collections(tenant):
        try:
            if violates(combination(tenant, operation, known.second)):
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
    later = int(pages[0]["offset"])
    lost, surplus = [] if is_cut or later else sorted(expected - set(ids)), sorted(set(ids) - expected)
    if lost or surplus:
        parts = [f"{count_of(len(lost), 'row')} missing"] if lost else []
        parts += [f"{count_of(len(surplus), 'row')} not expected"] if surplus else []
        return ", ".join(parts), lost or surplus
    if len(ids) != len(set(ids)):
        return REPEATED, []
    if later and not is_cut and len(ids) != (rows := min(int(pages[0]["limit"]), max(0, len(expected) - later))):
        return f"{count_of(len(ids), 'row')} instead of {rows}", []
    keys = _sorted_values(known, readings)
    if "sort" in pages[0] and first_out_of_order(keys, "date-time", descending=True) is not None:
        return UNORDERED, []
    return None


def _sorted_values(known: Combination, readings: Iterable[ParsedResponse]) -> list[Any]:
    """Return the values of the field that some pages are sorted by, as the whole records have them.

    It may not be selected, and what a server adds to a selection the rules on fields report.
    """
    full = {identity(row): row for row in known.found.rows}
    rows = [full.get(identity(row), row) for reading in readings for row in reading.rows]
    return sort_values(rows, FIELD, "date-time")


def _are_ascending(tenant: ObservedTenant, known: Combination, pages: list[Query]) -> bool:
    """Return whether the rows of some pages are in ascending order, as if orderBy were not there."""
    keys = _sorted_values(known, (combined(tenant, known.found, page) for page in pages))
    return first_out_of_order(keys, "date-time", descending=False) is None


def level_of_query(operation: Operation, query: Query, *, without: str = "") -> Level:
    """Return the level of a violation that a request shows: that of the least certain of its parameters.

    Args:
        operation: The operation.
        query: The parameters.
        without: A parameter with which the violation has nothing to do.
    """
    sent = query.keys() - {without}
    marks = [each.trust for each in operation.parameters if each.location == "query" and each.name in sent]
    return level_of(max(marks, default="A"))


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
        raise ExplainedBy(PAGES, text, anywhere=True, otherwise=text, evidence=evidence_of(known.found.pages[0]))
    return pages, wrong


def _wrong_sorted_pages(tenant: ObservedTenant) -> Callable[[Combination], object]:
    """Return a function that says what is wrong with sorted pages."""
    return lambda other: wrong_rows(tenant, other, queries(other).get(SORTED, []))


def _level_of_rows(tenant: ObservedTenant, known: Combination, pages: list[Query], wrong: str) -> Level:
    """Return the level of what is wrong with the rows of some pages.

    A filter that alone returns the right rows is understood; what other parameters do to these is as certain as they
    are.
    """
    is_understood = wrong in OF_ANY_ROWS or "filter" not in pages[0] or _wrong_alone(tenant, known, "filter") is None
    return level_of_query(known.found.operation, pages[0], without="filter" if is_understood else "")


def _most_certain_first(operation: Operation, found: dict[str, list[Query]]) -> list[tuple[str, list[Query]]]:
    """Return the combinations, those first whose violation is the most certain."""
    return sorted(found.items(), key=lambda each: tuple(Level).index(level_of_query(operation, each[1][0])))


@rule(
    "OR-CMB-01",
    family="combinations",
    title="Parameters in combination return the rows that each of them asks for",
    clause="3.1 limit, offset, sort and filter [A]",
    example="with filter and sort together, the filter is lost; in a nested collection the offset is",
    fix="build one query from all parameters, for every collection alike",
    stands_on=("parameter limit", "parameter offset"),
    over=all_collections,
)
@confirmed
def rows_of_combinations(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = combination(tenant, operation)
    explained: ExplainedBy | None = None
    for what, pages in _most_certain_first(operation, queries(known)):
        if wrong_rows(tenant, known, pages) is None:
            continue
        try:
            pages, wrong = _apart_from_paging(tenant, known, pages)
        except ExplainedBy as symptom:
            # Another combination may be wrong for another reason.
            explained = explained or symptom
            continue
        level = _level_of_rows(tenant, known, pages, wrong[0])
        sorted_pages = len(pages) > 1 and "sort" in pages[0]
        if sorted_pages and shows_on_a_whole_collection(tenant, known, _wrong_sorted_pages(tenant)):
            rules = ("OR-PAG-10", "OR-PAG-09", "OR-SRT-01", "OR-SRT-02")
            text = "pages of a sorted collection are wrong"
            explained = explained or _symptom(tenant, known, pages, rules, text, wrong[0], level)
            continue
        alone = _wrong_alone_here(tenant, known, pages, wrong[0], level)
        text = f"with {' and '.join(alone)} alone" if alone else f"with {what}"
        if wrong[0] == UNORDERED and _are_ascending(tenant, known, pages):
            # Of a server that shortens pages, the first rows of a sort alone may all have one value.
            text = f"{text}: {wrong[0]}"
            seen = evidence_of(combined(tenant, known.found, pages[0]))
            raise ExplainedBy(EXPLAINING["sort"][::-1], text, anywhere=True, otherwise=text, level=level, evidence=seen)
        # Of many pages without parameters, only the first were looked at.
        by_paging = PAGES if len(known.found) > MOST_PLAIN_PAGES * int(pages[0]["limit"]) else ()
        symptom_of = (*(rule_id for name in alone for rule_id in EXPLAINING[name]), *by_paging)
        # What shows without the filter as well is as certain as the other parameters.
        certain = [] if level is Level.MUST else list(_wrong_without_filter(tenant, known, what))
        page = combined(tenant, known.found, pages[0])
        yield from certain or [finding(f"{text}: {wrong[0]}", page, wrong[1], level, symptom_of)]
        return
    if explained is not None:
        raise explained
    if changed := _changed_fields(tenant, known):
        names, reading = changed
        text = f"with {' and '.join(sorted(reading.query))}, {', '.join(names)} differ from the full record"
        level = level_of_query(operation, reading.query)
        seen = evidence_of(reading)
        raise ExplainedBy((*CHANGED, *VALUES), text, anywhere=True, otherwise=text, level=level, evidence=seen)


def _symptom(
    tenant: ObservedTenant,
    known: Combination,
    pages: list[Query],
    rules: tuple[str, ...],
    text: str,
    wrong: str,
    level: Level,
) -> ExplainedBy:
    """Return that other rules explain what is wrong with some pages, which is a finding if none of them does."""
    seen = evidence_of(combined(tenant, known.found, pages[0]))
    return ExplainedBy(rules, text, anywhere=True, otherwise=f"{text}: {wrong}", level=level, evidence=seen)


def _wrong_alone_here(
    tenant: ObservedTenant, known: Combination, pages: list[Query], wrong: str, level: Level
) -> list[str]:
    """Return the parameters of some pages each of which is wrong alone as well, on this collection only.

    Raises ``ExplainedBy`` when one is wrong on a whole collection, too.
    """
    single = (name for name in single_queries(known) if name in pages[0])
    alone = [name for name in single if _wrong_alone(tenant, known, name) is not None]
    for name in alone:
        if shows_on_a_whole_collection(tenant, known, _wrong_rows_with(tenant, name)):
            text = f"{name} alone returns other rows as well"
            raise _symptom(tenant, known, pages, EXPLAINING[name], text, wrong, level)
    return alone


def _changed_fields(tenant: ObservedTenant, known: Combination) -> tuple[list[str], ParsedResponse] | None:
    """Return the fields that have other values in a combination than in the full records, and the response."""
    full = {identity(row): row for row in known.found.rows}
    for page in (page for pages in queries(known).values() for page in pages):
        reading = combined(tenant, known.found, page)
        pairs = [(row, full[identity(row)]) for row in reading.rows if identity(row) in full]
        names = {name for row, whole in pairs for name in row if row[name] != whole.get(name, ABSENT)}
        # A selected field that a record has is not left out.
        selected = str(page["fields"]).split(",") if "fields" in page else []
        names |= {name for row, whole in pairs for name in selected if name in whole and name not in row}
        if names:
            return sorted(names & tenant.properties(known.found.operation.element).keys()), reading
    return None


def _wrong_without_filter(tenant: ObservedTenant, known: Combination, what: str) -> Iterator[Finding]:
    """Yield what is wrong with the pages of a combination of which the filter is left out.

    That is as certain as the other parameters.
    """
    if len(known.found.pages[0].rows) < len(known.found) or len(known.found) > min(MOST_ROWS, known.found.limit):
        # A server that shortens pages may shorten these.
        return
    whole = len(known.found) // 2 + 1
    selection: Query = {"fields": queries(known)[what][0]["fields"]} if what == EVERYTHING else {}
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
    stands_on=("header X-Total-Count", "parameter limit", "parameter offset"),
    over=all_collections,
    needs=("OR-PAG-05", "OR-PAG-11", "OR-CMB-01"),
)
@confirmed
def totals_of_combinations(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = combination(tenant, operation)
    if combined(tenant, known.found, queries(known)[EVERYTHING][0]).total is None:
        raise NotOffered("X-Total-Count is not sent")
    for what, pages in _most_certain_first(operation, queries(known)):
        count = len(known.matching) if "filter" in pages[0] else len(known.found)
        # Of a page without rows, others say what it returns.
        page = pages[-1] if int(pages[-1]["offset"]) < count else pages[0]
        total = wrong_total(tenant, known, page)
        if total is None:
            continue
        for name in single_queries(known).keys() & page.keys():
            if shows_on_a_whole_collection(tenant, known, _wrong_total_with(tenant, name)):
                raise ExplainedBy(
                    ("OR-PAG-11", "OR-PAG-14", "OR-PAG-05", *EXPLAINING[name]),
                    f"{name} alone has another total as well",
                    anywhere=True,
                    otherwise=f"with {name} alone, X-Total-Count is {total}",
                    level=level_of_query(operation, page, without="filter"),
                    evidence=evidence_of(combined(tenant, known.found, page)),
                )
        message = f"with {what}, X-Total-Count is {total}, but {count_of(count, 'row')} match"
        received = sum(len(combined(tenant, known.found, each).rows) for each in pages)
        # A total that counts the rows of the response is right, if these are the wrong rows.
        of_rows = total == received or wrong_rows(tenant, known, pages) is not None
        symptom_of = ("OR-CMB-01", *EXPLAINING["filter"], *EXPLAINING["sort"]) if of_rows else ()
        level = level_of_query(operation, page, without="" if of_rows else "filter")
        yield finding(message, combined(tenant, known.found, page), level=level, symptom_of=symptom_of)
        return
