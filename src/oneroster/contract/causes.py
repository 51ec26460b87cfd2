"""The causes for which a rule is not judged on an operation: a closed list.

Some causes are without blame: the check was not asked for, or the tenant has nothing that the rule could check. Others
leave a gap: the check was asked for and could not be made. The rest names a finding that explains it.
"""

from enum import StrEnum
from typing import Final

__all__ = ["Cause"]


class Cause(StrEnum):
    """Why a rule was not judged on an operation."""

    NOT_REQUESTED = "not requested"
    """The run does not ask for it: writes, generated invalid requests, links, or an excluded operation."""
    OTHER_AUTHENTICATION = "other authentication"
    """The rule is about another kind of credentials than those of the run."""
    NOT_OFFERED = "not offered"
    """The tenant does not serve what the rule checks, and need not."""
    NOT_ENOUGH_DATA = "not enough data"
    """The tenant has fewer records or values than the rule needs."""
    EXPLAINED = "explained by another finding"
    """The check would say the same as a failed check that the report names."""
    REFUSED = "refused"
    """The tenant answers 401 or 403 to the credentials of the run."""
    BUDGET = "budget or time"
    """The requests or the seconds of the run do not suffice, or it was interrupted."""
    NO_RESPONSE = "no response"
    """The tenant did not answer, answers that it is busy, or sends nothing of OneRoster."""
    UNEXPLAINED = "not explained"
    """The tenant behaves in a way that the rule cannot judge and that no finding explains; the kit lacks a rule."""
    KIT_ERROR = "error of the kit"
    """The kit failed."""

    @property
    def leaves_a_gap(self) -> bool:
        """Whether the check was asked for and could not be made."""
        return self in _GAPS


_GAPS: Final = frozenset({Cause.REFUSED, Cause.BUDGET, Cause.NO_RESPONSE, Cause.UNEXPLAINED})
