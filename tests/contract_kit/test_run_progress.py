"""The progress of a real run: it tells of each wait for a busy tenant, with its status and the repeated requests."""

import itertools
import socket

from oneroster.contract.catalogue import select
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.target import Target
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.run_progress import RunProgress
from oneroster.contract.runner import check
from tests.contract_kit.hostile import answer, serving


def test_a_run_tells_of_each_wait_when_it_begins() -> None:
    told: list[tuple[str, int, int, int]] = []
    calls = itertools.count()

    def note(run: RunProgress) -> None:
        if run.wait is not None:
            told.append((run.step, run.wait.status, run.wait.repeated, run.requests))

    def busy_at_first(connection: socket.socket, _head: bytes) -> None:
        busy = answer(b"", "429 Slow", Retry_After="0.1")
        connection.sendall(busy if next(calls) < 2 else answer(b'{"orgs": []}'))

    with serving(busy_at_first) as server:
        plan = RunPlan(frozenset({"getAllOrgs"}))
        check(Target(server.base_url), RunBudget(timeout=5), rules=select(["OR-ENV-01"]), plan=plan, progress=note)
    assert told == [("reading getAllOrgs", 429, 1, 1), ("reading getAllOrgs", 429, 2, 2)]
