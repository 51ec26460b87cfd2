"""The documentation site, built and looked at in a browser without a server and without a network."""

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

import documentation_site
from tests.browser import needs_browser, open_browser, set_width
from tests.patience import PATIENCE

WIDTHS = (320, 768, 1920)


def test_an_asset_of_another_host_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="https://elsewhere.example/">fine</a><link rel="stylesheet" href="local.css">'
        '<script defer src="//cdn.example/x.js"></script><link href=https://fonts.example/a.css rel=stylesheet>',
        encoding="utf-8",
    )
    (tmp_path / "a.css").write_text(
        "@import 'https://cdn.example/b.css'; a { src: url(//fonts.example/a.woff2) } b { src: url(data:x) } "
        '@import url("c.css");',
        encoding="utf-8",
    )
    found = sorted(message.partition(";")[0] for message in documentation_site.foreign_assets(tmp_path))
    assert found == [
        "a.css loads //fonts.example/a.woff2",
        "a.css loads https://cdn.example/b.css",
        "a.html loads //cdn.example/x.js",
        "a.html loads https://fonts.example/a.css",
    ]


@pytest.mark.parametrize(
    "shown",
    [
        "<p>::</p>",
        "<p>as <b>in</b>\n- one\n- two</p>",
        "<p>a\n1. one</p>",
        "<p>```yaml\na: b</p>",
        "<p>a\n| b | c |</p>",
    ],
)
def test_markup_that_is_shown_as_text_is_named(tmp_path: Path, shown: str) -> None:
    fine = "<p>a - b</p>\n- c <pre>d::</pre><p><code>x::</code> of\nTwo</p>"
    (tmp_path / "a.html").write_text(f"{fine}{shown}<p>e</p>", encoding="utf-8")
    (message,) = documentation_site.unread_markup(tmp_path)
    assert message.startswith("a.html shows markup as text: ")


@needs_browser
@pytest.mark.only_with_all
def test_the_site_is_built_and_read_from_its_folder(tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert documentation_site.build(site) == 0
    with open_browser(tmp_path / "browser") as browser:
        # The page for an unknown address is one of a server only.
        pages = sorted(page for page in site.rglob("*.html") if page.name != "404.html")
        assert len(pages) > 20
        for width in WIDTHS:
            set_width(browser, width)
            for page in pages:
                browser.get(page.as_uri())
                assert browser.execute_script("return document.documentElement.scrollWidth") <= width, (page, width)
                assert browser.execute_script("return document.querySelectorAll('.md-nav__link[href]').length") > 20
        browser.get((site / "index.html").as_uri())
        browser.find_element(By.CSS_SELECTOR, ".md-search__input").send_keys("max-left-out")
        found = WebDriverWait(browser, PATIENCE).until(
            lambda driver: driver.find_elements(By.CSS_SELECTOR, ".md-search-result__item")
        )
        assert any("Pull a roster" in entry.text for entry in found)
        assert browser.get_log("browser") == []
