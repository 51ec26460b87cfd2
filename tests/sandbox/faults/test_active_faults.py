"""Hooks of several faults are applied one after the other."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from typing import Any

from oneroster.sandbox.faults import Fault, faults_by_name
from oneroster.sandbox.faults.active_faults import ActiveFaults
from oneroster.sandbox.http.responses import Problem, Reply


class _Doubles(Fault, abstract=True):
    def total_count(self, request: Any, total: int) -> int:
        return 2 * total


class _Rejects(Fault, abstract=True):
    def stored_record(self, request: Any, record: dict[str, Any]) -> dict[str, Any] | Problem:
        return Problem(422, "invalid data", "rejected") if "title" in record else record | {"title": "added"}

    def deletes(self, request: Any) -> bool:
        return False

    def accept_invalid_body(self, request: Any, body: Any) -> dict[str, Any] | None:
        return {"body": body} if body else None


REQUEST: Any = None


def test_each_fault_receives_the_value_of_the_one_before() -> None:
    faults = ActiveFaults([*faults_by_name(["wrong-total"]), _Doubles()])
    assert faults.apply(Fault.total_count, REQUEST, 10) == 22
    assert faults.apply(Fault.collection_response, REQUEST, Reply(200), 10) == Reply(200)
    assert len(list(faults)) == 2


def test_without_faults_nothing_changes() -> None:
    faults = ActiveFaults()
    assert not faults
    assert faults.apply(Fault.total_count, REQUEST, 10) == 10
    assert faults.stored_record(REQUEST, {"a": 1}) == {"a": 1}
    assert faults.deletes(REQUEST)
    assert faults.accept_invalid_body(REQUEST, {"a": 1}) is None


def test_the_first_problem_ends_a_write() -> None:
    faults = ActiveFaults([_Rejects(), _Rejects(), _Doubles()])
    assert isinstance(faults.stored_record(REQUEST, {}), Problem)
    assert not faults.deletes(REQUEST)
    assert faults.accept_invalid_body(REQUEST, 7) == {"body": 7}
    assert faults.accept_invalid_body(REQUEST, None) is None
