"""Two reports of one tenant: what got better since the older one, and what got worse."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from oneroster.contract.reports.summary import WHOLE_TENANT
from oneroster.contract.result import Check, CheckReport, Status

__all__ = ["CheckChange", "Comparison", "OldReport", "OldReportError", "compare", "read"]

BROKEN: Final = frozenset({Status.FAILED, Status.WARNED})
_NEW: Final = "is broken and was not part of the older report"
_TEXTS: Final = {
    (Status.FAILED, Status.PASSED): "holds again",
    (Status.WARNED, Status.PASSED): "holds again",
    (Status.PASSED, Status.FAILED): "held and is broken",
    (Status.PASSED, Status.WARNED): "held and is broken",
    (Status.SKIPPED, Status.FAILED): "could not be judged then and is broken",
    (Status.SKIPPED, Status.WARNED): "could not be judged then and is broken",
    (Status.WARNED, Status.FAILED): "was a should and is a must that is broken",
    (Status.FAILED, Status.WARNED): "was a must and is a should that is broken",
}
"""What the change from one status to another means; all others are no change for the better or the worse."""
_SEVERITY: Final = {Status.FAILED: 2, Status.WARNED: 1, Status.PASSED: 0, Status.SKIPPED: 0}


class OldReportError(ValueError):
    """The older report cannot be read; the message says why."""


class _OldCheck(msgspec.Struct):
    id: str
    operation_id: str | None
    status: Status


class _OldTarget(msgspec.Struct):
    base_url: str
    started_at: str


class OldReport(msgspec.Struct):
    """What a comparison needs of an older report."""

    target: _OldTarget
    checks: list[_OldCheck]


@dataclass(frozen=True, slots=True)
class CheckChange:
    """One rule on one operation whose verdict is another than before."""

    rule_id: str
    operation_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed since a report that was ``started_at`` (UTC, ISO 8601); ``still`` counts what is broken in both.

    ``other_tenant`` is the base URL of the older report when it is not that of the newer one, otherwise None.
    """

    started_at: str
    better: tuple[CheckChange, ...]
    worse: tuple[CheckChange, ...]
    still: int
    other_tenant: str | None = None

    def told(self) -> str:
        """The comparison in a line."""
        numbers = f"{len(self.better)} better, {len(self.worse)} worse, {self.still} broken as before"
        return numbers + (f"; it was the report of {self.other_tenant}" if self.other_tenant else "")


def read(path: Path) -> OldReport:
    """An older report, from the file of its JSON form.

    Raises ``OldReportError`` when the file cannot be read or is no report.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=OldReport)
    except OSError as error:
        raise OldReportError(f"cannot read the older report {path}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # The decoder's own message may quote the file, which can be anything.
        raise OldReportError(f"{path} is no report that `oneroster check --report-json` wrote") from None


def compare(old: OldReport, report: CheckReport) -> Comparison:
    """What changed since an older report."""
    before, after = _worst(old.checks), _worst(report.checks)
    better: list[CheckChange] = []
    worse: list[CheckChange] = []
    still = 0
    for key, now in after.items():
        was = before.get(key)
        still += was in BROKEN and now in BROKEN
        text = _NEW if was is None and now in BROKEN else _TEXTS.get((was, now)) if was else None
        if text is not None:
            change = CheckChange(key[0], key[1] or WHOLE_TENANT, text)
            (worse if was is None or _SEVERITY[now] > _SEVERITY[was] else better).append(change)
    other = old.target.base_url if old.target.base_url != report.target.base_url else None
    return Comparison(old.target.started_at, tuple(better), tuple(worse), still, other)


def _worst(checks: Sequence[_OldCheck | Check]) -> dict[tuple[str, str | None], Status]:
    """The verdict of each rule on each operation: of several findings the gravest."""
    verdicts: dict[tuple[str, str | None], Status] = {}
    for check in checks:
        key = (check.id, check.operation_id)
        if key not in verdicts or _SEVERITY[check.status] > _SEVERITY[verdicts[key]]:
            verdicts[key] = check.status
    return verdicts
