"""The proof that a reading has all rows."""

import pytest

from oneroster import Paging
from oneroster.pagination.completeness import IncompleteError, prove_complete
from oneroster.pagination.id_log import IdLog
from oneroster.pagination.id_set import id_hashes
from oneroster.pagination.page_requests import ReceivedPage
from oneroster.pagination.reading import Reading


def reading(rows: list[str], total: int | None = None) -> Reading:
    found = Reading(Paging(), sorted_=True)
    (request,) = found.next_requests(1)
    found.receive(request, ReceivedPage(rows, total), id_hashes(rows))
    return found


def logged(*ids: str) -> IdLog:
    log = IdLog()
    log.append(ids)
    return log


def test_nothing_is_asked_where_nothing_is_missing() -> None:
    assert list(prove_complete(reading(["a", "b"], 2), (logged("b", "a"), logged("a")), 2, 0, [])) == []


def test_a_missing_row_is_gone_if_its_single_read_finds_none_and_others_are_found() -> None:
    gone: list[str] = []
    proof = prove_complete(reading(["a", "b"], 2), (logged("a", "b", "c"),), 3, 0, gone)
    assert next(proof).row == "b"
    assert proof.send(ReceivedPage(["b"])).row == "c"
    # The total of the reading is lower than an earlier one.
    assert proof.send(ReceivedPage([]))[:2] == (0, 1)
    with pytest.raises(StopIteration):
        proof.send(ReceivedPage(["a"], 2))
    assert gone == ["c"]


def test_a_missing_row_that_exists_is_lost() -> None:
    proof = prove_complete(reading(["a", "b"], 2), (logged("c"),), 2, 0, [])
    next(proof)
    proof.send(ReceivedPage(["b"]))
    with pytest.raises(IncompleteError, match="although they still exist") as caught:
        proof.send(ReceivedPage(["c"]))
    assert caught.value.ids == ["c"]


def test_a_server_without_single_reads_proves_nothing() -> None:
    proof = prove_complete(reading(["a", "b"], 2), (logged("c"),), 2, 0, [])
    next(proof)
    with pytest.raises(IncompleteError, match="single reads do not show"):
        proof.send(ReceivedPage([]))


def test_a_total_that_fell_must_be_repeated() -> None:
    gone = ["c"]
    proof = prove_complete(reading(["a", "b"], 2), (), 3, 0, gone)
    assert next(proof).sorted is False
    with pytest.raises(IncompleteError, match="the total fell from 3, and a new request announced 3"):
        proof.send(ReceivedPage(["a"], 3))
