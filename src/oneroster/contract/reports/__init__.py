"""Reports of a run: terminal, JSON, JUnit XML, GitHub annotations, and an HTML page.

Each form but the terminal's is a function that takes the summary of a report and returns a text::

    RENDERERS["html"](Summary.of(report))
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from oneroster.atomic_files import write_output
from oneroster.contract.reports import github, html, json_report, junit
from oneroster.contract.reports.summary_model import Summary

__all__ = ["RENDERERS", "write_report"]

RENDERERS: Final[Mapping[str, Callable[[Summary], str]]] = {
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
    write_output(path, text.encode())
