"""A collection with a filter that a part of its records match: the filter says what the expected records are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from oneroster.contract.errors import NotJudged
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.combined_requests import MOST_ROWS, SECOND_CLAUSES, combination
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.operation_selectors import all_collections
from oneroster.contract.observation.snapshot import read_all_collections
from oneroster.contract.oracle.filters import parse_timestamp
from tests.in_process import quick_sandbox

NEAR: Final = timedelta(seconds=1)


@pytest.fixture(scope="module")
def tenant() -> Iterator[ObservedTenant]:
    with quick_sandbox() as sandbox, Gateway(Target(sandbox.base_url, access=BearerToken(sandbox.token))) as gateway:
        looked = ObservedTenant(gateway, seed=1)
        read_all_collections(looked, lambda _: None)
        yield looked


@pytest.mark.parametrize("second", SECOND_CLAUSES)
def test_the_server_finds_the_expected_records_and_no_moment_is_near(tenant: ObservedTenant, second: str) -> None:
    judged = 0
    for operation in all_collections(tenant):
        try:
            known = combination(tenant, operation, second)
        except NotJudged:
            continue
        judged += 1
        query: Query = {"limit": MOST_ROWS, "offset": 0, "filter": known.filter}
        assert set(tenant.fetch(operation, known.found.values, query).ids) == set(known.matching)
        bound = parse_timestamp(known.filter.split("'")[1]) or datetime.now(UTC)
        moments = [parse_timestamp(row["dateLastModified"]) or bound for row in known.found.rows]
        assert all(moment == bound or abs(moment - bound) > NEAR for moment in moments)
    assert judged > 10
