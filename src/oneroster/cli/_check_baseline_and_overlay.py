"""The baseline and the overlay of `oneroster check`: accepted deviations, and files for later runs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from oneroster.cli._wrapped_lines import echo_wrapped
from oneroster.contract.baseline import (
    AcceptedDeviation,
    BaselineError,
    apply_baseline,
    baseline_of,
    read_baseline,
    write_baseline,
)
from oneroster.contract.learning.overlay_learner import (
    learn_overlay,
    undescribed,
    validated_overlay_path,
    write_overlay,
)
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.result import CheckReport
from oneroster_runtime.specification import Specification

__all__ = ["Deviations"]


@dataclass
class Deviations:
    """The deviations of a server that a run accepts, and the files into which it writes those that it finds.

    Attributes:
        baseline: The entries of the baseline.
        baseline_path: The baseline file to write; None for none.
        reason: The reason for new entries of it.
        overlay_path: The overlay file to write; None for none.
    """

    baseline: tuple[AcceptedDeviation, ...]
    baseline_path: Path | None
    reason: str
    overlay_path: Path | None
    _overlay: dict[str, Any] = field(default_factory=dict)
    _undescribed: list[str] = field(default_factory=list)

    @classmethod
    def from_options(
        cls, specification: Specification, *, write_overlay: str, baseline: str, update_baseline: str, reason: str
    ) -> Self:
        """Check the options before the run.

        Raises:
            ValueError: The baseline cannot be read, a file name is not usable, or only one of --reason and
                --update-baseline is given.
        """
        if bool(update_baseline) is not bool(reason.strip()):
            raise BaselineError("--update-baseline and --reason must be given together")
        return cls(
            read_baseline(Path(baseline), specification) if baseline else (),
            Path(update_baseline) if update_baseline else None,
            reason,
            validated_overlay_path(write_overlay) if write_overlay else None,
        )

    def inspect(self, tenant: ObservedTenant) -> None:
        """Derive the overlay from a tenant, at the end of a run, if one is to be written."""
        if self.overlay_path is not None and tenant.readings():
            self._overlay = learn_overlay(tenant)
            self._undescribed = undescribed(self._overlay, tenant)

    def applied_to(self, report: CheckReport) -> CheckReport:
        """Return the report with accepted findings, and write the files.

        Obsolete entries of the baseline and the written files are reported on stderr.

        Raises:
            OSError: A file cannot be written.
        """
        accepted, obsolete = apply_baseline(report, self.baseline)
        if report.interrupted:
            # What was not judged would be missing from the files.
            for path in filter(None, (self.overlay_path, self.baseline_path)):
                _print(f"the run was interrupted; {path} was not written")
            return accepted
        for entry in obsolete:
            _print(f"the baseline entry {entry} is obsolete: the finding no longer occurs; remove it from the file")
        if self.overlay_path is not None:
            self._write_overlay(self.overlay_path)
        if self.baseline_path is not None:
            entries = baseline_of(accepted, self.reason)
            write_baseline(entries, self.baseline_path)
            _print(f"wrote {len(entries)} entries to {self.baseline_path}; use it with --baseline {self.baseline_path}")
        return accepted

    def _write_overlay(self, path: Path) -> None:
        if not self._overlay:
            _print(f"the tenant sent no usable response; {path} was not written")
            return
        write_overlay(self._overlay, path)
        _print(f"wrote {path}; use it with --overlay {path}")
        for each in self._undescribed:
            _print(f"an overlay cannot describe this: {each}; accept it with --update-baseline and --reason")


def _print(text: str) -> None:
    echo_wrapped(f"oneroster check: {text}", err=True)
