"""The HTML page of a faulty sandbox in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from oneroster.contract.catalogue import select
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.target import Target
from oneroster.contract.reports import html
from oneroster.contract.reports.summary_model import Summary
from oneroster.contract.result import CheckReport, TargetInfo
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox
from tests.browser import needs_browser, open_browser, set_width

WIDE, NARROW = 1280, 390

pytestmark = needs_browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a tenant that loses rows and writes booleans as JSON."""
    with Sandbox(faults=["lost-row", "json-booleans"]) as tenant:
        report = check(
            Target(tenant.base_url, access=BearerToken(tenant.token)), rules=select(["envelope", "schema", "paging"])
        )
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html.render(Summary.of(report)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with open_browser(tmp_path_factory.mktemp("browser")) as driver:
        yield driver


def opened(browser: webdriver.Chrome, page: Path, width: int) -> webdriver.Chrome:
    set_width(browser, width, mobile=width <= NARROW)
    browser.get(page.as_uri())
    return browser


@pytest.fixture(scope="module")
def unread(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a tenant that cannot be read, for a cause with long words."""
    cause = "no response at https://sis.example/api is of OneRoster; its URLs end in /ims/oneroster/rostering/v1p2"
    target = TargetInfo("https://sis.example/api", "1.2", "standard", "2024-08-01T06:00:00Z", 1.5, 42)
    path = tmp_path_factory.mktemp("unread") / "report.html"
    path.write_text(html.render(Summary.of(CheckReport("0.1.0", target, (), 7, cause))), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [320, NARROW, WIDE, 1920])
@pytest.mark.parametrize("name", ["page", "unread"])
def test_no_card_is_wider_than_the_screen_and_the_browser_logs_nothing(
    browser: webdriver.Chrome, request: pytest.FixtureRequest, name: str, width: int
) -> None:
    driver = opened(browser, request.getfixturevalue(name), width)
    assert driver.execute_script("return document.documentElement.scrollWidth") <= width
    assert driver.get_log("browser") == []
    for card in driver.find_elements(By.CSS_SELECTOR, ".card, details"):
        assert card.rect["x"] >= 0
        assert card.rect["x"] + card.rect["width"] <= width


def test_no_column_is_cut_on_a_wide_screen(browser: webdriver.Chrome, page: Path) -> None:
    driver = opened(browser, page, WIDE)
    script = "return [...document.querySelectorAll('.scroll')].map(each => [each.scrollWidth, each.clientWidth])"
    widths = driver.execute_script(script)
    assert widths
    assert all(needed <= there for needed, there in widths), widths


def test_the_headline_is_at_the_top(browser: webdriver.Chrome, page: Path) -> None:
    headline = opened(browser, page, NARROW).find_element(By.CSS_SELECTOR, ".headline strong")
    assert re.match(r"\d+ of \d+ tested must rules passed; 1 failed", headline.text)
    assert headline.rect["y"] < 200


def test_the_tiles_stand_side_by_side_only_where_there_is_room(browser: webdriver.Chrome, page: Path) -> None:
    rows = {}
    for width in (WIDE, NARROW):
        tiles = opened(browser, page, width).find_elements(By.CSS_SELECTOR, ".tiles .card")
        rows[width] = len({tile.rect["y"] for tile in tiles})
    assert rows[WIDE] == 1
    assert rows[NARROW] > 1


def test_the_bars_of_the_chart_are_as_long_as_their_numbers(browser: webdriver.Chrome, page: Path) -> None:
    rows = opened(browser, page, WIDE).find_elements(By.CSS_SELECTOR, "#families + .card tbody tr")
    (row,) = [row for row in rows if row.text.startswith("paging")]
    _, _, _, _, passed, failed, warned, _ = (cell.text for cell in row.find_elements(By.TAG_NAME, "td"))
    width = row.find_element(By.TAG_NAME, "svg").rect["width"]
    shown = [bar.rect["width"] / width for bar in row.find_elements(By.TAG_NAME, "rect")]
    judged = int(passed) + int(failed) + int(warned)
    assert int(failed) > 0
    assert shown == pytest.approx([int(passed) / judged, int(warned) / judged, int(failed) / judged], abs=0.02)


def test_the_way_from_the_advice_to_the_command(browser: webdriver.Chrome, page: Path) -> None:
    driver = opened(browser, page, NARROW)
    driver.find_element(By.CSS_SELECTOR, "#fix-first + .card a").click()
    block = driver.find_element(By.ID, driver.current_url.partition("#")[2])
    command = block.find_element(By.TAG_NAME, "pre")
    assert not command.is_displayed()
    block.find_element(By.TAG_NAME, "summary").click()
    assert command.is_displayed()
    assert command.text.startswith('curl -sS -H "Authorization: Bearer $ONEROSTER_TOKEN"')
