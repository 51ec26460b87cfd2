"""Each fault of writing does what it says; the tenant without it does otherwise, and so do those with the others."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from oneroster.sandbox import Sandbox
from oneroster.sandbox.faults import fault_names_in
from tests.sandbox.serving import all_rows, client_of, data, serving

Look = Callable[[httpx.Client], Any]
BASE = {"status": "active", "dateLastModified": "2024-08-01T06:00:00.000Z"}
CATEGORY = {"title": "Tests", **BASE}
LONG = "t" * 300


@pytest.fixture(scope="module")
def conforming() -> Iterator[httpx.Client]:
    with Sandbox() as tenant, client_of(tenant) as client:
        yield client


def put(client: httpx.Client, record: Any = CATEGORY, sourced_id: str = "mine", **options: Any) -> httpx.Response:
    body = options or {"json": {"category": record}}
    return client.put(f"/categories/{sourced_id}", **body)


def clean(client: httpx.Client, *ids: str) -> None:
    for sourced_id in ids or ("mine",):
        client.delete(f"/categories/{sourced_id}")


def status_of(client: httpx.Client, body: Any) -> int:
    """How a PUT of this JSON is answered when nothing is there before."""
    answer = put(client, json=body)
    clean(client)
    return answer.status_code


def created(client: httpx.Client) -> int:
    return status_of(client, {"category": CATEGORY})


def replaced(client: httpx.Client) -> int:
    put(client)
    status = put(client).status_code
    clean(client)
    return status


def kept(client: httpx.Client, *records: dict[str, Any]) -> dict[str, Any]:
    """What is read when the records were put one after the other."""
    for record in records:
        put(client, record)
    answer = client.get("/categories/mine")
    clean(client)
    return dict(data(answer)) if answer.status_code == 200 else {}


def item(client: httpx.Client, changes: dict[str, Any]) -> dict[str, Any]:
    """A line item that was put with some values of its own, as it is read."""
    record = {**all_rows(client, "/lineItems")[0], **changes, "sourcedId": "mine"}
    client.put("/lineItems/mine", json={"lineItem": record})
    answer = client.get("/lineItems/mine")
    client.delete("/lineItems/mine")
    return dict(data(answer)) if answer.status_code == 200 else {}


def listed(client: httpx.Client) -> bool:
    put(client)
    found = any(row["sourcedId"] == "mine" for row in all_rows(client, "/categories"))
    clean(client)
    return found


def extra_credit(client: httpx.Client) -> int:
    record = {**all_rows(client, "/results")[0], "score": 10_000, "sourcedId": "mine"}
    status = client.put("/results/mine", json={"result": record}).status_code
    client.delete("/results/mine")
    return status


def echoed(client: httpx.Client) -> list[str]:
    answer = put(client)
    clean(client)
    return list(answer.json())[:1]


def left_by_refused(client: httpx.Client) -> int:
    put(client, BASE)
    status = client.get("/categories/mine").status_code
    clean(client)
    return status


def by_body(client: httpx.Client) -> int:
    put(client, CATEGORY | {"sourcedId": "another"})
    status = client.get("/categories/another").status_code
    clean(client, "another")
    return status


def deleted(client: httpx.Client) -> tuple[int, int]:
    put(client)
    return client.delete("/categories/mine").status_code, client.get("/categories/mine").status_code


def by_nobody(client: httpx.Client) -> int:
    answer = client.put("/categories/mine", json={"category": CATEGORY}, headers={"Authorization": ""})
    clean(client)
    return answer.status_code


LOOKS: dict[str, tuple[Look, Any, Any]] = {
    # name of the fault: what is looked at, what the conforming tenant shows, what the fault shows
    "put-refused": (created, 201, 422),
    "put-never-201": (created, 201, 200),
    "put-loses-text": (lambda c: "description" in item(c, {"description": "Read"}), True, False),
    "put-not-listed": (listed, True, False),
    "put-keeps-first": (lambda c: kept(c, CATEGORY, CATEGORY | {"title": "New"}).get("title"), "New", "Tests"),
    "put-always-201": (replaced, 200, 201),
    "put-merges": (lambda c: "metadata" in kept(c, CATEGORY | {"metadata": {"a": 1}}, CATEGORY), False, True),
    "put-echo-bare": (echoed, ["category"], ["title"]),
    "extra-credit-refused": (extra_credit, 201, 422),
    "title-cut": (lambda c: len(kept(c, CATEGORY | {"title": LONG}).get("title", "")), 300, 255),
    "put-crashes-on-junk": (lambda c: put(c, content=b"{").status_code, 400, 500),
    "put-takes-bare": (lambda c: status_of(c, CATEGORY | {"sourcedId": "mine"}), 422, 201),
    "put-takes-invalid": (lambda c: status_of(c, {"category": BASE | {"sourcedId": "mine"}}), 422, 201),
    "put-writes-refused": (left_by_refused, 404, 200),
    "put-by-body-id": (by_body, 404, 200),
    "put-takes-dangling": (
        lambda c: bool(item(c, {"class": {"href": "x", "sourcedId": "nobody", "type": "class"}})),
        False,
        True,
    ),
    "open-writes": (by_nobody, 401, 201),
    "delete-says-200": (deleted, (204, 404), (200, 404)),
    "delete-forgets": (deleted, (204, 404), (204, 200)),
    "delete-unknown-204": (lambda c: c.delete("/categories/nobody").status_code, 404, 204),
}


def test_every_fault_is_looked_at() -> None:
    assert set(LOOKS) == set(fault_names_in("writes"))


@pytest.mark.parametrize("name", LOOKS)
def test_a_fault_does_what_it_says(conforming: httpx.Client, name: str) -> None:
    look, right, wrong = LOOKS[name]
    assert look(conforming) == right
    with serving(faults=[name]) as client:
        assert look(client) == wrong


@pytest.mark.series
@pytest.mark.parametrize("name", LOOKS)
def test_no_fault_of_writing_shows_on_a_read(conforming: httpx.Client, name: str) -> None:
    with serving(faults=[name]) as client:
        for path in ("/categories", "/lineItems", "/results"):
            ids = [row["sourcedId"] for row in all_rows(client, path)]
            assert ids == [row["sourcedId"] for row in all_rows(conforming, path)]
        assert client.get("/orgs", headers={"Authorization": ""}).status_code == 401
