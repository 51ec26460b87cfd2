"""Rule on the values of selected fields, on every kind of collection."""

from collections.abc import Iterator
from typing import Any

from oneroster.contract.errors import ExplainedBy, NotJudged
from oneroster.contract.http.parsed_response import identity
from oneroster.contract.observation.combined_requests import combination, combined, without_data
from oneroster.contract.observation.evidence import count_of, evidence_of, finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import all_collections
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.selected_pages import selected_page
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.combinations import ABSENT, EVERYTHING, VALUES, queries
from oneroster_runtime.specification import Operation


def _surplus_of_everything(tenant: ObservedTenant, operation: Operation) -> set[str]:
    """Return the fields that a request with every parameter returned, and did not ask for."""
    try:
        known = combination(tenant, operation)
        found = [(page, combined(tenant, known.found, page).rows) for page in queries(known)[EVERYTHING]]
    except NotJudged:
        return set()
    surplus = ({name for row in rows for name in row} - set(str(page["fields"]).split(",")) for page, rows in found)
    return set().union(*surplus)


@rule(
    "OR-CMB-04",
    family="combinations",
    title="A selected field has the same value as in the full record",
    clause="3.4 field selection, the requested fields [B]",
    example="fields=sourcedId,school returns the school as a string, or without its href",
    fix="build the full record first, and remove the other properties from it",
    stands_on=("parameter fields",),
    over=all_collections,
    needs=("OR-FLD-01",),
)
@confirmed
def values_of_selected_fields(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    page = selected_page(tenant, operation)
    names, full_records, reading = page.names, page.full, page.reading
    if reading.problem is not None:
        raise without_data(reading)
    different: dict[str, list[Any]] = {}
    for row in reading.rows:
        full = full_records.get(identity(row))
        for name in names:
            if full is not None and (name in full or name in row) and row.get(name, ABSENT) != full.get(name, ABSENT):
                different.setdefault(name, []).append(identity(row))
    surplus = {name for row in reading.rows for name in row} - {"sourcedId", *names}
    whole = tenant.dialect.collection_of(operation.element)
    if surplus and not different:
        text = f"fields={','.join(['sourcedId', *names])} returned {count_of(len(surplus), 'further field')}"
        where = whole.operation_id if whole else None
        raise ExplainedBy("OR-FLD-01", text, where, otherwise=text, evidence=evidence_of(reading))
    if not different and len(reading.rows) < min(page.rows, int(reading.query["limit"])):
        text = f"with fields, the page has {len(reading.rows)} of {count_of(page.rows, 'row')}"
        rules = ("OR-PAG-01", "OR-FLD-01", "OR-CMB-01")
        raise ExplainedBy(rules, text, anywhere=True, otherwise=text, evidence=evidence_of(reading))
    if not different and not surplus and (more := _surplus_of_everything(tenant, operation)):
        text = f"with filter and sort, fields returned {count_of(len(more), 'further field')}"
        raise ExplainedBy("OR-FLD-06", text, anywhere=True, otherwise=text, evidence=evidence_of(reading))
    if different:
        ids = [sourced_id for known in different.values() for sourced_id in known]
        text = f"selected fields differ from the full record: {', '.join(sorted(different))}"
        yield finding(text, reading, ids, symptom_of=VALUES)
