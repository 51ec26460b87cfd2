"""Known deviations: what was looked at and accepted, with a reason, so that only what is new fails a run.

The file is JSON::

    {"known": [{"rule": "OR-PAG-05", "operation": "getAllUsers", "reason": "counted hourly, vendor ticket 4711"}]}

``operation`` may be left out for every operation, and ``pointer`` narrows an entry to one field, such as
``orgs[].href``. The reason is required.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec

from oneroster.contract.catalogue import catalogue
from oneroster.contract.result import Check, CheckReport, Reason, Status
from oneroster_v1p1.tables import OPERATIONS

__all__ = ["AcceptedDeviation", "KnownError", "accept", "known_of", "read_known", "write_known"]

BROKEN = frozenset({Status.FAILED, Status.WARNED})


class KnownError(ValueError):
    """A file of known deviations cannot be meant that way; the message names the file and what to mend."""


class AcceptedDeviation(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """One accepted deviation: a rule, where it may be broken, and why that is accepted."""

    rule: str
    operation: str | None = None
    pointer: str | None = None
    reason: str = ""

    def covers(self, check: Check) -> bool:
        """Whether this is what a broken check found."""
        return (
            self.judged_by(check)
            and check.status in BROKEN
            and (self.pointer is None or self.pointer in {item.pointer for item in check.evidence})
        )

    def judged_by(self, check: Check) -> bool:
        """Whether a check could have found this."""
        return check.id == self.rule and self.operation in (None, check.operation_id)

    def __str__(self) -> str:
        return " ".join(part for part in (self.rule, self.operation, self.pointer) if part)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    known: list[AcceptedDeviation]


def read_known(path: Path) -> tuple[AcceptedDeviation, ...]:
    """The known deviations of a file.

    Raises ``KnownError`` when it cannot be read, names what does not exist, or leaves out a reason.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File).known
    except OSError as error:
        raise KnownError(f"the known deviations cannot be read from {path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KnownError(f"{path} is no file of known deviations: {error}") from error
    rules = {rule.id for rule in catalogue()}
    for number, entry in enumerate(found, 1):
        if entry.rule not in rules:
            raise KnownError(f"{path}, entry {number}: there is no rule {entry.rule!r} (`oneroster rules` lists them)")
        if entry.operation is not None and entry.operation not in OPERATIONS:
            raise KnownError(f"{path}, entry {number}: there is no operation {entry.operation!r}")
        if not entry.reason.strip():
            raise KnownError(f"{path}, entry {number} ({entry}): say in `reason` why this is accepted")
    return tuple(found)


def accept(
    report: CheckReport, known: Iterable[AcceptedDeviation]
) -> tuple[CheckReport, tuple[AcceptedDeviation, ...]]:
    """The report with the known deviations accepted, and the entries that were judged and met no more."""
    entries = tuple(known)
    used: set[AcceptedDeviation] = set()

    def settled(check: Check) -> Check:
        entry = next((each for each in entries if each.covers(check)), None)
        if entry is None:
            return check
        used.add(entry)
        message = f"accepted ({entry.reason}): {check.message}"
        return replace(check, status=Status.SKIPPED, reason=Reason.ACCEPTED, accepted=entry.reason, message=message)

    checks = tuple(settled(check) for check in report.checks)
    stale = tuple(each for each in entries if each not in used and _was_judged(each, report.checks))
    return replace(report, checks=checks), stale


def _was_judged(entry: AcceptedDeviation, checks: Iterable[Check]) -> bool:
    mine = [check for check in checks if entry.judged_by(check)]
    return bool(mine) and all(check.status is not Status.SKIPPED for check in mine)


def known_of(report: CheckReport, reason: str) -> tuple[AcceptedDeviation, ...]:
    """An entry for everything that is broken, and for what was accepted already with its own reason."""
    entries: dict[tuple[str, str | None, str | None], AcceptedDeviation] = {}
    for check in report.checks:
        if check.status in BROKEN or check.accepted is not None:
            pointer = check.evidence[0].pointer if check.evidence else None
            entry = AcceptedDeviation(check.id, check.operation_id, pointer, check.accepted or reason)
            entries.setdefault((entry.rule, entry.operation, entry.pointer), entry)
    return tuple(entries.values())


def write_known(known: Iterable[AcceptedDeviation], path: Path) -> None:
    """Write known deviations to a file, whole or not at all.

    Raises ``OSError`` when it cannot be written there.
    """
    text = msgspec.json.format(msgspec.json.encode(_File(list(known))), indent=2) + b"\n"
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(text)
    unfinished.replace(path)
