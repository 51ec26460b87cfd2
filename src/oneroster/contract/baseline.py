"""Baseline files: findings that are accepted with a reason, so that only new findings fail a run.

A baseline file is JSON::

    {
      "format": 2,
      "accepted": [
        {"rule": "OR-PAG-05", "operation": "getAllUsers", "reason": "counted hourly, vendor ticket 4711"}
      ]
    }

Without ``operation`` an entry covers every operation; ``pointer`` limits it to one field, such as ``orgs[].href``. The
reason is required.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec

from oneroster.atomic_files import write_output
from oneroster.bounded_files import read_at_most
from oneroster.contract.catalogue import catalogue
from oneroster.contract.result import VIOLATED, Check, CheckReport, Status
from oneroster_runtime.specification import Specification

__all__ = [
    "FORMAT",
    "AcceptedDeviation",
    "BaselineError",
    "apply_baseline",
    "baseline_of",
    "read_baseline",
    "write_baseline",
]

FORMAT: Final = 2
"""The number of the form that this version reads and writes."""

_MOST_BYTES: Final = 64 << 20


class BaselineError(ValueError):
    """A baseline file cannot be read; the message names the file and what to change."""


class AcceptedDeviation(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """One entry of a baseline: a rule, where it may be violated, and why that is accepted.

    Attributes:
        rule: The id of the rule.
        operation: The operationId; None for every operation.
        pointer: The path of field names that the finding names; None for any.
        reason: Why the deviation is accepted.
    """

    rule: str
    operation: str | None = None
    pointer: str | None = None
    reason: str = ""

    def covers(self, check: Check) -> bool:
        """Return whether a check violates the rule where this entry accepts it."""
        return (
            self.concerns(check)
            and check.status in VIOLATED
            and (self.pointer is None or self.pointer in {item.pointer for item in check.evidence})
        )

    def concerns(self, check: Check) -> bool:
        """Return whether a check is of the rule and the operation of this entry; its status does not matter."""
        return check.id == self.rule and self.operation in (None, check.operation_id)

    def __str__(self) -> str:
        return " ".join(part for part in (self.rule, self.operation, self.pointer) if part)


class _BaselineFile(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    accepted: list[AcceptedDeviation]


def read_baseline(path: Path, specification: Specification) -> tuple[AcceptedDeviation, ...]:
    """Return the entries of a baseline file.

    Args:
        path: The file.
        specification: The version of the standard whose operations the entries name.

    Raises:
        BaselineError: The file cannot be read or has an old form, an entry names an unknown rule or operation, or it
            has no reason.
    """
    try:
        content = read_at_most(path, _MOST_BYTES)
    except OSError as error:
        raise BaselineError(f"the baseline {path} cannot be read: {error.strerror}") from error
    entries = _decoded(content, path)
    rules = {rule.id for rule in catalogue()}
    for number, entry in enumerate(entries, 1):
        if entry.rule not in rules:
            raise BaselineError(f"{path}, entry {number}: unknown rule {entry.rule!r} (`oneroster rules` lists them)")
        if entry.operation is not None and entry.operation not in specification.operations:
            raise BaselineError(f"{path}, entry {number}: unknown operation {entry.operation!r}")
        if not entry.reason.strip():
            raise BaselineError(f"{path}, entry {number} ({entry}): `reason` must say why this is accepted")
    return tuple(entries)


def _decoded(content: bytes, path: Path) -> list[AcceptedDeviation]:
    try:
        members: Any = msgspec.json.decode(content)
        if isinstance(members, dict) and _is_old(members):
            raise BaselineError(
                f"the baseline {path} has the form of an older version; write it again with "
                "--update-baseline FILE --reason TEXT"
            )
        if isinstance(members, dict) and members.get("format") != FORMAT:
            raise BaselineError(f"the baseline {path} does not have format {FORMAT}, the one that this version reads")
        return msgspec.json.decode(content, type=_BaselineFile).accepted
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BaselineError(f"{path} is not a baseline file: {error}") from error
    except RecursionError:
        raise BaselineError(f"{path} is not a baseline file: it is nested too deep") from None


def _is_old(members: dict[str, Any]) -> bool:
    return "known" in members or "format" not in members


def apply_baseline(
    report: CheckReport, baseline: Iterable[AcceptedDeviation]
) -> tuple[CheckReport, tuple[AcceptedDeviation, ...]]:
    """Accept the findings of a report that a baseline covers.

    Returns:
        The report with the violations marked as accepted, and the obsolete entries: those whose checks were all made
        without finding the violation.
    """
    entries = tuple(baseline)
    used: set[AcceptedDeviation] = set()

    def settled(check: Check) -> Check:
        entry = next((each for each in entries if each.covers(check)), None)
        if entry is None:
            return check
        used.add(entry)
        message = f"accepted ({entry.reason}): {check.message}"
        return replace(check, status=Status.ACCEPTED, accepted=entry.reason, message=message)

    checks = tuple(settled(check) for check in report.checks)
    obsolete = tuple(each for each in entries if each not in used and _was_checked(each, report.checks))
    return replace(report, checks=checks), obsolete


def _was_checked(entry: AcceptedDeviation, checks: Iterable[Check]) -> bool:
    concerned = [check for check in checks if entry.concerns(check)]
    return bool(concerned) and all(check.status is not Status.NOT_JUDGED for check in concerned)


def baseline_of(report: CheckReport, reason: str) -> tuple[AcceptedDeviation, ...]:
    """Return a baseline that accepts every violation of a report.

    Args:
        report: A report. Findings that a baseline already accepts keep their reasons.
        reason: The reason for all new entries.
    """
    entries: dict[tuple[str, str | None, str | None], AcceptedDeviation] = {}
    for check in report.checks:
        if check.status in VIOLATED or check.accepted is not None:
            pointer = check.evidence[0].pointer if check.evidence else None
            entry = AcceptedDeviation(check.id, check.operation_id, pointer, check.accepted or reason)
            entries.setdefault((entry.rule, entry.operation, entry.pointer), entry)
    return tuple(entries.values())


def write_baseline(baseline: Iterable[AcceptedDeviation], path: Path) -> None:
    """Write a baseline file atomically.

    Raises:
        OSError: The file cannot be written.
    """
    text = msgspec.json.format(msgspec.json.encode(_BaselineFile(FORMAT, list(baseline))), indent=2) + b"\n"
    write_output(path, text)
