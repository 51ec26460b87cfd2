"""The comparison of a report with an older one: which checks are better, and which are worse."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from oneroster.bounded_files import read_at_most
from oneroster.contract.result import (
    READABLE_FORMATS,
    REPORT_FORMAT,
    VIOLATED,
    WHOLE_TENANT,
    Cause,
    Check,
    CheckReport,
    Status,
)

__all__ = ["CheckChange", "Comparison", "OldReport", "OldReportError", "compare", "read_old_report"]

_MOST_BYTES: Final = 256 << 20

_NEW: Final = "violated; it was not part of the older report"
_TEXTS: Final = {
    (Status.FAILED, Status.PASSED): "no longer violated",
    (Status.WARNED, Status.PASSED): "no longer violated",
    (Status.PASSED, Status.FAILED): "held before, is now violated",
    (Status.PASSED, Status.WARNED): "held before, is now violated",
    (Status.NOT_JUDGED, Status.FAILED): "was not judged before, is now violated",
    (Status.NOT_JUDGED, Status.WARNED): "was not judged before, is now violated",
    (Status.WARNED, Status.FAILED): "was a violated should, is now a violated must",
    (Status.FAILED, Status.WARNED): "was a violated must, is now a violated should",
}
"""What each change of status means; all others are neither better nor worse."""
_SEVERITY: Final = {
    Status.FAILED: 3,
    Status.WARNED: 2,
    Status.ACCEPTED: 1,
    Status.PASSED: 0,
    Status.OPEN: 0,
    Status.NOT_JUDGED: 0,
}
_OLD_STATUSES: Final = {"skipped": Status.NOT_JUDGED}
"""Outcomes that older forms of the report write in another word."""
_COMPARED_AS: Final = {Status.OPEN: Status.PASSED, Status.ACCEPTED: Status.NOT_JUDGED}
"""Outcomes that a comparison treats like another, because neither passes from one to the other is a change."""


class OldReportError(ValueError):
    """The older report cannot be read; the message says why and what to do."""


class _OldCheck(msgspec.Struct):
    id: str = msgspec.field(name="rule")
    operation_id: str | None = msgspec.field(name="operation")
    outcome: Literal["passed", "failed", "warned", "open", "accepted", "not judged", "skipped"] = msgspec.field(
        name="status"
    )
    cause: str | None = None

    @property
    def status(self) -> Status:
        """The outcome, in the words of this version."""
        return _OLD_STATUSES.get(self.outcome) or Status(self.outcome)


class _OldTarget(msgspec.Struct):
    base_url: str
    started_at: str


class OldReport(msgspec.Struct):
    """The parts of an older report that a comparison needs."""

    target: _OldTarget
    checks: list[_OldCheck]


@dataclass(frozen=True, slots=True)
class CheckChange:
    """A rule on an operation whose outcome differs from that in the older report."""

    rule_id: str
    operation_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed since an older report.

    Attributes:
        started_at: When the older run started (UTC, ISO 8601).
        better: Checks that are better now.
        worse: Checks that are worse now.
        unchanged: How many checks found a violation in both runs.
        other_tenant: The base URL of the older report where it differs from that of the newer one, else None.
    """

    started_at: str
    better: tuple[CheckChange, ...]
    worse: tuple[CheckChange, ...]
    unchanged: int
    other_tenant: str | None = None

    def headline(self) -> str:
        """Return the comparison as one line."""
        counts = f"{len(self.better)} better, {len(self.worse)} worse, {self.unchanged} still violated"
        return counts + (f"; the older report is of another tenant, {self.other_tenant}" if self.other_tenant else "")


def read_old_report(path: Path) -> OldReport:
    """Return an older report from its JSON file.

    Raises:
        OldReportError: The file cannot be read, is not a report, or has another format.
    """
    try:
        content = read_at_most(path, _MOST_BYTES)
        members: Any = msgspec.json.decode(content)
        is_report = isinstance(members, dict) and {"checks", "target"} <= members.keys()
        if is_report and members.get("format") not in READABLE_FORMATS:
            raise OldReportError(_other_format(path, members.get("format")))
        return msgspec.json.decode(content, type=OldReport)
    except OSError as error:
        raise OldReportError(f"cannot read the older report {path}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # The decoder's own message may quote the file, which can be anything.
        raise OldReportError(f"{path} is not a report that `oneroster check --report-json` wrote") from None


def _other_format(path: Path, found: object) -> str:
    if isinstance(found, int) and found > REPORT_FORMAT:
        return f"the report {path} has format {found}; this version of oneroster-kit reads format {REPORT_FORMAT}"
    return (
        f"the report {path} has the form of an older version; "
        f"run the check again with --report-json {path} to get one that can be compared"
    )


def compare(old: OldReport, report: CheckReport) -> Comparison:
    """Return what changed since an older report."""
    before, after = _worst_statuses(old.checks), _worst_statuses(report.checks)
    # The server has not changed where another violation hid one: a run of fewer rules may show it.
    hidden = {(check.id, check.operation_id) for check in old.checks if check.cause == Cause.EXPLAINED}
    better: list[CheckChange] = []
    worse: list[CheckChange] = []
    unchanged = 0
    for key, now in after.items():
        was = before.get(key)
        unchanged += was in VIOLATED and now in VIOLATED
        if was is Status.NOT_JUDGED and key in hidden:
            continue
        text = _NEW if was is None and now in VIOLATED else _TEXTS.get((was, now)) if was else None
        if text is not None:
            change = CheckChange(key[0], key[1] or WHOLE_TENANT, text)
            (worse if was is None or _SEVERITY[now] > _SEVERITY[was] else better).append(change)
    other = old.target.base_url if old.target.base_url != report.target.base_url else None
    return Comparison(old.target.started_at, tuple(better), tuple(worse), unchanged, other)


def _worst_statuses(checks: Sequence[_OldCheck | Check]) -> dict[tuple[str, str | None], Status]:
    """Return the worst status of each rule on each operation, which may have several findings."""
    statuses: dict[tuple[str, str | None], Status] = {}
    for check in checks:
        key = (check.id, check.operation_id)
        if key not in statuses or _SEVERITY[check.status] > _SEVERITY[statuses[key]]:
            statuses[key] = check.status
    return {key: _COMPARED_AS.get(status, status) for key, status in statuses.items()}
