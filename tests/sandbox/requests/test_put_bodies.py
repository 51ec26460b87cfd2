"""PUT bodies are completed and validated."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from oneroster.sandbox.district.size import Size
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.requests.put_bodies import InvalidBodyError, PutBodyReader
from oneroster.sandbox.serialization import RecordSerializer
from oneroster.sandbox.store.store import Store


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(Size(40), 1, cache=None) as opened:
        yield opened


def read(store: Store, body: bytes, content_type: str = "application/json") -> dict[str, Any]:
    serializer = RecordSerializer(store.specification, "standard")
    operation = store.specification.operations["putCategory"]
    request = OperationRequest(store, serializer, operation, "Category", {"id": "c1"}, "https://t.example", "")
    return PutBodyReader(store, serializer, lambda: 0).read(request, content_type, body)


def test_a_record_is_completed(store: Store) -> None:
    assert read(store, b'{"category": {"title": "Quiz"}}') == {
        "sourcedId": "c1",
        "status": "active",
        "dateLastModified": "1970-01-01T00:00:00.000Z",
        "title": "Quiz",
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no JSON", 400),
        (b"{}", 422),
        (msgspec.json.encode({"category": {"title": 7}}), 422),
        (msgspec.json.encode({"category": {"title": "Quiz", "sourcedId": "c2"}}), 422),
    ],
)
def test_an_invalid_body_is_an_error(store: Store, body: bytes, status: int) -> None:
    with pytest.raises(InvalidBodyError) as error:
        read(store, body)
    assert {problem.status for problem in error.value.problems} == {status}


def test_another_media_type_is_an_error(store: Store) -> None:
    with pytest.raises(InvalidBodyError):
        read(store, b'{"category": {"title": "Quiz"}}', "text/plain")
