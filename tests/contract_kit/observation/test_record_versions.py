"""A record that an operation shows otherwise than the whole collection is a version of its own, and no other is."""

from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.record_versions import is_whole, record_versions
from oneroster.contract.observation.walk import walk
from tests.in_process import quick_sandbox


def test_other_operations_have_only_what_the_whole_collection_shows_otherwise() -> None:
    with (
        quick_sandbox(faults=["single-codes-more"]) as sandbox,
        Gateway(Target(sandbox.base_url, access=BearerToken(sandbox.token))) as gateway,
    ):
        tenant = ObservedTenant(gateway)
        courses, course, users = (tenant.dialect.operations[name] for name in ("getAllCourses", "getCourse", "getUser"))
        tenant.add_walk(walk(tenant.ask, courses, {}, limit=1000, max_rows=50_000, max_pages=100))
        listed = tenant.all_rows(courses)
        coded = [name for name, row in listed.items() if row.get("subjectCodes") and name.replace("-", "").isalnum()]
        for name in coded[:2]:
            tenant.ask(course, {"id": name})
        tenant.ask(courses, {}, {"limit": 2, "fields": "title"})
        assert [each.row for each in record_versions(tenant, courses)] == list(listed.values())
        assert [each.row["sourcedId"] for each in record_versions(tenant, course)] == coded[:2]
        assert record_versions(tenant, users) == []
        assert is_whole(tenant, courses)
        assert not is_whole(tenant, course)
