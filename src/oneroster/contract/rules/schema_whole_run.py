"""Schema rule on the whole run: values keep their form, whatever is requested."""

import itertools
from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import NotEnoughData
from oneroster.contract.http.parsed_response import identity
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.record_violations import RecordViolations
from oneroster.contract.observation.whole_run import whole_run
from oneroster.contract.oracle.record_validation import Violation, ViolationKind
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

CERTAIN: Final = "A"


@rule(
    "OR-SCH-08",
    family="schema",
    title="Values keep their form, whatever is requested",
    clause="5 data model, types and enumerations [A]",
    example="score is a number under /results, and the string 87.5 if the results are sorted",
    fix="build every response with the same code, whatever the query",
    over=whole_run,
)
def form_of_all(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    if not tenant.odd_rows.any_noted:
        raise NotEnoughData(0, 1, "record")
    known = RecordViolations.of(tenant)
    found: dict[tuple[str, Violation], CauseCount] = {}
    for response in itertools.chain.from_iterable(tuple(tenant.odd_rows.values())):
        # The rules on writes report what the kit itself has written.
        rows = [row for row in response.rows if not tenant.gateway.has_created(identity(row))]
        for row in rows:
            for violation in dict.fromkeys(filter(_counts, known.of_row(response, row))):
                cause = response.operation.element or "", violation
                if cause not in known.told:
                    found.setdefault(cause, CauseCount(response)).add(identity(row))
    for (_, violation), tally in found.items():
        message = f"for some requests, {violation} in {count_of(tally.count, 'record')}"
        yield counted_finding(message, tally, violation.pointer, tally.count)


def _counts(violation: Violation) -> bool:
    """Return whether a violation is of a certain fact.

    The rules on queries report properties of records that they lose, and not what references lose.
    """
    within = "." in violation.pointer
    return violation.trust == CERTAIN and (within or violation.kind is not ViolationKind.PRESENCE)
