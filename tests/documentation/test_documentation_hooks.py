"""Pages on the site, which has what stands outside docs/ in a folder of its own, and reads lists as GitHub does."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from documentation_docstrings import without_colons
from documentation_hooks import FOLDER, on_page_markdown, rewritten, separated
from error_docs import MARKER, errors_as_markdown

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page


@pytest.mark.parametrize(
    ("uri", "link", "on_the_site"),
    [
        ("pull.md", "client.md#settings", "client.md#settings"),
        ("pull.md", "../CONTRIBUTING.md", f"{FOLDER}/CONTRIBUTING.md"),
        ("pull.md", "../examples/nightly_pull.py", f"{FOLDER}/examples/nightly_pull.py"),
        ("pull.md", "../README.md", "index.md"),
        ("pull.md", "#changes-only", "#changes-only"),
        ("pull.md", "https://sis.example/a.md", "https://sis.example/a.md"),
        ("api/pull.md", "../pull.md", "../pull.md"),
        (f"{FOLDER}/CONTRIBUTING.md", "docs/dialects.md#add", "../dialects.md#add"),
        (f"{FOLDER}/CONTRIBUTING.md", "CHANGELOG.md", "CHANGELOG.md"),
        (f"{FOLDER}/CONTRIBUTING.md", "README.md", "../index.md"),
    ],
)
def test_a_link_leads_where_it_leads_in_the_repository(uri: str, link: str, on_the_site: str) -> None:
    assert rewritten(f"See [this]({link}).", uri) == f"See [this]({on_the_site})."


@pytest.mark.parametrize(
    ("page", "on_the_site"),
    [
        ("**Title**\n- one\n- two\n", "**Title**\n\n- one\n- two\n"),
        ("Text:\n1. one\n   goes on\n2. two\n", "Text:\n\n1. one\n   goes on\n2. two\n"),
        ("Text:\n\n- one\n  goes on\n- two\n", "Text:\n\n- one\n  goes on\n- two\n"),
        ("a - b\n-c\n", "a - b\n-c\n"),
        ("```yaml\nsteps:\n- run: x\n```\n", "```yaml\nsteps:\n- run: x\n```\n"),
    ],
)
def test_a_list_is_separated_from_the_text_before_it(page: str, on_the_site: str) -> None:
    assert separated(page) == on_the_site


@pytest.mark.parametrize(
    ("docstring", "on_the_site"),
    [
        ("Title.\n\n::\n\n    code\n", "Title.\n\n\n\n    code\n"),
        ("A file is JSON::\n\n    {}\n", "A file is JSON:\n\n    {}\n"),
        ("As in `a::b`, or a :: b.\n", "As in `a::b`, or a :: b.\n"),
    ],
)
def test_a_docstring_has_no_colons_before_code(docstring: str, on_the_site: str) -> None:
    assert without_colons(docstring) == on_the_site


def test_the_site_has_the_messages_in_place_of_the_marker() -> None:
    file = SimpleNamespace(src_uri="errors.md")
    page = SimpleNamespace(file=file, meta={})
    shown = on_page_markdown(f"## Messages\n\n{MARKER}\n", page=cast("Page", page))
    assert page.meta == {"search": {"boost": 0.3}}  # after the guides
    assert MARKER not in shown
    assert "### Messages of TokenError\n\n- `" in shown
    assert errors_as_markdown().count(MARKER) == 1
