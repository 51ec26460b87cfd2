"""Which fields and values the laws are tried on: the tenant's own, chosen by the seed, and never personal ones."""

from collections.abc import Iterator
from typing import Any

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.probe_values import best_fields, draw_value, fields_to_sort_by, probe_fields
from oneroster.contract.observation.snapshot import read_all_collections
from oneroster.contract.runner import run_rules
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard

SPECIFICATION = Standard.of("1.1").specification


KINDS = ("string", "enumeration", "date", "date-time", "number", "boolean", "strings", "enumerations", "reference")
ENOUGH_TO_BE_A_NAME = 4
"""Letters; shorter values stand by chance in other words."""


@pytest.fixture(scope="module")
def tenant() -> Iterator[ObservedTenant]:
    with Sandbox() as sandbox, Gateway(Target(sandbox.base_url, access=BearerToken(sandbox.token))) as gateway:
        looked = ObservedTenant(gateway, seed=1)
        read_all_collections(looked, lambda _: None)
        yield looked


@pytest.mark.parametrize("kind", KINDS)
def test_no_value_is_taken_from_a_field_that_may_be_personal(tenant: ObservedTenant, kind: str) -> None:
    assert best_fields(tenant, kind)
    for each in probe_fields(tenant, kind):
        known = SPECIFICATION.elements[each.operation.element or ""].properties[each.path.partition(".")[0]]
        assert not known.personal
        assert not known.secret
    for each in best_fields(tenant, kind, most=3):
        assert draw_value(tenant, each) in each.counts


def test_the_seed_chooses_the_value(tenant: ObservedTenant) -> None:
    (candidate,) = best_fields(tenant, "string")
    first = draw_value(tenant, candidate)
    assert draw_value(tenant, candidate) == first
    assert len({draw_value(tenant, candidate, str(salt)) for salt in range(20)}) > 1


def test_every_kind_of_value_is_sorted_by(tenant: ObservedTenant) -> None:
    kinds = {kind for fields in fields_to_sort_by(tenant).values() for _, kind in fields}
    assert kinds == {"string", "enumeration", "date", "date-time", "number", "boolean"}


def test_no_child_s_data_stands_in_an_address() -> None:
    personal: set[str] = set()
    with Sandbox() as sandbox, Gateway(Target(sandbox.base_url, access=BearerToken(sandbox.token))) as gateway:
        asked = ObservedTenant(gateway, seed=1)
        run_rules(asked, select(["paging", "sorting", "filtering", "fields"]))
        for operation_id in ("getAllUsers", "getAllDemographics", "getAllResults"):
            operation = asked.dialect.operations[operation_id]
            for row in asked.all_rows(operation).values():
                personal |= set(_personal(operation.element or "", row))
        filters = [str(reading.query["filter"]) for reading in asked.readings() if "filter" in reading.query]
    assert len(filters) > len(KINDS)
    assert not [name for name in personal for expression in filters if f"'{name}'" in expression]


def _personal(element: str, row: dict[str, Any]) -> Iterator[str]:
    for name, known in SPECIFICATION.elements[element].properties.items():
        value = row.get(name)
        if (
            known.personal
            and isinstance(value, str)
            and len(value) >= ENOUGH_TO_BE_A_NAME
            and value not in ("true", "false")
        ):
            yield value
