"""Rule on the links of pages with several parameters, on every kind of collection."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

from oneroster.contract.errors import ExplainedBy, NotOffered
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.combined_requests import Combination, combination, combined
from oneroster.contract.observation.evidence import evidence_of, finding
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.operation_selectors import all_collections
from oneroster.contract.observation.walk import ObservedWalk, page_beyond
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.combinations import EVERYTHING, queries, wrong_rows
from oneroster.transport.link_header import links_of
from oneroster_runtime.specification import Operation

PAGING: Final = frozenset({"limit", "offset"})
FILTERS: Final = ("OR-FLT-01", "OR-FLT-05", "OR-FLT-11")
"""The rules on filters: where one is ignored, more rows follow than match."""


def _are_right(tenant: ObservedTenant, known: Combination) -> bool:
    """Return whether the rows of all parameters are right; links can be right only for the rows that there are."""
    return wrong_rows(tenant, known, queries(known)[EVERYTHING]) is None


def _misled_by_links(tenant: ObservedTenant, known: Combination) -> tuple[str, ParsedResponse] | None:
    """Return a page of all parameters with a link whose offset is not that of the page it is for; None without one."""
    if not _are_right(tenant, known):
        return None
    size, matching = len(known.matching) // 2 + 1, len(known.matching)
    for page in queries(known)[EVERYTHING]:
        reading, offset = combined(tenant, known.found, page), int(page["offset"])
        if reading.total not in (None, matching):
            # Links can be right only for the rows that are counted, which other rules judge.
            return None
        allowed = {
            "first": range(1),
            "prev": range(max(0, offset - size), max(1, offset)),
            "next": range(offset + min(1, len(reading.rows)), offset + size + 1),
            "last": range(max(0, matching - size), max(1, matching)),
        }
        for link in links_of(reading.exchange.headers):
            linked = dict(parse_qsl(urlsplit(link.url).query))
            for relation in allowed.keys() & set(link.relations):
                target = linked.get("offset", "")
                # Another way of naming pages is as good as an offset.
                if target.removeprefix("-").isdecimal() and int(target) not in allowed[relation]:
                    return f"the {relation} link of a request with all parameters has a wrong offset", reading
    return None


def _misled_beyond(tenant: ObservedTenant, found: ObservedWalk) -> tuple[str, ParsedResponse] | None:
    """Return a page beyond the last row with a next link, or with a prev link that skips rows; None without one."""
    beyond = page_beyond(tenant, found)
    if beyond.problem is not None or beyond.rows:
        return None
    if beyond.next_link is not None:
        return "an empty page beyond the last row has a next link", beyond
    for link in links_of(beyond.exchange.headers):
        offset = dict(parse_qsl(urlsplit(link.url).query)).get("offset", "")
        if "prev" in link.relations and offset.isdecimal() and int(offset) < len(found) - int(beyond.query["limit"]):
            return "the prev link of a page beyond the last row skips rows", beyond
    return None


def _leads_elsewhere(tenant: ObservedTenant, operation: Operation) -> ParsedResponse | None:
    """Return a page that was read of some parent, with a link to another path than its own; None without one."""
    for page in (page for found in tenant.walks(operation) for page in found.pages):
        own = page.exchange.url
        for link in links_of(page.exchange.headers):
            if _path_of(urljoin(own, link.url)) != _path_of(own):
                return page
    return None


def _path_of(url: str) -> str:
    return unquote(urlsplit(url).path)


def lost_parameters(tenant: ObservedTenant, known: Combination, page: Query) -> list[str]:
    """Return the parameters of a request that its next link does not repeat."""
    link = combined(tenant, known.found, page).next_link
    linked = dict(parse_qsl(urlsplit(link or "").query, keep_blank_values=True))
    sent = {name: str(value) for name, value in page.items() if name not in PAGING}
    return [] if link is None else sorted(name for name, value in sent.items() if linked.get(name) != value)


@rule(
    "OR-CMB-03",
    family="combinations",
    title="Links repeat all parameters of a combined request",
    clause="4 Link rules, filter, sort and fields are repeated [B]",
    example="the next link of a filtered and sorted page has the filter, and not the sort",
    fix="change limit and offset in the query of the request, and keep everything else",
    stands_on=("header Link", "parameter limit", "parameter offset", "parameter sort", "parameter filter"),
    over=all_collections,
    needs=("OR-PAG-06", "OR-PAG-13", "OR-CMB-01"),
)
def links_of_combinations(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = combination(tenant, operation)
    if (misled := _misled_beyond(tenant, known.found)) is not None:
        text, other = misled
        raise ExplainedBy(
            ("OR-PAG-06", "OR-PAG-12", "OR-PAG-01", "OR-PAG-02"),
            text,
            anywhere=True,
            otherwise=text,
            evidence=evidence_of(other),
        )
    if (elsewhere := _leads_elsewhere(tenant, operation)) is not None:
        text = "a link leads to another collection than that of the request"
        raise ExplainedBy(
            ("OR-PAG-06", "OR-PAG-12", "OR-PAG-13"),
            text,
            anywhere=True,
            otherwise=text,
            evidence=evidence_of(elsewhere),
        )
    page = queries(known)[EVERYTHING][0]
    reading = combined(tenant, known.found, page)
    if reading.next_link is None:
        more_follow = 0 < len(reading.rows) < len(known.matching) and _are_right(tenant, known)
        if reading.exchange.headers.get("Link") and more_follow:
            text = "the Link header of a page that more rows follow has no next link"
            raise ExplainedBy(("OR-PAG-06",), text, anywhere=True, otherwise=text, evidence=evidence_of(reading))
        raise NotOffered("the response has no next link")
    if _path_of(urljoin(reading.exchange.url, reading.next_link)) != _path_of(reading.exchange.url):
        text = "the next link leads to another collection than that of the request"
        raise ExplainedBy(
            ("OR-PAG-06", "OR-PAG-13"), text, anywhere=True, otherwise=text, evidence=evidence_of(reading)
        )
    lost = lost_parameters(tenant, known, page)
    alone = {name: {"limit": 1, "offset": 0, name: page[name]} for name in lost}
    if any(lost_parameters(tenant, known, query) for query in alone.values()):
        text = f"the next link loses {', '.join(lost)}, alone as well"
        raise ExplainedBy(
            ("OR-PAG-13", "OR-PAG-06"), text, anywhere=True, otherwise=text, evidence=evidence_of(reading)
        )
    if not lost and (misled := _misled_by_links(tenant, known)) is not None:
        text, other = misled
        rules = ("OR-PAG-06", "OR-PAG-12", "OR-PAG-13", "OR-CMB-01", *FILTERS)
        raise ExplainedBy(rules, text, anywhere=True, otherwise=text, evidence=evidence_of(other))
    if lost:
        names = ", ".join(name for name in page if name not in PAGING)
        text = f"the next link of a request with {names} has lost {', '.join(lost)}"
        if not {"sort", "orderBy"} & set(lost):
            # OR-PAG-13 reports what the links of the largest collections lose.
            raise ExplainedBy(("OR-PAG-13",), text, anywhere=True, otherwise=text, evidence=evidence_of(reading))
        yield finding(text, reading)
