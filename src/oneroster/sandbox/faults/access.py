"""Faults of access: a door that stands open."""

# every hook is given the same arguments, whether or not a fault needs them

from oneroster.sandbox.access import Admitted, Denied
from oneroster.sandbox.arrival import Arrival
from oneroster.sandbox.faults.frame import Fault


class OpenDoor(Fault):
    name = "open-door"
    does = "serves callers who show no credentials at all"
    breaks = "6.1 status 401 [A]: not authenticated"

    def admit(self, arrival: Arrival, verdict: Admitted | Denied) -> Admitted | Denied:
        return verdict if arrival.has_credentials else Admitted()


class AnyToken(Fault):
    name = "any-token"
    does = "serves callers with any bearer token or signature, right or wrong"
    breaks = "6.1 status 401 [A]: bad token or signature"

    def admit(self, arrival: Arrival, verdict: Admitted | Denied) -> Admitted | Denied:
        wrong = isinstance(verdict, Denied) and arrival.has_credentials
        return Admitted() if wrong else verdict


FAULTS = (OpenDoor, AnyToken)
