"""What a tenant makes of a filter, beside what the filter should bring."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level, level_of
from oneroster.contract.observation.evidence import count_of, finding, id_list
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.snapshot import PAGE
from oneroster.contract.observation.tenant import ObservedTenant, Query
from oneroster.contract.observation.walk import ObservedWalk, walk
from oneroster.contract.oracle.filters import ExpectedFilter, expected
from oneroster.contract.result import Finding
from oneroster_runtime.specification import Operation

__all__ = ["differences", "judge_all", "narrowed", "refused"]

MOST_PAGES: Final = 6
"""Pages of one filtered answer; of one that is longer only the rows that came are judged."""
BUSY: Final = 429


def narrowed(tenant: ObservedTenant, operation: Operation, expression: str) -> ObservedWalk:
    """The collection as it is filtered by an expression."""

    def ask(operation: Operation, values: Mapping[str, str], page: Query) -> ParsedResponse:
        return tenant.ask(operation, values, {**page, "filter": expression})

    return walk(ask, operation, {}, limit=PAGE, max_rows=PAGE * MOST_PAGES, max_pages=MOST_PAGES)


def refused(reading: ParsedResponse) -> bool:
    """Whether a request was turned down, and not merely put off."""
    return 400 <= reading.exchange.status < 500 and reading.exchange.status != BUSY


def differences(
    tenant: ObservedTenant,
    operation: Operation,
    wanted: ExpectedFilter,
    refusal: Level | None = None,
    *,
    tell_open: bool = False,
) -> Iterator[Finding]:
    """How the answer to a filter differs from the rows that pass it naively, and does so at a second look as well.

    ``refusal`` is what it weighs when the tenant refuses the filter (None: as the rule does). With ``tell_open`` it is
    also told how many of those rows come that the standard leaves open.

    Raises ``NotExercised`` when the collection was not read to its end or the answer holds no data.
    """

    @confirmed
    def compared(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
        yield from _breach(tenant, operation, wanted, refusal)

    told = list(compared(tenant, operation))
    yield from told
    if tell_open and not told:
        yield from _left_open(tenant, operation, wanted)


def _answer(tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter) -> ParsedResponse:
    """The first page of a filtered collection."""
    return tenant.ask(operation, {}, {"limit": PAGE, "offset": 0, "filter": str(wanted)})


def _breach(
    tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter, refusal: Level | None
) -> Iterator[Finding]:
    rows, first = tenant.all_rows(operation), _answer(tenant, operation, wanted)
    if refused(first):
        yield finding(f"the filter {wanted.shape} is refused (HTTP {first.exchange.status})", first, level=refusal)
        return
    if first.problem is not None:
        raise NotExercised(f"the filter {wanted.shape}: {first.problem}")
    found = narrowed(tenant, operation, str(wanted))
    by_trust = _wrong(rows, found, wanted)
    for trust in ("A", "B"):
        strangers, missing = by_trust[trust]
        if strangers or missing:
            message = f"the filter {wanted.shape} brings {count_of(len(found), 'row')}{_told(strangers, missing)}"
            yield finding(message, first, strangers or missing, level_of(trust))
            return


def _left_open(tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter) -> Iterator[Finding]:
    """What the tenant does with the rows on which the standard is open; that is no breach of anything."""
    came, stayed = _wrong(tenant.all_rows(operation), narrowed(tenant, operation, str(wanted)), wanted)["C"]
    if came or stayed:
        message = f"the filter {wanted.shape} is open on {count_of(len(came) + len(stayed), 'row')}; {len(came)} come"
        yield finding(message, _answer(tenant, operation, wanted), level=Level.OPEN)


def _wrong(
    rows: Mapping[str, Record], found: ObservedWalk, wanted: ExpectedFilter
) -> dict[str, tuple[list[str], list[str]]]:
    """By the certainty of the verdict: the ids that came and should not, and those that should have and did not.

    For C, where nothing is right or wrong: those that came, and those that did not.
    """
    by_trust: dict[str, tuple[list[str], list[str]]] = {"A": ([], []), "B": ([], []), "C": ([], [])}
    came: set[str] = set()
    for row in found.rows:
        name = identity(row)
        # The answer may leave something out of a record; what the whole collection says of it counts.
        verdict = expected(wanted, rows.get(name or "", row))
        came.add(name or "")
        if not verdict.holds or verdict.trust == "C":
            by_trust[verdict.trust][0].append(name or "")
    if found.complete:
        for name, row in rows.items():
            verdict = expected(wanted, row)
            if name not in came and (verdict.holds or verdict.trust == "C"):
                by_trust[verdict.trust][1].append(name)
    return by_trust


def _told(strangers: list[str], missing: list[str]) -> str:
    told = [f"{count_of(len(strangers), 'row')} that should not come ({id_list(strangers)})"] if strangers else []
    told += [f"{count_of(len(missing), 'row')} missing ({id_list(missing)})"] if missing else []
    return f": {' and '.join(told)}"


def judge_all(
    tenant: ObservedTenant,
    operation: Operation,
    filters: Iterable[ExpectedFilter],
    refusal: Level | None = None,
    *,
    tell_open: bool = False,
) -> Iterator[Finding]:
    """The differences of several filters on one collection.

    Raises ``NotExercised`` when none of them could be judged.
    """
    reasons: list[NotExercised] = []
    judged = 0
    for wanted in filters:
        try:
            yield from differences(tenant, operation, wanted, refusal, tell_open=tell_open)
            judged += 1
        except NotExercised as nothing:
            reasons.append(nothing)
    if not judged:
        raise reasons[0] if reasons else NotExercised("there is no value that could be asked for")
