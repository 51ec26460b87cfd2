"""The one result model behind every report: findings, checks, and the report of a run.

A *finding* is what a rule says; a *check* is one rule judged on one operation; a *report* is all checks of a run.
Messages and evidence name operations, fields, counts and sourcedIds, never a value of a record.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from oneroster.contract.levels import Level

__all__ = [
    "HOLDS",
    "Check",
    "CheckReport",
    "Evidence",
    "Finding",
    "OperationSeen",
    "Reason",
    "Status",
    "TargetInfo",
    "shown_ids",
]

HOLDS: Final = "holds"
"""The message of a check without a finding."""
SHOWN_IDS: Final = 5
SHOWN_ID_LENGTH: Final = 80


class Status(StrEnum):
    """Outcome of a check: a must that is broken fails, a should that is broken warns, an open point passes."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    SKIPPED = "skipped"


class Reason(StrEnum):
    """Why a check was skipped."""

    NOT_OFFERED = "not offered"
    NOT_EXERCISED = "not exercised"
    FOLLOWS = "follows from another finding"
    UNJUDGED = "not judged"
    KIT_ERROR = "error of the kit"
    ACCEPTED = "accepted as known"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a finding rests on, reproducible and without a value of a record.

    ``pointer`` is a path of field names such as ``orgs[].href``; ``count`` of ``of`` records are concerned, the first
    few named by ``ids``; ``curl`` repeats the request, with the secret as a reference to the environment.
    """

    request: str | None = None
    pointer: str | None = None
    count: int | None = None
    of: int | None = None
    ids: tuple[str, ...] = ()
    curl: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The members that have a value, as JSON types."""
        members = {name: getattr(self, name) for name in ("request", "pointer", "count", "of", "curl")}
        shown = {name: value for name, value in members.items() if value is not None}
        return {**shown, "ids": list(self.ids)} if self.ids else shown


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach, as a rule reports it.

    ``level`` is given when the breach weighs less than the rule's own clause, because the fact about that very
    property is less certain. ``operation_id`` is given when another operation than the judged one is at fault.
    """

    message: str
    evidence: tuple[Evidence, ...] = ()
    level: Level | None = None
    operation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One rule judged on one operation (``operation_id`` is None for the tenant as a whole).

    ``accepted`` is the reason for which a breach was accepted as known; None when it was not.
    """

    id: str
    family: str
    title: str
    level: Level
    status: Status
    operation_id: str | None
    message: str
    evidence: tuple[Evidence, ...] = ()
    clause: str = ""
    reason: Reason | None = None
    accepted: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The check in the form of the JSON report."""
        known = {} if self.accepted is None else {"accepted": self.accepted}
        return {
            "id": self.id,
            "family": self.family,
            "title": self.title,
            "level": str(self.level),
            "status": str(self.status),
            "operation_id": self.operation_id,
            "message": self.message,
            "evidence": [item.as_json() for item in self.evidence],
            **known,
        }


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """Which tenant was judged, when (UTC, ISO 8601), for how many seconds, with how many requests."""

    base_url: str
    profile: str
    started_at: str
    seconds: float
    requests: int


@dataclass(frozen=True, slots=True)
class OperationSeen:
    """One operation of the document, as this run met it.

    ``offer`` says whether the tenant serves it; ``requests`` were sent to it, answered in ``median`` and at most
    ``slowest`` seconds (None without an answer); ``exercised`` are those of its query ``parameters`` that were used.
    """

    operation_id: str
    method: str
    path: str
    offer: str
    requests: int
    median: float | None
    slowest: float | None
    parameters: tuple[str, ...]
    exercised: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All checks of one run.

    ``unjudged`` says why the tenant, or a part of it, could not be judged; None when it could. ``operations`` are those
    of the profile, in the order of the document. ``left_behind`` are the requests that would remove what the run made
    in the tenant and could not remove. ``repeat`` is the command that asks the same again, without secrets; empty when
    no command line began the run.
    """

    version: str
    target: TargetInfo
    checks: tuple[Check, ...]
    seed: int
    unjudged: str | None = None
    operations: tuple[OperationSeen, ...] = ()
    left_behind: tuple[str, ...] = ()
    repeat: str = ""

    def summary(self) -> dict[str, int]:
        """Number of checks by status."""
        counts = Counter(check.status for check in self.checks)
        return {str(status): counts[status] for status in Status}

    def breaches(self, fail_on: Level = Level.MUST) -> list[Check]:
        """The checks that make the run fail: broken musts, with ``fail_on`` should also broken shoulds."""
        failing = {Status.FAILED} if fail_on is Level.MUST else {Status.FAILED, Status.WARNED}
        return [check for check in self.checks if check.status in failing]

    def exit_code(self, fail_on: Level = Level.MUST) -> int:
        """0 all hold, 1 something is broken, 3 the tenant could not be judged, 4 the kit itself failed.

        A breach that was found stands, whatever else could not be judged; an error of the kit is never a pass.
        """
        if self.breaches(fail_on):
            return 1
        if self.kit_errors():
            return 4
        return 3 if self.unjudged is not None else 0

    def kit_errors(self) -> list[Check]:
        """The checks that an error of the kit left without a verdict."""
        return [check for check in self.checks if check.reason is Reason.KIT_ERROR]


def shown_ids(ids: Iterable[object]) -> tuple[str, ...]:
    """The first few sourcedIds, cut to a length that a report can show and free of control characters."""
    shown: list[str] = []
    for sourced_id in ids:
        if len(shown) == SHOWN_IDS:
            break
        text = "".join(character if character.isprintable() else "?" for character in str(sourced_id))
        shown.append(text if len(text) <= SHOWN_ID_LENGTH else text[:SHOWN_ID_LENGTH] + "…")
    return tuple(shown)
