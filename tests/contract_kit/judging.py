"""A tenant under judgement that answers as it is told, for tests of single rules."""

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken, Credentials
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.standard import Standard
from tests.contract_kit.hostile import Behaviour, HostileServer, answer, serving

SPECIFICATION = Standard.of("1.1").specification


ORGS = SPECIFICATION.operations["getAllOrgs"]
ORG = SPECIFICATION.operations["getOrg"]
EMPTY = answer(b'{"orgs": []}')


@contextmanager
def judging(
    behave: Behaviour, way: Callable[[HostileServer], Credentials] = lambda _: BearerToken("t")
) -> Iterator[ObservedTenant]:
    """A tenant that behaves so and has answered once as it should, when it could."""
    with serving(behave) as server:
        target = Target(server.base_url, access=way(server))
        with Gateway(target, RunBudget(timeout=5), pause=lambda _: None) as gateway:
            tenant = ObservedTenant(gateway)
            tenant.ask(ORGS, query={"limit": 1})
            yield tenant


def by_method(answers: Mapping[str, bytes]) -> Behaviour:
    """Answer by the method of the request; GET is answered with an empty collection unless told otherwise."""

    def behave(connection: socket.socket, head: bytes) -> None:
        connection.sendall(answers.get(head.split(b" ")[0].decode(), EMPTY))

    return behave


def levels(findings: Iterable[Finding]) -> list[Level | None]:
    """The levels of findings; None where the rule's own clause decides."""
    return [each.level for each in findings]
