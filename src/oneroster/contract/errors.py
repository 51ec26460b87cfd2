"""Why a check, or one request of it, could not go on.

::

    KitError
    ├── Unjudgeable        the tenant cannot be judged at all (exit 3)
    │   ├── Unreachable    nothing answers there, or it stopped answering
    │   └── AccessRefused  it answers, but does not let us in
    ├── BudgetSpent        the requests or the seconds allowed for the run are used up
    ├── Refused            the gateway does not let this request out (an error of the kit or a foreign address)
    └── NoAnswer           one request brought no complete answer

``NotExercised`` stands apart: a rule raises it to say that the tenant gave it nothing to judge.

No message holds a secret, a body, or a value of a record.
"""

__all__ = ["AccessRefused", "BudgetSpent", "KitError", "NoAnswer", "NotExercised", "Refused", "Unjudgeable", "Unreachable"]


class KitError(Exception):
    """Base of all errors of the contract kit."""


class Unjudgeable(KitError):
    """The tenant cannot be judged; the message says why and what to do."""


class Unreachable(Unjudgeable):
    """Nothing answers at the base URL, or the tenant stopped answering."""


class AccessRefused(Unjudgeable):
    """The tenant or its token endpoint does not accept the credentials."""


class BudgetSpent(KitError):
    """The requests or the seconds allowed for the run are used up."""


class Refused(KitError):
    """The gateway does not let this request out: the method or the origin is not allowed."""


class NoAnswer(KitError):
    """One request brought no complete answer (reset, timeout, endless body)."""


class NotExercised(Exception):
    """Raised by a rule that found nothing to judge; the text says why.

    It is no failure of anything, hence no ``KitError``.
    """
