"""What may leave the kit: reads, and with leave also writes of objects whose ids were made up in this run.

Other ids can be written to only if the tenant allocated them to such objects.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec
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


V1P2 = Standard.of("1.2")
POST_ITEMS = V1P2.specification.operations["postLineItemsForClass"]
DELETE_ITEM = V1P2.specification.operations["deleteLineItem"]
DELETE_RESULT = V1P2.specification.operations["deleteResult"]
PARENTS = {"classSourcedId": "c-1"}


def gateway_of_1_2(recorder: Recorder, *, allow_writes: bool = True) -> Gateway:
    base = recorder.base_url.replace("/ims/oneroster/v1p1", "")
    return Gateway(Target(f"{base}/ims/oneroster", allow_writes=allow_writes, standard=V1P2))


def pairs_of(*pairs: tuple[str, str]) -> bytes:
    found = [{"suppliedSourcedId": one, "allocatedSourcedId": other} for one, other in pairs]
    return msgspec.json.encode({"sourcedIdPairs": found})


def test_without_leave_no_post_leaves(recorder: Recorder) -> None:
    with (
        gateway_of_1_2(recorder, allow_writes=False) as gateway,
        pytest.raises(RequestNotAllowedError, match="--allow-writes"),
    ):
        gateway.create(POST_ITEMS, PARENTS, b"{}", ())
    assert recorder.requests == []


def test_only_a_post_that_returns_ids_creates(recorder: Recorder) -> None:
    with gateway_of_1_2(recorder) as gateway, pytest.raises(RequestNotAllowedError, match="does not create"):
        gateway.create(DELETE_ITEM, {"sourcedId": "x"}, b"{}", ())
    assert recorder.requests == []


@pytest.mark.parametrize("status", [201, 401, 429, 500, 503])
def test_a_post_is_sent_once_whatever_the_response_is(recorder: Recorder, status: int) -> None:
    recorder.status = status
    with gateway_of_1_2(recorder) as gateway, suppress(NoResponseError):
        gateway.create(POST_ITEMS, PARENTS, b"{}", ())
    assert [each.method for each in recorder.requests] == ["POST"]


def test_a_post_whose_connection_broke_is_not_sent_twice() -> None:
    with serving(lambda _connection, _head: None) as server:
        base_url = server.base_url.removesuffix("/v1p1")
        target = Target(base_url, allow_writes=True, standard=V1P2)
        with Gateway(target) as gateway, pytest.raises(NoResponseError):
            gateway.create(POST_ITEMS, PARENTS, b"{}", ())
    assert gateway.spent == 1


def test_only_ids_allocated_to_own_records_that_were_not_there_before_can_be_written_to(recorder: Recorder) -> None:
    with gateway_of_1_2(recorder) as gateway:
        own = gateway.own_id()
        recorder.answer = pairs_of((own, "new"), (own, "old"), ("another's", "foreign"))
        gateway.create(POST_ITEMS, PARENTS, b"{}", {"old"})
        recorder.answer = pairs_of((gateway.own_id(), "new"), (gateway.own_id(), "old"))
        gateway.create(POST_ITEMS, PARENTS, b"{}", {"old"})
        recorder.requests.clear()
        assert gateway.write(DELETE_ITEM, "new").status == recorder.status
        for operation, sourced_id in ((DELETE_ITEM, "old"), (DELETE_ITEM, "foreign"), (DELETE_RESULT, "new")):
            with pytest.raises(RequestNotAllowedError, match="not created by this"):
                gateway.write(operation, sourced_id)
    assert [each.method for each in recorder.requests] == ["DELETE"]
