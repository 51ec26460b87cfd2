"""Paging by links: where first, prev and last lead, and whether the rest of the request comes along."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import httpx

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.tenant import ObservedTenant, Query
from oneroster.contract.observation.walk import ObservedWalk
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.fields import selected
from oneroster.contract.rules.paging import ENOUGH_TO_MOVE, largest_walk, page, third
from oneroster.contract.rules.paging_next_link import absolute
from oneroster.contract.rules.paging_stability import largest
from oneroster_runtime.specification import Operation

RELATIONS: Final = ("first", "prev", "next", "last")
WALKED: Final = ("OR-PAG-01", "OR-PAG-02", "OR-PAG-03", "OR-PAG-04")
"""Links can only be judged beside pages that are right."""
WINDOW: Final = frozenset({"limit", "offset"})


def links_of(reading: ParsedResponse) -> dict[str, str]:
    """The absolute addresses of a page's links by relation; those that are no address of the tenant are empty."""
    header = httpx.Response(200, headers=reading.exchange.headers).links
    found = {str(relation): absolute(reading.exchange.url, link.get("url", "")) for relation, link in header.items()}
    return {relation: address or "" for relation, address in found.items()}


@rule(
    "OR-PAG-12",
    family="paging",
    title="The links first, prev and last lead where they say",
    clause="4 Link rules [B]",
    example="the link last leads behind the last row",
    fix="first begins at offset 0, prev ends where the page begins, last holds the last rows",
    over=largest,
    needs=(*WALKED, "OR-PAG-06", "OR-PAG-09"),
)
def links_lead_right(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = largest_walk(tenant, operation)
    size = third(len(found))
    if len(found) < ENOUGH_TO_MOVE or size >= len(found):
        raise NotExercised("too few rows for pages on both sides")
    middle = page(tenant, found, size, size)
    links = links_of(middle)
    if not middle.rows or not links:
        raise NotExercised("no links are sent")
    for relation in ("first", "prev", "last"):
        if relation in links:
            yield from _leads_wrong(tenant, found, middle, relation, links[relation])
    lacking = [relation for relation in RELATIONS if relation not in links]
    if lacking:
        yield finding(f"a page in the middle has no link {', '.join(lacking)}", middle, level=Level.OPEN)


def _leads_wrong(
    tenant: ObservedTenant, found: ObservedWalk, middle: ParsedResponse, relation: str, address: str
) -> Iterator[Finding]:
    """What is wrong with one link of a page in the middle, told from the rows to which it leads."""
    if not tenant.gateway.is_own(address):
        yield finding(f"the link {relation} leads to another origin or is no address", middle)
        return
    there = tenant.parse(middle.operation, tenant.gateway.send("GET", address), middle.values, middle.query)
    if there.problem is not None:
        yield finding(f"the link {relation} leads to {there.problem}", middle)
        return
    begins = found.ids.index(middle.ids[0])
    rows = len(there.ids)
    right = {
        "first": found.ids[:rows],
        "prev": found.ids[max(0, begins - rows) : begins],
        "last": found.ids[len(found) - rows :],
    }[relation]
    if not rows or there.ids != right:
        yield finding(f"the link {relation} leads to other rows", middle, there.ids)


@rule(
    "OR-PAG-13",
    family="paging",
    title="Links repeat the filter and the fields of the request",
    clause="4 Link rules, filter, sort and fields repeated [B]",
    example="the next link of a request with fields leads to whole records",
    fix="write every parameter of the request into every link, with limit and offset changed",
    over=largest,
    needs=(*WALKED, "OR-PAG-06"),
)
def links_keep_the_request(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    query: Query = {"limit": 1, "offset": 0, "filter": "status='active'", "fields": "sourcedId,status"}
    reading = selected(tenant, operation, query)
    links = links_of(reading) if reading.problem is None else {}
    if not links:
        raise NotExercised("no links are sent")
    for relation in RELATIONS:
        kept = dict(parse_qsl(urlsplit(links.get(relation, "")).query, keep_blank_values=True))
        lost = [name for name, value in query.items() if name not in WINDOW and kept.get(name) != value]
        if relation in links and lost:
            yield finding(f"the link {relation} loses the parameters {', '.join(lost)}", reading)
            return
