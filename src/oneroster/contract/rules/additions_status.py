"""Rules on the status object of OneRoster 1.2, whose form is certain there."""

from collections.abc import Iterator
from typing import Any, Final

from oneroster.contract.errors import ExplainedBy
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.observation.evidence import exchange_finding
from oneroster.contract.observation.observed_tenant import ObservedTenant, Offer
from oneroster.contract.observation.operation_selectors import with_expected_errors
from oneroster.contract.observation.provoked_errors import Refusals
from oneroster.contract.observation.whole_run import whole_run
from oneroster.contract.oracle.status_payload_parser import status_entries
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.errors_everywhere import Problem, responses_by_problem
from oneroster.contract.rules.errors_payload import DENIED, error_responses
from oneroster_runtime.specification import Operation

MAJOR: Final = "imsx_codeMajor"
SEVERITY: Final = "imsx_severity"
ENUMERATIONS: Final = {MAJOR: "CodeMajor", SEVERITY: "Severity"}
"""The enumerations of the document, by code."""
DESCRIPTION: Final = "imsx_description"
MINOR: Final = "imsx_CodeMinor"
FIELDS: Final = "imsx_codeMinorField"
NAME: Final = "imsx_codeMinorFieldName"
VALUE: Final = "imsx_codeMinorFieldValue"


def status_objects(tenant: ObservedTenant, operation: Operation) -> list[tuple[Exchange, Any]]:
    """Return the error responses of an operation that have a status payload in any form, with their bodies.

    Those to requests without credentials or without the scope are among them.

    Raises ``NotJudged`` when none has one.
    """
    every = [*error_responses(tenant, operation), *Refusals.of(tenant).denied(operation)]
    found = [(each, each.payload) for each in every if status_entries(each.payload)]
    if not found:
        raise ExplainedBy(("OR-ERR-07", "OR-ERR-06"), "no error response contains a status payload")
    return found


@rule(
    "OR-ADD-08",
    family="additions",
    title="The body of an error is one status object with code major and severity",
    clause="3.5 status object, at top level, no wrapper and no array [A]",
    example="a 404 response has the key statusInfoSet or imsx_StatusInfo around its codes",
    fix="send imsx_codeMajor and imsx_severity in the outermost object, with the documented values",
    over=with_expected_errors,
    needs=("OR-ERR-06", "OR-ERR-07"),
)
def one_status_object(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for exchange, body in status_objects(tenant, operation):
        if (problem := problem_of_object(tenant, body)) is not None:
            yield exchange_finding(f"{problem} (HTTP {exchange.status})", exchange)
            return


def problem_of_object(tenant: ObservedTenant, body: Any) -> str | None:
    """Return what is wrong with the outermost object of a status payload."""
    if not isinstance(body, dict) or MAJOR not in body or SEVERITY not in body:
        return f"the body of an error response is no object with {MAJOR} and {SEVERITY}"
    unknown = [name for name in (MAJOR, SEVERITY) if not _is_documented(tenant, name, body[name])]
    if unknown:
        return f"{unknown[0]} of an error response is not documented"
    if not isinstance(body.get(DESCRIPTION, ""), str):
        return f"{DESCRIPTION} of an error response is no text"
    return None


def _is_documented(tenant: ObservedTenant, name: str, word: Any) -> bool:
    """Return whether a code has one of its documented values, in their spelling."""
    words = tenant.standard.specification.enumerations.get(ENUMERATIONS[name], ())
    return not words or word in words


@rule(
    "OR-ADD-09",
    family="additions",
    title="Minor codes are nested in their object, and documented",
    clause="3.5 imsx_CodeMinor, fields with name and value of a closed list [A]",
    example="a status object has imsx_codeMinor with the text invalid_data",
    fix="send imsx_CodeMinor with imsx_codeMinorField, an array of names and documented values, or leave it out",
    over=with_expected_errors,
    needs=("OR-ERR-06", "OR-ERR-07", "OR-ADD-08"),
)
def nested_minor_codes(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for exchange, body in status_objects(tenant, operation):
        if (problem := problem_of_minor_codes(tenant, body)) is not None:
            yield exchange_finding(f"{problem} (HTTP {exchange.status})", exchange)
            return


def problem_of_minor_codes(tenant: ObservedTenant, body: Any) -> str | None:
    """Return what is wrong with the minor codes of a status payload, which are optional."""
    specification = tenant.standard.specification
    words = {
        word
        for known in specification.elements["CodeMinorField"].properties.values()
        for word in specification.enumerations.get(known.enumeration or "", ())
    }
    minor = body.get(MINOR) if isinstance(body, dict) else None
    flat = isinstance(body, dict) and minor is None and any(str(name).lower() == MINOR.lower() for name in body)
    fields = minor.get(FIELDS) if isinstance(minor, dict) else None
    odd = minor is not None and (not isinstance(fields, list) or not fields or not all(map(_is_field, fields)))
    if flat or odd:
        return f"the minor codes of an error response are not in {FIELDS}"
    if words and isinstance(fields, list) and any(field[VALUE] not in words for field in fields):
        return "a minor code of an error response is not documented"
    return None


def _is_field(field: Any) -> bool:
    return isinstance(field, dict) and isinstance(field.get(NAME), str) and isinstance(field.get(VALUE), str)


@rule(
    "OR-ADD-22",
    family="additions",
    harm=Harm.FORM,
    title="Every error response of the run is a status object, and has nothing else",
    clause="3.5 status object, the body of every error; 1.1 closed objects [A]",
    example="a 404 of /classes/{id}/results has imsx_codeMinor with a text, or imsx_operationRefIdentifier",
    fix="make all errors with one function, with the documented members and no other",
    over=whole_run,
)
def every_error_is_a_status_object(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    told_by = ("OR-ADD-08", "OR-ADD-09", "OR-ERR-07", "OR-ERR-06", "OR-ACC-01", "OR-ACC-03", "OR-FLT-12", "OR-WRT-43")
    yield from responses_by_problem(tenant, tenant.gateway.incidents.errors, _problem, told_by).findings()


def _problem(tenant: ObservedTenant, operation: Operation, exchange: Exchange) -> Problem | None:
    body = exchange.payload
    if not status_entries(body) and is_meant_as_status_object(body):
        return f"a status object has no {MAJOR}", None
    if not status_entries(body):
        # Gateways refuse credentials with a page of their own, and answer for operations that are not offered; other
        # rules look at the responses to writes.
        is_of_others = exchange.status in DENIED or exchange.method != "GET" or tenant.offer(operation) is not Offer.YES
        return None if is_of_others else ("an error response has no status object", None)
    problem = problem_of_object(tenant, body) or problem_of_minor_codes(tenant, body)
    if problem is None and _further_members(body):
        problem = "a status object has a member that is not documented"
    return None if problem is None else (problem, None)


def is_meant_as_status_object(body: Any) -> bool:
    """Return whether a body has a member of status objects, which no gateway sends."""
    return isinstance(body, dict) and not body.keys().isdisjoint({SEVERITY, DESCRIPTION, MINOR})


def _further_members(body: dict[str, Any]) -> bool:
    """Return whether a status object whose form is right has members beside the documented ones."""
    minor = body.get(MINOR, {})
    inner = [field.keys() - {NAME, VALUE} for field in minor.get(FIELDS, ())]
    return bool(body.keys() - {MAJOR, SEVERITY, DESCRIPTION, MINOR} or minor.keys() - {FIELDS} or any(inner))
