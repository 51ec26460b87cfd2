"""Several workers find what one finds, keep the same promises to the tenant, and are held back together."""

import socket
import threading
import time

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.errors import BudgetSpentError, UnreachableError
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken, OAuth2Credentials
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.parallel import map_parallel
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.result import CheckReport
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox
from tests.contract_kit.hostile import Behaviour, answer, resets, says, serving

WORKERS = 4
OVER = frozenset({"getAllUsers", "getAllClasses", "getClass", "getAllTeachers", "getAllSchools", "getStudentsForClass"})
FAULTS = ("lost-row", "missing-required", "subset-incomplete", "open-door")


def judged(workers: int) -> CheckReport:
    with Sandbox(faults=FAULTS) as tenant:
        target = Target(tenant.base_url, access=BearerToken(tenant.token))
        rules = select(["paging", "schema", "semantics", "access"])
        return check(target, RunBudget(workers=workers), rules=rules, plan=RunPlan(OVER), seed=1)


def test_four_workers_find_what_one_finds() -> None:
    one, four = judged(1), judged(WORKERS)
    assert {each.family for each in one.violations(Level.SHOULD)} == {"paging", "schema", "semantics", "access"}
    assert not one.kit_errors()

    def told(report: CheckReport) -> list[tuple[str, str, str | None, str]]:
        return [(each.id, str(each.status), each.operation_id, each.message) for each in report.checks]

    assert told(four) == told(one)
    assert four.target.requests == one.target.requests


def test_results_come_in_the_order_of_the_items() -> None:
    gate = threading.Event()

    def work(number: int) -> int:
        # The first ends last.
        if number == 0:
            assert gate.wait(10)
        else:
            gate.set()
        return number

    assert map_parallel(WORKERS, work, range(3)) == [0, 1, 2]


@pytest.mark.parametrize("workers", [1, WORKERS])
def test_the_first_error_ends_it_and_what_has_not_begun_is_left_out(workers: int) -> None:
    begun = []

    def work(number: int) -> None:
        begun.append(number)
        raise KeyError(number)

    with pytest.raises(KeyError, match="0"):
        map_parallel(workers, work, range(1000))
    assert len(begun) < 1000


def all_at_once(gateway: Gateway, requests: int) -> list[int | str]:
    """The statuses, or the names of the errors, of requests sent by workers."""

    def ask(_: int) -> int | str:
        try:
            return gateway.get("/orgs").status
        except (BudgetSpentError, UnreachableError) as error:
            return type(error).__name__

    return map_parallel(WORKERS, ask, range(requests))


def test_the_budget_holds_for_all_together() -> None:
    with (
        serving(says(answer(b"{}"))) as server,
        Gateway(Target(server.base_url), RunBudget(requests=7, workers=WORKERS)) as gateway,
    ):
        outcomes = all_at_once(gateway, 20)
        assert gateway.spent == len(server.requests) == 7
    assert sorted(map(str, outcomes)) == ["200"] * 7 + ["BudgetSpentError"] * 13


def test_the_rate_holds_for_all_together() -> None:
    with (
        serving(says(answer(b"{}"))) as server,
        Gateway(Target(server.base_url), RunBudget(rate=50, workers=WORKERS)) as gateway,
    ):
        began = time.monotonic()
        all_at_once(gateway, 11)
        assert time.monotonic() - began >= 10 / 50


def test_a_busy_tenant_holds_all_of_them_back() -> None:
    busy = answer(b"", "429 Too Many Requests", Retry_After="7")
    paused: list[float] = []
    told = threading.Event()

    def behave(connection: socket.socket, head: bytes) -> None:
        (says(answer(b"{}")) if told.is_set() else says(busy))(connection, head)
        told.set()

    with (
        serving(behave) as server,
        Gateway(Target(server.base_url), RunBudget(workers=WORKERS), paused.append) as gateway,
    ):
        assert gateway.get("/orgs").status == 200
        # Whoever asks within these seconds waits for their end, although only one was told.
        before = len(paused)
        assert gateway.get("/users").status == 200
    assert paused[0] == 7
    # The next slot is a little later than the end of the pause, by as much as this machine took to get here.
    assert 0 < paused[before] < 2 * 7


def test_a_tenant_that_is_gone_is_gone_for_all() -> None:
    with serving(resets) as server, Gateway(Target(server.base_url), RunBudget(timeout=5, workers=WORKERS)) as gateway:
        outcomes: set[str] = set()
        for _ in range(10):
            try:
                gateway.get("/orgs")
            except Exception as error:
                outcomes.add(type(error).__name__)
    assert outcomes == {"NoResponseError", "UnreachableError"}


def test_one_token_is_fetched_for_all_and_renewed_once() -> None:
    tokens: list[str] = []
    taken: set[str] = set()

    def behave(connection: socket.socket, head: bytes) -> None:
        if head.startswith(b"POST"):
            tokens.append(f"t-{len(tokens)}")
            taken.clear()
            taken.add(tokens[-1])
            reply: Behaviour = says(answer(b'{"access_token": "%s", "token_type": "bearer"}' % tokens[-1].encode()))
        else:
            known = any(f"Bearer {token}\r\n".encode() in head for token in taken)
            reply = says(answer(b"{}", "200 OK" if known else "401 Unauthorized"))
        reply(connection, head)

    with serving(behave) as server:
        access = OAuth2Credentials(f"{server.base_url}/token", "me", "s")
        with Gateway(Target(server.base_url, access=access), RunBudget(workers=WORKERS)) as gateway:
            assert all_at_once(gateway, 8) == [200] * 8
            assert len(tokens) == 1
            taken.clear()
            assert all_at_once(gateway, 8) == [200] * 8
            assert len(tokens) == 2
