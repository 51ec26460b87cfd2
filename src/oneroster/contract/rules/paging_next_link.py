"""Paging by links: where the Link header leads."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urljoin, urlsplit

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.evidence import count_of, finding
from oneroster.contract.observation.operation_selectors import collections
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.paging import MOST_PAGES, largest_walk, on_several, third
from oneroster_runtime.specification import Operation


@rule(
    "OR-PAG-06",
    family="paging",
    title="Next links lead through the whole collection, keep the query, and end",
    clause="4 Link rules [B]",
    example="the next link drops the filter, or points to the page it came with",
    fix="build the link from the request itself: the same parameters, the offset advanced; none on the last page",
    over=collections,
    needs=("OR-PAG-01", "OR-PAG-02", "OR-PAG-03", "OR-PAG-04"),
)
def links_lead_through(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = largest_walk(tenant, operation)
    size = third(len(found))
    if len(found) > size * MOST_PAGES:
        raise NotExercised(f"{len(found)} rows are too many to follow in small pages")
    query: dict[str, str | int] = {"limit": size, "sort": "sourcedId", "orderBy": "asc"}
    first = tenant.ask(operation, found.values, query)
    if first.problem is not None:
        raise NotExercised(f"{first.exchange.request}: {first.problem}")
    if first.next_link is None:
        raise NotExercised("no next link is sent")
    pages, flaw = _followed(tenant, first)
    if flaw is not None:
        yield finding(flaw, pages[-1])
        return
    lost = sorted(str(name) for name in set(found.ids) - {name for each in pages for name in each.ids})
    twice = sorted(on_several(pages))
    if lost or twice:
        message = f"following the next links: {count_of(len(lost), 'row')} lost, {len(twice)} on more than one page"
        yield finding(message, pages[0], lost or twice)


def _followed(tenant: ObservedTenant, first: ParsedResponse) -> tuple[list[ParsedResponse], str | None]:
    """The pages to which the next links lead, and what is wrong with the last link followed, if anything."""
    pages = [first]
    while (link := pages[-1].next_link) is not None:
        address = absolute(pages[-1].exchange.url, link)
        flaw = _flaw(tenant, address, pages)
        if address is None or flaw is not None:
            return pages, flaw
        page_there = tenant.parse(first.operation, tenant.gateway.send("GET", address), first.values, first.query)
        if page_there.problem is not None:
            return pages, f"the next link leads to {page_there.problem}"
        pages.append(page_there)
    return pages, None


def absolute(base: str, link: str) -> str | None:
    """The address of a link that may be relative; None when it is no address."""
    try:
        return urljoin(base, link)
    except ValueError:
        return None


def _flaw(tenant: ObservedTenant, address: str | None, pages: list[ParsedResponse]) -> str | None:
    """What is wrong with a next link itself; None when it can be followed."""
    if address is None:
        return "the next link is no address"
    if not tenant.gateway.is_own(address):
        return "the next link leads to another origin, where credentials are not sent"
    if address in {each.exchange.url for each in pages}:
        return "the next link leads back to a page that was read already"
    if len(pages) > 2 * MOST_PAGES:
        return f"the next links do not end within {len(pages)} pages"
    kept = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
    lost = [name for name, value in pages[0].query.items() if name != "limit" and kept.get(name) != str(value)]
    return f"the next link loses the parameters {', '.join(lost)}" if lost else None
