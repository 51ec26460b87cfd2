"""Paging rules on the links first, prev and last, and on the query parameters that links repeat."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotOffered
from oneroster.contract.harm import Harm
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, evidence_of, finding, id_list
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.probe_values import largest_collections
from oneroster.contract.observation.walk import ObservedWalk
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.fields import response_with_fields
from oneroster.contract.rules.paging import MIN_ROWS_FOR_OFFSET, largest_walk, read_page, size_for_three_pages
from oneroster.contract.rules.paging_next_link import absolute_url
from oneroster.transport.link_header import links_of as read_links
from oneroster_runtime.specification import Operation

RELATIONS: Final = ("first", "prev", "next", "last")
CORRECT_PAGES: Final = ("OR-PAG-01", "OR-PAG-02", "OR-PAG-03", "OR-PAG-04")
"""Links can be checked only against pages that are correct."""
PAGING_PARAMETERS: Final = frozenset({"limit", "offset"})


def links_of(reading: ParsedResponse) -> dict[str, str]:
    """Return the absolute URLs of the links of a page, by relation; invalid ones are empty."""
    found: dict[str, str] = {}
    for link in read_links(reading.exchange.headers):
        for relation in link.relations:
            found.setdefault(relation, absolute_url(reading.exchange.url, link.url) or "")
    return found


@rule(
    "OR-PAG-12",
    family="paging",
    harm=Harm.FORM,
    title="The links first, prev and last point to the right rows",
    clause="4 Link rules [B]",
    example="the last link points beyond the last row",
    fix="start first at offset 0, end prev where the current page starts, and end last with the last row",
    stands_on=("header Link",),
    over=largest_collections,
    needs=(*CORRECT_PAGES, "OR-PAG-06", "OR-PAG-09"),
)
def links_lead_right(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = largest_walk(tenant, operation)
    size = size_for_three_pages(found)
    if len(found) < MIN_ROWS_FOR_OFFSET or size >= len(found):
        raise NotEnoughData(len(found), MIN_ROWS_FOR_OFFSET, "rows, for a page with pages before and after it")
    middle = read_page(tenant, found, size, size)
    links = links_of(middle)
    if not middle.rows or not links:
        raise NotOffered("the response has no Link header")
    for relation in ("first", "prev", "last"):
        if relation in links:
            yield from _link_findings(tenant, found, middle, relation, links[relation])
    third = read_page(tenant, found, size, 2 * size)
    if third.rows and (address := links_of(third).get("prev")) is not None:
        yield from _link_findings(tenant, found, third, "prev", address)
    is_largest = operation in largest_collections(tenant)[:1]
    second = read_page(tenant, found, size, 1) if is_largest and size > 1 else third
    if second is not third and (address := links_of(second).get("prev")) is not None:
        yield from _prev_of_second_row(tenant, found, second, address)
    first = links_of(read_page(tenant, found, size, 0))
    if (address := first.get("prev")) is not None and links_of(middle).get("first") != address:
        yield from _prev_of_first_page(tenant, middle, address)
    missing = [relation for relation in RELATIONS if relation not in links]
    if missing:
        yield finding(
            f"a page in the middle of the collection has no link with the relation {', '.join(missing)}",
            middle,
            level=Level.OPEN,
            uncertain="which relations every page has",
        )


def _prev_of_second_row(
    tenant: ObservedTenant, found: ObservedWalk, second: ParsedResponse, address: str
) -> Iterator[Finding]:
    """Yield a finding if the prev link of the page that begins with the second row does not lead to the first one.

    Before that page are fewer rows than it has, so an offset that is only reduced by the limit is negative.
    """
    if not tenant.gateway.is_own(address):
        # The other pages show it as well.
        return
    target = tenant.parse(second.operation, tenant.gateway.send("GET", address), second.values, second.query)
    if target.problem is not None:
        yield finding(f"following the prev link of the page at offset 1 failed: {target.problem}", second)
    elif found.ids[0] not in target.ids:
        yield finding("the prev link of the page at offset 1 does not lead to the first row", second, target.ids)


def _prev_of_first_page(tenant: ObservedTenant, middle: ParsedResponse, address: str) -> Iterator[Finding]:
    """Yield a finding if the prev link of the first page leads to rows that are not before it."""
    if not tenant.gateway.is_own(address):
        yield finding("the prev link of the first page is not a URL on the origin of the tenant", middle)
        return
    target = tenant.parse(middle.operation, tenant.gateway.send("GET", address), middle.values, middle.query)
    if set(target.ids) & set(middle.ids):
        yield finding("the prev link of the first page leads to rows that come after it", target)


def _link_findings(
    tenant: ObservedTenant, found: ObservedWalk, middle: ParsedResponse, relation: str, address: str
) -> Iterator[Finding]:
    """Yield what is wrong with one link of a middle page, judged by the rows it returns."""
    if not tenant.gateway.is_own(address):
        yield finding(f"the {relation} link is not a URL on the origin of the tenant", middle)
        return
    limit = dict(parse_qsl(urlsplit(address).query)).get("limit", "")
    if limit.isdecimal() and int(limit) > int(middle.query["limit"]):
        yield finding(f"the {relation} link has a larger limit than the request", middle)
        return
    target = tenant.parse(middle.operation, tenant.gateway.send("GET", address), middle.values, middle.query)
    if target.problem is not None:
        yield finding(f"following the {relation} link failed: {target.problem}", middle)
        return
    begins = found.ids.index(middle.ids[0])
    rows = len(target.ids)
    expected = {
        "first": found.ids[:rows],
        "prev": found.ids[max(0, begins - rows) : begins],
        "last": found.ids[len(found) - rows :],
    }[relation]
    if not rows:
        yield finding(f"the {relation} link returned no rows", middle)
    elif target.ids != expected:
        wrong = next((pair for pair in zip(target.ids, expected, strict=False) if pair[0] != pair[1]), None)
        received = count_of(rows, "row") if wrong is None else f"the row {id_list(wrong[:1])}"
        instead = len(expected) if wrong is None else id_list(wrong[1:])
        yield finding(f"the {relation} link returned {received} instead of {instead}", middle, target.ids)


@rule(
    "OR-PAG-13",
    family="paging",
    title="Links repeat the filter and the fields of the request, and count the rows that match",
    clause="4 Link rules, filter, sort and fields repeated [B]",
    example="the next link of a request with fields returns whole records",
    fix="copy every query parameter of the request to every link, and change only limit and offset",
    stands_on=("header Link", "parameter filter", "parameter fields"),
    over=largest_collections,
    needs=(*CORRECT_PAGES, "OR-PAG-06"),
)
def links_keep_the_request(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    query: Query = {"limit": 1, "offset": 0, "filter": "status='active'", "fields": "sourcedId,status"}
    reading = response_with_fields(tenant, operation, query)
    links = links_of(reading) if reading.problem is None else {}
    if not links:
        raise NotOffered("the response has no Link header")
    for relation in RELATIONS:
        kept = dict(parse_qsl(urlsplit(links.get(relation, "")).query, keep_blank_values=True))
        lost = [name for name, value in query.items() if name not in PAGING_PARAMETERS and kept.get(name) != value]
        if relation in links and lost:
            yield finding(f"the {relation} link drops or changes the parameters {', '.join(lost)}", reading)
            return
    is_largest = operation in largest_collections(tenant)[:1]
    if is_largest and tenant.gateway.is_own(address := links.get("last", "")):
        target = tenant.parse(operation, tenant.gateway.send("GET", address), {}, query)
        wrong = "without rows" if target.problem is not None or not target.rows else ""
        wrong = wrong or ("that has a next link" if target.next_link is not None else "")
        if wrong:
            text = f"the last link of a request with a filter leads to a page {wrong}"
            raise ExplainedBy(
                ("OR-PAG-12", "OR-CMB-01", "OR-FLT-01"),
                text,
                anywhere=True,
                otherwise=text,
                evidence=evidence_of(target),
            )
