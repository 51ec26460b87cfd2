"""One call of an operation: arguments to requests, responses to records. No I/O."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from operator import attrgetter
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from oneroster.errors import AccessDeniedError, DecodeError, ForeignOriginError, StatusError, WrongRecordError
from oneroster.filters import render_filter
from oneroster.other_versions import warn_of_other_version
from oneroster.pagination.page_requests import DEFAULT_LIMIT, PageRequest, ReceivedPage
from oneroster.standard import Standard
from oneroster.transport.bounded_response import RawResponse
from oneroster.transport.link_header import url_of
from oneroster.transport.urls import origin_of
from oneroster_runtime.lazy_collections import Page
from oneroster_runtime.lenient_json import parse_json, repeats_key
from oneroster_runtime.requests import Request
from oneroster_runtime.responses import Response
from oneroster_runtime.specification import Operation, Specification
from oneroster_runtime.status import parse_status_info
from oneroster_runtime.wrappers import unwrap

__all__ = ["OperationCall", "ParsedPage", "advice_on_refused"]

_NOT_FOUND: Final = 404
_OFFSET_PARAMETERS: Final = frozenset({"limit", "offset"})
_INVALID: Final = frozenset({400, 413, 416, 422})
_INVALID_QUERY: Final = frozenset({400, 422})
_DENIED: Final = frozenset({401, 403})
_FAILURE: Final = "failure"


class ParsedPage(NamedTuple):
    """A parsed page of a collection.

    Attributes:
        info: The parts that the walk needs.
        records: All records of the page.
        response: The parsed response; None after a request for a single record.
    """

    info: ReceivedPage
    records: list[Any]
    response: Response[Any] | None

    def page(self, indexes: list[int], total: int | None, repeated: bool) -> Page[Any] | None:
        """Return the page with the records at some indexes, as the caller gets it.

        Returns:
            None if it has neither records nor warnings.
        """
        if self.response is None or not (indexes or self.response.status_info):
            return None
        records = self.records if len(indexes) == len(self.records) else [self.records[index] for index in indexes]
        return Page(records, total, self.response.headers, self.response.status_info, repeated)


class OperationCall:
    """One operation with its arguments.

    Args:
        standard: The version of the standard that defines the operation.
        operation_id: The operation.
        arguments: The arguments by Python name; None for those not given.
        base_url: The base URL of the tenant, or that of each of its services by name.
        body: The record to send, or the records.

    Attributes:
        standard: The version of the standard.
        operation: The operation.
        arguments: The arguments as they are sent: filters rendered, field names as in JSON.

    Raises:
        FilterError: The filter cannot be written in the filter grammar.
        WriteError: A parameter or the body must not be sent.
    """

    def __init__(
        self,
        standard: Standard,
        operation_id: str,
        arguments: Mapping[str, Any],
        base_url: str | Mapping[str, str],
        body: Any = None,
    ) -> None:
        self.standard = standard
        self.operation: Operation = standard.specification.operations[operation_id]
        self._module: Any = standard.api(self.operation)
        self._base_url = base_url if isinstance(base_url, str) else base_url[self.operation.service]
        self.arguments = _prepared(arguments, self.operation, standard.specification)
        if body is not None:
            self.arguments["body"] = _wrapped(standard, self.operation, body)

    def request(self, **changed: Any) -> Request:
        """Return the request, with some arguments changed."""
        request: Request = self._module.request(**{**self.arguments, **changed})
        return request

    def url(self, request: Request, query: str | None = None) -> str:
        """Return the URL of a request, with another query if one is given."""
        query = request.query if query is None else query
        return f"{self._base_url}{request.path}" + (f"?{query}" if query else "")

    def page_url(self, page: PageRequest) -> str:
        """Return the URL of a page, or of the record to read in place of one."""
        if page.row is not None:
            return self._single_read.url(self._single_read.request(**{self._single_read.id_name: page.row}))
        changed: dict[str, Any] = {"limit": page.limit, "offset": page.offset}
        if page.copies_of is not None:
            # Whatever an odd id makes of this filter, a response with other records shows nothing.
            changed["filter"] = f"sourcedId='{page.copies_of}'"
        if page.sorted:
            changed |= {"sort": "sourcedId", "order_by": None}
        return self.url(self.request(**changed), page.cursor)

    @cached_property
    def _single_read(self) -> "OperationCall":
        """The read of one record of the collection."""
        return OperationCall(self.standard, self.operation.item_read or "", {}, self._base_url)

    @cached_property
    def id_name(self) -> str:
        """The argument of a single read that names the record; empty if the operation is none."""
        names = [each.attribute for each in self.operation.parameters if each.location == "path"]
        return names[-1] if names and not self.operation.many else ""

    def response(self, raw: RawResponse, request: Request | None = None) -> Response[Any]:
        """Parse a response.

        Raises:
            StatusError: The status is not a success.
            AccessDeniedError: The status is 401 or 403.
            DecodeError: The body cannot be parsed.
        """
        response: Response[Any] = self._module.response(request or self.request(), raw)
        if not response.is_success:
            raise (AccessDeniedError if response.status_code in _DENIED else StatusError)(response)
        return response

    def read_record(self, raw: RawResponse) -> Any:
        """Return the record in the response to a single read.

        Raises:
            StatusError: The status is not a success.
            DecodeError: The body cannot be parsed.
            WrongRecordError: It is another record than requested.
        """
        record = _unwrapped(self.response(raw).result())
        requested, (received,) = self.arguments.get(self.id_name), _sourced_ids([record])
        # Some servers pad ids in some places.
        if requested is not None and received is not None and received.strip() != str(requested).strip():
            raise WrongRecordError(self.operation.operation_id, str(requested), received)
        return record

    def read_created(self, raw: RawResponse, request: Request) -> list[Any]:
        """Return what the response to a POST has for each created record.

        Raises:
            StatusError: The status is not a success.
            DecodeError: The body cannot be parsed.
        """
        return list(_unwrapped(self.response(raw, request).result()))

    def read_requested(self, page: PageRequest, raw: RawResponse) -> ParsedPage:
        """Return the page in a response, or which record it has if one was requested in place of a page.

        Raises:
            StatusError: The status is not a success, except after a request for a record or its copies.
            DecodeError: The body cannot be parsed.
            ForeignOriginError: The server pages by links that leave the tenant.
            WrongRecordError: It is another record than requested.
        """
        if page.row is not None:
            return ParsedPage(self.read_row(page.row, raw), [], None)
        if page.copies_of is not None:
            refused = not _is_success(raw) or _reports_failure(raw.content)
            return ParsedPage(ReceivedPage(()) if refused else self.read_page(raw).info, [], None)
        with advice_on_refused(page, self.arguments):
            return self.read_page(raw)

    def read_row(self, sourced_id: str, raw: RawResponse) -> ReceivedPage:
        """Return whether a record of the collection exists, from the response to its single read; see above."""
        if raw.status_code == _NOT_FOUND:
            return ReceivedPage(())
        arguments = {self._single_read.id_name: sourced_id}
        OperationCall(self.standard, self.operation.item_read or "", arguments, self._base_url).read_record(raw)
        return ReceivedPage((sourced_id,))

    def read_page(self, raw: RawResponse) -> ParsedPage:
        """Return the page in a response of a collection.

        Raises:
            StatusError: The status is not a success.
            DecodeError: The page cannot be parsed.
            ForeignOriginError: The server pages by links that leave the tenant.
        """
        response = self.response(raw)
        records = _unwrapped(response.result())
        if records and "fields" not in _given(self.arguments) and _is_incomplete(records[0]):
            warn_of_other_version(self.standard, self.operation.element or "", records[0].to_dict().keys())
        return ParsedPage(self.page_info(raw, _sourced_ids(records)), records, response)

    def page_info(self, raw: RawResponse, ids: Sequence[str | None]) -> ReceivedPage:
        """Return the parts of a page that the walk needs.

        Args:
            raw: The response.
            ids: The sourcedIds of its rows.

        Raises:
            ForeignOriginError: The server pages by links that leave the tenant.
            DecodeError: There are no rows, because the server failed and says so in the body only; or the body has its
                rows under a key that occurs more than once.
        """
        if not ids and _reports_failure(raw.content):
            problem = "it has no rows, and its status payload reports a failure"
            raise DecodeError(problem, self.operation.operation_id, None, raw.status_code)
        wrapper = self.operation.wrapper or ""
        if repeats_key(raw.content, wrapper):
            problem = f"it has the key '{wrapper}' more than once, and only the rows of one can be read"
            raise DecodeError(problem, self.operation.operation_id, None, raw.status_code)
        names_next = "next" in raw.headers.get("Link", "").lower()
        cursor = self._cursor(raw) if names_next else None
        return ReceivedPage(ids, _total(raw.headers), cursor, partial(self._contents, raw.content), names_next)

    def _contents(self, body: bytes) -> list[Any]:
        """Return the rows in the body of a page, as JSON values; nothing if it cannot be read."""
        try:
            found, name = parse_json(body), self.operation.wrapper or ""
            rows: Any = found.get(name) if isinstance(found, dict) else found
            return rows if isinstance(rows, list) else list(unwrap(found, name, many=True)[name])
        except DecodeError:
            return []

    def _cursor(self, raw: RawResponse) -> str | None:
        """Return the query of a next link with a cursor. Links that page by offset are not used; the walk counts."""
        if (link := url_of(raw.headers, "next")) is None:
            return None
        try:
            target = urljoin(raw.url, link)
            foreign = origin_of(target) != origin_of(self._base_url)
        except (ValueError, httpx.InvalidURL):
            # The walk can continue by offset without the link.
            return None
        linked = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
        standard_names = {parameter.name for parameter in self.operation.parameters}
        if "offset" in linked or not linked.keys() - standard_names:
            return None
        if foreign:
            raise ForeignOriginError(f"{self.operation.operation_id}: the next link leads away from the tenant.")
        # Some servers leave filter, sort and fields out of the link.
        sent = parse_qsl(self.request().query, keep_blank_values=True)
        merged = {**{name: value for name, value in sent if name not in _OFFSET_PARAMETERS}, **linked}
        return str(httpx.QueryParams(merged)).replace("+", "%20")


@contextmanager
def advice_on_refused(page: PageRequest, arguments: Mapping[str, Any]) -> Iterator[None]:
    """Add to the error for a page that is refused as invalid that its filter, or its limit, may be the cause."""
    try:
        yield
    except StatusError as error:
        if error.status_code in _INVALID_QUERY and arguments.get("filter"):
            error.advice = "The request has a filter, which the server may not accept."
        elif error.status_code in _INVALID and page.limit > DEFAULT_LIMIT:
            error.advice = (
                f"The request asked for {page.limit} rows; if the server allows fewer, lower the limit"
                " (Paging(limit=…), --page-size)."
            )
        raise


def _is_success(raw: RawResponse) -> bool:
    return 200 <= raw.status_code < 300


def _reports_failure(body: bytes) -> bool:
    """Return whether a body holds a status payload that reports a failure, whatever the HTTP status is."""
    try:
        found = parse_status_info(parse_json(body)) if b"ajor" in body else []
    except DecodeError:
        return False
    return any(str(entry.to_dict().get("imsx_codeMajor")).lower() == _FAILURE for entry in found)


def _prepared(arguments: Mapping[str, Any], operation: Operation, specification: Specification) -> dict[str, Any]:
    prepared = dict(arguments)
    for parameter in operation.parameters:
        value = prepared.get(parameter.attribute)
        if value is None or operation.element is None:
            continue
        if parameter.format == "oneroster-filter":
            prepared[parameter.attribute] = render_filter(value, operation.element, specification)
        elif parameter.format == "oneroster-fields":
            prepared[parameter.attribute] = _fields(value, operation, specification)
    return prepared


def _fields(value: str | Iterable[str], operation: Operation, specification: Specification) -> str:
    names = value.split(",") if isinstance(value, str) else _json_names(value, operation, specification)
    # A walk identifies rows by their sourcedId, so it is always requested with other fields.
    extra = ["sourcedId"] if operation.many and "sourcedId" not in names and any(names) else []
    return ",".join([*names, *extra])


def _json_names(fields: Iterable[str], operation: Operation, specification: Specification) -> list[str]:
    known = specification.elements[operation.element or ""].properties
    names = {found.attribute: name for name, found in known.items()}
    return [names.get(field, field) for field in fields]


def _wrapped(standard: Standard, operation: Operation, body: Any) -> Any:
    wrapper: Any = getattr(
        standard.models, f"{operation.body}Page" if operation.body_many else f"Single{operation.body}"
    )
    return wrapper(**{wrapper.FIELDS[0].attribute: list(body) if operation.body_many else body})


def _unwrapped(wrapper: Any) -> Any:
    return getattr(wrapper, type(wrapper).FIELDS[0].attribute)


def _sourced_ids(records: list[Any]) -> list[str | None]:
    try:
        # One pass in C, for the usual case that every record has an id.
        return [sourced_id or None for sourced_id in map(attrgetter("sourced_id"), records)]
    except AttributeError:
        return [getattr(record, "sourced_id", None) or None for record in records]


def _given(arguments: Mapping[str, Any]) -> set[str]:
    return {name for name, value in arguments.items() if value is not None}


def _is_incomplete(record: Any) -> bool:
    """Return whether a record lacks a required property."""
    return any(not hasattr(record, field.attribute) for field in type(record).FIELDS if field.required)


def _total(headers: Mapping[str, str]) -> int | None:
    text = headers.get("X-Total-Count", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
