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

`NotExercised` is not a `KitError`: a rule raises it if the tenant has nothing that the rule could check, and
`NotOffered` if the reason is that the tenant does not serve it.

No message contains a secret, a body, or a value of a record.
"""

__all__ = [
    "AccessRefusedError",
    "BrokenResponseError",
    "BudgetSpentError",
    "EngineError",
    "KitError",
    "NoResponseError",
    "NotExercised",
    "NotOffered",
    "RequestNotAllowedError",
    "TenantNotTestableError",
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


class NotExercised(Exception):  # noqa: N818 - not an error
    """Raised by a rule that finds nothing to check; the message says why."""


class NotOffered(NotExercised):
    """The tenant does not serve what the rule checks, or not with these credentials."""
