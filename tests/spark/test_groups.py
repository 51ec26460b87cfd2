"""The tasks of a job: each tenant in one task, the largest first, hosts undivided."""

from hypothesis import given
from hypothesis import strategies as st

from oneroster.pull import Tenant
from oneroster.spark.groups import groups


def tenants(number: int) -> list[Tenant]:
    return [Tenant(f"t{index}", config="oneroster.toml") for index in range(number)]


def names(found: list[list[Tenant]]) -> list[list[str]]:
    return [[tenant.name for tenant in group] for group in found]


@given(number=st.integers(1, 60), at_once=st.integers(1, 9), tasks=st.integers(1, 9), data=st.data())
def test_each_tenant_is_in_one_task_and_each_host_undivided(
    number: int, at_once: int, tasks: int, data: st.DataObject
) -> None:
    given_tenants = tenants(number)
    known = data.draw(st.dictionaries(st.sampled_from([one.name for one in given_tenants]), st.integers(0, 10**6)))
    hosts = data.draw(st.none() | st.just({one.name: f"h{len(one.name)}" for one in given_tenants}))
    found = groups(given_tenants, at_once=at_once, tasks=tasks, sizes=known, hosts=hosts)
    assert sorted(name for group in names(found) for name in group) == sorted(one.name for one in given_tenants)
    assert all(found)
    if hosts is None:
        assert max(map(len, found)) <= 4 * at_once
    else:
        places = [{hosts[name] for name in group} for group in names(found)]
        assert sum(map(len, places)) == len(set(hosts.values()))


def test_the_largest_are_first_and_a_giant_is_alone() -> None:
    sizes = {f"t{index}": 100 + index for index in range(20)} | {"t7": 1_000_000}
    found = names(groups(tenants(20), at_once=2, tasks=2, sizes=sizes))
    assert found[0] == ["t7"]
    assert found[1][0] == "t19"


def test_no_core_is_without_work_while_there_are_enough_tenants() -> None:
    assert len(groups(tenants(6), at_once=8, tasks=2)) == 2
    assert len(groups(tenants(100), at_once=8, tasks=2)) == 4
    assert len(groups(tenants(1), at_once=8, tasks=2)) == 1
