"""What the client faults of whole collections do."""

from typing import Any
from urllib.parse import quote

import httpx

from oneroster.sandbox import Sandbox


def users(fault: str, **parameters: Any) -> tuple[list[Any], str | None]:
    """Return the rows of a page, by id, and the announced total."""
    with Sandbox("small", 3, faults=[fault]) as tenant:
        answer = httpx.get(
            f"{tenant.base_url}/users", params=parameters, headers={"Authorization": f"Bearer {tenant.token}"}
        )
    rows = answer.json()["users"] if answer.status_code == 200 else []
    return [row and row["sourcedId"] for row in rows], answer.headers.get("X-Total-Count")


def test_b13_all_rows_come_whatever_is_requested() -> None:
    rows, total = users("no-paging", limit=1, offset=30)
    assert (len(rows), total) == (41, "41")


def test_b13_every_page_ends_with_null() -> None:
    assert users("null-last", limit=3)[0][-1] is None


def test_b11_a_row_comes_twice() -> None:
    for fault in ("identical-twins", "conflicting-twins"):
        rows, total = users(fault, limit=100, sort="sourcedId")
        assert (len(rows), len(set(rows)), total) == (42, 41, "42")
        assert rows[6] == rows[7]


def test_b1_a_sorted_collection_is_another_one() -> None:
    for fault, rows, total in (
        ("sorted-empty", 0, "41"), ("sorted-total-zero", 0, "0"), ("sorted-no-content", 0, "0"),
        ("sorted-one-row", 1, "1"),
    ):  # fmt: skip
        assert users(fault, offset=20)[0] == users(fault, offset=0)[0]
        found, announced = users(fault, sort="sourcedId")
        assert (len(found), announced) == (rows, total)


def test_b1_a_total_falls_after_the_first_response() -> None:
    with Sandbox("small", 3, faults=["total-falls"]) as tenant:
        headers = {"Authorization": f"Bearer {tenant.token}"}
        answers = [httpx.get(f"{tenant.base_url}/users", headers=headers) for _ in range(3)]
    assert [answer.headers["X-Total-Count"] for answer in answers] == ["41", "40", "40"]
    assert {len(answer.json()["users"]) for answer in answers} == {40}


def test_b5_every_single_read_returns_the_same_record() -> None:
    with Sandbox("small", 3, faults=["wrong-record"]) as tenant:
        headers = {"Authorization": f"Bearer {tenant.token}"}
        rows = httpx.get(f"{tenant.base_url}/orgs", headers=headers).json()["orgs"]
        places = [f"{tenant.base_url}/orgs/{quote(row['sourcedId'], safe='')}" for row in rows[:2]]
        found = {httpx.get(place, headers=headers).json()["org"]["sourcedId"] for place in places}
    assert found == {rows[0]["sourcedId"]}
