"""The options of `oneroster check` that say where its report goes, and the handing over."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from oneroster.contract.levels import Level
from oneroster.contract.reports import RENDERERS, terminal, write
from oneroster.contract.reports.comparison import Comparison, OldReport, compare, read
from oneroster.contract.reports.html import render as render_page
from oneroster.contract.result import CheckReport

__all__ = ["Compare", "Destinations", "Github", "ReportError", "ReportHtml", "ReportJson", "ReportJunit"]

STDOUT: Final = "-"
_REPORTS: Final = "Reports"


def _file(form: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        metavar="FILE", help=f"Write the report {form}; - writes it to stdout.", rich_help_panel=_REPORTS
    )
    return option


ReportJson = Annotated[str, _file("as JSON, for programs and for --compare")]
ReportJunit = Annotated[str, _file("as JUnit XML, for the test page of a CI system")]
ReportHtml = Annotated[str, _file("as one HTML page that needs no other file, for people")]
Github = Annotated[
    bool,
    typer.Option(
        "--github", help="Print annotations for a GitHub workflow after the report.", rich_help_panel=_REPORTS
    ),
]
Compare = Annotated[
    str,
    typer.Option(metavar="FILE", help="An older JSON report: say what got better and worse.", rich_help_panel=_REPORTS),
]


class ReportError(ValueError):
    """A report cannot be written or compared; the message says why."""


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where the report goes beside the terminal: file names by form, `-` for stdout, empty for nowhere."""

    files: dict[str, str]
    github: bool = False
    older: OldReport | None = None

    @classmethod
    def of(cls, *, json: str, junit: str, html: str, github: bool, older: str) -> "Destinations":
        """The destinations that the options name, tried before the run, so that no run is judged for nothing.

        Raises:
            ReportError: Two go to stdout, a folder does not exist, or the older report cannot be read.
        """
        files = {form: name for form, name in {"json": json, "junit": junit, "html": html}.items() if name}
        if list(files.values()).count(STDOUT) > 1:
            raise ReportError("only one report can go to stdout")
        for name in files.values():
            if name != STDOUT and not Path(name).parent.is_dir():
                raise ReportError(f"cannot write {name}: there is no folder {Path(name).parent}")
        return cls(files, github, read(Path(older)) if older else None)

    def hand_over(self, report: CheckReport, level: Level) -> None:
        """Write every report and show the one for people, on stderr when stdout is taken.

        Raises:
            ReportError: A file could not be written; the others were, and the terminal has been told all the same.
        """
        comparison = compare(self.older, report) if self.older is not None else None
        console = Console(stderr=STDOUT in self.files.values(), highlight=False)
        failures = [told for form, name in self.files.items() if (told := _hand(report, form, name, level, comparison))]
        terminal.show(report, console, level, comparison)
        if self.github:
            console.file.write(RENDERERS["github"](report, level))
        if failures:
            raise ReportError("; ".join(failures))


def _hand(report: CheckReport, form: str, name: str, level: Level, comparison: Comparison | None) -> str | None:
    """Write one report; what went wrong, if anything."""
    text = render_page(report, level, comparison) if form == "html" else RENDERERS[form](report, level)
    if name == STDOUT:
        sys.stdout.write(text)
        return None
    try:
        write(text, Path(name))
    except OSError as error:
        return f"cannot write the report to {name}: {error.strerror}"
    return None
