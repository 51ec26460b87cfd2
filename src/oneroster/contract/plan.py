"""What a run does beyond its rules: which operations it judges, and how far the engine goes."""

from dataclasses import dataclass

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """The extent of a run.

    ``operations`` are the operationIds to judge (None: all of the dialect). ``fuzz`` is the number of requests that the
    engine makes up for each operation besides its examples; with ``negative`` it also asks what is not lawful, and with
    ``stateful`` it follows the document's links from collections to reads.
    """

    operations: frozenset[str] | None = None
    fuzz: int = 0
    negative: bool = False
    stateful: bool = False

    def judges(self, operation_id: str) -> bool:
        """Whether an operation is to be judged; others are at most asked."""
        return self.operations is None or operation_id in self.operations
