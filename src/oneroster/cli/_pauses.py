"""What a display says while a command waits before it sends a request again."""

import math

from oneroster.counts import count_of

__all__ = ["pause_words"]


def pause_words(seconds: float, reason: str, repeated: int) -> str:
    """Return for how long and why nothing is sent.

    Args:
        seconds: The rest of the pause.
        reason: Why the last request failed.
        repeated: How many requests were sent again so far, with this one.
    """
    return f"waiting {max(math.ceil(seconds), 1)} s: {reason}; {count_of(repeated, 'request')} sent again so far"
