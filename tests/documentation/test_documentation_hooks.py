"""The links of pages on the site, which has what stands outside docs/ in a folder of its own."""

import pytest

from documentation_hooks import FOLDER, rewritten


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
