"""Membership of nested collections is computed from the tenant's own collections."""

from collections.abc import Iterator

import pytest

from oneroster.contract.errors import NotJudged
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.membership import (
    count_parents,
    expected_members,
    in_subset,
    linked_ids,
)
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.walk import walk
from oneroster.sandbox import Sandbox
from oneroster_runtime.specification import Subset

READ = ("getAllClasses", "getAllUsers", "getAllEnrollments", "getAllLineItems", "getAllResults")


@pytest.fixture(scope="module")
def tenant() -> Iterator[ObservedTenant]:
    """A tenant of which some collections were read."""
    with Sandbox() as sandbox, Gateway(Target(sandbox.base_url, access=BearerToken(sandbox.token))) as gateway:
        observed = ObservedTenant(gateway)
        for name in READ:
            operation = observed.dialect.operations[name]
            observed.add_walk(walk(observed.ask, operation, {}, limit=1000, max_rows=50_000, max_pages=100))
        yield observed


@pytest.mark.parametrize("operation_id", ["getStudentsForClass", "getResultsForClass"])
def test_the_expected_members_are_those_that_the_tenant_lists(tenant: ObservedTenant, operation_id: str) -> None:
    operation = tenant.dialect.operations[operation_id]
    parents = count_parents(tenant, operation)
    names = [each.parameter for each in operation.scope.parents] if operation.scope else []
    (chosen, _), *_ = parents.most_common(1)
    values = dict(zip(names, chosen, strict=True))
    listed = set(tenant.ask(operation, values, {"limit": 1000}).ids)
    live = expected_members(tenant, operation, values, live_only=True)
    assert live
    assert live <= listed <= expected_members(tenant, operation, values, live_only=False)


def test_a_path_over_two_records_leads_through_the_first(tenant: ObservedTenant) -> None:
    items = tenant.all_rows(tenant.dialect.operations["getAllLineItems"])
    result = next(iter(tenant.all_rows(tenant.dialect.operations["getAllResults"]).values()))
    item = items[result["lineItem"]["sourcedId"]]
    assert linked_ids(tenant, "Result", result, "lineItem.class") == {item["class"]["sourcedId"]}
    assert linked_ids(tenant, "Result", result, "sourcedId") == {result["sourcedId"]}
    assert linked_ids(tenant, "Result", {"lineItem": {"sourcedId": "unknown"}}, "lineItem.class") == set()
    assert linked_ids(tenant, "Result", {}, "unknown.class") == set()


def test_a_collection_that_was_not_read_decides_nothing(tenant: ObservedTenant) -> None:
    with pytest.raises(NotJudged, match="to request"):
        count_parents(tenant, tenant.dialect.operations["getCoursesForSchool"])


def test_a_subset_is_decided_by_its_property() -> None:
    students = Subset("getAllUsers", "role", ("student",), "A")
    assert in_subset({"role": "student"}, students)
    assert not in_subset({"role": "teacher"}, students)
    assert in_subset({}, None)
