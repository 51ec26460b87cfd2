"""Paging rule on the next links of the Link header."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urljoin, urlsplit

from oneroster.contract.errors import BeyondBudget, ExplainedBy, NotOffered
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.evidence import count_of, evidence_of, finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.obstacles import obstacle
from oneroster.contract.observation.operation_selectors import collections
from oneroster.contract.observation.walk import page_beyond
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.paging import MOST_PAGES, ids_on_several_pages, largest_walk, size_for_three_pages
from oneroster_runtime.specification import Operation


@rule(
    "OR-PAG-06",
    family="paging",
    title="Next links lead through the whole collection, keep the query and end",
    clause="4 Link rules [B]",
    example="the next link drops the filter, or points to the page that contains it",
    fix="build the link from the request, with the same parameters and the offset advanced; send no next link"
    " on the last page",
    stands_on=("header Link",),
    over=collections,
    needs=("OR-PAG-01", "OR-PAG-02", "OR-PAG-03", "OR-PAG-04"),
)
def links_lead_through(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = largest_walk(tenant, operation)
    size = size_for_three_pages(found)
    if len(found) > size * MOST_PAGES:
        raise BeyondBudget(f"the collection has too many rows ({len(found)}) to follow the links of small pages")
    query: dict[str, str | int] = {"limit": size, "sort": "sourcedId", "orderBy": "asc"}
    first = tenant.ask(operation, found.values, query)
    if first.problem is not None:
        raise obstacle(first, "OR-SRT-01")
    if first.next_link is None:
        if first.exchange.headers.get("Link") and 0 < len(first.rows) < len(found):
            yield finding("the Link header of a page that more rows follow has no next link that can be read", first)
            return
        raise NotOffered("the response has no next link")
    pages, error = _follow(tenant, first)
    if error is not None:
        yield finding(error, pages[-1])
        return
    lost = sorted(str(name) for name in set(found.ids) - {name for each in pages for name in each.ids})
    repeated = sorted(ids_on_several_pages(pages))
    if lost or repeated:
        message = (
            f"the pages of the next links miss {count_of(len(lost), 'row')} and repeat {count_of(len(repeated), 'row')}"
        )
        # The first page was requested without an offset.
        seen = evidence_of(pages[0], lost or repeated)
        raise ExplainedBy(("OR-PAG-08",), message, anywhere=True, otherwise=message, evidence=seen)
    beyond = page_beyond(tenant, found)
    if beyond.problem is None and not beyond.rows and beyond.next_link is not None:
        yield finding("an empty page beyond the last row has a next link", beyond)


def _follow(tenant: ObservedTenant, first: ParsedResponse) -> tuple[list[ParsedResponse], str | None]:
    """Follow the next links; return the pages, and what is wrong with the last link, or None."""
    pages = [first]
    while (link := pages[-1].next_link) is not None:
        address = absolute_url(pages[-1].exchange.url, link)
        error = _link_error(tenant, address, pages)
        if address is None or error is not None:
            return pages, error
        target = tenant.parse(first.operation, tenant.gateway.send("GET", address), first.values, first.query)
        if target.problem is not None:
            return pages, f"following the next link failed: {target.problem}"
        pages.append(target)
        if len(target.rows) > int(first.query["limit"]):
            return pages, "the page of the next link has more rows than the limit of the request"
    return pages, None


def absolute_url(base: str, link: str) -> str | None:
    """Return the absolute URL of a link, or None if it is not a URL."""
    try:
        return urljoin(base, link)
    except ValueError:
        return None


def _link_error(tenant: ObservedTenant, address: str | None, pages: list[ParsedResponse]) -> str | None:
    """Return what is wrong with a next link, or None if it can be followed."""
    if address is None:
        return "the next link is not a URL"
    if not tenant.gateway.is_own(address):
        return "the next link points to another origin, where credentials are not sent"
    if address in {each.exchange.url for each in pages}:
        return "the next link points back to a page that was already read"
    if len(pages) > 2 * MOST_PAGES:
        return f"the next links do not end within {len(pages)} pages"
    kept = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
    limit = kept.get("limit", "")
    if limit.isdecimal() and int(limit) > int(pages[0].query["limit"]):
        return "the next link has a larger limit than the request"
    lost = [name for name, value in pages[0].query.items() if name != "limit" and kept.get(name) != str(value)]
    return f"the next link drops or changes the parameters {', '.join(lost)}" if lost else None
