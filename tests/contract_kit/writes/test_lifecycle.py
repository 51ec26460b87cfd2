"""The lifecycle of a test object performs each step once, in order."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from oneroster.contract.errors import NotJudged, Refused
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.writes.lifecycle import (
    Lifecycle,
    changed_properties,
    element_written_by,
    further_invalid_records,
    invalid_records,
    is_rejected,
    lifecycle_of,
)
from oneroster.contract.writes.owned_objects import cleanup, is_gone
from oneroster.standard import Standard
from tests.contract_kit.hostile import answer, says, serving
from tests.in_process import quick_sandbox

SPECIFICATION = Standard.of("1.1").specification
PUT, DELETE = SPECIFICATION.operations["putCategory"], SPECIFICATION.operations["deleteCategory"]


@contextmanager
def of_category(**options: Any) -> Iterator[tuple[ObservedTenant, Lifecycle]]:
    with quick_sandbox(**options) as sandbox:
        target = Target(sandbox.base_url, access=BearerToken(sandbox.token), allow_writes=True)
        with Gateway(target) as gateway:
            tenant = ObservedTenant(gateway)
            with cleanup(tenant):
                yield tenant, lifecycle_of(tenant, PUT)


def test_the_last_step_performs_all_earlier_steps_once() -> None:
    with of_category() as (tenant, life):
        assert is_gone(life.read_after_delete)
        sent = [entry.method for entry in tenant.gateway.log]
        # Create, read, invalid replacement, read, replacement, delete, read.
        assert sent == ["PUT", "GET", "PUT", "GET", "PUT", "DELETE", "GET"]
        assert life.created.status == 201
        assert life.read_after_create.rows[0]["title"] == life.record["title"]
        assert is_rejected(life.rejected[0])
        assert len(tenant.gateway.log) == len(sent)


def test_a_replaced_object_has_the_new_values() -> None:
    with of_category() as (_, life):
        (found,) = life.read_after_replace.rows
        assert changed_properties(life.definition, life.replacement, found) == []
        assert changed_properties(life.definition, life.record, found) == ["title"]


def test_put_and_delete_share_one_lifecycle() -> None:
    with of_category() as (tenant, life):
        assert lifecycle_of(tenant, DELETE) is life
        assert element_written_by(tenant, DELETE) == element_written_by(tenant, PUT) == "Category"


def test_invalid_bodies_go_under_ids_of_their_own() -> None:
    with of_category() as (_, life):
        attempts = [*life.not_json, *life.unwrapped, *life.invalid]
        assert len({each.sourced_id for each in attempts}) == len(attempts) == 8
        assert all(is_rejected(each.exchange) for each in attempts)


def test_further_invalid_records_have_one_invalid_part_each() -> None:
    with of_category() as (_, life):
        variants = dict(further_invalid_records(life.definition, life.record))
        assert all(is_rejected(each.exchange) for each in life.further_invalid)
        assert len(life.further_invalid) == len(variants) == 3
    changed = [
        {name for name in life.record if life.record[name] != each.get(name)} for each in variants.values() if each
    ]
    assert changed == [{"title"}] * 2


def test_a_tenant_that_refuses_writes_leaves_them_unjudged() -> None:
    refusing = serving(says(answer(b"", "403 Forbidden")))
    with refusing as server, Gateway(Target(server.base_url, allow_writes=True)) as gateway:
        life = lifecycle_of(ObservedTenant(gateway), PUT)
        with pytest.raises(Refused, match="HTTP 403"):
            _ = life.read_after_delete


def test_an_object_that_cannot_be_created_has_no_lifecycle() -> None:
    refusing = serving(says(answer(b"", "500 Internal Server Error")))
    with refusing as server, Gateway(Target(server.base_url, allow_writes=True)) as gateway:
        life = lifecycle_of(ObservedTenant(gateway), PUT)
        with pytest.raises(NotJudged, match="could be created"):
            _ = life.read_after_delete


def test_references_are_compared_by_id_and_times_by_value() -> None:
    sent = {
        "lineItem": {"sourcedId": "l-1", "type": "lineItem", "href": "https://a.example/l-1"},
        "dateLastModified": "2026-01-01T00:00:00Z",
        "comment": "good",
    }
    found = sent | {"lineItem": {"sourcedId": "l-1"}, "dateLastModified": "2027-01-01T00:00:00Z", "comment": None}
    assert changed_properties(SPECIFICATION.elements["Result"], sent, found) == ["comment"]
    moved = sent | {"lineItem": {"sourcedId": "l-2"}}
    assert changed_properties(SPECIFICATION.elements["Result"], sent, moved) == ["lineItem"]


@pytest.mark.parametrize("record", [{"title": "t", "status": "active"}, {"score": 1.0, "status": "active"}])
def test_each_invalid_record_has_one_invalid_part(record: dict[str, Any]) -> None:
    for _, invalid in invalid_records(record):
        assert len({name for name in record if record.get(name) != invalid.get(name)}) == 1
