"""What a run covers besides its rules: the operations to check, and the phases of the engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["RunPlan"]

READS: Final = 60
"""The approximate number of reads of a dialect."""
NEGATIVE_REQUESTS: Final = 800
STATEFUL_REQUESTS: Final = 200
"""Requests of these phases for a tenant that serves all operations."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run covers.

    Attributes:
        operations: The operationIds to check; all of the dialect if None.
        fuzz: The number of valid requests that the engine generates for each operation besides its examples.
        negative: Whether the engine also sends invalid requests.
        stateful: Whether the engine follows the document's links from collections to reads.
        named: The families and rules that the run names one by one; none for a run of everything.
        excluded: The ids of the rules that the run excludes.
        pairs: The operationIds that some rules are limited to, by the id of the rule; None for a run that is not
            limited to single pairs of rule and operation.
    """

    operations: frozenset[str] | None = None
    fuzz: int = 0
    negative: bool = False
    stateful: bool = False
    named: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    pairs: Mapping[str, frozenset[str]] | None = None

    @property
    def partial(self) -> bool:
        """Whether the run names the rules that it judges."""
        return bool(self.named) or self.pairs is not None

    def requests(self, usual: int) -> int:
        """Return how many requests a run may need that needs ``usual`` requests without further phases."""
        generated = READS * self.fuzz * (2 if self.negative else 1)
        further = (NEGATIVE_REQUESTS if self.negative else 0) + (STATEFUL_REQUESTS if self.stateful else 0)
        return usual + generated + further

    def judges(self, operation_id: str, rule_id: str = "") -> bool:
        """Return whether an operation is checked, by a rule if one is given; others are read if a check needs them."""
        limited = (self.pairs or {}).get(rule_id)
        return (self.operations is None or operation_id in self.operations) and (
            limited is None or operation_id in limited
        )
