"""The manners in which the engine asks a tenant."""

from enum import StrEnum

__all__ = ["Phase"]


class Phase(StrEnum):
    """What the engine asks in one of its runs."""

    EXAMPLES = "examples and coverage"
    """The values of the document, one and all together; few requests, on every run."""
    FUZZ = "fuzzing"
    """Lawful values that are made up, in any number."""
    UNLAWFUL = "negative"
    """Values that the document does not allow."""
    LINKS = "stateful"
    """From the collections along the document's links to the reads of what they list."""
