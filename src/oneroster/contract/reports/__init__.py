"""One report, many forms: for people at a terminal, for programs, for CI, and a page for those who decide.

Each form but the terminal's is a function from a report, and the level from which on it fails, to a text::

    RENDERERS["html"](report, Level.MUST)
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from oneroster.contract.levels import Level
from oneroster.contract.reports import github, html, json_form, junit
from oneroster.contract.result import CheckReport

__all__ = ["RENDERERS", "write"]

RENDERERS: Final[Mapping[str, Callable[[CheckReport, Level], str]]] = {
    "json": json_form.render,
    "junit": junit.render,
    "github": github.render,
    "html": html.render,
}


def write(text: str, path: Path) -> None:
    """Write a report to a file, whole or not at all.

    Raises ``OSError`` when it cannot be written there.
    """
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
