"""The Link header of a page: the other pages, with all other parameters of the request repeated (4)."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from oneroster.sandbox.http.percent_encoding import encode

# A link must not repeat the signature of the request.
_NEVER_REPEATED = "oauth_"


class PageWindow(NamedTuple):
    """The rows of a page: the index of the first row, and the largest number of rows."""

    offset: int
    limit: int


class LinkSet(NamedTuple):
    """The links of a page.

    Attributes:
        pairs: The parameters that all links repeat.
        pages: The target of each link, by relation.
    """

    pairs: tuple[tuple[str, str], ...]
    pages: Mapping[str, PageWindow]


def page_links(window: PageWindow, total: int) -> dict[str, PageWindow]:
    """Return the targets of the links of a page, by relation.

    `last` has no more rows than there are, so its limit may be smaller than that of the request (4, the example with
    503 records). `prev` and `next` are omitted on the first and the last page; an empty collection has no links.
    """
    offset, limit = window
    if total == 0:
        return {}
    pages: dict[str, PageWindow] = {"first": PageWindow(0, limit)}
    if offset > 0:
        end = min(offset, total)
        start = max(0, end - limit)
        pages["prev"] = PageWindow(start, min(limit, end))
    if offset + limit < total:
        pages["next"] = PageWindow(offset + limit, limit)
    start = (total - 1) // limit * limit
    pages["last"] = PageWindow(start, total - start)
    return pages


def repeated_parameters(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the parameters of the request that its links repeat."""
    return tuple(
        (name, value)
        for name, value in pairs
        if name not in PageWindow._fields and not name.startswith(_NEVER_REPEATED)
    )


def link_header(url: str, links: LinkSet) -> str:
    """Return the value of the Link header; `url` is that of the request without its query."""
    repeated = [f"{encode(name)}={encode(value)}" for name, value in links.pairs]
    return ", ".join(
        f'<{url}?{"&".join([*repeated, f"limit={page.limit}", f"offset={page.offset}"])}>; rel="{relation}"'
        for relation, page in links.pages.items()
    )
