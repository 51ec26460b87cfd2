"""The adapter of schemathesis: what it sends, what it leaves alone, what it hands back, what it leaves behind."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from contract_kit.hostile import answer, resets, says, serving
from oneroster.contract.access import BearerToken
from oneroster.contract.engine import explore
from oneroster.contract.errors import BudgetSpentError, UnreachableError
from oneroster.contract.exchange import Exchange
from oneroster.contract.gateway import Gateway
from oneroster.contract.overlay import facts_of
from oneroster.contract.profile import compile_document
from oneroster.contract.reading import Reading
from oneroster.contract.target import Limits, Target
from oneroster.contract.tenant import Tenant
from oneroster.sandbox import Sandbox
from oneroster_v1p1.tables import OPERATIONS, Operation, document

SOME = ["getAllOrgs", "getOrg", "getClassesForSchool"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as tenant:
        yield tenant


def offered_by(gateway: Gateway, *names: str) -> list[tuple[Operation, list[Reading]]]:
    """Operations with one answered reading each, as a snapshot would give them."""
    tenant = Tenant(gateway)
    school = str(tenant.ask(OPERATIONS["getAllSchools"]).ids[0])
    values = {"getOrg": {"id": school}, "getClassesForSchool": {"school_id": school}}
    return [(OPERATIONS[name], [tenant.ask(OPERATIONS[name], values.get(name))]) for name in names]


def entered(tenant: Sandbox, limits: Limits | None = None) -> Gateway:
    return Gateway(Target(tenant.base_url, access=BearerToken(tenant.token)), limits)


def targets(exchanges: dict[str, list[Exchange]]) -> list[str]:
    return [exchange.target for each in exchanges.values() for exchange in each]


def test_it_asks_only_lawful_bounded_reads_with_known_ids(sandbox: Sandbox) -> None:
    with entered(sandbox) as gateway:
        operations = offered_by(gateway, *SOME)
        before = gateway.spent
        run = explore(gateway, compile_document(facts_of("standard"), operations), seed=1)
        sent = gateway.log[before:]
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


def test_the_same_seed_asks_the_same(sandbox: Sandbox) -> None:
    asked = []
    for _ in range(2):
        with entered(sandbox) as gateway:
            run = explore(gateway, compile_document(facts_of("standard"), offered_by(gateway, "getAllOrgs")), seed=5)
            asked.append(targets(run.exchanges))
    assert asked[0] == asked[1]


def test_it_leaves_nothing_behind(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with entered(sandbox) as gateway:
        explore(gateway, compile_document(facts_of("standard"), offered_by(gateway, "getAllOrgs")), seed=1)
    assert list(tmp_path.iterdir()) == []


def test_what_it_finds_comes_with_the_exchange_behind_it() -> None:
    with Sandbox(faults=["rare-500"]) as tenant, entered(tenant) as gateway:
        run = explore(gateway, compile_document(facts_of("standard"), offered_by(gateway, "getAllOrgs")), seed=1)
    hints = [hint for hint in run.hints["/orgs"] if hint.check == "not_a_server_error"]
    assert hints
    assert all(hint.exchange.status == 500 and "orderBy=desc" in hint.exchange.target for hint in hints)


def test_a_spent_budget_stops_it(sandbox: Sandbox) -> None:
    with entered(sandbox, Limits(requests=8)) as gateway:
        run = explore(gateway, compile_document(facts_of("standard"), offered_by(gateway, *SOME)), seed=1)
        assert gateway.spent == 8
    assert isinstance(run.stopped, BudgetSpentError)


def test_a_tenant_that_is_gone_stops_it() -> None:
    with serving(resets) as server, Gateway(Target(server.base_url), Limits(timeout=5)) as gateway:
        run = explore(gateway, compile_document(facts_of("standard"), [(OPERATIONS["getAllOrgs"], [])]), seed=1)
    assert isinstance(run.stopped, UnreachableError)
    assert run.exchanges == {}
    assert run.hints == {}


def test_strange_headers_pass_through_it() -> None:
    strange = answer(b'{"orgs": []}', X_Odd="caf\u00e9", Content_Type="application/json")
    with serving(says(strange)) as server, Gateway(Target(server.base_url), Limits(timeout=5)) as gateway:
        run = explore(gateway, compile_document(facts_of("standard"), [(OPERATIONS["getAllOrgs"], [])]), seed=1)
    assert run.crashes == []
    assert run.exchanges["/orgs"]


def test_the_compiled_document_is_polite_and_leaves_the_original_alone() -> None:
    before = document()
    exchange = Exchange("GET", "", "", 200, httpx.Headers(), b'{"org": {"sourcedId": "a/b"}}')
    reading = Reading(OPERATIONS["getOrg"], {"id": "a/b"}, {}, exchange)
    compiled = compile_document(facts_of("kimono"), [(OPERATIONS["getAllOrgs"], []), (OPERATIONS["getOrg"], [reading])])
    assert document() == before
    assert list(compiled["paths"]) == ["/orgs", "/orgs/{id}"]
    assert all(set(item) == {"get"} for item in compiled["paths"].values())
    assert compiled["components"]["schemas"]["TrueFalse"] == {"type": "boolean"}
    assert compiled["components"]["securitySchemes"] == {"engine": {"type": "http", "scheme": "bearer"}}
    (identifier,) = compiled["paths"]["/orgs/{id}"]["get"]["parameters"]
    assert identifier["schema"]["enum"] == ["a/b"]
    names = {each["name"] for each in compiled["paths"]["/orgs"]["get"]["parameters"]}
    assert names == {"limit", "offset", "sort", "orderBy", "filter"}
