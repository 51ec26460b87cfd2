"""Engine, on request: what is not lawful is refused (--negative), and links lead to what was listed (--stateful)."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import NotExercised
from oneroster.contract.fuzzing.engine_runs import engine_run
from oneroster.contract.fuzzing.phases import Phase
from oneroster.contract.http.exchange import Exchange, encoded_path
from oneroster.contract.http.parsed_response import identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.operation_selectors import offered, reads
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.oracle.status_payload import has_code_major
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.engine import BUSY_OR_MISSING, as_reading, settle
from oneroster_runtime.specification import Operation

DEFAULT_PAGE: Final = 100
"""Rows of a page when no limit is given."""
_LAWFUL: Final = {"limit": re.compile(r"[1-9][0-9]*"), "offset": re.compile(r"[0-9]+")}


def asked_unlawfully(tenant: ObservedTenant) -> Iterator[Operation]:
    """Every operation that the tenant serves, when unlawful requests were asked for."""
    if not tenant.plan.negative:
        raise NotExercised("unlawful requests are sent with --negative only")
    return offered(tenant)


def linked(tenant: ObservedTenant) -> Iterator[Operation]:
    """Every single read that the tenant serves, when following links was asked for."""
    if not tenant.plan.stateful:
        raise NotExercised("links are followed with --stateful only")
    return reads(tenant)


def unlawful(tenant: ObservedTenant, operation: Operation, exchange: Exchange) -> list[str]:
    """What about a request of the engine is not lawful: names of parameters, those of the path first."""
    path, _, query = exchange.target.partition("?")
    known = {encoded_path(operation.path, reading.values) for reading in tenant.readings(operation)}
    wrong = [] if path in known else list(path_parameters(operation))
    return wrong + [
        name
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name in _LAWFUL and not _LAWFUL[name].fullmatch(value)
    ]


@rule(
    "OR-ENG-04",
    family="engine",
    title="Unlawful requests never end in a server error",
    clause="6.1 500 only for a catastrophe [A]",
    example="GET /orgs?limit=0.5 ends in 500",
    fix="check every parameter before it is used, and refuse with 400 what it cannot be",
    over=asked_unlawfully,
    needs=("OR-ENG-01",),
)
def unlawful_without_server_error(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    run = engine_run(tenant, Phase.NEGATIVE)
    known = run.exchanges.get(operation.path, [])
    failed = [each for each in known if each.status >= 500 and each.status not in BUSY_OR_MISSING]
    if failed:
        statuses = ", ".join(f"HTTP {status}" for status in sorted({each.status for each in failed}))
        message = f"{len(failed)} of {len(known)} unlawful requests end in {statuses}"
        yield finding(message, as_reading(tenant, operation, failed[0]))
    settle([run], operation, found=bool(failed))


@rule(
    "OR-ENG-05",
    family="engine",
    title="An unlawful request is refused with a payload, and never answered with data",
    clause="6.1 400 and 404 [B]",
    example="GET /orgs/null is answered with 200 and some org",
    fix="answer 404 for ids that were never assigned and 400 for values that a parameter cannot have, with the status "
    "payload",
    over=asked_unlawfully,
    needs=("OR-ERR-01", "OR-ERR-07"),
)
def unlawful_is_refused(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    run = engine_run(tenant, Phase.NEGATIVE)
    told: dict[str, Finding] = {}
    for exchange in run.exchanges.get(operation.path, ()):
        for found in _not_refused(tenant, operation, exchange):
            told.setdefault(found.message, found)
    yield from told.values()
    settle([run], operation, found=bool(told))


def _not_refused(tenant: ObservedTenant, operation: Operation, exchange: Exchange) -> Iterator[Finding]:
    """What is wrong with the answer to one unlawful request."""
    wrong = unlawful(tenant, operation, exchange)
    reading = as_reading(tenant, operation, exchange)
    if not wrong or exchange.status >= 500:
        return
    if 400 <= exchange.status < 500:
        if not has_code_major(exchange.json):
            yield finding(f"HTTP {exchange.status} carries no status information", reading)
    elif wrong[0] in path_parameters(operation):
        asked = urlsplit(exchange.url).path.rpartition("/")[2]
        if [encoded_path("{id}", {"id": name}) for name in map(identity, reading.rows) if name] != [asked]:
            yield finding(f"an id that was never assigned is answered with HTTP {exchange.status}", reading)
    elif len(reading.rows) > DEFAULT_PAGE:
        yield finding(f"a {wrong[0]} that is none is answered with more rows than a page has by default", reading)
    else:
        yield finding(f"a {wrong[0]} that is none is answered with HTTP {exchange.status}", reading, level=Level.OPEN)


@rule(
    "OR-ENG-06",
    family="engine",
    title="What a page lists can be read, wherever the page begins",
    clause="2 single reads [A]",
    example="an org in the middle of the list is answered with 404 when it is read",
    fix="look a record up among the same rows as the list, whatever their number",
    over=linked,
    needs=("OR-SEM-08",),
)
def listed_can_be_read(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    run = engine_run(tenant, Phase.LINKS)
    parents = tenant.dialect.list_of(operation.operation_id)
    listing = run.exchanges.get(parents.path, ()) if parents is not None else ()
    listed = {name for each in listing if parents is not None for name in as_reading(tenant, parents, each).ids if name}
    # The engine writes some ids another way than they were listed; that is asking for another record.
    paths = {encoded_path(operation.path, dict.fromkeys(path_parameters(operation), name)) for name in listed}
    known = [
        as_reading(tenant, operation, each) for each in run.exchanges.get(operation.path, ()) if each.target in paths
    ]
    lost = [each for each in known if each.problem is not None]
    if lost:
        yield finding(f"{len(lost)} of {len(known)} records that were just listed: {lost[0].problem}", lost[0])
    settle([run], operation, found=bool(lost))
