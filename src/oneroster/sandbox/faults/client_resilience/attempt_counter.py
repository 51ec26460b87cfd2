"""What rehearsals remember: how often the same was asked of this one tenant."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from oneroster.sandbox.requests.operation_request import OperationRequest

_MOST: Final = 10_000


class AttemptCounter:
    """Counts, the oldest forgotten first when they grow too many."""

    def __init__(self) -> None:
        self._counts: OrderedDict[Hashable, int] = OrderedDict()

    def next(self, key: Hashable) -> int:
        """The number of this turn, 1 for the first."""
        number = self._counts.pop(key, 0) + 1
        self._counts[key] = number
        if len(self._counts) > _MOST:
            self._counts.popitem(last=False)
        return number


def request_of(call: OperationRequest) -> Hashable:
    """The same for every try of one request."""
    return call.operation.operation_id, call.url, call.pairs
