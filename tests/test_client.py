"""The clients, against the sandbox: one typed method for each operation, sync and async."""

import asyncio
import inspect
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from oneroster import AsyncOneRoster, ConfigurationError, F, OneRoster, Paging, errors
from oneroster.sandbox import Sandbox
from oneroster_v1p1 import specification
from oneroster_v1p1.api.rostering import get_all_orgs

OPERATIONS = specification().operations

READS = [
    name for name, operation in OPERATIONS.items() if operation.method == "GET" and "standard" in operation.profiles
]


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@pytest.fixture(scope="module")
def tenant() -> Iterator[Any]:
    with Sandbox(size="small", seed=3) as running:
        yield running


@pytest.fixture
def roster(tenant: Any) -> Iterator[OneRoster]:
    with OneRoster(base_url=tenant.base_url, token=tenant.token, paging=Paging(limit=7, adaptive=False)) as client:
        yield client


@pytest.mark.parametrize("client", [OneRoster, AsyncOneRoster])
def test_there_is_one_method_for_each_operation_and_no_other(client: type) -> None:
    base = client.__mro__[3]
    methods = {name for name in vars(base) if not name.startswith("_")}
    assert methods == {snake(name) for name in OPERATIONS}
    assert all(inspect.getdoc(getattr(client, name)) for name in methods)


def arguments(roster: OneRoster, operation_id: str) -> list[str]:
    """Ids for the path, taken from an enrollment, or from the collection that the read belongs to."""
    operation = OPERATIONS[operation_id]
    places = [parameter.name for parameter in operation.parameters if parameter.location == "path"]
    if operation.item_read is None and not operation.many:
        return [getattr(roster, snake(_collection_of(operation_id)))().first().sourced_id]
    parents = {parent.parameter: parent.read for parent in operation.scope.parents} if operation.scope else {}
    enrollment = next(iter(roster.get_all_enrollments(filter=F.role == "student")))
    known = {"getSchool": enrollment.school.sourced_id, "getClass": enrollment.class_.sourced_id}
    return [
        known[parents[place]]
        if parents[place] in known
        else next(iter(getattr(roster, snake(_collection_of(parents[place])))())).sourced_id
        for place in places
    ]


def _collection_of(read: str) -> str:
    return next(found.operation_id for found in OPERATIONS.values() if found.item_read == read and not found.scope)


@pytest.mark.parametrize("operation_id", READS)
def test_every_read_gives_typed_records_in_both_clients(tenant: Any, roster: OneRoster, operation_id: str) -> None:
    operation, given = OPERATIONS[operation_id], arguments(roster, operation_id)
    found = getattr(roster, snake(operation_id))(*given)
    records = list(found) if operation.many else [found]
    assert all(type(record).__name__ == operation.element for record in records)
    assert [problem for record in records for problem in record.problems()] == []

    async def again() -> list[Any]:
        async with AsyncOneRoster(
            base_url=tenant.base_url, token=tenant.token, paging=Paging(limit=7, adaptive=False)
        ) as client:
            result = getattr(client, snake(operation_id))(*given)
            return [record async for record in result] if operation.many else [await result]

    assert asyncio.run(again()) == records
    if operation.many:
        assert len({record.sourced_id for record in records}) == len(records) == found.total


def test_a_line_item_is_put_and_deleted(roster: OneRoster, tenant: Any) -> None:
    line_item = roster.get_all_line_items().first()
    assert line_item is not None
    writing = ["gradebook.readonly", "gradebook.createput", "gradebook.delete"]
    scopes = [f"https://purl.imsglobal.org/spec/or/v1p1/scope/{name}" for name in writing]
    with OneRoster(
        tenant.client_id, tenant.client_secret, base_url=tenant.base_url, token_url=tenant.token_url, scopes=scopes
    ) as writer:
        line_item.sourced_id, line_item.title = "new-1", "A title"
        writer.put_line_item("new-1", line_item)
        assert writer.get_line_item("new-1").title == "A title"
        writer.delete_line_item("new-1")


@pytest.mark.parametrize("method", ["HMAC-SHA256", "HMAC-SHA1"])
def test_oauth_1_opens_the_tenant(tenant: Any, method: str) -> None:
    with OneRoster(tenant.client_id, tenant.client_secret, base_url=tenant.base_url, oauth1_method=method) as client:
        students = list(client.get_all_students(filter=F.status == "active", sort="familyName"))
        assert {student.role for student in students} == {"student"}


def test_a_filter_selected_fields_and_a_warning_come_through(roster: OneRoster) -> None:
    selected = roster.get_all_students(filter=F.status == "active", fields=["given_name", "role"])
    assert all(student.given_name and student.sourced_id and student.role == "student" for student in selected)
    page = next(roster.get_all_orgs(sort="nonsense").pages())
    assert [entry.imsx_code_minor for entry in page.status_info] == ["invalid_sort_field"]
    assert len(page.records) == 7


def test_an_error_status_is_raised_with_the_words_of_the_server(roster: OneRoster) -> None:
    with pytest.raises(errors.StatusError, match=r"getOrg.*404.*unknown object") as caught:
        roster.get_org("nobody")
    assert caught.value.status_code == 404
    with pytest.raises(errors.UnknownFieldError):
        roster.get_all_orgs(filter=F.family_name == "x")


def test_the_plain_client_shares_session_and_credentials(roster: OneRoster) -> None:
    assert roster.api.get_httpx_client() is roster.session.client
    assert len(get_all_orgs.sync(client=roster.api, limit=3).orgs) == 3


def test_leaving_an_iteration_leaves_no_thread(roster: OneRoster) -> None:
    before = threading.active_count()
    records = iter(roster.get_all_enrollments())
    for _ in range(20):
        next(records)
    assert any(thread.name.startswith("oneroster-pages") for thread in threading.enumerate())
    records.close()  # type: ignore[attr-defined]  # a generator, told as an iterator
    assert not any(thread.name.startswith("oneroster-pages") for thread in threading.enumerate())
    assert threading.active_count() <= before


def test_a_missing_setting_is_told_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEROSTER_BASE_URL", raising=False)
    with pytest.raises(ConfigurationError, match=r"base_url is missing \(.*\); client_secret is missing"):
        OneRoster("id").get_all_orgs()


def test_importing_and_building_loads_nothing_heavy() -> None:
    script = (
        "import sys; from oneroster import OneRoster; OneRoster('a', 'b', base_url='https://sis.example');"
        "heavy = {'httpx', 'attrs', 'msgspec', 'oauthlib', 'oneroster_v1p1.models'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"
