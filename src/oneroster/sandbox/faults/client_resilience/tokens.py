"""Faults of tokens, to rehearse a client: tokens that end earlier than was promised."""

from collections import OrderedDict
from itertools import count

from oneroster.sandbox.auth.authentication import Admitted, Denied
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.client_resilience.attempt_counter import AttemptCounter
from oneroster.sandbox.http.raw_request import RawRequest

_GOOD_FOR = 4
_REMEMBERED = 10_000


class TokenRevoked(Fault):
    name = "token-revoked"
    does = "revokes every second bearer token, the first that it sees included, after four requests"
    breaks = "7.4 OAuth 2.0 [A]: a token is good until it expires"

    def __init__(self) -> None:
        self._uses = AttemptCounter()
        self._numbers = count()
        self._order: OrderedDict[str, int] = OrderedDict()

    def admit(self, arrival: RawRequest, verdict: Admitted | Denied) -> Admitted | Denied:
        if isinstance(verdict, Denied) or not _is_bearer(arrival):
            return verdict
        token = arrival.authorization
        if token not in self._order:
            self._order[token] = next(self._numbers)
            if len(self._order) > _REMEMBERED:
                self._order.popitem(last=False)
        spent = self._uses.next(token) > _GOOD_FOR
        return Denied("the token was revoked", "invalid_token") if spent and self._order[token] % 2 == 0 else verdict


class TokenExpired(Fault):
    name = "token-expired"
    does = "takes every bearer token for expired, however new"
    breaks = "7.4 OAuth 2.0 [A]: a token is good until it expires"

    def admit(self, arrival: RawRequest, verdict: Admitted | Denied) -> Admitted | Denied:
        return Denied("the token has expired", "invalid_token") if _is_bearer(arrival) else verdict


def _is_bearer(arrival: RawRequest) -> bool:
    return arrival.authorization.lower().startswith("bearer ")


FAULTS = (TokenRevoked, TokenExpired)
