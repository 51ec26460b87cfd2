"""The Link header of a response (RFC 8288)."""

import re
from typing import Final, NamedTuple

import httpx

__all__ = ["Link", "links_of", "url_of"]

_VALUE: Final = r'"(?:[^"\\]|\\.)*"?|[^\s;,"]*'
_PARAMETER: Final = re.compile(rf"\s*;\s*([^\s;=,]*)(?:\s*=\s*({_VALUE}))?")
_QUOTED: Final = re.compile(r"\\(.)")


class Link(NamedTuple):
    """A link of a header.

    Attributes:
        url: The URL, as it is sent; it may be relative.
        relations: Its relation types, in lower case.
    """

    url: str
    relations: frozenset[str]


def links_of(headers: httpx.Headers) -> list[Link]:
    """Return the links of a response, as far as they can be read.

    A URL and a quoted parameter may hold commas and semicolons, names and relation types are the same in any case, and
    a link may have several relation types (RFC 8288, 3). httpx and requests read none of these.
    """
    text = ", ".join(headers.get_list("Link"))
    found: list[Link] = []
    start = text.find("<")
    while start >= 0 and (end := text.find(">", start)) >= 0:
        relations, at = "", end + 1
        while (parameter := _PARAMETER.match(text, at)) is not None:
            name, value = parameter[1].lower(), parameter[2] or ""
            # Only the first parameter of this name counts (RFC 8288, 3.3).
            relations = relations or (_unquoted(value) if name == "rel" else "")
            at = parameter.end()
        found.append(Link(text[start + 1 : end].strip(), frozenset(relations.lower().split())))
        start = text.find("<", at)
    return found


def url_of(headers: httpx.Headers, relation: str) -> str | None:
    """Return the URL of the first link with a relation type; None without one."""
    return next((link.url for link in links_of(headers) if relation in link.relations), None)


def _unquoted(value: str) -> str:
    # Single quotes are no quotes there, but are used like them.
    return _QUOTED.sub(r"\1", value.strip('"')).strip("'")
