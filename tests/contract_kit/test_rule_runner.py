"""What every check of a run has, whatever rule it is of: a command that repeats it, and the reason for its level."""

from dataclasses import replace

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level, level_of_clause
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.result import VIOLATED, Check, Finding, Status
from oneroster.contract.rule_runner import RuleRunner, kit_error
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from tests.contract_kit.hostile import answer, says, serving
from tests.in_process import quick_sandbox


@pytest.fixture(scope="module")
def findings() -> list[Check]:
    """The findings of a tenant with violations of all levels, on few operations."""
    plan = RunPlan(frozenset({"getAllOrgs", "getAllUsers", "getAllResults", "getAllLineItems"}))
    with quick_sandbox(41, faults=["wrong-total", "json-booleans", "limit-ignored", "sort-ignored"]) as tenant:
        target = Target(tenant.base_url, access=BearerToken(tenant.token))
        report = check(
            target, RunBudget(), rules=select(["envelope", "schema", "paging", "sorting"]), plan=plan, seed=1
        )
    return [each for each in report.checks if each.status in VIOLATED | {Status.OPEN}]


def test_a_finding_about_a_read_has_a_command(findings: list[Check]) -> None:
    assert {each.level for each in findings} >= {Level.MUST}
    reads = [item for each in findings for item in each.evidence if (item.request or "").startswith("GET ")]
    assert reads
    assert [item.request for item in reads if not (item.curl or "").startswith("curl -sS ")] == []


def test_a_level_below_that_of_the_clause_says_why(findings: list[Check]) -> None:
    lowered = [each for each in findings if each.level is not level_of_clause(each.clause)]
    assert all(f"{each.level} here, because the standard is less certain [" in each.clause for each in lowered)


def test_a_request_line_becomes_a_command_only_if_it_is_a_read() -> None:
    target = Target("https://sis.example/ims/oneroster/v1p1", access=BearerToken("s3cret"))
    command = target.command("GET /orgs?filter=name%3D'a'")
    assert command is not None
    assert command.startswith('curl -sS -H "Authorization: Bearer $ONEROSTER_TOKEN" ')
    assert "s3cret" not in command
    assert target.command("PUT /categories/c-1") is None
    assert target.command("the whole run") is None


def test_an_error_of_the_kit_names_its_place_and_no_value() -> None:
    try:
        raise ValueError("Zaphod")
    except ValueError as error:
        said = kit_error(error)
    assert "ValueError in test_rule_runner.py, line " in said
    assert "Zaphod" not in said


def test_a_lower_level_names_what_the_finding_is_uncertain_about() -> None:
    def judge(*_: object) -> list[Finding]:
        return [Finding("seen", level=Level.OPEN, uncertain="such things"), Finding("seen", level=Level.SHOULD)]

    rule = replace(select(["OR-PAG-01"])[0], judge=judge, needs=())
    with serving(says(answer(b"{}"))) as server, Gateway(Target(server.base_url)) as gateway:
        runner = RuleRunner(ObservedTenant(gateway, 1))
        runner.run_once(rule)
    assert [each.clause.rpartition("] about ")[2] for each in runner.checks] == ["such things", "this case"]
