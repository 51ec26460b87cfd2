"""What `oneroster check` keeps of a run for the next one: the dialect that it learnt, and the deviations it accepts."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Self

import typer

from oneroster.contract.baseline import AcceptedDeviation, KnownError, accept, known_of, read_known, write_known
from oneroster.contract.learning.overlay_learner import learn_overlay, overlay_path, write_overlay
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.result import CheckReport

_PANEL: Final = "What to keep for the next run"

Learn = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Write the dialect that was met as an OpenAPI Overlay (.yaml, .json), for --profile.",
        rich_help_panel=_PANEL,
    ),
]
KnownFile = Annotated[
    str,
    typer.Option(
        "--known",
        metavar="FILE",
        help="Deviations that are accepted, with a reason each (JSON); only new ones fail.",
        rich_help_panel=_PANEL,
    ),
]
WriteKnown = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Write everything that is broken as known deviations; needs --reason.",
        rich_help_panel=_PANEL,
    ),
]
ReasonText = Annotated[
    str,
    typer.Option("--reason", metavar="TEXT", help="Why what --write-known writes is accepted.", rich_help_panel=_PANEL),
]


@dataclass
class Keeping:
    """What the options of a run ask to keep, checked before the run."""

    learnt: Path | None
    known: tuple[AcceptedDeviation, ...]
    written: Path | None
    reason: str
    _overlay: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, learn_to: str, known: str, write_to: str, reason: str) -> Self:
        """What the options mean.

        Raises ``ValueError`` when a file cannot be meant that way, or a reason is missing or too many.
        """
        if bool(write_to) is not bool(reason.strip()):
            raise KnownError("--write-known and --reason belong together: what is accepted is accepted for a reason")
        return cls(
            overlay_path(learn_to) if learn_to else None,
            read_known(Path(known)) if known else (),
            Path(write_to) if write_to else None,
            reason,
        )

    def inspect(self, tenant: ObservedTenant) -> None:
        """Learn the dialect of a tenant that was met, if that was asked for."""
        if self.learnt is not None and tenant.readings():
            self._overlay = learn_overlay(tenant)

    def settled(self, report: CheckReport) -> CheckReport:
        """The report with what is known accepted; writes the files, and tells on stderr what was written and is stale.

        Raises ``OSError`` when a file cannot be written.
        """
        accepted, stale = accept(report, self.known)
        for entry in stale:
            _tell(f"known, but not met any more: {entry}; take it out of the file")
        if self.learnt is not None:
            if self._overlay:
                write_overlay(self._overlay, self.learnt)
                _tell(f"learnt {self.learnt}; judge by it with --profile {self.learnt}")
            else:
                _tell(f"nothing was answered, so nothing was learnt; {self.learnt} is not written")
        if self.written is not None:
            entries = known_of(accepted, self.reason)
            write_known(entries, self.written)
            _tell(f"wrote {len(entries)} known deviations to {self.written}; accept them with --known {self.written}")
        return accepted


def _tell(text: str) -> None:
    typer.echo(f"oneroster check: {text}", err=True)
