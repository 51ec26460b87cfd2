"""Sample records are valid by the document, and refer to records that the tenant has."""

from collections.abc import Iterator
from typing import Any

import pytest

from oneroster.contract.errors import NotJudged
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import OWN, Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.walk import walk
from oneroster.contract.oracle.record_validation import violations
from oneroster.contract.writes.owned_objects import OwnedObjects, cleanup, owned_objects
from oneroster.contract.writes.sample_records import MAX_SCORE, sample_record
from oneroster.sandbox import Sandbox

READ = ("getAllAcademicSessions", "getAllClasses", "getAllEnrollments", "getAllCategories", "getAllUsers")


@pytest.fixture(scope="module")
def objects() -> Iterator[OwnedObjects]:
    with Sandbox() as sandbox:
        target = Target(sandbox.base_url, access=BearerToken(sandbox.token), allow_writes=True)
        with Gateway(target) as gateway:
            tenant = ObservedTenant(gateway)
            for name in READ:
                operation = tenant.dialect.operations[name]
                tenant.add_walk(walk(tenant.ask, operation, {}, limit=1000, max_rows=50_000, max_pages=100))
            with cleanup(tenant):
                yield owned_objects(tenant)


@pytest.mark.parametrize("element", ["Category", "LineItem", "Result"])
def test_a_record_is_valid_and_accepted(objects: OwnedObjects, element: str) -> None:
    record = sample_record(objects, element)
    assert list(violations(element, record, objects.tenant.specification)) == []
    assert record["sourcedId"].startswith(OWN)
    wrapper = objects.operation(element, "PUT").body_wrapper
    assert objects.put(element, record["sourcedId"], {wrapper: record}).status == 201


def test_every_record_has_an_id_of_its_own(objects: OwnedObjects) -> None:
    assert len({sample_record(objects, "Category")["sourcedId"] for _ in range(3)}) == 3


def test_references_lead_to_records_that_exist(objects: OwnedObjects) -> None:
    item = sample_record(objects, "LineItem")
    tenant = objects.tenant
    classes = tenant.all_rows(tenant.dialect.operations["getAllClasses"])
    assert item["class"]["sourcedId"] in classes
    assert item["category"]["sourcedId"].startswith(OWN)
    assert item["class"]["href"].startswith(tenant.gateway.target.base_url)
    assert 0 <= item["resultValueMin"] < item["resultValueMax"] == MAX_SCORE


def test_without_students_there_is_nothing_to_refer_to(objects: OwnedObjects) -> None:
    empty: Any = OwnedObjects(ObservedTenant(objects.tenant.gateway))
    with pytest.raises(NotJudged):
        sample_record(empty, "LineItem")
