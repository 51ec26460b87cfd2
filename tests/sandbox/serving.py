"""What the tests of the served tenant share: a client of a tenant, and requests made up for every operation."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx

from oneroster.sandbox import Sandbox
from oneroster_runtime.specification import Operation
from oneroster_v1p1 import specification

OPERATIONS = specification().operations

PROFILES = ("standard", "kimono")
# Reading the certificates of the world takes longer than a hundred requests, and loopback needs none.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def client_of(tenant: Sandbox) -> httpx.Client:
    """A client with the tenant's own token."""
    headers = {"Authorization": f"Bearer {tenant.token}"}
    return httpx.Client(base_url=tenant.base_url, headers=headers, verify=_NO_TLS)


class _Remembered(httpx.HTTPTransport):
    """Asks each question once."""

    def __init__(self) -> None:
        super().__init__(verify=_NO_TLS)
        self._known: dict[tuple[object, ...], httpx.Response] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = (request.method, str(request.url), request.headers.get("authorization"))
        if asked not in self._known:
            answer = super().handle_request(request)
            answer.read()
            self._known[asked] = answer
        known = self._known[asked]
        plain = [(name, value) for name, value in known.headers.raw if name.lower() != b"content-encoding"]
        return httpx.Response(known.status_code, headers=plain, content=known.content)


def remembering(client: httpx.Client) -> httpx.Client:
    """A client that comes in the same way and asks each question once, to look at pages from many sides."""
    return httpx.Client(base_url=client.base_url, headers=client.headers, transport=_Remembered())


@contextmanager
def serving(**options: Any) -> Iterator[httpx.Client]:
    """A client of a tenant that ends with the block."""
    with Sandbox(**options) as tenant, client_of(tenant) as client:
        yield client


def reads(profile: str) -> list[Operation]:
    """The GET operations of a profile."""
    return [one for one in OPERATIONS.values() if profile in one.profiles and one.method == "GET"]


def all_rows(client: httpx.Client, path: str, limit: int = 10_000, **parameters: Any) -> list[dict[str, Any]]:
    """All records of a collection, walked by offset."""
    rows: list[dict[str, Any]] = []
    while True:
        page = data(client.get(path, params={"limit": limit, "offset": len(rows), **parameters}))
        rows += page
        if not page:
            return rows


def data(answer: httpx.Response) -> Any:
    """What lies under the wrapper of a successful answer."""
    assert answer.status_code == 200, answer.text
    return next(value for key, value in answer.json().items() if key != "statusInfoSet")


def path_to(operation: Operation, client: httpx.Client, profile: str = "standard") -> str:
    """A path of the operation with ids that exist and, for a nested collection, belong together and have rows."""
    if "{" not in operation.path:
        return operation.path
    candidates = _candidates(operation, client, profile)
    if operation.many:
        candidates = (path for path in candidates if _has_rows(client.get(path, params={"limit": 1})))
    return next(iter(candidates))


def _has_rows(answer: httpx.Response) -> bool:
    # A session that holds grading periods need not be a term.
    return answer.status_code != 404 and bool(data(answer))


def _candidates(operation: Operation, client: httpx.Client, profile: str) -> Iterator[str]:
    through = operation.scope.through if operation.scope else None
    holder = OPERATIONS[through.collection] if through else _collection_of(operation)
    if operation.scope is None or profile not in holder.profiles:
        read = operation.scope.parents[0].read if operation.scope else operation.operation_id
        collection = next(one for one in reads(profile) if one.item_read == read and not one.scope)
        yield from (_fill(operation, [row["sourcedId"]]) for row in all_rows(client, collection.path))
        return
    for row in all_rows(client, holder.path):
        ids = [_id_at(client, row, parent.property) for parent in operation.scope.parents]
        if all(ids):
            yield _fill(operation, ids)


def _collection_of(operation: Operation) -> Operation:
    whole = (one for one in OPERATIONS.values() if one.many and not one.subset and not one.scope)
    return next(one for one in whole if one.element == operation.element)


def _id_at(client: httpx.Client, row: dict[str, Any], dotted: str) -> str:
    head, _, rest = dotted.partition(".")
    value = row.get(head, "")
    reference = value[0] if isinstance(value, list) and value else value
    if not isinstance(reference, dict):
        return str(reference)
    return _id_at(client, data(client.get(reference["href"])), rest) if rest else str(reference["sourcedId"])


def _fill(operation: Operation, ids: list[str]) -> str:
    names = [parameter.name for parameter in operation.parameters if parameter.location == "path"]
    order = [parent.parameter for parent in operation.scope.parents] if operation.scope else names
    path = operation.path
    for name, value in zip(order, ids, strict=True):
        path = path.replace("{" + name + "}", quote(value, safe=""))
    return path
