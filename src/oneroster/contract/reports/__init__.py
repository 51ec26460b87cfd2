"""Reports of a run: terminal, JSON, JUnit XML, GitHub annotations, and an HTML page.

Each form but the terminal's is a function that takes a report, and the lowest level whose violations fail the run, and
returns a text::

    RENDERERS["html"](report, Level.MUST)
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from oneroster.contract.levels import Level
from oneroster.contract.reports import github, html, json_report, junit
from oneroster.contract.result import CheckReport

__all__ = ["RENDERERS", "write_report"]

RENDERERS: Final[Mapping[str, Callable[[CheckReport, Level], str]]] = {
    "json": json_report.render,
    "junit": junit.render,
    "github": github.render,
    "html": html.render,
}


def write_report(text: str, path: Path) -> None:
    """Write a rendered report to a file atomically.

    Raises:
        OSError: The file cannot be written.
    """
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
