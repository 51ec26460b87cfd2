"""The pictures of the documentation, made from a sandbox: a report as it looks on a terminal and in a browser."""

import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import environment
from oneroster.contract.catalogue import select
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.target import Target
from oneroster.contract.reports import html, terminal
from oneroster.contract.reports.summary_model import Summary
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox

__all__ = ["IMAGES", "main"]

IMAGES: Final = environment.ROOT / "docs" / "images"
FAULTS: Final = ("lost-row", "us-dates")
FAMILIES: Final = ("envelope", "schema", "paging")
COLUMNS: Final = 100
SIZES: Final = {"check-terminal": (1250, 900), "check-html": (1100, 900)}


def main() -> int:
    """Write all pictures; return the exit status."""
    browser, driver_path = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
    if not (browser and driver_path):
        print("The pictures need Chromium and its driver: apt-get install chromium chromium-driver", file=sys.stderr)
        return 1
    with Sandbox(faults=FAULTS) as tenant:
        report = check(Target(tenant.base_url, access=BearerToken(tenant.token)), rules=select(FAMILIES))
    summary = Summary.of(report)
    pages = {"check-terminal": _terminal_page(summary), "check-html": html.render(summary)}
    IMAGES.mkdir(exist_ok=True)
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--disable-background-networking"):
        options.add_argument(argument)
    with tempfile.TemporaryDirectory() as folder, webdriver.Chrome(options, Service(driver_path)) as driver:
        for name, page in pages.items():
            path = Path(folder, f"{name}.html")
            path.write_text(page, encoding="utf-8")
            driver.set_window_size(*SIZES[name])
            driver.get(path.as_uri())
            driver.save_screenshot(str(IMAGES / f"{name}.png"))
            print(f"wrote docs/images/{name}.png")
    return 0


def _terminal_page(summary: Summary) -> str:
    """Return the report of a terminal as a page."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    terminal.print_report(summary, console)
    # A terminal wraps long lines; a page would cut them off.
    return console.export_html().replace("</style>", "pre { white-space: pre-wrap; overflow-wrap: anywhere }</style>")
