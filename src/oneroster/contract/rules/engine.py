"""Engine rules: responses to the valid requests that schemathesis generates conform to the document."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from oneroster.contract.errors import EngineError, ExplainedBy, NotEnoughData
from oneroster.contract.fuzzing.engine import EngineRun
from oneroster.contract.fuzzing.engine_runs import positive_runs
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.parsed_response import ParsedResponse, identity
from oneroster.contract.levels import level_of
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding, evidence_of, finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import offered
from oneroster.contract.observation.record_violations import RecordViolations
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

if TYPE_CHECKING:
    from oneroster.contract.oracle.record_validation import Violation

EXPECTED_SERVER_ERRORS: Final = frozenset({501, 503})
"""Server errors that a valid request may get: 501 not implemented, 503 temporarily unavailable."""
NOT_FOUND: Final = 404
OF_QUERIES: Final = ("OR-SCH-08", "OR-FLT-01", "OR-SRT-01")
"""The rules that report a record that is another with a query."""
OF_UNKNOWN_IDS: Final = ("OR-ERR-01", "OR-SEM-08")
"""The rules on responses to the read of an id that no record has, or with another record than the requested one."""
SCHEMA_CHECKS: Final = frozenset({"content_type_conformance", "response_schema_conformance"})


def responses_to_valid_requests(tenant: ObservedTenant, operation: Operation) -> list[ParsedResponse]:
    """Return all responses to valid requests of an operation, those of the rules and of the engine."""
    return tenant.readings(operation) + engine_responses(tenant, operation)


def engine_responses(tenant: ObservedTenant, operation: Operation) -> list[ParsedResponse]:
    """Return all responses to valid requests that the engine sent to an operation."""
    runs = positive_runs(tenant)
    return [
        as_response(tenant, operation, exchange) for run in runs for exchange in run.exchanges.get(operation.path, ())
    ]


def as_response(tenant: ObservedTenant, operation: Operation, exchange: Exchange) -> ParsedResponse:
    """Return an exchange of the engine as a response of an operation, without its parsed parameters."""
    return tenant.parse(operation, exchange)


def raise_engine_errors(runs: list[EngineRun], operation: Operation, *, found: bool) -> None:
    """Raise the reason why the engine did not finish, unless the rule has a finding.

    Raises ``EngineError`` for an error of the engine, ``BudgetSpentError`` or ``UnreachableError`` when it was stopped,
    and ``NotJudged`` when it sent no request to the operation.
    """
    if found:
        return
    if crashes := sorted({crash for run in runs for crash in run.crashes}):
        raise EngineError(f"the engine failed: {', '.join(crashes)}")
    for run in runs:
        if run.stopped is not None:
            raise run.stopped
    if not any(run.exchanges.get(operation.path) for run in runs):
        raise NotEnoughData(0, 1, "request that the engine can generate")


@rule(
    "OR-ENG-01",
    family="engine",
    title="Valid requests never cause a server error",
    clause="6.1 500 only for a catastrophe [A]",
    example="GET /orgs?orderBy=desc&offset=1 returns 500",
    fix="serve valid requests, and reject invalid ones with 400 and a status payload; use 500 only for "
    "unforeseen failures",
    stands_on=("status 500",),
    over=offered,
)
def no_server_error(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = responses_to_valid_requests(tenant, operation)
    failed = _server_errors(known)
    if failed:
        statuses = ", ".join(f"HTTP {status}" for status in sorted({each.exchange.status for each in failed}))
        text = f"{len(failed)} of {len(known)} valid requests returned {statuses}"
        if _server_errors(tenant.readings(operation)):
            # A request of another rule shows it, and OR-ERR-10 reports all of those.
            raise ExplainedBy("OR-ERR-10", text, otherwise=text, evidence=evidence_of(failed[0]))
        yield finding(text, failed[0])
    raise_engine_errors(positive_runs(tenant), operation, found=bool(failed))


def _server_errors(responses: list[ParsedResponse]) -> list[ParsedResponse]:
    statuses = ((each, each.exchange.status) for each in responses)
    return [each for each, status in statuses if status >= 500 and status not in EXPECTED_SERVER_ERRORS]


@rule(
    "OR-ENG-02",
    family="engine",
    title="Only documented status codes are returned",
    clause="6.1 HTTP codes, list [B]",
    example="GET /orgs?limit=50 returns 206",
    fix="use the status codes of the standard: 200 for every successful read",
    over=offered,
)
def documented_status(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    # Any URL may return 404; other rules check whether it is right to do so.
    documented = tenant.specification.statuses(operation) | EXPECTED_SERVER_ERRORS | {NOT_FOUND}
    known = responses_to_valid_requests(tenant, operation)
    strange = [each for each in known if each.exchange.status not in documented and each.exchange.status < 500]
    if strange:
        statuses = ", ".join(f"HTTP {status}" for status in sorted({each.exchange.status for each in strange}))
        text = f"{len(strange)} of {len(known)} valid requests returned undocumented status codes: {statuses}"
        yield finding(text, strange[0], symptom_of=("OR-ENV-09",))
    raise_engine_errors(positive_runs(tenant), operation, found=bool(strange))


@rule(
    "OR-ENG-03",
    family="engine",
    harm=Harm.VALUES,
    title="Responses match the schema for every valid request",
    clause="2 wrapper summary and 5 data model [A]",
    example="with a filter, the records lack a required property",
    fix="build every response with the same code, whatever the query",
    over=offered,
    needs=("OR-ENV-01", "OR-ENV-02", "OR-ENV-03"),
)
def responses_match_schema(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    good = [each for each in engine_responses(tenant, operation) if each.exchange.status == 200]
    misplaced = [each for each in good if each.envelope_problem is not None]
    if misplaced:
        level = level_of(operation.wrapper_trust or "A")
        yield finding(
            f"in {len(misplaced)} of {len(good)} responses, {misplaced[0].envelope_problem}", misplaced[0], level=level
        )
    tallies: dict[tuple[Violation, bool], CauseCount] = {}
    for reading in good:
        for violation, sourced_id in RecordViolations.of(tenant).new(reading):
            # The rules on writes report that a server accepts what the kit wrote to see it rejected.
            if tenant.gateway.has_created(sourced_id):
                continue
            tallies.setdefault((violation, _is_another(reading)), CauseCount(reading)).add(sourced_id)
    for (violation, another), tally in tallies.items():
        message = f"{violation} in {count_of(tally.count, 'record')} of engine responses"
        found = counted_finding(message, tally, violation.pointer, tally.count, level_of(violation.trust))
        yield replace(found, symptom_of=OF_UNKNOWN_IDS if another else OF_QUERIES)
    reported = bool(misplaced or tallies)
    if not reported:
        yield from _engine_validation_findings(operation, tenant)
    raise_engine_errors(positive_runs(tenant), operation, found=reported)


def _is_another(reading: ParsedResponse) -> bool:
    """Return whether the record of a single read is not the requested one, because no record has the id of the path."""
    asked = unquote(urlsplit(reading.exchange.url).path.rpartition("/")[2])
    return not reading.operation.many and bool(reading.rows) and identity(reading.rows[0]) != asked


def _engine_validation_findings(operation: Operation, tenant: ObservedTenant) -> Iterator[Finding]:
    """Yield what only the validator of the engine finds in a response.

    Responses whose records have violations that were already reported are left out: the validator repeats those.
    """
    for hint in (hint for run in positive_runs(tenant) for hint in run.hints.get(operation.path, ())):
        reading = as_response(tenant, operation, hint.exchange)
        if hint.check in SCHEMA_CHECKS and hint.exchange.status == 200 and not RecordViolations.of(tenant).any(reading):
            yield finding("the response does not match the response schema", reading, level=level_of("B"))
            return
