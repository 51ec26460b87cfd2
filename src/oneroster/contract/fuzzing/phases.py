"""The phases of schemathesis that the kit runs."""

from enum import StrEnum

__all__ = ["Phase"]


class Phase(StrEnum):
    """What the engine requests in one run."""

    EXAMPLES = "examples and coverage"
    """The documented values, one by one and combined: few requests, part of every run."""
    FUZZ = "fuzzing"
    """Generated valid values."""
    NEGATIVE = "negative"
    """Generated invalid values."""
    LINKS = "stateful"
    """From collections along the document's links to the reads of their records."""
