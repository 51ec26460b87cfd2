"""Links to the pages around a page."""

from oneroster.sandbox.http.link_header import LinkSet, PageWindow, link_header, page_links, repeated_parameters


def test_a_page_in_the_middle_has_all_links() -> None:
    assert page_links(PageWindow(10, 10), 503) == {
        "first": PageWindow(0, 10),
        "prev": PageWindow(0, 10),
        "next": PageWindow(20, 10),
        "last": PageWindow(500, 3),
    }
    assert page_links(PageWindow(0, 10), 0) == {}


def test_links_repeat_the_other_parameters_but_no_signature() -> None:
    pairs = (("filter", "a='b c'"), ("limit", "10"), ("oauth_signature", "x"))
    links = LinkSet(repeated_parameters(pairs), {"next": PageWindow(20, 10)})
    expected = '<https://t.example/users?filter=a%3D%27b%20c%27&limit=10&offset=20>; rel="next"'
    assert link_header("https://t.example/users", links) == expected
