"""Engine rules that run on request: invalid requests are rejected (--negative), listed records exist (--stateful)."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import ExplainedBy, NotRequested
from oneroster.contract.fuzzing.engine_runs import engine_run
from oneroster.contract.fuzzing.phases import Phase
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import Exchange, encoded_path
from oneroster.contract.http.parsed_response import identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.observed_tenant import JSON, ObservedTenant
from oneroster.contract.observation.operation_selectors import offered, reads
from oneroster.contract.oracle.status_payload_parser import has_code_major
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.engine import EXPECTED_SERVER_ERRORS, as_response, raise_engine_errors
from oneroster_runtime.specification import Operation

_VALID_NUMBERS: Final = {"limit": re.compile(r"[1-9][0-9]*"), "offset": re.compile(r"[0-9]+")}


def operations_for_invalid_requests(tenant: ObservedTenant) -> Iterator[Operation]:
    """Every operation that the tenant serves, if the run may send invalid requests.

    Raises ``NotJudged`` without --negative.
    """
    if not tenant.plan.negative:
        raise NotRequested("negative")
    return offered(tenant)


def single_reads_from_lists(tenant: ObservedTenant) -> Iterator[Operation]:
    """Every single read that the tenant serves, if the run follows links.

    Raises ``NotJudged`` without --stateful.
    """
    if not tenant.plan.stateful:
        raise NotRequested("stateful")
    return reads(tenant)


def invalid_parameters(tenant: ObservedTenant, operation: Operation, exchange: Exchange) -> list[str]:
    """Return the names of the invalid parameters of a request of the engine, path parameters first."""
    path, _, query = exchange.target.partition("?")
    known = {encoded_path(operation.path, reading.values) for reading in tenant.readings(operation)}
    wrong = [] if path in known else list(path_parameters(operation))
    return wrong + [
        name
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name in _VALID_NUMBERS and not _VALID_NUMBERS[name].fullmatch(value)
    ]


@rule(
    "OR-ENG-04",
    family="engine",
    title="Invalid requests never cause a server error",
    clause="6.1 500 only for a catastrophe [A]",
    example="GET /orgs?limit=0.5 returns 500",
    fix="validate every parameter before using it, and return 400 for an invalid value",
    stands_on=("status 500",),
    over=operations_for_invalid_requests,
    needs=("OR-ENG-01",),
)
def invalid_without_server_error(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    run = engine_run(tenant, Phase.NEGATIVE)
    known = run.exchanges.get(operation.path, [])
    failed = [each for each in known if each.status >= 500 and each.status not in EXPECTED_SERVER_ERRORS]
    if failed:
        statuses = ", ".join(f"HTTP {status}" for status in sorted({each.status for each in failed}))
        message = f"{len(failed)} of {len(known)} invalid requests returned {statuses}"
        yield finding(message, as_response(tenant, operation, failed[0]))
    raise_engine_errors([run], operation, found=bool(failed))


@rule(
    "OR-ENG-05",
    family="engine",
    title="An invalid request is rejected with a status payload, and returns no data",
    clause="6.1 400 and 404 [B]",
    example="GET /orgs/null returns 200 and an org",
    fix="return 404 for ids that were never assigned and 400 for invalid parameter values, with the status payload",
    over=operations_for_invalid_requests,
    needs=("OR-ERR-01", "OR-ERR-07"),
)
def invalid_is_rejected(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    run = engine_run(tenant, Phase.NEGATIVE)
    findings: dict[str, Finding] = {}
    for exchange in run.exchanges.get(operation.path, ()):
        for found in _not_rejected(tenant, operation, exchange):
            findings.setdefault(found.message, found)
    yield from findings.values()
    raise_engine_errors([run], operation, found=bool(findings))


def _not_rejected(tenant: ObservedTenant, operation: Operation, exchange: Exchange) -> Iterator[Finding]:
    """Yield what is wrong with the response to one invalid request."""
    wrong = invalid_parameters(tenant, operation, exchange)
    reading = as_response(tenant, operation, exchange)
    if not wrong or exchange.status >= 500:
        return
    if 400 <= exchange.status < 500:
        if not has_code_major(exchange.payload):
            yield finding(
                f"an HTTP {exchange.status} response to an invalid request contains no status payload", reading
            )
    elif wrong[0] in path_parameters(operation):
        asked = urlsplit(exchange.url).path.rpartition("/")[2]
        if [encoded_path("{id}", {"id": name}) for name in map(identity, reading.rows) if name] != [asked]:
            yield finding(f"an id that was never assigned returned HTTP {exchange.status} instead of 404", reading)
    elif len(reading.rows) > (default := operation.default_limit):
        yield finding(f"an invalid {wrong[0]} returned more rows than the default page of {default}", reading)
    else:
        text = f"an invalid {wrong[0]} returned HTTP {exchange.status}"
        yield finding(text, reading, level=Level.OPEN, uncertain=f"the response to an invalid {wrong[0]}")


@rule(
    "OR-ENG-06",
    family="engine",
    harm=Harm.ROWS,
    title="Every listed record can be read, wherever its page begins",
    clause="2 single reads [A]",
    example="an org in the middle of the list returns 404 when it is read",
    fix="look up a single record among the same rows as the list, whatever their number",
    over=single_reads_from_lists,
    needs=("OR-SEM-08",),
)
def listed_can_be_read(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    run = engine_run(tenant, Phase.LINKS)
    parents = tenant.dialect.list_of(operation.operation_id)
    listing = run.exchanges.get(parents.path, ()) if parents is not None else ()
    listed = {
        name for each in listing if parents is not None for name in as_response(tenant, parents, each).ids if name
    }
    # The engine sometimes alters an id; such a request is for another record.
    paths = {encoded_path(operation.path, dict.fromkeys(path_parameters(operation), name)) for name in listed}
    known = [
        as_response(tenant, operation, each) for each in run.exchanges.get(operation.path, ()) if each.target in paths
    ]
    if not known and parents is not None and any(each.media_type != JSON for each in listing):
        raise ExplainedBy("OR-ENV-03", "no link is followed from a page that is not declared as JSON", anywhere=True)
    lost = [each for each in known if each.problem is not None]
    if lost:
        yield finding(f"{len(lost)} of {len(known)} listed records could not be read: {lost[0].problem}", lost[0])
    raise_engine_errors([run], operation, found=bool(lost))
