"""Rows that a filter, a sort, a page or a nested collection returns, and that the whole collection does not hold."""

from collections.abc import Iterable, Iterator, Mapping

from oneroster.contract.errors import NotJudged
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, finding, id_list
from oneroster.contract.observation.membership import is_live
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.oracle.record_validation import ViolationKind, violations
from oneroster.contract.result import Finding
from oneroster_runtime.specification import Operation

__all__ = ["altered_rows", "foreign_rows"]


def foreign_rows(
    tenant: ObservedTenant,
    response: ParsedResponse,
    rows: Iterable[Record],
    what: str,
    collection: Operation | None = None,
) -> Iterator[Finding]:
    """Yield a finding if rows are not in the whole collection; nothing if that was not read to its end.

    Callers are re-checked against fresh data (`confirmed`), because a row may have been added since the whole
    collection was read. That a collection without a filter holds its deleted records is only probable.

    Args:
        tenant: The tenant.
        response: The response to name in the finding.
        rows: The rows.
        what: What returned them, for the message.
        collection: The whole collection; that of the response if None.
    """
    whole = response.operation if collection is None else collection
    try:
        known = tenant.all_rows(whole)
    except NotJudged:
        return
    found = {name: row for row in rows if (name := identity(row)) is not None and name not in known}
    live = [name for name, row in found.items() if is_live(row)]
    foreign, level = (live, None) if live else (list(found), Level.SHOULD)
    if foreign:
        message = f"{what} returned {count_of(len(foreign), 'row')} that {whole.operation_id} does not hold"
        yield finding(f"{message} ({id_list(foreign)})", response, foreign, level)


def altered_rows(
    tenant: ObservedTenant,
    response: ParsedResponse,
    rows: Iterable[Record],
    known: Mapping[str, Record],
    what: str,
) -> Iterator[Finding]:
    """Yield a finding if records have other values than the same records of the whole collection.

    Values of another form than the schema has are left out. A required property that is lost is a violation of the
    level of the rule; any other difference is a should.

    Args:
        tenant: The tenant.
        response: The response to name in the finding.
        rows: The records.
        known: The records of the whole collection, by id.
        what: What returned them, for the message.
    """
    properties = tenant.properties(response.operation.element)
    altered: dict[str, list[str]] = {}
    lost = False
    for row in rows:
        name = identity(row) or ""
        whole = known.get(name)
        if whole is None:
            continue
        # OR-SCH-08 reports values of another form.
        malformed = _malformed(tenant, response, row) if row != whole else set()
        for key in (whole.keys() | row.keys()) - malformed:
            if whole.get(key) != row.get(key):
                altered.setdefault(key if key in properties else "others", []).append(name)
                lost = lost or (key not in row and key in properties and properties[key].required)
    if altered:
        ids = list(dict.fromkeys(name for names in altered.values() for name in names))
        message = f"{what} returned {count_of(len(ids), 'record')} with other values of {', '.join(sorted(altered))}"
        yield finding(f"{message} than the whole collection", response, ids, None if lost else Level.SHOULD)


def _malformed(tenant: ObservedTenant, response: ParsedResponse, row: Record) -> set[str]:
    """Return the properties of a record whose values certainly have another form than the schema."""
    found = violations(response.operation.element or "", row, tenant.specification)
    certain = (each for each in found if each.trust == "A" and each.kind is not ViolationKind.PRESENCE)
    return {each.pointer.partition(".")[0].removesuffix("[]") for each in certain}
