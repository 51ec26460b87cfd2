"""The snapshot of a tenant whose collections do not page."""

import json
import re
import socket

import pytest

from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.snapshot import read_all_collections, sample
from tests.contract_kit.hostile import Behaviour, answer
from tests.contract_kit.judging import ORGS, judging
from tests.in_process import quick_sandbox


def unpaged(rows: int, cap: int | None, *, total: bool) -> Behaviour:
    """Serve so many orgs, and ignore the offset; with a cap of 0, ignore the limit as well."""

    def behave(connection: socket.socket, head: bytes) -> None:
        limit = int((re.search(rb"limit=(\d+)", head) or [b"", b"100"])[1])
        most = {None: limit, 0: rows}.get(cap, cap or 0)
        name = head.split(b"?")[0].rpartition(b"/")[2]
        records = [{"sourcedId": f"o-{number}"} for number in range(min(rows, most))] if name == b"orgs" else []
        headers = {"X_Total_Count": str(rows if name == b"orgs" else 0)} if total else {}
        connection.sendall(answer(json.dumps({"orgs": records}).encode(), **headers))

    return behave


def read(tenant: ObservedTenant) -> tuple[bool, int]:
    read_all_collections(tenant, lambda _: None)
    found = tenant.walk(ORGS)
    return found.complete, len(found)


@pytest.mark.parametrize("total", [False, True])
@pytest.mark.parametrize(
    ("rows", "cap", "complete", "seen"),
    [
        (30, 0, True, 30),
        (1250, 0, True, 1250),
        (97, 0, True, 97),
        (97, None, True, 97),
        (1251, None, True, 1251),
        (97, 20, False, 20),
    ],
)
def test_a3_a_server_that_does_not_page_has_shown_its_whole_collection(
    rows: int, cap: int | None, complete: bool, seen: int, total: bool
) -> None:
    with judging(unpaged(rows, cap, total=total)) as tenant:
        # Without a total, nothing tells a page of one size from a whole collection.
        assert read(tenant) == (complete or (cap == seen and not total), seen)


def test_every_operation_is_read_once_before_any_is_read_twice() -> None:
    with quick_sandbox() as sandbox, Gateway(Target(sandbox.base_url, access=BearerToken(sandbox.token))) as gateway:
        tenant = ObservedTenant(gateway)
        read_all_collections(tenant, lambda _: None)
        asked = [(each.operation, tuple(each.values.items())) for each in tenant.readings()]
    for operations in (tenant.dialect.reads, tenant.dialect.nested):
        firsts: dict[str, tuple[tuple[str, str], ...]] = {}
        order = [(each.operation_id, values) for each, values in asked if each in operations]
        for name, values in order:
            firsts.setdefault(name, values)
        last_first = max(order.index((name, values)) for name, values in firsts.items())
        assert all(firsts[name] == values for name, values in order[: last_first + 1])
        assert len(firsts) == len(operations)


def test_a_sample_holds_an_id_that_needs_escaping() -> None:
    assert sample(["a", "b", "c/d", "e", ".."]) == ["a", "c/d", "e"]
