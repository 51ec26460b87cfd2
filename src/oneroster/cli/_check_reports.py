"""The reports of `oneroster check`: where they go, and the writing of them."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from oneroster.contract.levels import Level
from oneroster.contract.reports import RENDERERS, terminal, write_report
from oneroster.contract.reports.comparison import OldReport, read_old_report
from oneroster.contract.reports.summary_model import Summary
from oneroster.contract.result import CheckReport

__all__ = ["ReportError", "ReportOutputs"]

STDOUT: Final = "-"


class ReportError(ValueError):
    """A report cannot be written or compared; the message says why."""


@dataclass(frozen=True, slots=True)
class ReportOutputs:
    """The reports to write besides the one on the terminal.

    Attributes:
        files: The file name of each report by its form; ``-`` is stdout.
        github: Whether to print annotations for a GitHub workflow.
        older: The report to compare with.
    """

    files: dict[str, str]
    github: bool = False
    older: OldReport | None = None

    @classmethod
    def from_options(
        cls, *, json: str, junit: str, html: str, github: bool, compare: str, others: Iterable[str] = ()
    ) -> "ReportOutputs":
        """Check the options before the run, so that no run is lost to a wrong file name.

        Args:
            json: The file of the JSON report, like the next two; empty for none.
            junit: That of the JUnit XML report.
            html: That of the HTML report.
            github: See above.
            compare: The older report; empty for none.
            others: Further files of the run, which no report may replace.

        Raises:
            ReportError: Two reports go to stdout, two files of the run are one, or a file cannot be created.
            OldReportError: The older report cannot be read.
        """
        files = {form: name for form, name in {"json": json, "junit": junit, "html": html}.items() if name}
        if list(files.values()).count(STDOUT) > 1:
            raise ReportError("only one report can go to stdout")
        named = [os.path.realpath(name) for name in files.values() if name != STDOUT]
        taken = [*named, *{os.path.realpath(name) for name in others if name}]
        if twice := next((name for name in named if taken.count(name) > 1), ""):
            raise ReportError(f"{Path(twice).name} is named for two files of this run; give each report its own file")
        for path in (Path(name) for name in files.values() if name != STDOUT):
            if not path.parent.is_dir():
                raise ReportError(f"cannot write {path}: the folder {path.parent} does not exist")
            if path.is_dir():
                raise ReportError(f"cannot write {path}: it is a folder; name a file in it")
        return cls(files, github, read_old_report(Path(compare)) if compare else None)

    def write(self, report: CheckReport, level: Level) -> None:
        """Write all reports, and print the one for the terminal; to stderr when stdout is taken.

        Raises:
            ReportError: A file cannot be written. All other reports are written first.
        """
        summary = Summary.of(report, level, self.older)
        console = Console(stderr=STDOUT in self.files.values(), highlight=False)
        failures = [failure for form, name in self.files.items() if (failure := _write(summary, form, name))]
        terminal.print_report(summary, console)
        if self.github:
            console.file.write(RENDERERS["github"](summary))
        if failures:
            raise ReportError("; ".join(failures))


def _write(summary: Summary, form: str, name: str) -> str | None:
    """Write one report; return an error message if that fails."""
    text = RENDERERS[form](summary)
    if name == STDOUT:
        sys.stdout.write(text)
        return None
    try:
        write_report(text, Path(name))
    except OSError as error:
        return f"cannot write the report to {name}: {error.strerror}"
    return None
