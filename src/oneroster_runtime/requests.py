"""Build requests of operations and send them."""

from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from oneroster_runtime.errors import TransportError, WriteError

if TYPE_CHECKING:
    import httpx

    from oneroster_runtime.http_client import Client
    from oneroster_runtime.records import Record

__all__ = ["Request", "build_request", "send", "send_async"]


class Request(NamedTuple):
    """A request of an operation, independent of a client."""

    operation_id: str
    method: str
    path: str
    """Below the base URL, percent-encoded."""
    query: str
    """Percent-encoded, without the question mark; "" for none."""
    body: bytes | None
    service: str = ""
    """The service of the operation; "" if the version has only one."""

    def __repr__(self) -> str:
        # The query may filter by a child's name, and the body may be a child's result.
        return f"Request({self.operation_id}, {self.method} {self.path})"


def build_request(
    operation_id: str,
    method: str,
    path: str,
    *,
    path_parameters: Mapping[str, object],
    query_parameters: Mapping[str, tuple[object, type]],
    body: "Record | None" = None,
    service: str = "",
) -> Request:
    """Return the request of an operation.

    Args:
        operation_id: The operation.
        method: The HTTP method.
        path: The path of the document, with parameters in braces.
        path_parameters: Values by name.
        query_parameters: Value and type by name; None is not sent.
        body: The wrapped record to send.
        service: The service of the operation, if the version has several.

    Raises:
        WriteError: A parameter or the body must not be sent.
    """
    for name, value in path_parameters.items():
        path = path.replace("{" + name + "}", _segment(operation_id, name, value))
    pairs = [
        (name, _text(operation_id, name, value, kind))
        for name, (value, kind) in query_parameters.items()
        if value is not None
    ]
    # Spaces are sent as %20: OAuth 1 signatures and some servers do not read + as a space.
    query = "&".join(f"{quote(name, safe='')}={_quoted(operation_id, name, value)}" for name, value in pairs)
    return Request(operation_id, method, path, query, None if body is None else _encoded(operation_id, body), service)


def _segment(operation_id: str, name: str, value: object) -> str:
    if not isinstance(value, str):
        raise WriteError(operation_id, name, f"must be a str, not {type(value).__name__}")
    if value in {"", ".", ".."}:
        # An empty or dotted segment addresses another resource, encoded or not.
        raise WriteError(operation_id, name, "must not be empty, '.' or '..', for the path would lead elsewhere")
    return _quoted(operation_id, name, value)


def _text(operation_id: str, name: str, value: object, kind: type) -> str:
    if kind is int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise WriteError(operation_id, name, f"must be an int, not {type(value).__name__}")
        return str(int(value))
    if not isinstance(value, str):
        raise WriteError(operation_id, name, f"must be a str, not {type(value).__name__}")
    if issubclass(kind, Enum) and value not in (listed := [member.value for member in kind]):
        raise WriteError(operation_id, name, f"must be {' or '.join(listed)}")
    return str.__str__(value)


def _quoted(operation_id: str, name: str, value: str) -> str:
    quoted = None
    with suppress(UnicodeEncodeError):
        quoted = quote(value, safe="")
    # Raised outside of the handler, because the error above has the value.
    if quoted is None:
        raise WriteError(operation_id, name, "contains characters that are not Unicode text")
    return quoted


def _encoded(operation_id: str, body: "Record") -> bytes:
    encoded = None
    with suppress(TypeError, ValueError, RecursionError):
        encoded = msgspec.json.encode(body.to_wire())
    if encoded is None:
        raise WriteError(operation_id, "body", "contains something that JSON cannot represent")
    return encoded


def _prepared(client: "Client", connection: "httpx.Client | httpx.AsyncClient", request: Request) -> "httpx.Request":
    headers = {"Content-Type": "application/json"} if request.body is not None else None
    url = f"{client.service_url(request.service)}{request.path}"
    prepared = connection.build_request(request.method, url, content=request.body, headers=headers)
    # httpx would replace the query by the parameters of the connection, and write + for a space.
    query = b"&".join(filter(None, [prepared.url.query.replace(b"+", b"%20"), request.query.encode("ascii")]))
    if query:
        prepared.url = prepared.url.copy_with(query=query)
    return prepared


def send(client: "Client", request: Request) -> "httpx.Response":
    """Send a request.

    Raises:
        TransportError: No complete response was received.
    """
    import httpx

    connection = client.get_httpx_client()
    try:
        return connection.send(_prepared(client, connection, request))
    except httpx.RequestError as error:
        failure = _no_response(client, request, error)
    # Raised outside of the handler: the error above has the query, and may quote a response.
    raise failure


async def send_async(client: "Client", request: Request) -> "httpx.Response":
    """Send a request.

    Raises:
        TransportError: No complete response was received.
    """
    import httpx

    connection = client.get_async_httpx_client()
    try:
        return await connection.send(_prepared(client, connection, request))
    except httpx.RequestError as error:
        failure = _no_response(client, request, error)
    raise failure


def _no_response(client: "Client", request: Request, error: "httpx.RequestError") -> TransportError:
    """Return our error for one of httpx, with the words of the operating system if there are any."""
    from oneroster_runtime.connection_words import connection_words  # imports httpx

    parts = urlsplit(client.service_url(request.service))
    server = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return TransportError(
        f"{request.operation_id}: {server} sent no complete response ({connection_words(error)}). Check base_url, proxy"
        " and timeout, and that the server is running."
    )
