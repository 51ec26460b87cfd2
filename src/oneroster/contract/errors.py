"""Why a check, or one request of it, could not go on.

::

    KitError
    ├── UnjudgeableError          the tenant cannot be judged at all (exit 3)
    │   ├── UnreachableError      nothing answers there, or it stopped answering
    │   └── AccessRefusedError    it answers, but does not let us in
    ├── BudgetSpentError          the requests or the seconds allowed for the run are used up
    ├── RefusedError              the gateway does not let this request out (a foreign address, a method that writes)
    ├── NoAnswerError             one request brought no complete answer
    └── EngineError               the engine itself failed

``NotExercised`` stands apart: a rule raises it to say that the tenant gave it nothing to judge; ``NotOffered`` when
that is because the tenant does not serve it.

No message holds a secret, a body, or a value of a record.
"""

__all__ = [
    "AccessRefusedError",
    "BudgetSpentError",
    "EngineError",
    "KitError",
    "NoAnswerError",
    "NotExercised",
    "NotOffered",
    "RefusedError",
    "UnjudgeableError",
    "UnreachableError",
]


class KitError(Exception):
    """Base of all errors of the contract kit."""


class UnjudgeableError(KitError):
    """The tenant cannot be judged; the message says why and what to do."""


class UnreachableError(UnjudgeableError):
    """Nothing answers at the base URL, or the tenant stopped answering."""


class AccessRefusedError(UnjudgeableError):
    """The tenant or its token endpoint does not accept the credentials."""


class BudgetSpentError(KitError):
    """The requests or the seconds allowed for the run are used up."""


class RefusedError(KitError):
    """The gateway does not let this request out: the method or the origin is not allowed."""


class EngineError(KitError):
    """The engine itself failed; the message names the types of its errors."""


class NoAnswerError(KitError):
    """One request brought no complete answer (reset, timeout, endless body)."""


class NotExercised(Exception):  # noqa: N818 - it is a verdict and no error
    """Raised by a rule that found nothing to judge; the text says why.

    It is no failure of anything, hence no ``KitError``.
    """


class NotOffered(NotExercised):
    """The tenant does not serve what the rule is about, or not to us."""
