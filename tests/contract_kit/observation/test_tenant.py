"""The tenant under test caches responses, and keeps one object of each class for other modules."""

import threading

from oneroster.contract.observation.observed_tenant import ObservedTenant
from tests.contract_kit.hostile import says
from tests.contract_kit.judging import EMPTY, ORGS, judging


class Kept:
    """Something that a module keeps for a tenant."""


class Another(Kept):
    """Something else."""


def test_an_object_is_made_once_per_tenant_and_class() -> None:
    with judging(says(EMPTY)) as tenant:
        first = tenant.memo(Kept, Kept)
        assert tenant.memo(Kept, Kept) is first
        assert tenant.memo(Another, Another) is not first
        assert ObservedTenant(tenant.gateway).memo(Kept, Kept) is not first


def test_making_one_object_may_need_another() -> None:
    with judging(says(EMPTY)) as tenant:
        inner = tenant.memo(Another, lambda: (tenant.memo(Kept, Kept), Another())[1])
        assert tenant.memo(Another, Another) is inner


def test_threads_get_the_same_object() -> None:
    made: list[Kept] = []
    started = threading.Barrier(4)

    def make() -> Kept:
        made.append(Kept())
        return made[-1]

    with judging(says(EMPTY)) as tenant:

        def get() -> None:
            started.wait()
            tenant.memo(Kept, make)

        threads = [threading.Thread(target=get) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(made) == 1


def test_a_valid_request_is_sent_once_unless_it_is_fetched() -> None:
    with judging(says(EMPTY)) as tenant:
        before = tenant.gateway.spent
        assert tenant.ask(ORGS, query={"limit": 7}) is tenant.ask(ORGS, query={"limit": 7})
        assert tenant.gateway.spent == before + 1
        tenant.fetch(ORGS, query={"limit": 7})
        assert tenant.gateway.spent == before + 2
