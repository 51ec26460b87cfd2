"""PUT and DELETE of the gradebook over a real socket."""

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest

from oneroster.sandbox import Variants
from oneroster_v1p1 import document, specification
from tests.sandbox.serving import all_rows, data, serving

OPERATIONS = specification().operations

PUTS = [operation for operation in OPERATIONS.values() if operation.method == "PUT"]
AWKWARD = "a/b c|d+e%25'é"
NOW = 1_750_000_000


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving(clock=lambda: NOW) as client:
        yield client


@pytest.fixture(scope="module")
def line_item(client: httpx.Client) -> dict[str, Any]:
    """A body for a PUT that creates, as careful consumers send it."""
    there = all_rows(client, "/lineItems")[0]
    return {key: value for key, value in there.items() if key != "sourcedId"}


def descriptions(answer: httpx.Response) -> list[str]:
    return [entry["imsx_description"] for entry in answer.json()["statusInfoSet"]]


@pytest.mark.parametrize("operation", PUTS, ids=lambda operation: operation.operation_id)
def test_a_record_is_created_replaced_and_deleted(client: httpx.Client, operation: Any) -> None:
    collection = operation.path.partition("/{")[0]
    wrapper = operation.body_wrapper
    record = {key: value for key, value in all_rows(client, collection)[0].items() if key != "sourcedId"}
    before = {row["sourcedId"] for row in all_rows(client, collection)}
    path = f"{collection}/a%2Fb%20c%7Cd%2Be%2525%27%C3%A9"

    created = client.put(path, json={wrapper: record})
    assert (created.status_code, created.headers["location"]) == (201, f"{client.base_url}{path[1:]}")
    assert created.json() == {wrapper: {"sourcedId": AWKWARD, **record}}
    assert data(client.get(path)) == created.json()[wrapper]
    assert {row["sourcedId"] for row in all_rows(client, collection)} == before | {AWKWARD}

    replaced = client.put(path, json={wrapper: record | {"sourcedId": AWKWARD, "status": "tobedeleted"}})
    assert replaced.status_code == 200
    assert data(client.get(path))["status"] == "tobedeleted"

    deleted = client.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404
    assert {row["sourcedId"] for row in all_rows(client, collection)} == before


def test_what_consumers_leave_out_is_completed(client: httpx.Client, line_item: dict[str, Any]) -> None:
    sparse = {key: value for key, value in line_item.items() if key not in ("status", "dateLastModified")}
    sparse["class"] = {"sourcedId": line_item["class"]["sourcedId"]}
    answer = client.put("/lineItems/sparse", json={"lineItem": sparse})
    assert answer.status_code == 201
    stored = data(client.get("/lineItems/sparse"))
    assert stored["class"] == line_item["class"]
    assert (stored["status"], stored["dateLastModified"]) == ("active", "2025-06-15T15:06:40.000Z")
    schema = {"$ref": "#/components/schemas/LineItem", "components": document()["components"]}
    assert jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(stored)
    client.delete("/lineItems/sparse")


def test_unknown_properties_and_large_numbers_are_kept(client: httpx.Client) -> None:
    client.put("/categories/extra", json={"category": {"title": "Tests", "x-order": 10**30, "metadata": {"x.y": [1]}}})
    stored = data(client.get("/categories/extra"))
    assert (stored["title"], stored["metadata"]) == ("Tests", {"x.y": [1]})
    assert stored["x-order"] == pytest.approx(1e30)
    client.delete("/categories/extra")


@pytest.mark.parametrize(
    ("content", "media_type", "words"),
    [
        (b"", "application/json", "not JSON"),
        (b"{", "application/json", "not JSON"),
        (b'{"category": {"title": NaN}}', "application/json", "not JSON"),
        (b'{"category": {"title": "\xff"}}', "application/json", "not JSON"),
        (b"[" * 100_000, "application/json", "not JSON"),
        (b'{"category": {"title": "Tests"}}', "text/plain", "Content-Type"),
        (b" " * (1024 * 1024 + 1), "application/json", "larger than"),
    ],
)
def test_a_body_that_is_no_json_is_a_400(client: httpx.Client, content: bytes, media_type: str, words: str) -> None:
    answer = client.put("/categories/c", content=content, headers={"Content-Type": media_type})
    assert answer.status_code == 400
    assert words in descriptions(answer)[0]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "under the key category"),
        ({"title": "Tests"}, "under the key category"),
        ({"category": [{"title": "Tests"}]}, "under the key category"),
        ({"categories": {"title": "Tests"}}, "under the key category"),
        ({"category": {"title": "Tests", "sourcedId": "d"}}, "sourcedId"),
        ({"category": {"title": "Tests", "sourcedId": 1}}, "sourcedId"),
        ({"category": {}}, "required title"),
        ({"category": {"title": None}}, "/title: fails type"),
        ({"category": {"title": "Tests", "status": "gone"}}, "/status: fails enum"),
        ({"category": {"title": "Tests", "dateLastModified": "2024-08-01"}}, "/dateLastModified"),
        ({"category": {"title": "Tests", "dateLastModified": "2024-08-01T00:00:00+02:00"}}, "/dateLastModified"),
        ({"category": {"title": "Tests", "metadata": []}}, "/metadata: fails type"),
    ],
)
def test_json_that_is_not_the_record_is_a_422(client: httpx.Client, body: Any, words: str) -> None:
    answer = client.put("/categories/c", json=body)
    assert answer.status_code == 422
    assert any(words in description for description in descriptions(answer))
    assert client.get("/categories/c").status_code == 404


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ({"sourcedId": "nobody"}, "/class/sourcedId: no Class"),
        ({"sourcedId": "nobody", "type": "org"}, "/class/type"),
        ({"sourcedId": ""}, "/class/sourcedId"),
        ({"href": "x"}, "required sourcedId"),
        ("nobody", "/class: fails type"),
        (None, "/class: fails type"),
    ],
)
def test_references_must_lead_somewhere(
    client: httpx.Client, line_item: dict[str, Any], reference: Any, words: str
) -> None:
    answer = client.put("/lineItems/l", json={"lineItem": line_item | {"class": reference}})
    assert answer.status_code == 422
    assert any(words in description for description in descriptions(answer))


def test_all_objections_are_told_and_no_value_is_repeated(client: httpx.Client) -> None:
    result = all_rows(client, "/results")[0]
    wrong = result | {"score": "secret-17", "comment": 4711, "scoreDate": "secret-day"}
    answer = client.put("/results/r", json={"result": wrong | {"sourcedId": "r"}})
    assert answer.status_code == 422
    assert {text.partition(":")[0] for text in descriptions(answer)} == {"/score", "/comment", "/scoreDate"}
    assert "secret" not in answer.text
    assert "4711" not in answer.text


def test_nothing_written_survives_the_tenant() -> None:
    for _ in range(2):
        with serving() as client:
            assert client.put("/categories/passing", json={"category": {"title": "Tests"}}).status_code == 201


def test_a_put_may_be_answered_without_a_body() -> None:
    with serving(variants=Variants(echo=False)) as client:
        answer = client.put("/categories/c", json={"category": {"title": "Tests"}})
        assert (answer.status_code, answer.content) == (201, b"")
