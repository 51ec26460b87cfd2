"""HTTP rules on the headers of a request: those that clients and proxies add change nothing."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import ExplainedBy
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import Exchange, encoded_query
from oneroster.contract.http.incidents import is_server_error
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.evidence import evidence_of, exchange_finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import (
    first_usable_response,
    one_of_each_service,
    readable_path,
)
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

QUERY: Final = {"limit": 1}
RANGE: Final = ("Range", "bytes=0-9")
RANGE_LENGTH: Final = 10
HARMLESS_HEADERS: Final[tuple[dict[str, str], ...]] = (
    {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Accept": "application/json, text/plain;q=0.9, */*;q=0.8",
        "Content-Type": "application/json",
        "Accept-Language": "xx",
        "X-Forwarded-Host": "oneroster-check.invalid",
        "Cookie": "oneroster-check=1",
    },
    {"User-Agent": "python-requests/2.32.3"},
    {"User-Agent": ""},
)
"""Headers that say nothing about which data is requested, in sets that are sent together."""
CONDITIONS: Final = (
    ("If-None-Match", '"oneroster-check"'),
    ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:01 GMT"),
)
"""Conditions that hold for every record: no response has this ETag, and everything was changed since."""


def with_headers(tenant: ObservedTenant, operation: Operation, headers: dict[str, str]) -> ParsedResponse:
    """Return the response to a request for one row with further headers."""
    path = readable_path(tenant, operation)
    exchange = tenant.probe(path, encoded_query(dict(QUERY)), headers=headers)
    return tenant.parse_apart(operation, exchange, first_usable_response(tenant, operation).values, dict(QUERY))


def plain(tenant: ObservedTenant, operation: Operation) -> ParsedResponse:
    """Return the response to the same request without a further header.

    Raises ``NotJudged`` when it holds no data; other rules report that.
    """
    reading = tenant.ask(operation, first_usable_response(tenant, operation).values, dict(QUERY))
    if reading.problem is not None:
        rules = ("OR-PAG-01", "OR-ENV-01", "OR-ENG-01", "OR-ERR-10")
        text, seen = f"a page of one row: {reading.problem}", evidence_of(reading)
        raise ExplainedBy(rules, text, otherwise=str(reading.problem), evidence=seen)
    return reading


@rule(
    "OR-HTP-09",
    family="http",
    title="Headers that say nothing about the data do not change the response",
    clause="6.1 200 success; RFC 9110, 10.1.5 User-Agent and 5.1 unknown headers [B]",
    example="a request with the User-Agent of a browser returns 403, or with Content-Type on a GET 415",
    fix="ignore headers that the API does not need, also in the firewall before the server",
    over=one_of_each_service,
)
def other_headers(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    expected = plain(tenant, operation)
    for headers in HARMLESS_HEADERS:
        if _difference(with_headers(tenant, operation, headers), expected) is None:
            continue
        # One of them alone mostly shows the same, and says more.
        alone = [{name: value} for name, value in headers.items()] if len(headers) > 1 else []
        for sent in (*alone, headers):
            reading = with_headers(tenant, operation, sent)
            if (difference := _difference(reading, expected)) is not None:
                shown = " and ".join(f"'{name}: {value}'" if value else f"'{name}:'" for name, value in sent.items())
                yield exchange_finding(f"a request with {shown}{difference}", reading.exchange)
                return


def _difference(reading: ParsedResponse, expected: ParsedResponse) -> str | None:
    """Return how a response differs from the one without further headers, as the end of a message."""
    if is_server_error(reading.exchange.status):
        # The rule on the whole run reports it.
        return None
    if reading.problem is not None:
        return f": {reading.problem}"
    if bool(reading.rows) != bool(expected.rows):
        return f" returned {len(reading.rows)} records, not {len(expected.rows)}"
    return None


@rule(
    "OR-HTP-10",
    family="http",
    harm=Harm.ROWS,
    title="A condition that holds returns the data, and a range returns what it asks for",
    clause="RFC 9110, 13.1 conditional requests and 14.2 Range [B]",
    example="any If-None-Match returns 304, so a client never sees a change",
    fix="compare the ETag, or ignore conditions and ranges: both are optional",
    over=one_of_each_service,
)
def conditions_and_ranges(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    expected = plain(tenant, operation)
    for name, value in CONDITIONS:
        exchange = with_headers(tenant, operation, {name: value}).exchange
        if exchange.status != expected.exchange.status and not is_server_error(exchange.status):
            yield exchange_finding(f"a request with '{name}: {value}' returned HTTP {exchange.status}", exchange)
    part = with_headers(tenant, operation, dict([RANGE]))
    # A server that answers 206 without the header as well is not answering the header.
    is_changed = part.exchange.status != expected.exchange.status
    if is_changed and (wrong := _wrong_range(part.exchange)) is not None:
        yield exchange_finding(f"a request with '{RANGE[0]}: {RANGE[1]}' returned {wrong}", part.exchange)
    elif part.exchange.status == expected.exchange.status and part.problem is not None:
        yield exchange_finding(f"a request with '{RANGE[0]}: {RANGE[1]}': {part.problem}", part.exchange)


def _wrong_range(exchange: Exchange) -> str | None:
    """Return what is wrong with the response to a range; a server may ignore it."""
    if exchange.status == 200 or is_server_error(exchange.status):
        return None
    if exchange.status != 206:
        return f"HTTP {exchange.status}"
    if not exchange.headers.get("Content-Range", "").startswith("bytes 0-"):
        return "HTTP 206 without its Content-Range"
    return None if len(exchange.body) <= RANGE_LENGTH else f"HTTP 206 with {len(exchange.body)} bytes"
