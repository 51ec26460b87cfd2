"""What may leave the kit: reads, and with leave also PUT and DELETE to objects whose ids were made up in this run."""

from collections.abc import Iterator
from typing import Any

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.errors import NoResponseError, RequestNotAllowedError, UnreachableError
from oneroster.contract.http.budget import REQUESTS_FOR_WRITES, RunBudget
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import OWN, Gateway
from oneroster.contract.http.target import Target, required_scopes
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from tests.contract.recorder import Recorder, recording
from tests.contract_kit.hostile import serving

STANDARD = Standard.of("1.1")
SPECIFICATION = STANDARD.specification


PUT = SPECIFICATION.operations["putCategory"]
DELETE = SPECIFICATION.operations["deleteCategory"]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with recording() as recorder:
        yield recorder


def gateway_to(recorder: Recorder, *, allow_writes: bool, **limits: Any) -> Gateway:
    return Gateway(Target(recorder.base_url, allow_writes=allow_writes), RunBudget(**limits))


@pytest.mark.parametrize("operation", [PUT, DELETE], ids=lambda operation: operation.operation_id)
def test_without_leave_no_write_leaves(recorder: Recorder, operation: Any) -> None:
    with (
        gateway_to(recorder, allow_writes=False) as gateway,
        pytest.raises(RequestNotAllowedError, match="--allow-writes"),
    ):
        gateway.write(operation, gateway.own_id(), b"{}")
    assert recorder.requests == []


@pytest.mark.parametrize("sourced_id", ["category-1", f"{OWN}-0123456789abcdef", "", "../categories/category-1"])
def test_with_leave_no_object_of_others_is_written_to(recorder: Recorder, sourced_id: str) -> None:
    with (
        gateway_to(recorder, allow_writes=True) as gateway,
        pytest.raises(RequestNotAllowedError, match="not created by this"),
    ):
        gateway.write(DELETE, sourced_id)
    assert recorder.requests == []


def test_an_id_of_another_run_is_another_s(recorder: Recorder) -> None:
    with gateway_to(recorder, allow_writes=True) as other:
        foreign = other.own_id()
    with gateway_to(recorder, allow_writes=True) as gateway, pytest.raises(RequestNotAllowedError):
        gateway.write(DELETE, foreign)
    assert recorder.requests == []


@pytest.mark.parametrize("operation_id", ["getCategory", "getAllCategories", "getResultsForStudentForClass"])
def test_only_operations_that_write_to_one_object_are_taken(recorder: Recorder, operation_id: str) -> None:
    with (
        gateway_to(recorder, allow_writes=True) as gateway,
        pytest.raises(RequestNotAllowedError, match="does not write to one"),
    ):
        gateway.write(SPECIFICATION.operations[operation_id], gateway.own_id())
    assert recorder.requests == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PATCH"])
def test_the_way_of_reads_lets_no_write_through(recorder: Recorder, method: Any) -> None:
    with gateway_to(recorder, allow_writes=True) as gateway, pytest.raises(RequestNotAllowedError):
        gateway.send(method, f"{recorder.base_url}/categories/{gateway.own_id()}")
    assert recorder.requests == []


def test_with_leave_own_objects_are_put_and_deleted(recorder: Recorder) -> None:
    with gateway_to(recorder, allow_writes=True) as gateway:
        own = gateway.own_id()
        assert own.startswith("oneroster-check-")
        assert gateway.write(PUT, own, b'{"category": {}}').status == 200
        put = recorder.taken()
        assert gateway.write(DELETE, own).status == 200
        delete = recorder.taken()
    assert (put.method, put.target, put.body) == ("PUT", f"/ims/oneroster/v1p1/categories/{own}", b'{"category": {}}')
    assert put.headers["content-type"] == "application/json"
    assert (delete.method, delete.target, delete.body) == ("DELETE", f"/ims/oneroster/v1p1/categories/{own}", b"")


def test_what_was_made_is_removed_even_when_the_run_is_over(recorder: Recorder) -> None:
    with gateway_to(recorder, allow_writes=True, requests=1, seconds=0) as gateway:
        for _ in range(REQUESTS_FOR_WRITES + 2):
            assert gateway.write(DELETE, gateway.own_id()).status == 200


def test_a_write_whose_connection_broke_is_not_sent_twice() -> None:
    with serving(lambda _connection, _head: None) as server:
        target = Target(server.base_url, allow_writes=True)
        with Gateway(target) as gateway, pytest.raises(NoResponseError):
            gateway.write(PUT, gateway.own_id(), b"{}")
        with Gateway(target) as reading, pytest.raises(UnreachableError):
            reading.get("/orgs")
    assert (gateway.spent, reading.spent) == (1, 2)


def test_a_run_without_leave_sends_nothing_but_safe_methods() -> None:
    sent: set[str] = set()
    with Sandbox() as tenant:
        target = Target(tenant.base_url, access=BearerToken(tenant.token))
        report = check(
            target,
            rules=select(["writes", "errors"]),
            seed=1,
            inspect=lambda judged: sent.update(entry.method for entry in judged.gateway.log),
        )
    writes = [each for each in report.checks if each.family == "writes"]
    assert {(each.status, each.cause) for each in writes} == {("not judged", "not requested")}
    assert all("--allow-writes" in each.message for each in writes)
    assert sent <= {"GET", "HEAD", "OPTIONS", "TRACE"}


def test_scopes_of_writing_are_asked_for_only_with_leave() -> None:
    assert all("readonly" in scope for scope in required_scopes(STANDARD.specification))
    assert {
        scope.rpartition("/")[2]
        for scope in set(required_scopes(STANDARD.specification, writes=True))
        - set(required_scopes(STANDARD.specification))
    } == {
        "gradebook.createput",
        "gradebook.delete",
    }
