"""Errors of the contract kit.

::

    KitError
    ├── TenantNotTestableError    the tenant cannot be judged at all (exit 3)
    │   ├── UnreachableError      the server does not respond, or stopped responding
    │   └── AccessRefusedError    the server does not accept the credentials
    ├── BudgetSpentError          the requests or the seconds allowed for the run are spent
    ├── RequestNotAllowedError    the gateway does not send a request (another origin, a method that writes)
    ├── NoResponseError           one request got no complete response
    │   └── BrokenResponseError   the response is not what its headers say
    └── EngineError               the engine failed

A rule that cannot be judged raises a `NotJudged`, which is not an error of the kit::

    NotJudged
    ├── NotRequested              the run does not ask for it
    ├── OtherAuthentication       the rule is about another kind of credentials
    ├── NotOffered                the tenant does not serve it, and need not
    ├── NotEnoughData             the tenant has fewer records or values than the rule needs
    ├── Refused                   the tenant refuses the credentials of the run there
    ├── BeyondBudget              it would take too many requests
    ├── Unanswered                the tenant did not answer, or is busy
    └── ExplainedBy               a failed check of another rule explains it

No message contains a secret, a body, or a value of a record.
"""

from typing import Any, ClassVar, Literal

from oneroster.contract.causes import Cause
from oneroster.contract.levels import Level

__all__ = [
    "AccessRefusedError",
    "BeyondBudget",
    "BrokenResponseError",
    "BudgetSpentError",
    "EngineError",
    "ExplainedBy",
    "KitError",
    "NoResponseError",
    "NotEnoughData",
    "NotJudged",
    "NotOffered",
    "NotRequested",
    "OtherAuthentication",
    "Refused",
    "RequestNotAllowedError",
    "TenantNotTestableError",
    "Unanswered",
    "UnreachableError",
]


class KitError(Exception):
    """Base of all errors of the contract kit."""


class TenantNotTestableError(KitError):
    """The tenant cannot be judged; the message says why and what to do."""


class UnreachableError(TenantNotTestableError):
    """No server responds at the base URL, or it stopped responding."""


class AccessRefusedError(TenantNotTestableError):
    """The tenant or its token endpoint does not accept the credentials."""


class BudgetSpentError(KitError):
    """The requests or the seconds allowed for the run are spent."""


class RequestNotAllowedError(KitError):
    """The gateway does not send this request: its method or origin is not allowed."""


class EngineError(KitError):
    """The engine failed; the message names the types of its errors."""


class NoResponseError(KitError):
    """One request got no complete response (reset, timeout, endless body)."""


class BrokenResponseError(NoResponseError):
    """A response began and is not what its headers say: another length, another encoding, no HTTP."""


class NotJudged(Exception):  # noqa: N818  # not an error
    """Base of the causes for which a rule is not judged; the message says why, in terms of this tenant.

    Attributes:
        cause: The cause, one of the closed list.
    """

    cause: ClassVar[Cause] = Cause.UNEXPLAINED


class NotRequested(NotJudged):
    """The run does not ask for what the rule does.

    Attributes:
        what: The part of a run that was not asked for.
    """

    cause = Cause.NOT_REQUESTED

    def __init__(self, what: Literal["writes", "negative", "stateful", "excluded"]) -> None:
        """Initialise it from the part of a run that was not asked for."""
        super().__init__(_NOT_REQUESTED[what])
        self.what = what


class OtherAuthentication(NotJudged):
    """The rule is about another kind of credentials than those of the run; the argument names that kind."""

    cause = Cause.OTHER_AUTHENTICATION

    def __init__(self, kind: str) -> None:
        """Initialise it from the kind of credentials that the rule is about."""
        super().__init__(f"the tenant is not accessed with {kind}")


class NotOffered(NotJudged):
    """The tenant does not serve what the rule checks, and need not."""

    cause = Cause.NOT_OFFERED


class NotEnoughData(NotJudged):
    """The tenant has fewer records or values than the rule needs.

    Attributes:
        have: How many it has.
        need: How many the rule needs.
    """

    cause = Cause.NOT_ENOUGH_DATA

    def __init__(self, have: int, need: int, noun: str) -> None:
        """Initialise it from two numbers, and a noun that fits the second, such as ``rows``."""
        super().__init__(f"needs {need} {noun}, found {have}")
        self.have = have
        self.need = need


class Refused(NotJudged):
    """The tenant answers 401 or 403 to the credentials of the run."""

    cause = Cause.REFUSED


class BeyondBudget(NotJudged):
    """The check would take more requests than the kit spends on it."""

    cause = Cause.BUDGET


class Unanswered(NotJudged):
    """The tenant did not answer, or answers that it is busy."""

    cause = Cause.NO_RESPONSE


class ExplainedBy(NotJudged):
    """A failed check of another rule explains why this one cannot be judged.

    Attributes:
        rules: The ids of the rules of which one explains it, the likeliest first.
        operation_id: The operation whose check explains it, where it is not the judged one.
        anywhere: Whether a failed check of one of the rules on any operation explains it: they are judged on few.
        otherwise: What to report as a violation if no failed check explains it; empty if there must be one.
        level: The level of that violation, where it is lower than that of the rule.
        evidence: Where that violation was seen, of the class `Evidence`.
    """

    cause = Cause.EXPLAINED

    def __init__(
        self,
        rules: str | tuple[str, ...],
        message: str,
        operation_id: str | None = None,
        *,
        anywhere: bool = False,
        otherwise: str = "",
        level: Level | None = None,
        evidence: tuple[Any, ...] = (),
    ) -> None:
        """Initialise it from the rules that may explain it, and what was seen."""
        super().__init__(message)
        self.rules = (rules,) if isinstance(rules, str) else rules
        self.operation_id = operation_id
        self.anywhere = anywhere
        self.otherwise = otherwise
        self.level = level
        self.evidence = evidence


_NOT_REQUESTED = {
    "writes": "writes are tested only with --allow-writes",
    "negative": "invalid requests are generated only with --negative",
    "stateful": "links are followed only with --stateful",
    "excluded": "the operations that it is about are excluded from the run",
}
