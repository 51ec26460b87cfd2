"""Paging rule on the totals of all responses of a run, whatever was requested."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import ExplainedBy
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import level_of
from oneroster.contract.observation.evidence import count_of, evidence_of
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.whole_run import FailedChecks, whole_run
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

TOTALS: Final = ("OR-PAG-05", "OR-PAG-11", "OR-CMB-02")
"""Rules on totals; they report what shows on the requests that they send."""
ROWS: Final = (
    *(
        "OR-PAG-08",
        "OR-PAG-01",
        "OR-PAG-02",
        "OR-PAG-03",
        "OR-PAG-04",
        "OR-CMB-01",
        "OR-CMB-04",
        "OR-CMB-05",
        "OR-CMB-06",
    ),
    *("OR-FLT-01", "OR-FLT-02", "OR-FLT-03", "OR-FLT-04", "OR-FLT-05", "OR-FLT-11", "OR-FLT-14", "OR-FLT-16"),
    *("OR-SRT-01", "OR-SRT-06", "OR-FLD-06", "OR-SEM-16"),
)
"""Rules on missing rows, of which a total does not know."""


@rule(
    "OR-PAG-14",
    family="paging",
    title="X-Total-Count counts the rows of every response, whatever is requested",
    clause="4 X-Total-Count, number of records that match the request [A]",
    example="a filter with OR returns 5 rows, all on one page, with X-Total-Count 7: the rows of each clause are added",
    fix="count with the query that returns the rows, before limit and offset, for every combination of parameters",
    stands_on=("header X-Total-Count",),
    over=whole_run,
)
def totals_of_all(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    reported = FailedChecks.of(tenant).requests
    every = [each for each in tuple(tenant.odd_totals.values()) if each.exchange.request not in reported]
    found = [each for each in every if _counts_less(each)] or [each for each in every if _is_last(tenant, each)]
    if found:
        first = found[0]
        operations = {each.operation.operation_id for each in found}
        names = " and ".join(sorted(first.query)) or "other parameters"
        text = (
            f"for some requests to {count_of(len(operations), 'operation')}, X-Total-Count is not the number of rows:"
        )
        text += f" {first.operation.operation_id} with {names} returned {count_of(len(first.rows), 'row')}"
        text += f" and the total {first.total}"
        rules = TOTALS if _counts_less(first) else (*TOTALS, *ROWS)
        level = level_of(min(each.operation.trust for each in found))
        seen = evidence_of(first, first.ids)
        raise ExplainedBy(rules, text, anywhere=True, otherwise=text, level=level, evidence=seen)
    yield from ()


def _counts_less(reading: ParsedResponse) -> bool:
    """Return whether a total is smaller than the number of rows on the page, which no shortened page explains."""
    return reading.total is not None and reading.total < len(reading.rows)


def _is_last(tenant: ObservedTenant, reading: ParsedResponse) -> bool:
    """Return whether no page follows: it has fewer rows than another page of the collection, and no next link.

    A server may shorten pages; then each page that others follow has as many rows as the longest.
    """
    longest = max((len(each.rows) for each in tenant.readings(reading.operation)), default=0)
    return len(reading.rows) < longest and reading.next_link is None
