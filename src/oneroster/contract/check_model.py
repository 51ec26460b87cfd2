"""One check: a rule judged on one operation, with its finding or the cause of its not being judged.

A *finding* is a violation as a rule reports it; a *check* is one rule judged on one operation. Messages and evidence
name operations, fields, counts and sourcedIds, and no other value of a record.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from oneroster.contract.causes import Cause
from oneroster.contract.harm import Harm
from oneroster.contract.levels import Level

__all__ = [
    "HOLDS",
    "INTERRUPTED",
    "STATUS_OF",
    "VIOLATED",
    "WHOLE_TENANT",
    "Check",
    "Evidence",
    "Finding",
    "Status",
    "shown_ids",
]

WHOLE_TENANT: Final = "the tenant"
"""What a check without an operation is about."""
HOLDS: Final = "holds"
"""The message of a check without a finding."""
INTERRUPTED: Final = "the run was interrupted"
"""Why the rest of an interrupted run was not judged."""
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


STATUS_OF: Final = {Level.MUST: Status.FAILED, Level.SHOULD: Status.WARNED, Level.OPEN: Status.OPEN}
"""The outcome of a check with a finding, by the level of the finding."""
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
        level: The level, where it is lower than that of the rule because the standard is less certain about this case.
        uncertain: What the standard is less certain about; without it, the report names the field, if there is one.
        operation_id: The operation at fault, where it is another than the judged one.
        symptom_of: Rules that would report the same; if one of them failed on the operation, that explains the finding.
    """

    message: str
    evidence: tuple[Evidence, ...] = ()
    level: Level | None = None
    operation_id: str | None = None
    symptom_of: tuple[str, ...] = ()
    uncertain: str = ""


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
        clause: The clause of the standard, with its trust mark, and the marks of the document that lower its level.
        cause: Why the rule was not judged; None when it was.
        explained_by: The rule whose failed check explains that this one was not judged; None without one.
        explained_on: The operation of that check.
        harm: What a violation does to those who read the tenant.
        accepted: The reason that the baseline gives for accepting the violation; None when it was not accepted.
        rule_level: The level of the rule on the operation; a finding may have a lower one.
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
    harm: Harm = Harm.FORM
    rule_level: Level | None = None

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
            "harm": str(self.harm),
            "status": str(self.status),
            "operation": self.operation_id,
            "message": self.message,
            "evidence": [item.as_json() for item in self.evidence],
            **{name: value for name, value in optional.items() if value is not None},
        }


def shown_ids(ids: Iterable[object]) -> tuple[str, ...]:
    """Return the first sourcedIds, shortened for a report and without control characters."""
    shown: list[str] = []
    for sourced_id in ids:
        if len(shown) == SHOWN_IDS:
            break
        text = "".join(character if character.isprintable() else "?" for character in str(sourced_id))
        shown.append(text if len(text) <= SHOWN_ID_LENGTH else text[:SHOWN_ID_LENGTH] + "…")
    return tuple(shown)
