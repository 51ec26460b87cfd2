"""The result model of every report: findings, checks, and the report of a run.

A *finding* is a violation as a rule reports it; a *check* is one rule judged on one operation; a *report* holds all
checks of a run. Messages and evidence name operations, fields, counts and sourcedIds, and no other value of a record.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from oneroster.contract.causes import Cause
from oneroster.contract.levels import Level

__all__ = [
    "HOLDS",
    "READABLE_FORMATS",
    "REPORT_FORMAT",
    "VIOLATED",
    "WHOLE_TENANT",
    "Cause",
    "Check",
    "CheckReport",
    "Evidence",
    "Finding",
    "OperationSeen",
    "Status",
    "TargetInfo",
    "shown_ids",
]

REPORT_FORMAT: Final = 3
"""The number of the form of the JSON report; a change that breaks readers increases it."""
READABLE_FORMATS: Final = (2, REPORT_FORMAT)
"""The forms of reports that a comparison reads."""
WHOLE_TENANT: Final = "the tenant"
"""What a check without an operation is about."""
HOLDS: Final = "holds"
"""The message of a check without a finding."""
SHOWN_IDS: Final = 5
SHOWN_ID_LENGTH: Final = 80


class Status(StrEnum):
    """The outcome of a check."""

    PASSED = "passed"
    """The rule holds."""
    FAILED = "failed"
    """A must is violated."""
    WARNED = "warned"
    """A should is violated."""
    OPEN = "open"
    """The server does something where the standard is not certain."""
    ACCEPTED = "accepted"
    """A violation that the baseline accepts."""
    NOT_JUDGED = "not judged"
    """The rule was not judged; the check has a cause."""


VIOLATED: Final = frozenset({Status.FAILED, Status.WARNED})
"""Outcomes of a violated rule."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts that a finding is based on, without values of records other than sourcedIds.

    Attributes:
        request: The method and path of the request.
        pointer: A path of field names, such as ``orgs[].href``.
        count: How many records are concerned.
        of: How many records were examined.
        ids: The sourcedIds of the first records concerned.
        curl: A command that repeats the request; it takes the secret from an environment variable.
    """

    request: str | None = None
    pointer: str | None = None
    count: int | None = None
    of: int | None = None
    ids: tuple[str, ...] = ()
    curl: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the members that have a value, as JSON types."""
        members = {name: getattr(self, name) for name in ("request", "pointer", "count", "of", "curl")}
        shown = {name: value for name, value in members.items() if value is not None}
        return {**shown, "ids": list(self.ids)} if self.ids else shown


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation, as a rule reports it.

    Attributes:
        message: What the server does, and what it should do.
        evidence: Where that was seen.
        level: The level, where it is lower than that of the rule because the fact about one property is less certain.
        operation_id: The operation at fault, where it is another than the judged one.
    """

    message: str
    evidence: tuple[Evidence, ...] = ()
    level: Level | None = None
    operation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One rule judged on one operation.

    Attributes:
        id: The id of the rule.
        family: The family of the rule.
        title: The title of the rule.
        level: The level of the finding; without one, that of the rule.
        status: The outcome.
        operation_id: The operation; None for the tenant as a whole.
        message: The finding, or why the rule was not judged.
        evidence: The facts that the finding is based on.
        clause: The clause of the standard, with its trust mark.
        cause: Why the rule was not judged; None when it was.
        explained_by: The rule whose failed check explains that this one was not judged; None without one.
        explained_on: The operation of that check.
        accepted: The reason that the baseline gives for accepting the violation; None when it was not accepted.
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
    cause: Cause | None = None
    explained_by: str | None = None
    explained_on: str | None = None
    accepted: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the check in the form of the JSON report."""
        optional = {
            "cause": None if self.cause is None else str(self.cause),
            "explained_by": self.explained_by,
            "explained_on": self.explained_on,
            "accepted": self.accepted,
        }
        return {
            "rule": self.id,
            "family": self.family,
            "title": self.title,
            "level": str(self.level),
            "status": str(self.status),
            "operation": self.operation_id,
            "message": self.message,
            "evidence": [item.as_json() for item in self.evidence],
            **{name: value for name, value in optional.items() if value is not None},
        }


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """The tenant of a run, and the extent of the run.

    Attributes:
        base_url: The base URL.
        standard: The version of OneRoster that the rules check, as in ``1.1``.
        profile: The name of the profile.
        overlay: The name of the overlay file, without its folder; empty without one.
        started_at: When the run started (UTC, ISO 8601).
        seconds: How long it took.
        requests: How many requests it sent.
    """

    base_url: str
    standard: str
    profile: str
    started_at: str
    seconds: float
    requests: int
    overlay: str = ""

    @property
    def dialect(self) -> str:
        """The expected dialect in words: the profile, and the overlay file if there is one."""
        return f"profile {self.profile}" + (f", overlay {self.overlay}" if self.overlay else "")


@dataclass(frozen=True, slots=True)
class OperationSeen:
    """What a run saw of one operation of the document.

    Attributes:
        operation_id: The operationId.
        tag: The part of the standard that it belongs to, as in ``rostering``.
        method: The HTTP method.
        path: The path below the base URL, with parameters in braces.
        offer: Whether the tenant serves it.
        requests: How many requests were sent to it.
        median: The median response time in seconds; None without a response.
        slowest: The longest response time in seconds; None without a response.
        parameters: Its query parameters.
        exercised: The query parameters that the run used.
    """

    operation_id: str
    tag: str
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

    Attributes:
        version: The version of oneroster-kit.
        target: The tenant, and the extent of the run.
        checks: The checks, in the order of the run.
        seed: The seed of the run's random choices.
        unjudged: Why the tenant, or a part of it, could not be judged; None when it could.
        operations: The operations of the dialect, in the order of the document.
        leftovers: Requests that would remove the objects that the run created in the tenant and could not remove.
        repeat: The command that repeats the run, without secrets; empty when the run was not started by a command.
    """

    version: str
    target: TargetInfo
    checks: tuple[Check, ...]
    seed: int
    unjudged: str | None = None
    operations: tuple[OperationSeen, ...] = ()
    leftovers: tuple[str, ...] = ()
    repeat: str = ""

    def summary(self) -> dict[str, int]:
        """Return the number of checks of each status."""
        counts = Counter(check.status for check in self.checks)
        return {str(status): counts[status] for status in Status}

    def violations(self, fail_on: Level = Level.MUST) -> list[Check]:
        """Return the checks that make the run fail: violated musts, with ``fail_on`` should also violated shoulds."""
        failing = {Status.FAILED} if fail_on is Level.MUST else VIOLATED
        return [check for check in self.checks if check.status in failing]

    def exit_code(self, fail_on: Level = Level.MUST) -> int:
        """Return the exit status of the command.

        0: no violation. 1: a violation. 3: the tenant could not be judged. 4: an error of the kit. A violation takes
        precedence over checks that could not be made, and an error of the kit is never a pass.
        """
        if self.violations(fail_on):
            return 1
        if self.kit_errors():
            return 4
        return 3 if self.unjudged is not None else 0

    def kit_errors(self) -> list[Check]:
        """Return the checks that could not be made because of an error of the kit."""
        return [check for check in self.checks if check.cause is Cause.KIT_ERROR]


def shown_ids(ids: Iterable[object]) -> tuple[str, ...]:
    """Return the first sourcedIds, shortened for a report and without control characters."""
    shown: list[str] = []
    for sourced_id in ids:
        if len(shown) == SHOWN_IDS:
            break
        text = "".join(character if character.isprintable() else "?" for character in str(sourced_id))
        shown.append(text if len(text) <= SHOWN_ID_LENGTH else text[:SHOWN_ID_LENGTH] + "…")
    return tuple(shown)
