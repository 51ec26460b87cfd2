"""Envelope rules: the key that contains the data of a response, and its media type."""

import mimetypes
from collections.abc import Iterable, Iterator

from oneroster.contract.errors import NotJudged
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import encoded_path, encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.membership import count_parents
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.obstacles import obstacle, unread
from oneroster.contract.observation.operation_selectors import all_collections
from oneroster.contract.observation.walk import ObservedWalk, page_beyond
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.envelope_empty import ask_without_rows
from oneroster.contract.rules.errors_status_codes import UNKNOWN_ID
from oneroster_runtime.specification import Operation

JSON = "application/json"


def collection_operations(tenant: ObservedTenant) -> Iterable[Operation]:
    """Every collection of the dialect, top-level and nested."""
    return tenant.dialect.collections + tenant.dialect.nested


def single_read_operations(tenant: ObservedTenant) -> Iterable[Operation]:
    """Every single read of the dialect."""
    return tenant.dialect.reads


def successful_responses(tenant: ObservedTenant, operation: Operation) -> list[ParsedResponse]:
    """Return the responses with status 200.

    Raises ``NotJudged`` with the reason when there are none.
    """
    readings = tenant.readings(operation)
    found = [reading for reading in readings if reading.exchange.status == 200]
    if found:
        return found
    raise unread(operation, readings, tenant.unanswered.get(operation.operation_id))


def wrong_envelopes(readings: list[ParsedResponse]) -> Iterator[Finding]:
    """Yield one finding for each kind of wrong envelope, however often it occurs."""
    seen: dict[str, ParsedResponse] = {}
    for reading in readings:
        if reading.envelope_problem is not None:
            seen.setdefault(reading.envelope_problem, reading)
    for message, reading in seen.items():
        yield finding(message, reading)


@rule(
    "OR-ENV-01",
    family="envelope",
    harm=Harm.ROWS,
    title="A collection is an array under its documented key",
    clause="2 wrapper summary [A]",
    example='GET /students returns `{"students": [...]}` instead of `{"users": [...]}`',
    fix="return the array under the plural of the element name; a specialised collection uses the key of the "
    "collection it selects from",
    stands_on=("wrapper",),
    over=collection_operations,
)
def collection_envelope(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    readings = successful_responses(tenant, operation)
    null = null_pages(tenant, operation)
    yield from wrong_envelopes([reading for reading in readings if reading not in null])


def null_pages(tenant: ObservedTenant, operation: Operation) -> list[ParsedResponse]:
    """Return the responses with null in place of an empty array: there are others with rows, or no rows."""
    readings = tenant.readings(operation)
    if not any(reading.rows and reading.envelope_problem is None for reading in readings):
        try:
            if count_parents(tenant, operation):
                return []
        except NotJudged:
            return []
    payloads = ((reading, reading.exchange.payload) for reading in readings if reading.exchange.status == 200)
    return [reading for reading, body in payloads if isinstance(body, dict) and body.get(operation.wrapper, 0) is None]


@rule(
    "OR-ENV-06",
    family="envelope",
    title="An empty page is an empty array under the documented key",
    clause="2 wrapper summary; 6.1 a collection without records [A]",
    example='an offset beyond the end returns `{"users": null}` or `{}`',
    fix="return the key with an empty array; clients iterate over it",
    stands_on=("wrapper",),
    over=all_collections,
    needs=("OR-ENV-01",),
)
def empty_page(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    ask_without_rows(tenant, operation)
    null = null_pages(tenant, operation)
    if null:
        yield finding(null[0].envelope_problem or "", null[0])
        return
    found = tenant.walk(operation)
    if not found.complete:
        raise found.incomplete
    empty = next((page for page in found.pages if not page.rows), None) or page_beyond(tenant, found)
    if empty.problem is not None and empty.exchange.status != 200:
        # A server may end with 404, and still send something else where a filter finds nothing.
        beyond, empty = empty, _page_of_nothing(tenant, found)
        if empty.exchange.status != 200:
            raise obstacle(beyond, "OR-PAG-07")
    if empty.envelope_problem is not None and not empty.rows:
        yield finding(empty.envelope_problem, empty)


def _page_of_nothing(tenant: ObservedTenant, found: ObservedWalk) -> ParsedResponse:
    """Return the response to a filter that no record matches."""
    query: Query = {"limit": 1, "filter": f"sourcedId='{UNKNOWN_ID}'"}
    path = encoded_path(found.operation.path, found.values)
    return tenant.parse(found.operation, tenant.probe(path, encoded_query(query)), found.values, query)


@rule(
    "OR-ENV-02",
    family="envelope",
    harm=Harm.ROWS,
    title="A single record is an object under its documented key",
    clause="2 wrapper summary [A]",
    example='GET /orgs/{id} returns `{"orgs": [...]}` with an array of one org',
    fix="return the record itself as an object under its documented key, such as `org`",
    stands_on=("wrapper",),
    over=single_read_operations,
)
def single_envelope(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from wrong_envelopes(successful_responses(tenant, operation))


@rule(
    "OR-ENV-03",
    family="envelope",
    title="Responses have the media type application/json",
    clause="1 encodings, JSON [A]",
    example="JSON is sent as text/plain",
    fix="send `Content-Type: application/json` with every body",
    over=lambda tenant: tenant.dialect.operations.values(),
)
def media_type(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    wrong = [reading for reading in successful_responses(tenant, operation) if reading.exchange.media_type != JSON]
    if wrong:
        yield finding(f"Content-Type is {_shown(wrong[0].exchange.media_type)} instead of {JSON}", wrong[0])


def _shown(media_type: str) -> str:
    # A tenant may put any text into the header, so only registered media types are shown.
    return media_type if media_type in mimetypes.types_map.values() else "an unknown type" if media_type else "missing"
