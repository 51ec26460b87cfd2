"""The result of a run: its checks, the tenant, and the verdict.

The parts of a check are in `oneroster.contract.check_model`, and are exported here as well.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from oneroster.contract.causes import Cause
from oneroster.contract.check_model import (
    HOLDS,
    STATUS_OF,
    VIOLATED,
    WHOLE_TENANT,
    Check,
    Evidence,
    Finding,
    Status,
    shown_ids,
)
from oneroster.contract.levels import Level
from oneroster.contract.verdict import Verdict, verdict_on

__all__ = [
    "HOLDS",
    "READABLE_FORMATS",
    "REPORT_FORMAT",
    "STATUS_OF",
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
        unanswered: How many of them got no response of the API, by what came: HTTP 429, 502, 503, 504, or nothing.
    """

    base_url: str
    standard: str
    profile: str
    started_at: str
    seconds: float
    requests: int
    overlay: str = ""
    unanswered: Mapping[str, int] = field(default_factory=dict)

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
        named: The families and rules that the run names one by one; a named rule is its own family.
        interrupted: Whether the run was interrupted, so that the checks are those until then.
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
    named: frozenset[str] = frozenset()
    interrupted: bool = False

    def summary(self) -> dict[str, int]:
        """Return the number of checks of each status."""
        counts = Counter(check.status for check in self.checks)
        return {str(status): counts[status] for status in Status}

    def violations(self, fail_on: Level = Level.MUST) -> list[Check]:
        """Return the checks that make the run fail: violated musts, with ``fail_on`` should also violated shoulds."""
        failing = {Status.FAILED} if fail_on is Level.MUST else VIOLATED
        return [check for check in self.checks if check.status in failing]

    def verdict(self, fail_on: Level = Level.MUST) -> Verdict:
        """Return how the run ended.

        Args:
            fail_on: The lowest level whose violations fail the run.
        """
        return verdict_on(self.checks, self.unjudged, self.named, fail_on, interrupted=self.interrupted)

    def exit_code(self, fail_on: Level = Level.MUST) -> int:
        """Return the exit status of the command, the first that fits; see `verdict`.

        130: the run was interrupted. 1: a violation. 4: an error of the kit. 3: the tenant could not be judged, or not
        enough was tested. 0: all that was tested holds.
        """
        return self.verdict(fail_on).exit_status

    def kit_errors(self) -> list[Check]:
        """Return the checks that could not be made because of an error of the kit."""
        return [check for check in self.checks if check.cause is Cause.KIT_ERROR]
