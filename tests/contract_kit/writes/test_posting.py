"""Objects that are created by POST are removed under the ids that the tenant allocated, and nothing else is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.target import Target
from oneroster.contract.result import CheckReport
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard

STANDARD: Final = Standard.of("1.2")
RULES: Final = ["OR-WRT-32", "OR-WRT-33", "OR-WRT-35"]
PATHS: Final = ("categories", "lineItems", "results", "scoreScales")


@contextmanager
def judged(*faults: str) -> Iterator[tuple[CheckReport, dict[str, Any], dict[str, Any]]]:
    """A report on a tenant with faults, and its gradebook before and after the run."""
    with Sandbox(faults=faults, standard=STANDARD) as tenant:
        headers = {"Authorization": f"Bearer {tenant.token}"}
        with httpx.Client(base_url=tenant.base_urls["gradebook"], headers=headers) as client:
            before = rows(client)
            target = Target(tenant.base_url, access=BearerToken(tenant.token), allow_writes=True, standard=STANDARD)
            report = check(target, rules=select(RULES), seed=1)
            yield report, before, rows(client)


def rows(client: httpx.Client) -> dict[str, Any]:
    found = {path: client.get(f"/{path}", params={"limit": 10_000}).json()[path] for path in PATHS}
    return {path: {row["sourcedId"]: row for row in each} for path, each in found.items()}


def test_the_tenant_is_afterwards_as_it_was_before() -> None:
    with judged() as (report, before, after):
        assert after == before
    assert {each.status for each in report.checks} == {"passed"}
    assert report.leftovers == ()


def test_records_that_a_tenant_overwrote_are_never_deleted() -> None:
    with judged("post-reuses-id") as (report, before, after):
        assert all(after[path].keys() == before[path].keys() for path in PATHS)
        overwritten = {name for path in PATHS for name in before[path] if after[path][name] != before[path][name]}
    told = {name for each in report.violations() for one in each.evidence for name in one.ids}
    assert overwritten == told != set()
    assert report.leftovers == ()


@pytest.mark.parametrize("fault", ["post-one-pair", "post-keeps-supplied"])
def test_what_could_not_be_removed_is_named(fault: str) -> None:
    """Without a pair of ids an object is found by its mark; its id is not deleted, because nobody allocated it."""
    with judged(fault) as (report, before, after):
        added = {f"DELETE /{path}/{name}" for path in PATHS for name in after[path].keys() - before[path].keys()}
    assert added == set(report.leftovers)
    assert bool(added) is (fault == "post-one-pair")
