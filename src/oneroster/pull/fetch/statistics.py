"""What happened while a collection was fetched."""

from dataclasses import dataclass

__all__ = ["FetchStatistics"]


@dataclass
class FetchStatistics:
    """What happened while a collection was fetched.

    Attributes:
        announced: The number of rows that the server announced last; None if it announced none.
        seconds: The duration, also of a fetch that failed before.
        identical: The number of rows left out because another has the same sourcedId and the same content.
        gone: The number of rows that were deleted while the collection was read.
        error: Why the fetch failed; None if it did not.
    """

    announced: int | None = None
    seconds: float = 0.0
    identical: int = 0
    gone: int = 0
    error: Exception | None = None
