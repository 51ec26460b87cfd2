"""The harm that a violation does to those who read the tenant, from the worst to the least."""

from enum import StrEnum
from typing import Final

__all__ = ["HARM_OF_FAMILY", "Harm"]


class Harm(StrEnum):
    """What a violation of a rule does; the members are in the order in which to fix violations."""

    ROWS = "rows lost, foreign or hidden"
    ACCESS = "access and injection"
    PRIVACY = "privacy"
    VALUES = "wrong values"
    FORM = "form"

    @property
    def rank(self) -> int:
        """The position in the order in which to fix violations; 0 comes first."""
        return list(Harm).index(self)


HARM_OF_FAMILY: Final = {
    "envelope": Harm.FORM,
    "schema": Harm.VALUES,
    "paging": Harm.ROWS,
    "sorting": Harm.VALUES,
    "filtering": Harm.ROWS,
    "fields": Harm.VALUES,
    "combinations": Harm.ROWS,
    "semantics": Harm.VALUES,
    "additions": Harm.VALUES,
    "access": Harm.ACCESS,
    "errors": Harm.FORM,
    "privacy": Harm.PRIVACY,
    "http": Harm.FORM,
    "writes": Harm.VALUES,
    "engine": Harm.FORM,
}
"""The harm of the rules of a family that name no other."""
