"""The adapter of schemathesis: what it sends, what it leaves alone, what it hands back, what it leaves behind."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs

import httpx
import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.dialects.overlay import dialect_specification
from oneroster.contract.errors import BudgetSpentError, UnreachableError
from oneroster.contract.fuzzing.engine import EngineRun, run_engine
from oneroster.contract.fuzzing.engine_document import compile_document
from oneroster.contract.fuzzing.phases import Phase
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.http.sender import LogEntry
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.result import Status
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from oneroster_runtime.specification import Operation
from tests.contract_kit.hostile import answer, resets, says, serving

STANDARD = Standard.of("1.1")
SPECIFICATION = STANDARD.specification


SOME = ["getAllOrgs", "getOrg", "getClassesForSchool"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as tenant:
        yield tenant


def offered_by(gateway: Gateway, *names: str) -> list[tuple[Operation, list[ParsedResponse]]]:
    """Operations with one answered reading each, as a snapshot would give them."""
    tenant = ObservedTenant(gateway)
    school = str(tenant.ask(SPECIFICATION.operations["getAllSchools"]).ids[0])
    values = {"getOrg": {"id": school}, "getClassesForSchool": {"school_id": school}}
    return [
        (SPECIFICATION.operations[name], [tenant.ask(SPECIFICATION.operations[name], values.get(name))])
        for name in names
    ]


def entered(tenant: Sandbox, limits: RunBudget | None = None) -> Gateway:
    return Gateway(Target(tenant.base_url, access=BearerToken(tenant.token)), limits)


def targets(exchanges: dict[str, list[Exchange]]) -> list[str]:
    return [exchange.target for each in exchanges.values() for exchange in each]


class Sent(NamedTuple):
    """A run of the examples over some operations, and the log of what it sent."""

    run: EngineRun
    log: list[LogEntry]


def examples_of_some(tenant: Sandbox, workers: int) -> Sent:
    with entered(tenant, RunBudget(workers=workers)) as gateway:
        operations = offered_by(gateway, *SOME)
        before = gateway.spent
        run = run_engine(gateway, compile_document(dialect_specification("standard", STANDARD), operations), seed=5)
        return Sent(run, gateway.log[before:])


@pytest.fixture(scope="module")
def one_worker(sandbox: Sandbox) -> Sent:
    """One run, which several tests read."""
    return examples_of_some(sandbox, 1)


def test_it_asks_only_lawful_bounded_reads_with_known_ids(one_worker: Sent) -> None:
    run, sent = one_worker
    assert run.stopped is None
    assert run.crashes == []
    assert {entry.method for entry in sent} == {"GET"}
    assert {entry.status for entry in sent} == {200}
    assert set(run.exchanges) == {"/orgs", "/orgs/{id}", "/schools/{school_id}/classes"}
    assert len(targets(run.exchanges)) == len(sent)
    for target in targets(run.exchanges):
        query = parse_qs(target.partition("?")[2])
        assert "fields" not in query
        assert all(int(limit) <= 50 for limit in query.get("limit", []))
    assert any("orderBy=desc" in target and "offset=1" in target for target in targets(run.exchanges))


def test_it_leaves_nothing_behind(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with entered(sandbox) as gateway:
        run_engine(
            gateway,
            compile_document(dialect_specification("standard", STANDARD), offered_by(gateway, "getAllOrgs")),
            seed=1,
        )
    assert list(tmp_path.iterdir()) == []


def test_what_it_finds_comes_with_the_exchange_behind_it() -> None:
    with Sandbox(faults=["rare-500"]) as tenant, entered(tenant) as gateway:
        run = run_engine(
            gateway,
            compile_document(dialect_specification("standard", STANDARD), offered_by(gateway, "getAllOrgs")),
            seed=1,
        )
    hints = [hint for hint in run.hints["/orgs"] if hint.check == "not_a_server_error"]
    assert hints
    assert all(hint.exchange.status == 500 and "orderBy=desc" in hint.exchange.target for hint in hints)


def test_a_spent_budget_stops_it(sandbox: Sandbox) -> None:
    with entered(sandbox, RunBudget(requests=8)) as gateway:
        run = run_engine(
            gateway, compile_document(dialect_specification("standard", STANDARD), offered_by(gateway, *SOME)), seed=1
        )
        assert gateway.spent == 8
    assert isinstance(run.stopped, BudgetSpentError)


def test_a_tenant_that_is_gone_stops_it() -> None:
    with serving(resets) as server, Gateway(Target(server.base_url), RunBudget(timeout=5)) as gateway:
        run = run_engine(
            gateway,
            compile_document(
                dialect_specification("standard", STANDARD), [(SPECIFICATION.operations["getAllOrgs"], [])]
            ),
            seed=1,
        )
    assert isinstance(run.stopped, UnreachableError)
    assert run.exchanges == {}
    assert run.hints == {}


def test_strange_headers_pass_through_it() -> None:
    strange = answer(b'{"orgs": []}', X_Odd="caf\u00e9", Content_Type="application/json")
    with serving(says(strange)) as server, Gateway(Target(server.base_url), RunBudget(timeout=5)) as gateway:
        run = run_engine(
            gateway,
            compile_document(
                dialect_specification("standard", STANDARD), [(SPECIFICATION.operations["getAllOrgs"], [])]
            ),
            seed=1,
        )
    assert run.crashes == []
    assert run.exchanges["/orgs"]


def test_the_compiled_document_is_polite_and_leaves_the_original_alone() -> None:
    before = STANDARD.document()
    exchange = Exchange("GET", "", "", 200, httpx.Headers(), b'{"org": {"sourcedId": "a/b"}}')
    reading = ParsedResponse(SPECIFICATION.operations["getOrg"], {"id": "a/b"}, {}, exchange)
    compiled = compile_document(
        dialect_specification("kimono", STANDARD),
        [(SPECIFICATION.operations["getAllOrgs"], []), (SPECIFICATION.operations["getOrg"], [reading])],
    )
    assert STANDARD.document() == before
    assert list(compiled["paths"]) == ["/orgs", "/orgs/{id}"]
    assert all(set(item) == {"get"} for item in compiled["paths"].values())
    assert compiled["components"]["schemas"]["TrueFalse"] == {"type": "boolean"}
    assert compiled["components"]["securitySchemes"] == {"engine": {"type": "http", "scheme": "bearer"}}
    (identifier,) = compiled["paths"]["/orgs/{id}"]["get"]["parameters"]
    assert identifier["schema"]["enum"] == ["a/b"]
    names = {each["name"] for each in compiled["paths"]["/orgs"]["get"]["parameters"]}
    assert names == {"offset", "sort", "orderBy", "filter"}


def made_up(manner: Phase, tenant: Sandbox, names: list[str], examples: int = 0, seed: int = 5) -> EngineRun:
    with entered(tenant) as gateway:
        document = compile_document(dialect_specification("standard", STANDARD), offered_by(gateway, *names), manner)
        return run_engine(gateway, document, seed, manner, examples)


@pytest.fixture(scope="module")
def runs(sandbox: Sandbox) -> dict[Phase, EngineRun]:
    """One run of each phase, which several tests read."""
    return {
        Phase.FUZZ: made_up(Phase.FUZZ, sandbox, ["getAllOrgs"], 25),
        Phase.NEGATIVE: made_up(Phase.NEGATIVE, sandbox, SOME, 3),
        Phase.LINKS: made_up(Phase.LINKS, sandbox, ["getAllOrgs", "getOrg"], 4),
    }


@pytest.mark.parametrize("manner", [Phase.FUZZ, Phase.NEGATIVE, Phase.LINKS])
def test_what_it_makes_up_is_the_same_for_the_same_seed(manner: Phase, sandbox: Sandbox) -> None:
    names = ["getAllOrgs", "getOrg"]
    one, two = (targets(made_up(manner, sandbox, names, 2).exchanges) for _ in range(2))
    assert one
    assert one == two


def test_fuzzing_makes_up_lawful_filters_sorts_and_pages(runs: dict[Phase, EngineRun]) -> None:
    run = runs[Phase.FUZZ]
    asked = [parse_qs(target.partition("?")[2]) for target in targets(run.exchanges)]
    assert len(asked) > 10
    assert {name for query in asked for name in query} == {"limit", "offset", "sort", "orderBy", "filter"}
    assert all(1 <= int(limit) <= 50 for query in asked for limit in query.get("limit", []))
    # The conforming tenant refuses nothing of it.
    assert {exchange.status for exchange in run.exchanges["/orgs"]} == {200}


def test_what_is_not_lawful_is_small_and_refused(runs: dict[Phase, EngineRun]) -> None:
    run = runs[Phase.NEGATIVE]
    asked = [parse_qs(target.partition("?")[2]) for target in targets(run.exchanges)]
    assert {"limit", "offset"} <= {name for query in asked for name in query}
    limits = [limit for query in asked for limit in query.get("limit", []) if limit.isdecimal()]
    assert all(int(limit) <= 1000 for limit in limits)
    assert {exchange.status for each in run.exchanges.values() for exchange in each} <= {200, 400, 404}
    assert 404 in {exchange.status for exchange in run.exchanges["/schools/{school_id}/classes"]}


def test_links_lead_from_pages_to_the_records_on_them(runs: dict[Phase, EngineRun]) -> None:
    run = runs[Phase.LINKS]
    assert len(run.exchanges["/orgs"]) > 2
    listed = {row["sourcedId"] for page in run.exchanges["/orgs"] for row in page.json["orgs"]}
    read = [exchange.json["org"]["sourcedId"] for exchange in run.exchanges["/orgs/{id}"] if exchange.status == 200]
    assert read
    assert set(read) <= listed


def test_links_follow_the_wrapper_of_the_dialect() -> None:
    with Sandbox(faults=["path-named-wrapper"]) as tenant, entered(tenant) as gateway:
        students = ObservedTenant(gateway).ask(SPECIFICATION.operations["getAllStudents"])
        document = compile_document(
            dialect_specification("path-wrappers", STANDARD),
            [(SPECIFICATION.operations["getAllStudents"], [students])],
            Phase.EXAMPLES,
        )
        run = run_engine(gateway, document, 1)
    assert run.hints == {}
    link = dialect_specification("path-wrappers", STANDARD).document["components"]["responses"]["Students"]["links"][
        "getStudent"
    ]
    assert link["parameters"] == {"id": "$response.body#/students/0/sourcedId"}


def test_nothing_is_asked_twice(runs: dict[Phase, EngineRun], one_worker: Sent) -> None:
    assert {*runs, Phase.EXAMPLES} == set(Phase)
    for run in (*runs.values(), one_worker.run):
        asked = targets(run.exchanges)
        assert len(asked) == len(set(asked))


def test_a_second_run_with_workers_asks_the_same(sandbox: Sandbox, one_worker: Sent) -> None:
    def asked(sent: Sent) -> dict[str, list[str]]:
        return {path: targets({path: known}) for path, known in sent.run.exchanges.items()}

    assert asked(examples_of_some(sandbox, 4)) == asked(one_worker)


def test_on_every_run_it_takes_a_quarter_of_the_requests_at_most() -> None:
    with Sandbox() as tenant:
        target = Target(tenant.base_url, access=BearerToken(tenant.token))
        with_it, without_it = (
            check(target, rules=select(["envelope", *names]), seed=1).target.requests for names in (["engine"], [])
        )
    assert 80 < with_it - without_it <= 250


@pytest.mark.parametrize("profile", ["standard", "kimono"])
def test_nothing_that_it_makes_up_is_held_against_a_conforming_tenant(profile: str) -> None:
    chosen = frozenset({"getAllClasses", "getClass"})
    with Sandbox(profile=profile) as tenant:
        target = Target(tenant.base_url, profile, BearerToken(tenant.token))
        plan = RunPlan(chosen, fuzz=3, negative=True, stateful=True)
        report = check(target, rules=select(["engine"]), plan=plan, seed=3)
    assert report.violations(Level.SHOULD) == []
    assert report.exit_code() == 0
    assert {each.id for each in report.checks if each.status is Status.PASSED} == {
        rule.id for rule in select(["engine"])
    }
