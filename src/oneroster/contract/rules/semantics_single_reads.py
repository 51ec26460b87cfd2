"""Semantic rules on single reads, compared with the entry of the same record in its list."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotJudged
from oneroster.contract.harm import Harm
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.observation.evidence import count_of, evidence_of, finding
from oneroster.contract.observation.membership import is_live
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.obstacles import unread
from oneroster.contract.observation.operation_selectors import reads
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.snapshot import needs_escaping
from oneroster.contract.oracle.filters import parse_timestamp
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.odd_values import RULES_ON_VALUES, odd_properties
from oneroster_runtime.specification import Operation

DATED: Final = "dateLastModified"
UNCHANGED: Final = "OR-SEM-38"
"""The rule on records that change when they are read."""
TOMBSTONES: Final = "OR-SEM-24"
"""The rule on single reads of records that are tobedeleted."""
RULES_OF_ODD: Final = (*RULES_ON_VALUES, UNCHANGED)
STATUS: Final = "status"
JUST_NOW: Final = timedelta(hours=1)
"""How far the clock of a server may be from that of the kit."""
SOME: Final = 2
"""The fewest single reads of which all must differ from the list."""


def reads_with_list_entries(
    tenant: ObservedTenant, operation: Operation
) -> Iterator[tuple[ParsedResponse, str, Record]]:
    """Yield successful single reads, each with the requested id and the list entry of that id.

    Raises ``NotJudged`` when no single read succeeded.
    """
    found = tenant.walk(tenant.dialect.list_of(operation.operation_id))
    entries = tenant.rows_by_id(found)
    answered = [reading for reading in tenant.readings(operation) if reading.problem is None]
    if not answered:
        raise unread(operation, tenant.readings(operation), tenant.unanswered.get(operation.operation_id))
    for reading in answered:
        (asked,) = reading.values.values()
        if asked in entries:
            yield reading, asked, entries[asked]


@rule(
    "OR-SEM-07",
    family="semantics",
    title="A single read returns the same values as the list",
    clause="3.4 without fields all data comes back [B]",
    example="the list contains a title for a record, but the single read does not",
    fix="build both responses from the same record",
    over=reads,
    needs=(),
)
@confirmed
def single_equals_entry(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    different: dict[str, list[str]] = {}
    example: ParsedResponse | None = None
    odd = revived = True
    for reading, asked, entry in reads_with_list_entries(tenant, operation):
        (record,) = reading.rows
        names = _differing(record, entry)
        if identity(record) == asked and names and not _is_of_general_list(tenant, operation, record):
            example = example or reading
            dated = {DATED} if _is_only_dated_now(record, entry) else set()
            odd = odd and names <= odd_properties(tenant, operation.element or "", record) | dated
            revived = revived and names == {STATUS} and not is_live(entry)
            for name in names:
                different.setdefault(name, []).append(asked)
    if example is not None:
        fields = _shown(tenant, operation, different)
        ids = dict.fromkeys(asked for asked_for in different.values() for asked in asked_for)
        message = f"the single read and the list entry differ in {fields}"
        if odd or revived:
            raise ExplainedBy(
                (*(RULES_OF_ODD if odd else ()), *((TOMBSTONES,) if revived else ())),
                message,
                anywhere=True,
                otherwise=message,
                evidence=evidence_of(example, ids),
            )
        yield finding(message, example, ids)


def _is_of_general_list(tenant: ObservedTenant, operation: Operation, record: Record) -> bool:
    """Return whether a specialised read returns what the general collection holds: its own list differs (OR-SEM-26)."""
    if operation.subset is None:
        return False
    try:
        general = tenant.all_rows(tenant.dialect.collection_of(operation.element))
    except NotJudged:
        return False
    entry = general.get(identity(record) or "")
    return entry is not None and not _differing(record, entry)


def _differing(one: Record, other: Record) -> set[str]:
    """Return the properties that differ between two records."""
    return {name for name in one.keys() | other.keys() if _value_of(one, name) != _value_of(other, name)}


def _shown(tenant: ObservedTenant, operation: Operation, names: Collection[str]) -> str:
    """Return the documented names of some, and the number of other ones, which may be values of records."""
    known = sorted(name for name in names if name in tenant.properties(operation.element))
    others = len(names) - len(known)
    return ", ".join(known + ([f"{others} undocumented properties"] if others else []))


def _value_of(record: Record, name: str) -> tuple[bool, Any]:
    return name in record, record.get(name)


@rule(
    UNCHANGED,
    family="semantics",
    title="Reading a record does not change its dateLastModified",
    clause="5.1 dateLastModified, the last change of the record [A]",
    example="every single read returns a later dateLastModified than the list, and nothing else has changed",
    fix="store the time of the last change, and do not compute it when a record is read",
    over=reads,
    needs=("OR-SEM-08",),
)
@confirmed
def reads_change_nothing(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    pairs = list(reads_with_list_entries(tenant, operation))
    later = [reading for reading, _, entry in pairs if _is_only_dated_now(reading.rows[0], entry)]
    if len(pairs) < SOME:
        raise NotEnoughData(len(pairs), SOME, "single read of a listed record")
    # One record of a tenant in use may have changed since it was listed, but not all of them.
    if len(later) == len(pairs):
        asked = [value for reading in later for value in reading.values.values()]
        yield finding(f"{count_of(len(later), 'record')} had a later {DATED} each time it was read", later[0], asked)


def _is_only_dated_now(record: Record, entry: Record) -> bool:
    """Return whether a record differs from its entry in a list only by the date of a change just now."""
    was, now = (parse_timestamp(each.get(DATED)) for each in (entry, record))
    just = now is not None and was is not None and was != now and abs(datetime.now(UTC) - now) < JUST_NOW
    return just and record | {DATED: entry[DATED]} == entry


@rule(
    "OR-SEM-08",
    family="semantics",
    harm=Harm.ROWS,
    title="A listed record can be read by its id, and the response has that id",
    clause="2 single reads [A]",
    example="GET /orgs/7 returns org 8, or 404 although the list contains org 7",
    fix="look up the decoded path segment exactly, and compare ids case-sensitively",
    over=reads,
)
@confirmed
def single_has_its_id(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    wrong = [
        reading
        for reading, asked, _ in reads_with_list_entries(tenant, operation)
        if identity(reading.rows[0]) != asked
    ]
    if wrong:
        asked = [value for reading in wrong for value in reading.values.values()]
        yield finding(
            f"{count_of(len(wrong), 'single read')} returned a record with another id than the requested one",
            wrong[0],
            asked,
        )
    entries = tenant.rows_by_id(tenant.walk(tenant.dialect.list_of(operation.operation_id)))
    lost = [
        reading
        for reading in tenant.readings(operation)
        if reading.exchange.status == 404
        # OR-SEM-24 is about records that are marked for deletion.
        and any(is_live(entries[name]) for name in reading.values.values() if name in entries)
        and not any(map(needs_escaping, reading.values.values()))
    ]
    if lost:
        asked = [value for reading in lost for value in reading.values.values()]
        yield finding(f"{count_of(len(lost), 'listed record')} returned 404 when read by id", lost[0], asked)


@rule(
    "OR-SEM-17",
    family="semantics",
    harm=Harm.ROWS,
    title="A record whose id needs escaping can be read by that id",
    clause="1 sourcedId, an opaque string [A]",
    example="GET /orgs/a%2Fb returns 404, although the list contains an org with the id a/b",
    fix="split the path into segments before decoding them, so that an encoded slash stays part of the id",
    over=reads,
)
@confirmed
def escaped_ids(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    entries = tenant.rows_by_id(tenant.walk(tenant.dialect.list_of(operation.operation_id)))
    escaped = [
        (reading, asked)
        for reading in tenant.readings(operation)
        for asked in reading.values.values()
        # OR-SEM-24 judges those that are tobedeleted.
        if asked in entries and needs_escaping(asked) and is_live(entries[asked])
    ]
    if not escaped:
        raise NotEnoughData(0, 1, "id that needs escaping")
    lost = [(reading, asked) for reading, asked in escaped if 400 <= reading.exchange.status < 500]
    if lost:
        reading = lost[0][0]
        message = (
            f"{count_of(len(lost), 'listed record')} returned HTTP {reading.exchange.status} when read by an escaped id"
        )
        yield finding(message, reading, [asked for _, asked in lost])
    elif empty := [each for each in escaped if each[0].exchange.status == 200 and each[1] not in each[0].ids]:
        text = f"{count_of(len(empty), 'read')} by an escaped id returned another record or none"
        seen = evidence_of(empty[0][0], [asked for _, asked in empty])
        raise ExplainedBy("OR-SEM-08", text, otherwise=text, evidence=seen)
