"""Errors: what stands in the body of an answer that says no."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.exchange import UNREADABLE, Exchange
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import exchange_finding
from oneroster.contract.observation.expected_errors import ExpectedErrors
from oneroster.contract.observation.operation_selectors import with_expected_errors
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.oracle.error_leaks import leaks_in
from oneroster.contract.oracle.status_payload import STATUS_KEY, status_entries
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

JSON: Final = "application/json"


def errors(tenant: ObservedTenant, operation: Operation) -> list[Exchange]:
    """The errors of an operation.

    Raises ``NotExercised`` when what should have failed did not.
    """
    # Unknown methods are the business of the web server as often as that of the API.
    found = [each for each in ExpectedErrors.of(tenant).errors(operation) if each.status not in (405, 501)]
    if not found:
        raise NotExercised("no error was seen")
    return found


@rule(
    "OR-ERR-06",
    family="errors",
    title="What an error says is JSON",
    clause="1 encodings, JSON; 6.3 other shapes come from gateways [B]",
    example="an unknown id brings the 404 page of the web server as text/html",
    fix="let the API answer its errors itself, as application/json, and the proxy before it hand them through",
    over=with_expected_errors,
)
def error_is_json(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for exchange in errors(tenant, operation):
        if not exchange.body:
            continue
        if exchange.json is UNREADABLE:
            yield exchange_finding(f"the body of HTTP {exchange.status} is not JSON", exchange)
            return
        if exchange.media_type != JSON:
            yield exchange_finding(f"the JSON of HTTP {exchange.status} is not declared as {JSON}", exchange)
            return


@rule(
    "OR-ERR-07",
    family="errors",
    title="An error carries a status payload",
    clause="6.2 error payload, recommended [B]",
    example='404 brings `{"message": "Not Found"}` or no body',
    fix="send `statusInfoSet` with code major, severity, code minor and a description",
    over=with_expected_errors,
    needs=("OR-ERR-06",),
)
def error_carries_payload(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for exchange in errors(tenant, operation):
        if not status_entries(exchange.json):
            yield exchange_finding(
                f"HTTP {exchange.status} carries no status information (code major, severity)", exchange
            )
            return
        if not isinstance(exchange.json, dict) or not isinstance(exchange.json.get(STATUS_KEY), list):
            yield exchange_finding(f"the status information is not an array under '{STATUS_KEY}'", exchange, Level.OPEN)
            return


@rule(
    "OR-ERR-08",
    family="errors",
    title="The codes of an error say that it is one",
    clause="6.2 code values: failure and error, `unknown object` for 404 [A]",
    example="a 404 whose payload says success and status",
    fix="send code major failure and severity error with every status from 400; code minor `unknown object` with 404",
    over=with_expected_errors,
    needs=("OR-ERR-06", "OR-ERR-07"),
)
def codes_say_failure(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = [(each, said) for each in errors(tenant, operation) if (said := status_entries(each.json))]
    if not known:
        raise NotExercised("no error carries a status payload")
    for exchange, said in known:
        if not any(each.code_major == "failure" and each.severity == "error" for each in said):
            yield exchange_finding(
                f"no entry of HTTP {exchange.status} has code major failure and severity error", exchange
            )
            return
        unknown = exchange.status == 404 and not operation.many
        if unknown and not any(each.code_minor == "unknownobject" for each in said):
            # Other vocabularies were seen for the code minor, also in certified servers.
            yield exchange_finding("no entry of the 404 has the code minor 'unknown object'", exchange, Level.SHOULD)
            return


@rule(
    "OR-ERR-09",
    family="errors",
    title="An error lets out nothing of the inside of the server",
    clause="6.2 error payload, its four elements and no more [B]",
    example="the description holds the stack trace, the SQL statement or the HTML of the framework's error page",
    fix="keep the details for the server's log and say in the description what the client can do",
    over=with_expected_errors,
    needs=("OR-ERR-06",),
)
def nothing_let_out(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for exchange in errors(tenant, operation):
        if kinds := leaks_in(exchange):
            yield exchange_finding(f"the body of HTTP {exchange.status} holds {' and '.join(kinds)}", exchange)
            return
