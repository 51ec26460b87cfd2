"""The Link header of a page: its neighbours, with everything else of the request repeated (4)."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from oneroster.sandbox.http.percent_encoding import encode

# A signed request must not be repeated with its old signature.
_NEVER_REPEATED = "oauth_"


class Window(NamedTuple):
    """A stretch of rows: the index of the first, and how many at most."""

    offset: int
    limit: int


class LinkSet(NamedTuple):
    """Where the links of a page lead, by relation, and the parameters that all of them repeat."""

    pairs: tuple[tuple[str, str], ...]
    pages: Mapping[str, Window]


def neighbours(window: Window, total: int) -> dict[str, Window]:
    """The pages around a page, by relation.

    `last` holds no more rows than there are: it may carry a smaller limit than the request did (4, the example with
    503 records). `prev` and `next` are absent where there is nothing; a collection without rows has no neighbours.
    """
    offset, limit = window
    if total == 0:
        return {}
    pages: dict[str, Window] = {"first": Window(0, limit)}
    if offset > 0:
        end = min(offset, total)
        start = max(0, end - limit)
        pages["prev"] = Window(start, min(limit, end))
    if offset + limit < total:
        pages["next"] = Window(offset + limit, limit)
    start = (total - 1) // limit * limit
    pages["last"] = Window(start, total - start)
    return pages


def repeated(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Those parameters of the request that its links repeat."""
    return tuple(
        (name, value) for name, value in pairs if name not in Window._fields and not name.startswith(_NEVER_REPEATED)
    )


def header(url: str, links: LinkSet) -> str:
    """The value of the Link header; `url` is the request's without its query."""
    kept = [f"{encode(name)}={encode(value)}" for name, value in links.pairs]
    return ", ".join(
        f'<{url}?{"&".join([*kept, f"limit={page.limit}", f"offset={page.offset}"])}>; rel="{relation}"'
        for relation, page in links.pages.items()
    )
