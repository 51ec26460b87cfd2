"""Count repeated requests, for client faults that end after a number of attempts."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from oneroster.sandbox.requests.operation_request import OperationRequest

_MAX_KEYS: Final = 10_000


class AttemptCounter:
    """Counters by key; the least recently used one is dropped when there are too many."""

    def __init__(self) -> None:
        self._counts: OrderedDict[Hashable, int] = OrderedDict()

    def next(self, key: Hashable) -> int:
        """Return the number of this attempt, 1 for the first."""
        number = self._counts.pop(key, 0) + 1
        self._counts[key] = number
        if len(self._counts) > _MAX_KEYS:
            self._counts.popitem(last=False)
        return number


def request_key(request: OperationRequest) -> Hashable:
    """Return a key that is the same for all attempts of one request."""
    return request.operation.operation_id, request.url, request.pairs
