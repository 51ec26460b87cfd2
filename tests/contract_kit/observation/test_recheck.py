"""A tenant changes while it is judged: what came or went between two answers is no breach."""

import json
import socket
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.errors import ExplainedBy, NotJudged
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.observation import recheck
from oneroster.contract.observation.recheck import FreshTenant, confirmed, still_seen
from oneroster.contract.result import CheckReport, Evidence, Finding
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.run_progress import RunProgress
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from tests.contract.fault_sets import rules_for
from tests.contract.matrix import BROKEN_BY
from tests.contract_kit.hostile import answer, serving
from tests.in_process import quick_sandbox

SPECIFICATION = Standard.of("1.1").specification

CHANGING = frozenset(
    {"getAllOrgs", "getOrg"} | {name for name, one in SPECIFICATION.operations.items() if one.tag == "gradebook"}
)
"""What is judged: all that the changes concern, and some that they do not."""
Change = Callable[[httpx.Client], None]


@cache
def judged(when: str, change: Change, *faults: str) -> CheckReport:
    """The report on a tenant that changes when a certain step begins."""
    with Sandbox(faults=faults) as tenant:
        headers = {"Authorization": f"Bearer {tenant.token}"}
        with httpx.Client(base_url=tenant.base_url, headers=headers) as client:

            def progress(run: RunProgress) -> None:
                if run.step == f"reading {when}":
                    change(client)

            target = Target(tenant.base_url, access=BearerToken(tenant.token))
            rules = select(["semantics", "OR-PAG-01", "OR-PAG-05"])
            return check(target, rules=rules, plan=RunPlan(CHANGING), seed=1, progress=progress)


def nothing(_client: httpx.Client) -> None:
    """No change."""


def ids(client: httpx.Client, path: str) -> list[str]:
    return [row["sourcedId"] for row in client.get(f"/{path}?limit=1000").json()[path] if row["status"] == "active"]


def line_items_go(client: httpx.Client) -> None:
    for sourced_id in ids(client, "lineItems"):
        assert client.delete(f"/lineItems/{sourced_id}").status_code in (204, 404)


def categories_go(client: httpx.Client) -> None:
    for sourced_id in ids(client, "categories"):
        assert client.delete(f"/categories/{sourced_id}").status_code in (204, 404)


def categories_are_renamed(client: httpx.Client) -> None:
    for row in client.get("/categories?limit=1000").json()["categories"]:
        assert client.put(f"/categories/{row['sourcedId']}", json={"category": row | {"title": "New"}}).status_code in (
            200,
            404,
        )


def results_turn_up(client: httpx.Client) -> None:
    """Results of students who sit elsewhere, so that the collections read before know nothing of them."""
    for number, row in enumerate(client.get("/results?limit=3").json()["results"]):
        name = f"new-{number}"
        assert client.put(f"/results/{name}", json={"result": row | {"sourcedId": name}}).status_code == 201


def undisturbed() -> CheckReport:
    """The report on a tenant that stays as it is."""
    return judged("", nothing)


@pytest.mark.series
@pytest.mark.parametrize(
    ("when", "change"),
    [
        ("getLineItemsForClass", line_items_go),
        ("getCategory", categories_go),
        ("getCategory", categories_are_renamed),
        ("getResultsForClass", results_turn_up),
        ("getOrg", categories_go),
    ],
)
def test_a_change_between_two_answers_is_no_breach(when: str, change: Change) -> None:
    assert judged(when, change).violations(Level.SHOULD) == undisturbed().violations(Level.SHOULD) == []


def test_a_change_is_looked_at_again() -> None:
    assert judged("getLineItemsForClass", line_items_go).target.requests > undisturbed().target.requests


def test_a_breach_is_told_beside_a_change() -> None:
    report = judged("getLineItemsForClass", line_items_go, "orphan-child")
    assert {each.id for each in report.violations(Level.SHOULD)} == {"OR-SEM-09"}


class Looks:
    """A judge that finds other things at each look."""

    def __init__(self, *found: list[str] | Exception) -> None:
        self._found = list(found)

    def __call__(self, _tenant: Any, _operation: Any) -> Iterator[Finding]:
        found = self._found.pop(0)
        if isinstance(found, Exception):
            raise found
        yield from (Finding("wrong", (Evidence(ids=(sourced_id,)),)) for sourced_id in found)


class FakeTenant:
    """Enough of a tenant to have a fresh one."""

    def memo(self, _kind: Any, _make: Any) -> "FakeTenant":
        return self

    @property
    def view(self) -> "FakeTenant":
        return self

    def repeat(self, _operation: Any, _requests: Any) -> None:
        """Nothing to repeat."""

    def walks(self, _operation: Any) -> tuple[()]:
        """Nothing that may have changed."""
        return ()


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ([], ["a"], []),
        (["a"], [], []),
        (["a", "b"], ["b", "c"], ["b"]),
        (["a"], ["b"], []),
        (["a"], NotJudged("not read to its end"), ["a"]),
    ],
)
def test_only_what_both_looks_show_is_told(first: list[str], second: Any, told: list[str]) -> None:
    judge: Any = confirmed(Looks(first, second))
    found = judge(FakeTenant(), SPECIFICATION.operations["getAllUsers"])
    assert [each.evidence[0].ids[0] for each in found] == told


def test_the_second_look_itself_is_looked_at_once() -> None:
    judge: Any = confirmed(Looks(["a"]))
    assert len(list(judge(FreshTenant.__new__(FreshTenant), SPECIFICATION.operations["getAllUsers"]))) == 1


@pytest.mark.parametrize(
    ("changes", "otherwise"), [([False], "wrong"), ([True, False], "wrong"), ([True, True, True], "")]
)
def test_a_symptom_of_a_collection_that_changes_at_each_look_is_no_breach(
    changes: list[bool], otherwise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recheck, "has_changed", lambda _tenant, _operation: changes.pop(0))
    monkeypatch.setattr(recheck, "fresh", lambda tenant, **_: tenant)
    looks = [ExplainedBy("OR-PAG-05", "seen", otherwise="wrong") for _ in changes]
    judge: Any = confirmed(Looks(*looks))
    with pytest.raises(ExplainedBy) as caught:
        list(judge(FakeTenant(), SPECIFICATION.operations["getAllUsers"]))
    assert caught.value.otherwise == otherwise
    assert changes == []


def test_a_symptom_that_new_data_do_not_show_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recheck, "has_changed", lambda _tenant, _operation: True)
    monkeypatch.setattr(recheck, "fresh", lambda tenant, **_: tenant)
    judge: Any = confirmed(Looks(ExplainedBy("OR-PAG-05", "seen", otherwise="wrong"), [], []))
    assert list(judge(FakeTenant(), SPECIFICATION.operations["getAllUsers"])) == []


def wrong_total_on_small_pages(connection: socket.socket, head: bytes) -> None:
    """Serve 12 orgs, and count one too many unless all fit on the page."""
    query = dict(parse_qsl(urlsplit(head.split(b" ")[1].decode()).query))
    limit, offset = int(query.get("limit", 100)), int(query.get("offset", 0))
    rows = [{"sourcedId": f"o-{number}"} for number in range(12)][offset : offset + limit]
    total = 12 if limit >= 12 else 13
    connection.sendall(answer(json.dumps({"orgs": rows}).encode(), X_Total_Count=str(total)))


def test_a_wrong_total_on_small_pages_is_looked_for_on_small_pages() -> None:
    plan = RunPlan(frozenset({"getAllOrgs"}))
    with serving(wrong_total_on_small_pages) as server:
        target = Target(server.base_url, access=BearerToken("t"))
        report = check(target, rules=select(["OR-PAG-01", "OR-PAG-05"]), plan=plan, seed=1)
    assert {each.id for each in report.violations()} == {"OR-PAG-05"}
    (found,) = report.violations()
    assert "limit=4" in str(found.evidence[0].request)


RECHECKED = sorted(
    fault
    for fault, rule_id in BROKEN_BY.items()
    if rule_id.startswith(("OR-PAG", "OR-SRT", "OR-FLT", "OR-FLD", "OR-SEM"))
)


@pytest.mark.series(by=lambda parameters: BROKEN_BY[parameters["fault"]].rpartition("-")[0])
@pytest.mark.parametrize("fault", RECHECKED)
def test_no_finding_on_a_tenant_that_does_not_change_is_dropped(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[str] = []

    def seen_again(first: list[Finding], second: list[Finding]) -> list[Finding]:
        kept = still_seen(first, second)
        dropped.extend(each.message for each in first if each.message not in {again.message for again in kept})
        return kept

    monkeypatch.setattr(recheck, "still_seen", seen_again)
    with quick_sandbox(faults=[fault]) as tenant:
        target = Target(tenant.base_url, access=BearerToken(tenant.token))
        report = check(target, rules=select(rules_for([fault])), seed=1)
    assert report.violations(Level.SHOULD)
    assert dropped == []
