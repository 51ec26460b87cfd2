"""The contract kit judges each version of the standard by its own document: the conforming sandbox passes."""

from collections.abc import Iterator

import pytest

from oneroster.contract.families import FAMILIES
from oneroster.contract.http.target import Target
from oneroster.contract.result import CheckReport, Status
from oneroster.contract.run_options import RunOptions
from oneroster.contract.run_selection import rule_selection
from oneroster.sandbox import Sandbox
from oneroster.settings import Settings
from oneroster.standard import Standard

NEW = Standard.of("1.2")
READ = ["OR-SCH-03", "OR-SCH-06", "OR-SEM-01", "OR-SEM-03", "OR-SEM-19", "OR-SEM-26", "OR-ENV-01"]
"""Rules that depend on what is new: extended vocabularies, roles in a list, three services."""
WRITTEN = ["putScoreScale", "putResult", "putAssessmentResult", "deleteAssessmentLineItem"]


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox(standard=NEW) as served:
        yield served


def judged(tenant: Sandbox, *include: str, allow_writes: bool = False) -> CheckReport:
    options = RunOptions(rule_selection(NEW.specification, list(include), []), allow_writes=allow_writes, seed=1)
    return options.run(options.target(Settings(tenant.base_url, token=tenant.token), NEW))


def findings(report: CheckReport) -> set[tuple[str, str]]:
    bad = (Status.FAILED, Status.WARNED)
    return {(one.id, one.operation_id) for one in report.checks if one.status in bad}


def test_the_sandbox_of_1_2_passes_what_is_new(tenant: Sandbox) -> None:
    report = judged(tenant, *READ)
    assert report.target.standard == "1.2"
    assert not findings(report)
    passed = {one.operation_id for one in report.checks if one.status is Status.PASSED}
    assert {"getAllScoreScales", "getAllAssessmentResults", "getAllResources", "getStudentsForSchool"} <= passed
    assert report.exit_code() == 0


def test_records_of_1_2_are_written_and_removed(tenant: Sandbox) -> None:
    report = judged(tenant, "OR-WRT-01", "OR-WRT-03", "OR-WRT-13", "OR-WRT-18", allow_writes=True)
    assert not findings(report)
    assert {one.operation_id for one in report.checks if one.status is Status.PASSED} >= set(WRITTEN)


@pytest.mark.series
@pytest.mark.parametrize("family", FAMILIES)
def test_the_sandbox_of_1_2_passes_every_rule(tenant: Sandbox, family: str) -> None:
    assert not findings(judged(tenant, family, allow_writes=family == "writes"))


def test_the_target_sends_each_request_to_its_service() -> None:
    target = Target("https://sis.example/x/ims/oneroster/rostering/v1p2", standard=NEW)
    root = "https://sis.example/x/ims/oneroster"
    wanted = {
        "/orgs/o-1": f"{root}/rostering/v1p2",
        "/lineItems/li%2F1": f"{root}/gradebook/v1p2",
        "/classes/c-1/resources": f"{root}/resources/v1p2",
        "/classes/c-1/students": f"{root}/rostering/v1p2",
        "/nowhere": f"{root}/rostering/v1p2",
    }
    assert {path: target.url_of(path) for path in wanted} == {path: base + path for path, base in wanted.items()}
    assert all(target.below(target.url_of(path)) == path for path in wanted)
    old = Target("https://sis.example/ims/oneroster/v1p1")
    assert old.url_of("/orgs") == "https://sis.example/ims/oneroster/v1p1/orgs"
