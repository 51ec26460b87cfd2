"""Client faults of tokens: tokens that become invalid before they expire."""

from collections import OrderedDict
from itertools import count

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.client.attempt_counter import AttemptCounter
from oneroster.sandbox.http.raw_request import RawRequest

_VALID_REQUESTS = 4
_MAX_TOKENS = 10_000


class TokenRevoked(Fault):
    name = "token-revoked"
    does = "revokes every second bearer token after four requests, starting with the first token that it receives"
    breaks = "7.4 OAuth 2.0 [A]: a token is valid until it expires"

    def __init__(self) -> None:
        self._uses = AttemptCounter()
        self._numbers = count()
        self._order: OrderedDict[str, int] = OrderedDict()

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        if isinstance(outcome, Denied) or not _has_bearer_token(raw_request):
            return outcome
        token = raw_request.authorization
        if token not in self._order:
            self._order[token] = next(self._numbers)
            if len(self._order) > _MAX_TOKENS:
                self._order.popitem(last=False)
        revoked = self._uses.next(token) > _VALID_REQUESTS and self._order[token] % 2 == 0
        return Denied("the token was revoked", "invalid_token") if revoked else outcome


class TokenExpired(Fault):
    name = "token-expired"
    does = "treats every bearer token as expired, even a new one"
    breaks = "7.4 OAuth 2.0 [A]: a token is valid until it expires"

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        return Denied("the token has expired", "invalid_token") if _has_bearer_token(raw_request) else outcome


def _has_bearer_token(raw_request: RawRequest) -> bool:
    return raw_request.authorization.lower().startswith("bearer ")
