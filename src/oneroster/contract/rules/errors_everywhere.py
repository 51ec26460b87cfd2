"""Error rules on every error response of the run, whichever rule provoked it."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, unquote_to_bytes

from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotOffered
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, exchange_finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_coverage import operation_at
from oneroster.contract.observation.whole_run import FailedChecks, whole_run
from oneroster.contract.oracle.error_leaks import MARKUP, internals_in, leaks_in
from oneroster.contract.oracle.status_payload_parser import contradicts, has_code_minor, status_entries, wrong_warning
from oneroster.contract.result import Evidence, Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.errors_payload import wrong_minor_code
from oneroster_runtime.specification import Operation

__all__ = ["FoundProblems", "Problem", "responses_by_problem"]

OF_SERVERS: Final = frozenset({405, 406, 408, 411, 412, 413, 414, 415, 416, 417, 421, 426, 429, 431})
"""Statuses with which servers and gateways answer for the API."""
LONGEST: Final = 500
"""Characters of a path and query; servers answer longer ones themselves."""
SHOWN_REQUESTS: Final = 5
_ODD: Final = re.compile(r"%(?![0-9A-Fa-f]{2})|%(?:2f|5c|0[0-9a-f]|1[0-9a-f]|27)", re.IGNORECASE)
"""What servers and firewalls answer themselves: malformed encodings, slashes, control characters and quotes in ids."""
Problem = tuple[str, Level | None]
"""What is wrong with a response, and the level if it is not that of the rule."""


@dataclass
class FoundProblems:
    """What is wrong with some responses of a run.

    Attributes:
        told_by: The rules that report the same of the requests that they send.
        judged: How many responses were judged.
        new: The responses with each problem, by problem, each with its operation.
        told: A problem that a failed check of these rules reports already.
        told_in: A response with it.
    """

    told_by: tuple[str, ...]
    judged: int = 0
    new: dict[Problem, list[tuple[Operation, Exchange]]] = field(default_factory=dict)
    told: Problem | None = None
    told_in: Exchange | None = None

    def leave_out_what_is_told(self, known: FailedChecks) -> None:
        """Leave out problems that a failed check reports; a should reports no must."""
        for problem, odd in tuple(self.new.items()):
            places = {name for rule_id in self.told_by for name in known.operations.get(rule_id, ())}
            of_shoulds = problem[1] is not None and any(operation.operation_id in places for operation, _ in odd)
            if of_shoulds or any(exchange.request in known.requests for _, exchange in odd):
                if self.told is None:
                    self.told, self.told_in = problem, odd[0][1]
                del self.new[problem]

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each problem; those that are reported are explained by the rules that report them."""
        for (problem, level), odd in self.new.items():
            evidence = tuple(Evidence(each.request, count=len(odd), curl=each.curl) for _, each in odd[:SHOWN_REQUESTS])
            statuses = ", ".join(f"HTTP {status}" for status in sorted({each.status for _, each in odd}))
            yield Finding(f"{problem}: {count_of(len(odd), 'response')} with {statuses}", evidence, level)
        if self.told is not None and not self.new:
            problem, level = self.told
            seen = exchange_finding(problem, self.told_in).evidence if self.told_in is not None else ()
            raise ExplainedBy(self.told_by, problem, anywhere=True, otherwise=problem, level=level, evidence=seen)
        if not self.judged:
            raise NotEnoughData(0, 1, "such response")


def responses_by_problem(
    tenant: ObservedTenant,
    exchanges: Iterable[Exchange],
    problem_of: Callable[[ObservedTenant, Operation, Exchange], Problem | None],
    told_by: tuple[str, ...],
) -> FoundProblems:
    """Return what is wrong with responses to ordinary requests for an operation."""
    found = FoundProblems(told_by)
    for exchange in tuple(exchanges):
        operation = operation_at(tenant, exchange)
        if exchange.status in OF_SERVERS or operation is None or not _is_ordinary(exchange):
            continue
        found.judged += 1
        if (problem := problem_of(tenant, operation, exchange)) is not None:
            found.new.setdefault(problem, []).append((operation, exchange))
    found.leave_out_what_is_told(FailedChecks.of(tenant))
    return found


def _is_ordinary(exchange: Exchange) -> bool:
    """Return whether a request is one that no gateway answers in place of the API."""
    path, _, query = exchange.target.partition("?")
    if len(exchange.target) > LONGEST or _ODD.search(path) or re.search(r"%(?![0-9A-Fa-f]{2})", query):
        return False
    try:
        text = unquote_to_bytes(exchange.target).decode()
    except UnicodeDecodeError:
        return False
    return text.isprintable()


@rule(
    "OR-ERR-16",
    family="errors",
    title="Every error response of the run says failure and error, and has no data",
    clause="6.2 code values: failure and error; 3.3 data: none [A]",
    example="a 404 of /classes/{id}/results has codeMajor success, or a record beside the status payload",
    fix="make all errors with one function, whatever the path and the method",
    stands_on=("property StatusInfo.imsx_codeMajor", "property StatusInfo.imsx_severity"),
    over=whole_run,
)
def every_error_says_failure(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    told_by = ("OR-ERR-08", "OR-FLT-12", "OR-ACC-01", "OR-WRT-43")
    yield from responses_by_problem(tenant, tenant.gateway.incidents.errors, _wrong_codes_or_data, told_by).findings()


def _wrong_codes_or_data(tenant: ObservedTenant, operation: Operation, exchange: Exchange) -> Problem | None:
    said = status_entries(exchange.payload)
    if said and not any(each.code_major == "failure" and each.severity == "error" for each in said):
        return "no status entry of an error response has codeMajor failure and severity error", None
    if said and (wrong := wrong_minor_code(tenant, operation, exchange)) is not None:
        return wrong
    # Where status objects are closed, another rule reports what is beside their members.
    is_list = tenant.specification.specification.status_list is not None
    if is_list and isinstance(exchange.payload, dict) and exchange.payload.get(operation.wrapper or ""):
        return f"an error response has data under {operation.wrapper}", Level.SHOULD
    return None


@rule(
    "OR-ERR-17",
    family="errors",
    harm=Harm.ACCESS,
    title="No error response and no header of the run contains server internals",
    clause="6.2 error payload, its four elements and no more [B]",
    example="the header X-Debug-Query has the SQL statement of the request, or a 422 to a PUT a stack trace",
    fix="write the details to the server log, and switch off the debugging headers of the framework",
    over=whole_run,
)
def no_internals_anywhere(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    incidents, told_by = tenant.gateway.incidents, ("OR-ERR-09", "OR-WRT-43", "OR-ACC-03")
    found = responses_by_problem(tenant, incidents.errors, _internals, told_by)
    for exchange in tuple(incidents.texts_in_headers):
        for kind in internals_in(list(exchange.headers.values())):
            place = operation_at(tenant, exchange) or operation
            found.new.setdefault((f"a header of a response contains {kind}", None), []).append((place, exchange))
        found.judged += 1
    yield from found.findings()


def _internals(_tenant: ObservedTenant, _operation: Operation, exchange: Exchange) -> Problem | None:
    # A page in place of the payload is the finding of the rules on its form.
    kinds = [kind for kind in leaks_in(exchange) if kind != MARKUP]
    return (f"an error response contains {' and '.join(kinds)}", Level.SHOULD) if kinds else None


@rule(
    "OR-ERR-18",
    family="errors",
    harm=Harm.FORM,
    title="Every warning of the run has the codes of its case",
    clause="3.3 sort or fields names an unknown field: success, warning, and the code minor of its case [A]",
    example="a sort of /schools/{id}/classes by an unknown field has the warning `full success`",
    fix="make all warnings with one function, whatever the path",
    stands_on=("parameter sort", "parameter fields"),
    over=whole_run,
)
def every_warning_says_its_case(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    if not tenant.standard.specification.warnings:
        raise NotOffered("this version of OneRoster has no warnings beside data")
    warnings, told_by = tenant.gateway.incidents.warnings, ("OR-ERR-15", "OR-SRT-05", "OR-FLD-04")
    yield from responses_by_problem(tenant, warnings, _wrong_warning, told_by).findings()


def _wrong_warning(tenant: ObservedTenant, operation: Operation, exchange: Exchange) -> Problem | None:
    asked = parse_qs(exchange.target.partition("?")[2])
    known = tenant.properties(operation.element).keys()
    cases = {
        "invalid_sort_field": any(name not in known and name.isalpha() for name in asked.get("sort", ())),
        "invalid_selection_field": any(
            name not in known and name.isalpha() for names in asked.get("fields", ()) for name in names.split(",")
        ),
    }
    if sum(cases.values()) != 1:
        return None
    expected = next(case for case, is_asked in cases.items() if is_asked)
    body = exchange.payload if isinstance(exchange.payload, dict) else {}
    others = {name: value for name, value in body.items() if name != operation.wrapper}
    if (wrong := wrong_warning(others, expected)) is not None:
        return f"the {wrong} in the warning {expected}", None
    if not has_code_minor(others, expected) and contradicts(status_entries(others), (expected,)):
        return f"a warning has the codeMinor of another case than {expected}", None
    return None
