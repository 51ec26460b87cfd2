"""Engine: whatever lawful thing is asked, the answer is one that the document knows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from oneroster.contract.errors import EngineError, NotExercised
from oneroster.contract.fuzzing.engine import EngineRun
from oneroster.contract.fuzzing.engine_runs import positive_runs
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import level_of
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding, finding
from oneroster.contract.observation.operation_selectors import offered
from oneroster.contract.observation.record_violations import RecordViolations
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

if TYPE_CHECKING:
    from oneroster.contract.oracle.record_schema import Violation

BUSY_OR_MISSING: Final = frozenset({501, 503})
"""Server errors that say something lawful: not implemented, come back later."""
NOTHING_THERE: Final = 404
SCHEMA_CHECKS: Final = frozenset({"content_type_conformance", "response_schema_conformance"})


def answers(tenant: ObservedTenant, operation: Operation) -> list[ParsedResponse]:
    """Every lawful answer of an operation, those of the rules and those of the engine."""
    return tenant.readings(operation) + explored_answers(tenant, operation)


def explored_answers(tenant: ObservedTenant, operation: Operation) -> list[ParsedResponse]:
    """Every lawful answer of an operation that the engine met."""
    runs = positive_runs(tenant)
    return [
        as_reading(tenant, operation, exchange) for run in runs for exchange in run.exchanges.get(operation.path, ())
    ]


def as_reading(tenant: ObservedTenant, operation: Operation, exchange: Exchange) -> ParsedResponse:
    """An exchange of the engine as an answer of an operation; what was asked stands in the request line."""
    return tenant.parse(operation, exchange)


def settle(runs: list[EngineRun], operation: Operation, *, found: bool) -> None:
    """Raise what kept the engine from finishing, when nothing was found that would outweigh it.

    Raises ``EngineError`` for an error of the engine, ``BudgetSpentError`` or ``UnreachableError`` when it was stopped,
    ``NotExercised`` when it had nothing to ask here.
    """
    if found:
        return
    if crashes := sorted({crash for run in runs for crash in run.crashes}):
        raise EngineError(f"the engine failed: {', '.join(crashes)}")
    for run in runs:
        if run.stopped is not None:
            raise run.stopped
    if not any(run.exchanges.get(operation.path) for run in runs):
        raise NotExercised("the engine had nothing to ask")


@rule(
    "OR-ENG-01",
    family="engine",
    title="Lawful requests never end in a server error",
    clause="6.1 500 only for a catastrophe [A]",
    example="GET /orgs?orderBy=desc&offset=1 ends in 500",
    fix="answer what is lawful, and refuse with 400 and a payload what is not; keep 500 for what nobody foresaw",
    over=offered,
)
def no_server_error(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = answers(tenant, operation)
    failed = [each for each in known if each.exchange.status >= 500 and each.exchange.status not in BUSY_OR_MISSING]
    if failed:
        statuses = ", ".join(f"HTTP {status}" for status in sorted({each.exchange.status for each in failed}))
        yield finding(f"{len(failed)} of {len(known)} lawful requests end in {statuses}", failed[0])
    settle(positive_runs(tenant), operation, found=bool(failed))


@rule(
    "OR-ENG-02",
    family="engine",
    title="Only documented statuses are sent",
    clause="6.1 HTTP codes, list [B]",
    example="GET /orgs?limit=50 is answered with 206",
    fix="use the statuses of the standard: 200 for any answered read",
    over=offered,
)
def documented_status(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    # That nothing is there can be said of any address; whether it is right there is the matter of other rules.
    lawful = tenant.specification.statuses(operation) | BUSY_OR_MISSING | {NOTHING_THERE}
    known = answers(tenant, operation)
    strange = [each for each in known if each.exchange.status not in lawful and each.exchange.status < 500]
    if strange:
        statuses = ", ".join(f"HTTP {status}" for status in sorted({each.exchange.status for each in strange}))
        yield finding(f"{len(strange)} of {len(known)} lawful requests are answered with {statuses}", strange[0])
    settle(positive_runs(tenant), operation, found=bool(strange))


@rule(
    "OR-ENG-03",
    family="engine",
    title="Answers keep to the schema, whatever was asked",
    clause="2 wrapper summary and 5 data model [A]",
    example="with a filter the records lack a required property",
    fix="build every answer by the same code, whatever was asked",
    over=offered,
    needs=("OR-ENV-01", "OR-ENV-02", "OR-ENV-03"),
)
def answers_keep_to_schema(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    good = [each for each in explored_answers(tenant, operation) if each.exchange.status == 200]
    misplaced = [each for each in good if each.envelope_problem is not None]
    if misplaced:
        yield finding(f"in {len(misplaced)} of {len(good)} answers {misplaced[0].envelope_problem}", misplaced[0])
    tallies: dict[Violation, CauseCount] = {}
    for reading in good:
        for violation, sourced_id in RecordViolations.of(tenant).new(reading):
            tallies.setdefault(violation, CauseCount(reading)).add(sourced_id)
    for violation, tally in tallies.items():
        message = (
            f"{violation.pointer} is {violation.kind} in {count_of(tally.count, 'record')} that only the engine met"
        )
        yield counted_finding(message, tally, violation.pointer, tally.count, level_of(violation.trust))
    told = bool(misplaced or tallies)
    if not told:
        yield from _only_the_engine_objects(operation, tenant)
    settle(positive_runs(tenant), operation, found=told)


def _only_the_engine_objects(operation: Operation, tenant: ObservedTenant) -> Iterator[Finding]:
    """What the engine's validator holds against an answer in which the kit's own judge finds nothing new.

    Most often the kit has told it already, for the same records; then there is nothing to add.
    """
    for hint in (hint for run in positive_runs(tenant) for hint in run.hints.get(operation.path, ())):
        reading = as_reading(tenant, operation, hint.exchange)
        if hint.check in SCHEMA_CHECKS and hint.exchange.status == 200 and not RecordViolations.of(tenant).any(reading):
            yield finding("the answer does not validate against the response schema", reading, level=level_of("B"))
            return
