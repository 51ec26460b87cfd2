"""Objects that are created by POST are removed under the ids that the tenant allocated, and nothing else is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.walk import walk
from oneroster.contract.oracle.reference_forms import references_in
from oneroster.contract.result import CheckReport
from oneroster.contract.runner import check
from oneroster.contract.writes.owned_objects import cleanup, leftovers
from oneroster.contract.writes.posting import posting_of
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from oneroster_runtime.specification import Operation

STANDARD: Final = Standard.of("1.2")
POSTS: Final = [each for each in STANDARD.specification.operations.values() if each.method == "POST"]
READ: Final = [
    *("getAllAcademicSessions", "getAllClasses", "getAllEnrollments", "getAllSchools", "getAllUsers"),
    *("getAllCategories", "getAllLineItems", "getAllResults"),
]
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


@pytest.mark.parametrize("operation", POSTS, ids=lambda operation: operation.operation_id)
def test_a_path_names_what_the_records_refer_to(operation: Operation) -> None:
    with Sandbox(standard=STANDARD) as sandbox:
        target = Target(sandbox.base_url, access=BearerToken(sandbox.token), allow_writes=True, standard=STANDARD)
        with Gateway(target) as gateway:
            tenant = ObservedTenant(gateway)
            for name in READ:
                read = tenant.dialect.operations[name]
                tenant.add_walk(walk(tenant.ask, read, {}, limit=1000, max_rows=50_000, max_pages=100))
            with cleanup(tenant):
                posting = posting_of(tenant, operation)
                right, other, unknown = posting.parents, posting.other_parents(), posting.unknown_parents()
            assert leftovers(tenant) == ()
    first, *rest = right
    named = {item.get("sourcedId") for value in posting.records[0].values() for item in references_in(value)}
    assert right[first] in named
    assert len({one[first] for one in (right, other, unknown)}) == 3
    assert all(right[name] == other[name] == unknown[name] for name in rest)
    assert not {record["sourcedId"] for record in posting.records} & posting.known


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
