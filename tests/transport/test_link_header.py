"""Link headers in the forms that RFC 8288 allows, and in those that servers send."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.transport.link_header import Link, links_of, url_of

URL = "https://sis.example/orgs?fields=a,b;c&cursor=7"
FORMS = [
    f'<{URL}>; rel="next"',
    f"<{URL}>; rel=next",
    f"<{URL}>; rel='next'",
    f'<{URL}>; REL="Next"',
    f'<{URL}> ; rel = "next"',
    f'<{URL}>;rel="last next"',
    f'<{URL}>; rel="next last"; title="a"',
    f'<{URL}>; title="a, b; c"; rel="next"',
    f'<{URL}>; title="a\\"b"; rel="next"',
    f'<{URL}>; rel="next"; rel="prev"',
    f'<{URL}>; flag; rel="next"',
    f'< {URL} >; rel="next"',
    f'</first>; rel="first", <{URL}>; rel="next"',
    f'</first>;rel="first",<{URL}>;rel="next"',
    f'</first>; title="<x>; rel=next"; rel="first", <{URL}>; rel="next"',
    f'<{URL}>; rel="next',
]


@pytest.mark.parametrize("form", FORMS)
def test_the_next_link_is_found_in_every_form(form: str) -> None:
    assert url_of(httpx.Headers({"Link": form}), "next") == URL


def test_the_links_of_several_headers_are_one_list() -> None:
    headers = httpx.Headers([("Link", '</a>; rel="first"'), ("Link", '</b>; rel="next"')])
    assert [link.url for link in links_of(headers)] == ["/a", "/b"]


OTHERS = ["", "next", "<", "</b>", "</b; rel=next", '</b>; rel="after"', '</b>; title="rel=next"']


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_no_next_link_is_none(text: str) -> None:
    assert url_of(httpx.Headers({"Link": text}), "next") is None


TOKENS = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
LINKS = st.builds(
    Link, st.from_regex(r"[!-;=?-~]{1,20}", fullmatch=True), st.frozensets(TOKENS, min_size=1, max_size=3)
)
TITLES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)


@given(st.lists(st.tuples(LINKS, TITLES, st.booleans()), max_size=4))
def test_links_that_are_written_are_read(wanted: list[tuple[Link, str, bool]]) -> None:
    def written(link: Link, title: str, first: bool) -> str:
        escaped = title.replace("\\", "\\\\").replace('"', '\\"')
        parameters = [f'title="{escaped}"', f'rel="{" ".join(link.relations)}"']
        return "; ".join([f"<{link.url}>", *(parameters if first else parameters[::-1])])

    headers = httpx.Headers({"Link": ", ".join(written(*each) for each in wanted)})
    assert links_of(headers) == [link for link, _, _ in wanted]


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_header_is_an_error(text: str) -> None:
    assert all(isinstance(link, Link) for link in links_of(httpx.Headers({b"Link": text.encode("latin-1")})))
