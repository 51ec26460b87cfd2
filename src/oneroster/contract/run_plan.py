"""What a run does beyond its rules: which operations it judges, and how far the engine goes."""

from dataclasses import dataclass
from typing import Final

__all__ = ["RunPlan"]

OPERATIONS: Final = 60
"""Reads of any dialect, roughly."""
NEGATIVE_REQUESTS: Final = 800
STATEFUL_REQUESTS: Final = 200
"""What these manners of the engine take on a tenant that serves everything."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The extent of a run.

    ``operations`` are the operationIds to judge (None: all of the dialect). ``fuzz`` is the number of requests that the
    engine makes up for each operation besides its examples; with ``negative`` it also asks what is not lawful, and with
    ``stateful`` it follows the document's links from collections to reads.
    """

    operations: frozenset[str] | None = None
    fuzz: int = 0
    negative: bool = False
    stateful: bool = False

    def requests(self, usual: int) -> int:
        """How many requests a run may need that needs ``usual`` without the engine's further manners."""
        made_up = OPERATIONS * self.fuzz * (2 if self.negative else 1)
        return (
            usual + made_up + (NEGATIVE_REQUESTS if self.negative else 0) + (STATEFUL_REQUESTS if self.stateful else 0)
        )

    def judges(self, operation_id: str) -> bool:
        """Whether an operation is to be judged; others are at most asked."""
        return self.operations is None or operation_id in self.operations
