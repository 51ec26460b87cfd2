"""Rules on the status object of OneRoster 1.2, whose form is certain there."""

from collections.abc import Iterator
from typing import Any, Final

from oneroster.contract.errors import ExplainedBy
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.observation.evidence import exchange_finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import with_expected_errors
from oneroster.contract.observation.provoked_errors import Refusals
from oneroster.contract.oracle.status_payload_parser import status_entries
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.errors_payload import error_responses
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
        if not isinstance(body, dict) or MAJOR not in body or SEVERITY not in body:
            message = f"the body of an HTTP {exchange.status} response is no object with {MAJOR} and {SEVERITY}"
            yield exchange_finding(message, exchange)
            return
        if unknown := [name for name in (MAJOR, SEVERITY) if not _is_documented(tenant, name, body[name])]:
            yield exchange_finding(f"{unknown[0]} of an HTTP {exchange.status} response is not documented", exchange)
            return
        if not isinstance(body.get(DESCRIPTION, ""), str):
            yield exchange_finding(f"{DESCRIPTION} of an HTTP {exchange.status} response is no text", exchange)
            return


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
    specification = tenant.standard.specification
    words = {
        word
        for known in specification.elements["CodeMinorField"].properties.values()
        for word in specification.enumerations.get(known.enumeration or "", ())
    }
    for exchange, body in status_objects(tenant, operation):
        minor = body.get(MINOR) if isinstance(body, dict) else None
        flat = isinstance(body, dict) and minor is None and any(str(name).lower() == MINOR.lower() for name in body)
        fields = minor.get(FIELDS) if isinstance(minor, dict) else None
        odd = minor is not None and (not isinstance(fields, list) or not fields or not all(map(_is_field, fields)))
        if flat or odd:
            yield exchange_finding(
                f"the minor codes of an HTTP {exchange.status} response are not in {FIELDS}", exchange
            )
            return
        if words and isinstance(fields, list) and any(field[VALUE] not in words for field in fields):
            yield exchange_finding(f"a minor code of an HTTP {exchange.status} response is not documented", exchange)
            return


def _is_field(field: Any) -> bool:
    return isinstance(field, dict) and isinstance(field.get(NAME), str) and isinstance(field.get(VALUE), str)
