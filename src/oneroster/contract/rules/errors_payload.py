"""Error rules: the body of an error response."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from oneroster.contract.errors import ExplainedBy, NotOffered
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import UNREADABLE, Exchange
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import exchange_finding, finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import with_expected_errors
from oneroster.contract.observation.probe_values import largest_collections
from oneroster.contract.observation.provoked_errors import ExpectedErrors, Refusals
from oneroster.contract.oracle.error_leaks import MARKUP, leaks_in
from oneroster.contract.oracle.status_payload_parser import (
    StatusEntry,
    contradicts,
    has_code_minor,
    has_status_form,
    odd_elements,
    status_entries,
    status_form,
    wrong_warning,
)
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.fields import response_with_unknown_field
from oneroster.contract.rules.sorting import response_to_unknown_sort
from oneroster_runtime.specification import Operation

JSON: Final = "application/json"
DENIED: Final = frozenset({401, 403})
CODE_MINORS: Final = {
    404: ("unknownobject",),
    403: ("forbidden",),
    401: ("unauthorised", "unauthorisedrequest", "unauthorizedrequest", "unauthorized"),
}
"""By status: the code minor in the spellings of the versions, as they are compared."""
FORBIDDEN: Final = 403
GENERAL: Final = frozenset({"invaliddata", "internalservererror"})
"""Code minors that may stand for any bad request."""
BAD_VALUES: Final = "invaliddata"
"""The code minor of 400 and 422."""
CODES: Final = "CodeMinor"
"""The enumeration of the documents that has them as they are written."""
PROVOKING: Final = ("OR-ERR-01", "OR-ERR-02", "OR-ERR-05", "OR-FLT-12", "OR-FLT-13", "OR-FLD-05", "OR-ERR-03")
"""Rules that send requests which must fail, and report those that do not."""


def _written(tenant: ObservedTenant, words: tuple[str, ...]) -> str:
    """Return a code minor as the version of the tenant writes it."""
    codes = tenant.specification.enumerations.get(CODES, ())
    return next((code for code in codes if code.replace(" ", "").lower() in words), words[-1])


def error_responses(tenant: ObservedTenant, operation: Operation) -> list[Exchange]:
    """Return the error responses of an operation.

    Raises ``NotJudged`` when no invalid request returned an error.
    """
    # Unsupported methods are often rejected by the web server, which does not know the API.
    found = [each for each in ExpectedErrors.of(tenant).errors(operation) if each.status not in (405, 501)]
    if not found:
        raise ExplainedBy(PROVOKING, "no error response was received")
    return found


@rule(
    "OR-ERR-06",
    family="errors",
    title="The body of an error response is JSON",
    clause="1 encodings, JSON; 6.3 gateways send other shapes [B]",
    example="an unknown id returns the 404 page of the web server as text/html",
    fix="produce error responses in the API, as application/json, and configure the proxy to pass them on",
    over=with_expected_errors,
)
def error_is_json(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for exchange in _of_the_api_first(operation, error_responses(tenant, operation)):
        if not exchange.body:
            continue
        level = None if _is_of_the_api(operation, exchange) else Level.SHOULD
        if exchange.payload is UNREADABLE:
            yield exchange_finding(f"the body of an HTTP {exchange.status} response is not JSON", exchange, level)
            return
        if exchange.media_type != JSON:
            text = f"the media type of an HTTP {exchange.status} response is not {JSON}"
            yield exchange_finding(text, exchange, level)
            return


def _is_of_the_api(operation: Operation, exchange: Exchange) -> bool:
    """Return whether a response is to a path of an operation: others a gateway may answer, which knows no payload."""
    return f"/{operation.path.split('/')[1]}" in urlsplit(exchange.url).path


def _of_the_api_first(operation: Operation, exchanges: list[Exchange]) -> list[Exchange]:
    """Return responses in an order in which those of gateways hide no other."""
    return sorted(exchanges, key=lambda each: not _is_of_the_api(operation, each))


@rule(
    "OR-ERR-07",
    family="errors",
    title="An error response contains a status payload",
    clause="6.2 error payload, recommended [B]",
    example='a 404 response has the body `{"message": "Not Found"}` or no body',
    fix="send `statusInfoSet` with codeMajor, severity, codeMinor and a description",
    over=with_expected_errors,
    needs=("OR-ERR-06",),
)
def error_carries_payload(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for exchange in _of_the_api_first(operation, error_responses(tenant, operation)):
        if not status_entries(exchange.payload):
            level = None if _is_of_the_api(operation, exchange) else Level.SHOULD
            text = f"an HTTP {exchange.status} response contains no status payload (codeMajor, severity)"
            yield exchange_finding(text, exchange, level)
            return
        if not has_status_form(tenant.standard.specification, exchange.payload):
            form = status_form(tenant.standard.specification)
            yield exchange_finding(f"the status payload is not {form}", exchange, Level.OPEN)
            return
        if tenant.specification.specification.status_list is not None and (odd := odd_elements(exchange.payload)):
            yield exchange_finding(f"{odd[0]} in the status payload of an HTTP {exchange.status} is no text", exchange)
            return


@rule(
    "OR-ERR-08",
    family="errors",
    title="The codes of an error response say failure and error",
    clause="6.2 code values: failure and error, `unknown object` for 404 [A]",
    example="the status payload of a 404 has codeMajor success and severity status",
    fix="send codeMajor failure and severity error with every status from 400, and codeMinor `unknown object` with 404",
    stands_on=("property StatusInfo.imsx_codeMajor", "property StatusInfo.imsx_severity"),
    over=with_expected_errors,
    needs=("OR-ERR-06", "OR-ERR-07"),
)
def codes_say_failure(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    every = [*error_responses(tenant, operation), *Refusals.of(tenant).denied(operation)]
    known = [(each, said) for each in every if (said := status_entries(each.payload))]
    if not known:
        raise ExplainedBy(("OR-ERR-07", "OR-ERR-06"), "no error response contains a status payload")
    for exchange, said in known:
        if not any(each.code_major == "failure" and each.severity == "error" for each in said):
            yield exchange_finding(
                f"no status entry of an HTTP {exchange.status} response has codeMajor failure and severity error",
                exchange,
            )
            return
        if (wrong := wrong_minor_code(tenant, operation, exchange)) is not None:
            message, level = wrong
            yield exchange_finding(f"{message} (HTTP {exchange.status})", exchange, level)
            return


def wrong_minor_code(
    tenant: ObservedTenant, operation: Operation, exchange: Exchange
) -> tuple[str, Level | None] | None:
    """Return what is wrong with the code minors of an error response, and the level if it is not that of the rule."""
    said = status_entries(exchange.payload)
    # Which code minor the 404 of a nested collection has, only the versions with one status object say.
    is_open = exchange.status == 404 and operation.many and tenant.specification.specification.status_list is not None
    expected = () if is_open else CODE_MINORS.get(exchange.status, ())
    if not expected or any(each.code_minor in expected for each in said):
        return None
    message = f"no status entry of an error response has codeMinor '{_written(tenant, expected)}'"
    of_bad_values = all(each.code_minor == BAD_VALUES for each in said) and exchange.status != FORBIDDEN
    if not _is_of_another_case(tenant, exchange, said, expected) and not of_bad_values:
        # Certified servers use other vocabularies as well, so another word is at most a should.
        return message, Level.SHOULD
    return f"{message}, but that of another case", None


def _is_of_another_case(
    tenant: ObservedTenant, exchange: Exchange, said: list[StatusEntry], expected: tuple[str, ...]
) -> bool:
    """Return whether the code minors of a response are certainly those of another case."""
    if tenant.specification.specification.status_list is None and CODES in tenant.specification.enumerations:
        # The versions with one status object say which code minor each status has.
        words = {code.replace(" ", "").replace("_", "").lower() for code in tenant.specification.enumerations[CODES]}
        return bool(said) and all(each.code_minor in words - {*expected, *GENERAL} for each in said)
    # The others have no code minor for 403 in their vocabulary.
    return exchange.status != FORBIDDEN and contradicts(said, expected)


@rule(
    "OR-ERR-15",
    family="errors",
    harm=Harm.FORM,
    title="The codes of a warning say success and warning",
    clause="3.3 sort or fields names an unknown field: success, warning, and the code minor of its case [A]",
    example="the warning invalid_sort_field beside the data has codeMajor failure or severity error",
    fix="send codeMajor success and severity warning with `invalid_sort_field` and `invalid_selection_field`",
    stands_on=("parameter sort", "parameter fields"),
    over=largest_collections,
)
def codes_say_warning(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    if not tenant.standard.specification.warnings:
        raise NotOffered("this version of OneRoster has no warnings beside data")
    warned = False
    for ask, code_minor in (
        (response_to_unknown_sort, "invalid_sort_field"),
        (response_with_unknown_field, "invalid_selection_field"),
    ):
        reading = ask(tenant, operation)
        said = [each for each in status_entries(reading.other_members) if each.code_minor != "fullsuccess"]
        if reading.problem is not None or not said:
            continue
        warned = True
        if (wrong := wrong_warning(reading.other_members, code_minor)) is not None:
            yield finding(f"the {wrong} in the warning {code_minor}", reading)
        elif not has_code_minor(reading.other_members, code_minor) and contradicts(said, (code_minor,)):
            yield finding(f"the warning has the codeMinor of another case than {code_minor}", reading)
    if not warned:
        raise NotOffered("no warning is sent")


@rule(
    "OR-ERR-09",
    family="errors",
    harm=Harm.ACCESS,
    title="An error response contains no server internals",
    clause="6.2 error payload, its four elements and no more [B]",
    example="the description contains a stack trace, an SQL statement or the HTML error page of the framework",
    fix="write the details to the server log, and describe in the response what the client can do",
    over=with_expected_errors,
    needs=("OR-ERR-06",),
)
def no_server_internals(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for exchange in (*error_responses(tenant, operation), *Refusals.of(tenant).denied(operation)):
        kinds = leaks_in(exchange)
        if exchange.status in DENIED:
            # A page in place of the payload is the finding of OR-ACC-03.
            kinds = [kind for kind in kinds if kind != MARKUP]
        if kinds:
            yield exchange_finding(
                f"the body of an HTTP {exchange.status} response contains {' and '.join(kinds)}", exchange
            )
            return
