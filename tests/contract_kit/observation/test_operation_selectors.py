"""Operations are selected by the responses that they returned."""

import json
import socket
from collections.abc import Iterable

from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import (
    collections,
    first_readable,
    first_usable_response,
    offered,
    one_of_each_service,
    readable,
    readable_path,
    reads,
    with_expected_errors,
)
from oneroster.contract.observation.provoked_errors import ExpectedErrors, Refusals
from oneroster.contract.observation.walk import walk
from oneroster_runtime.specification import Operation
from tests.contract_kit.hostile import answer
from tests.contract_kit.judging import ORG, ORGS, judging

ROWS = {"orgs": 2, "schools": 0, "categories": 1}


def small(connection: socket.socket, head: bytes) -> None:
    """Serve a few collections and one org; everything else is missing."""
    name = head.split(b"?")[0].split(b" ")[1].rpartition(b"/")[2].decode()
    if name in ROWS:
        rows = [{"sourcedId": f"{name}-{number}"} for number in range(ROWS[name])]
        key = "orgs" if name == "schools" else name
        connection.sendall(
            answer(json.dumps({key: rows if b"offset=0" in head or b"limit=1" in head else []}).encode())
        )
    elif name == "a%2Fb":
        connection.sendall(answer(b'{"org": {"sourcedId": "a/b"}}'))
    else:
        connection.sendall(answer(b"", "404 Not Found"))


def read(tenant: ObservedTenant, *names: str) -> None:
    for name in names:
        operation = tenant.dialect.operations[name]
        tenant.add_walk(walk(tenant.ask, operation, {}, limit=10, max_rows=100, max_pages=10))


def ids(operations: Iterable[Operation]) -> list[str]:
    return [each.operation_id for each in operations]


def test_operations_are_selected_by_their_responses() -> None:
    with judging(small) as tenant:
        read(tenant, "getAllSchools", "getAllOrgs", "getAllUsers", "getAllCategories")
        tenant.ask(ORG, {"id": "a/b"})
        assert set(ids(offered(tenant))) == {"getAllOrgs", "getAllSchools", "getAllCategories", "getOrg"}
        assert set(ids(collections(tenant))) == {"getAllOrgs", "getAllSchools", "getAllCategories"}
        assert ids(reads(tenant)) == ["getOrg"]
        assert ids(readable(tenant))[-2:] == ["getAllSchools", "getOrg"]
        assert ids(first_readable(tenant)) == ids(readable(tenant))[:1]
        assert ids(one_of_each_service(tenant)) == ["getAllSchools", "getAllCategories"]
        assert readable_path(tenant, ORG) == "/orgs/a%2Fb"
        assert first_usable_response(tenant, ORG).ids == ["a/b"]


def test_expected_errors_and_refusals_are_kept_apart() -> None:
    with judging(small) as tenant:
        exchange = tenant.probe("/unknown")
        assert ids(with_expected_errors(tenant)) == []
        Refusals.of(tenant).add(ORG, exchange)
        assert ids(with_expected_errors(tenant)) == []
        ExpectedErrors.of(tenant).add(ORGS, exchange)
        assert ids(with_expected_errors(tenant)) == ["getAllOrgs"]
        assert ExpectedErrors.of(tenant).errors(ORGS) == [exchange]
        assert Refusals.of(tenant).unauthorized(ORG) == []
