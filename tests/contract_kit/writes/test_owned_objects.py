"""Objects that the kit creates in a tenant are removed, however the run ends; those that remain are reported."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from rich.console import Console

from oneroster.contract.catalogue import select
from oneroster.contract.errors import NotJudged
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken, OAuth2Credentials
from oneroster.contract.http.gateway import OWN, Gateway
from oneroster.contract.http.target import Target, required_scopes
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.reports import json_report, terminal
from oneroster.contract.reports.summary_model import Summary
from oneroster.contract.result import Cause, CheckReport
from oneroster.contract.run_progress import RunProgress
from oneroster.contract.runner import check
from oneroster.contract.writes.owned_objects import cleanup, is_gone, leftovers, owned_objects
from oneroster.contract.writes.sample_records import sample_record
from oneroster.sandbox import Sandbox, Variants
from oneroster.standard import Standard
from tests.patience import ended

STANDARD = Standard.of("1.1")


PATHS = ("categories", "lineItems", "results")


@contextmanager
def watched(**options: Any) -> Iterator[tuple[Sandbox, httpx.Client]]:
    with Sandbox(**options) as tenant:
        headers = {"Authorization": f"Bearer {tenant.token}"}
        with httpx.Client(base_url=tenant.base_url, headers=headers) as client:
            yield tenant, client


def rows(client: httpx.Client) -> dict[str, Any]:
    """All records of the gradebook, by collection."""
    return {path: client.get(f"/{path}", params={"limit": 10_000}).json()[path] for path in PATHS}


def own(client: httpx.Client) -> list[str]:
    """The ids of the kit that are in the tenant and not marked for deletion."""
    every = [row for path in PATHS for row in rows(client)[path]]
    return [row["sourcedId"] for row in every if row["sourcedId"].startswith(OWN) and row["status"] == "active"]


def judged(tenant: Sandbox, **options: Any) -> CheckReport:
    target = Target(tenant.base_url, access=BearerToken(tenant.token), allow_writes=True)
    return check(target, rules=select(["writes"]), seed=1, **options)


def interrupting(rule_id: str) -> Any:
    """A progress that interrupts the run when it comes to a rule."""

    def progress(run: RunProgress) -> None:
        if rule_id in run.step:
            raise KeyboardInterrupt

    return progress


def test_the_tenant_is_afterwards_as_it_was_before() -> None:
    with watched() as (tenant, client):
        before = rows(client)
        report = judged(tenant)
        assert rows(client) == before
    assert {each.status for each in report.checks} == {"passed", "not judged"}
    assert report.leftovers == ()
    assert "leftovers" not in json_report.as_json(Summary.of(report))


def test_where_deleting_marks_nothing_stays_unmarked() -> None:
    with watched(variants=Variants(soft_delete=True)) as (tenant, client):
        assert judged(tenant).leftovers == ()
        assert own(client) == []


@pytest.mark.parametrize("rule_id", ["OR-WRT-02", "OR-WRT-14", "OR-WRT-20"])
def test_an_interrupt_leaves_nothing_behind(rule_id: str) -> None:
    with watched() as (tenant, client):
        before = rows(client)
        with pytest.raises(KeyboardInterrupt) as interrupt:
            judged(tenant, progress=interrupting(rule_id))
        assert rows(client) == before
    assert not hasattr(interrupt.value, "__notes__")


def test_an_error_leaves_nothing_behind() -> None:
    def crash(_tenant: Any) -> None:
        raise RuntimeError("a defect of the kit")

    with watched() as (tenant, client):
        with pytest.raises(RuntimeError, match="a defect"):
            judged(tenant, inspect=crash)
        assert own(client) == []


def test_a_spent_budget_leaves_nothing_behind() -> None:
    with watched() as (tenant, client):
        report = judged(tenant, limits=RunBudget(requests=1))
        assert own(client) == []
    assert report.exit_code() == 3
    assert Cause.BUDGET in {each.cause for each in report.checks}


def test_what_cannot_be_removed_is_listed() -> None:
    with watched(faults=["delete-forgets"]) as (tenant, client):
        report = judged(tenant)
        left = own(client)
    assert sorted(unquote(request.rpartition("/")[2]) for request in report.leftovers) == sorted(left)
    assert len(left) > 3
    assert all(request.startswith("DELETE /") for request in report.leftovers)
    assert json_report.as_json(Summary.of(report))["leftovers"] == list(report.leftovers)
    shown = StringIO()
    terminal.print_report(Summary.of(report), Console(file=shown, width=200))
    assert all(request in shown.getvalue() for request in report.leftovers)


def test_an_interrupt_tells_what_cannot_be_removed() -> None:
    with watched(faults=["delete-forgets"]) as (tenant, client):
        with pytest.raises(KeyboardInterrupt) as interrupt:
            judged(tenant, progress=interrupting("OR-WRT-05"))
        left = own(client)
    assert sorted(unquote(note.rpartition("/")[2]) for note in interrupt.value.__notes__) == sorted(left)


def with_scopes(tenant: Sandbox, *left_out: str) -> Target:
    """The tenant, entered with a token that lacks some scopes."""
    scopes = tuple(
        scope
        for scope in required_scopes(STANDARD.specification, writes=True)
        if scope.rpartition("/")[2] not in left_out
    )
    access = OAuth2Credentials(tenant.token_url, tenant.client_id, tenant.client_secret, scopes)
    return Target(tenant.base_url, access=access, allow_writes=True)


def test_a_token_that_may_not_write_is_other_authentication() -> None:
    with watched() as (tenant, client):
        target = with_scopes(tenant, "gradebook.createput", "gradebook.delete")
        report = check(target, rules=select(["writes"]), seed=1)
        assert own(client) == []
    # What nobody may write is refused rightly.
    assert {each.cause for each in report.checks if each.id != "OR-WRT-28"} == {Cause.OTHER_AUTHENTICATION}
    # A token without a scope does not by itself leave a gap.
    assert report.exit_code() == 0


def test_a_token_that_may_not_delete_leaves_behind_what_is_listed() -> None:
    with watched() as (tenant, client):
        report = check(with_scopes(tenant, "gradebook.delete"), rules=select(["writes"]), seed=1)
        left = own(client)
    deletes = [each for each in report.checks if str(each.operation_id).startswith("delete")]
    assert {each.cause for each in deletes} == {Cause.OTHER_AUTHENTICATION}
    assert sorted(unquote(request.rpartition("/")[2]) for request in report.leftovers) == sorted(left)
    assert report.violations() == []


def test_results_stand_below_own_line_items_for_people_who_are_there() -> None:
    put: list[dict[str, Any]] = []
    with watched(faults=["delete-forgets"]) as (tenant, client):
        judged(tenant)
        for path in PATHS:
            put += [row for row in rows(client)[path] if row["sourcedId"].startswith(OWN)]
        students = {row["sourcedId"] for row in client.get("/students?limit=1000").json()["users"]}
    results = [row for row in put if "score" in row]
    items = {row["sourcedId"]: row for row in put if "resultValueMax" in row}
    assert results
    for row in results:
        assert row["lineItem"]["sourcedId"] in items
        assert row["student"]["sourcedId"] in students
    assert all(row["title"].startswith("oneroster-check") for row in put if "title" in row)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_removes_what_it_made_when_it_is_ended(ending: signal.Signals, tmp_path: Path) -> None:
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);from oneroster.cli import main; main()"
    )
    with watched(variants=Variants(latency=0.02)) as (tenant, client):
        command = [sys.executable, "-c", program, "check", "--include", "writes", "--allow-writes"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ONEROSTER_TOKEN": tenant.token}
        with (
            subprocess.Popen(
                [*command, "--base-url", tenant.base_url],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            ) as process,
            ended(process),
        ):
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("judging"):
                    break
            while not own(client):
                assert process.poll() is None
            process.send_signal(ending)
            _, told = process.communicate()
            assert process.returncode == 130, told
        assert own(client) == []
    assert "left in the tenant" not in told


def test_the_help_warns(tmp_path: Path) -> None:
    program = "from oneroster.cli import main; main()"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "200", "NO_COLOR": "1"}
    command = [sys.executable, "-c", program, "check", "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    told = " ".join(done.stdout.replace("│", " ").split())
    assert "--allow-writes" in told
    assert "WARNING: this writes to the tenant" in told
    assert json.dumps(OWN)[1:-1] in told


@contextmanager
def opened(*, allow_writes: bool = True, **options: Any) -> Iterator[ObservedTenant]:
    """A tenant of the sandbox after its snapshot."""
    with Sandbox(**options) as sandbox:
        target = Target(sandbox.base_url, access=BearerToken(sandbox.token), allow_writes=allow_writes)
        with Gateway(target) as gateway:
            yield ObservedTenant(gateway)


def test_without_leave_there_are_no_objects_to_own() -> None:
    with opened(allow_writes=False) as tenant:
        with pytest.raises(NotJudged, match="--allow-writes"):
            owned_objects(tenant)
        with cleanup(tenant):
            pass
        assert leftovers(tenant) == ()
        assert tenant.gateway.spent == 0


def test_a_helper_is_created_once() -> None:
    with opened() as tenant, cleanup(tenant):
        objects = owned_objects(tenant)
        assert objects is owned_objects(tenant)
        first = objects.helper("Category", lambda: sample_record(objects, "Category"))
        assert first == objects.helper("Category", lambda: pytest.fail("made twice"))
        assert objects.read("Category", str(first)).problem is None


def test_an_element_without_writes_cannot_be_put() -> None:
    with opened() as tenant:
        with pytest.raises(NotJudged, match="no PUT of Org"):
            owned_objects(tenant).operation("Org", "PUT")
        assert owned_objects(tenant).operation("Category", "DELETE").operation_id == "deleteCategory"


def test_both_ids_of_a_put_are_removed() -> None:
    with opened() as tenant:
        with cleanup(tenant):
            objects = owned_objects(tenant)
            record = sample_record(objects, "Category")
            other = objects.new_id()
            objects.put("Category", other, {"category": record}, also=record["sourcedId"])
        assert is_gone(objects.read("Category", other))
        assert is_gone(objects.read("Category", record["sourcedId"]))
        assert leftovers(tenant) == ()
