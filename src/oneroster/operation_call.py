"""Between a typed method and the wire: what an operation sends, and what its answer holds. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from operator import attrgetter
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from oneroster.errors import ForeignOriginError, StatusError
from oneroster.filters import render
from oneroster.pagination.walk import PageInfo, PageRequest
from oneroster.transport.auth import origin_of
from oneroster.transport.session import RawResponse
from oneroster_v1p1.calls import Request
from oneroster_v1p1.facade import Page
from oneroster_v1p1.tables import ELEMENTS, OPERATIONS, Operation
from oneroster_v1p1.types import Response

__all__ = ["OperationCall", "ParsedPage"]

_NUMBERED: Final = frozenset({"limit", "offset"})


class ParsedPage(NamedTuple):
    """A page that came: what the walk looks at, and what the caller gets."""

    facts: PageInfo
    records: list[Any]
    response: Response[Any]

    def page(self, indexes: list[int], total: int | None, repeated: bool) -> Page[Any]:
        """The page with the records that are to be given."""
        records = self.records if len(indexes) == len(self.records) else [self.records[index] for index in indexes]
        return Page(records, total, self.response.headers, self.response.status_info, repeated)


class OperationCall:
    """One operation with its arguments.

    Args:
        operation_id: The operation.
        arguments: By Python name; None for what is not given.
        base_url: The tenant.
        body: The record to send.

    Raises:
        FilterError: The filter cannot be said.
        WriteError: A parameter or the body must not be sent.
    """

    def __init__(self, operation_id: str, arguments: Mapping[str, Any], base_url: str, body: Any = None) -> None:
        self.operation: Operation = OPERATIONS[operation_id]
        name = next(iter(_snake([operation_id])))
        self._module: Any = import_module(f"oneroster_v1p1.api.{self.operation.tag}.{name}")
        self._base_url = base_url
        self.arguments = _prepared(arguments, self.operation)
        if body is not None:
            self.arguments["body"] = _wrapped(self.operation, body)

    def request(self, **changed: Any) -> Request:
        """What is sent."""
        request: Request = self._module.request(**{**self.arguments, **changed})
        return request

    def url(self, request: Request, query: str | None = None) -> str:
        """The address of a request."""
        query = request.query if query is None else query
        return f"{self._base_url}{request.path}" + (f"?{query}" if query else "")

    def page_url(self, ask: PageRequest) -> str:
        """The address of a page."""
        changed: dict[str, Any] = {"limit": ask.limit, "offset": ask.offset}
        if ask.sorted:
            changed |= {"sort": "sourcedId", "order_by": None}
        return self.url(self.request(**changed), ask.cursor)

    def response(self, answer: RawResponse, request: Request | None = None) -> Response[Any]:
        """An answer, read.

        Raises:
            StatusError: Its status is no success.
            DecodeError: It cannot be read.
        """
        # As bytes: httpx reads headers that are no ASCII, and would not take them back as text.
        headers = [(name, value) for name, value in answer.headers.raw if name.lower() != b"content-encoding"]
        sent = request or self.request()
        raw = httpx.Response(
            answer.status_code, headers=headers, content=answer.content, request=httpx.Request(sent.method, answer.url)
        )
        response: Response[Any] = self._module.response(sent, raw)
        if not response.is_success:
            raise StatusError(response)
        return response

    def record(self, answer: RawResponse) -> Any:
        """The record in the answer of a single read."""
        return self._inside(self.response(answer).result())

    def read_page(self, answer: RawResponse) -> ParsedPage:
        """A page of a collection.

        Raises:
            StatusError: The status is no success.
            DecodeError: The page cannot be read.
            ForeignOriginError: The server pages by links that lead elsewhere.
        """
        response = self.response(answer)
        records = self._inside(response.result())
        ids = _sourced_ids(records)
        return ParsedPage(self.facts(answer, ids), records, response)

    def facts(self, answer: RawResponse, ids: Sequence[str | None]) -> PageInfo:
        """What the walk looks at, of an answer whose rows have these sourcedIds.

        Raises:
            ForeignOriginError: The server pages by links that lead elsewhere.
        """
        return PageInfo(ids, _total(answer.headers), self._cursor(answer))

    def _inside(self, wrapper: Any) -> Any:
        return getattr(wrapper, type(wrapper).FIELDS[0].attribute)

    def _cursor(self, answer: RawResponse) -> str | None:
        """The query of a next link that pages by something else than offset; offsets we count ourselves."""
        if "next" not in answer.headers.get("Link", ""):
            return None
        links = httpx.Response(200, headers=answer.headers).links
        try:
            target = urljoin(answer.url, links.get("next", {}).get("url", ""))
            elsewhere = origin_of(target) != origin_of(self._base_url)
        except (ValueError, httpx.InvalidURL):
            # Offsets lead on without it; and a cursor that nobody can read leads nowhere.
            return None
        theirs = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
        ours = {parameter.name for parameter in self.operation.parameters}
        if "offset" in theirs or not theirs.keys() - ours:
            return None
        if elsewhere:
            raise ForeignOriginError(f"{self.operation.operation_id}: the next link leads away from the tenant.")
        kept = parse_qsl(self.request().query, keep_blank_values=True)
        merged = {**{name: value for name, value in kept if name not in _NUMBERED}, **theirs}
        return str(httpx.QueryParams(merged)).replace("+", "%20")


def _prepared(arguments: Mapping[str, Any], operation: Operation) -> dict[str, Any]:
    prepared = dict(arguments)
    if prepared.get("filter_") is not None and operation.element is not None:
        prepared["filter_"] = render(prepared["filter_"], operation.element)
    fields = prepared.get("fields")
    if fields is not None:
        names = fields.split(",") if isinstance(fields, str) else _wire(fields, operation.element)
        # A walk tells rows apart by their sourcedId, so it is asked for whatever else is.
        extra = ["sourcedId"] if operation.many and "sourcedId" not in names and any(names) else []
        prepared["fields"] = ",".join([*names, *extra])
    return prepared


def _wire(fields: Iterable[str], element: str | None) -> list[str]:
    known = {} if element is None else ELEMENTS[element].properties
    names = {found.attribute: name for name, found in known.items()}
    return [names.get(field, field) for field in fields]


def _wrapped(operation: Operation, body: Any) -> Any:
    from oneroster_v1p1 import models

    wrapper: Any = getattr(models, f"Single{operation.body}")
    return wrapper(**{wrapper.FIELDS[0].attribute: body})


def _snake(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        yield "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _sourced_ids(records: list[Any]) -> list[str | None]:
    try:
        # All at once where all have one, as is usual.
        return [sourced_id or None for sourced_id in map(attrgetter("sourced_id"), records)]
    except AttributeError:
        return [getattr(record, "sourced_id", None) or None for record in records]


def _total(headers: Mapping[str, str]) -> int | None:
    text = headers.get("X-Total-Count", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
