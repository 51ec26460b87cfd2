"""How many pages to have on their way at once: a decision without I/O.

Threads and open windows cost, and bring something only where a walk waits for the server. So it begins with one page
after the other, asks for several once waiting makes up most of the walk, and for twice as many if it still does.
"""

from typing import Final

__all__ = ["AdaptiveConcurrency"]

_MOSTLY: Final = 0.5
# The first page also opens the connection, and a single one may be a chance.
_PAGES: Final = 2


class AdaptiveConcurrency:
    """The number for one walk. It never falls: with enough pages on their way, nothing is left to wait for.

    Args:
        windows: The number where the walk waits.
        adaptive: Whether to begin with 1, and to go to twice `windows` where that is not enough.

    Attributes:
        ahead: The number now.
    """

    def __init__(self, windows: int, adaptive: bool) -> None:
        self.ahead = windows
        self._further: list[int] = []
        if adaptive and windows > 1:
            self.ahead, self._further = 1, [windows, 2 * windows]
        self._pages = 0
        self._waited = self._spent = 0.0

    @property
    def most(self) -> int:
        """The greatest number that may come."""
        return self._further[-1] if self._further else self.ahead

    def note(self, waited: float, spent: float) -> None:
        """Take account of a page.

        Args:
            waited: Seconds during which the walk stood still for it.
            spent: Seconds from one page to the next, those included.
        """
        if not self._further:
            return
        self._pages += 1
        self._waited += waited
        self._spent += spent
        # Pages that were on their way before the number grew say nothing about it.
        if self._pages >= _PAGES + self.ahead - 1:
            if self._waited > _MOSTLY * self._spent:
                self.ahead = self._further.pop(0)
            self._pages, self._waited, self._spent = 0, 0.0, 0.0
