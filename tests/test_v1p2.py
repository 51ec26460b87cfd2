"""`oneroster.v1p2`: the clients of OneRoster 1.2, one method per operation over three services."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from oneroster import ConfigurationError, F
from oneroster import OneRoster as DropIn
from oneroster.base_client import AsyncClient, SyncClient
from oneroster.client import async_client_class, client_class
from oneroster.errors import StatusError
from oneroster.v1p2 import AsyncOneRoster, OneRoster
from oneroster_runtime.specification import Operation, python_name
from oneroster_v1p2 import models
from tests.tenant_1_2 import SPECIFICATION, STANDARD, example_of, ids_of, tenant
from tests.web import Answer, Seen, Web, serve

NAMES = list(SPECIFICATION.operations)


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with serve(tenant()) as found:
        yield found


@pytest.fixture(scope="module")
def roster(web: Web) -> Iterator[OneRoster]:
    with OneRoster(base_url=web.origin, token="t0ken") as found:
        yield found


def test_the_clients_are_those_of_the_version() -> None:
    assert (client_class(STANDARD), async_client_class(STANDARD)) == (OneRoster, AsyncOneRoster)
    assert issubclass(OneRoster, SyncClient)
    assert issubclass(AsyncOneRoster, AsyncClient)
    assert DropIn.standard.version == "1.1"
    assert len(NAMES) == 81


def body_of(operation: Operation) -> Any:
    """Return the body to send: a record of the example, or all of them."""
    if operation.body is None:
        return None
    found = example_of(operation, "requestBody")[operation.body_wrapper]
    model = getattr(models, operation.body)
    return [model.from_dict(each) for each in found] if operation.body_many else model.from_dict(found)


@pytest.mark.parametrize("name", NAMES)
def test_each_operation_is_a_method_that_asks_its_service(web: Web, roster: OneRoster, name: str) -> None:
    operation = SPECIFICATION.operations[name]
    ids, body = ids_of(operation), body_of(operation)
    method = getattr(roster, python_name(name))
    web.seen.clear()
    found = method(*ids.values(), *([] if body is None else [body]))
    records = list(found) if operation.many else found
    sent = web.seen[0]
    assert sent.method == operation.method
    assert sent.path.partition("?")[0] == SPECIFICATION.base_path(operation) + filled(operation, ids)
    assert sent.headers["authorization"] == "Bearer t0ken"
    assert shown(records) == expected(operation)
    if body is not None:
        assert json.loads(sent.body) == example_of(operation, "requestBody")


def filled(operation: Operation, ids: dict[str, str]) -> str:
    names = [each.name for each in operation.parameters if each.location == "path"]
    path = operation.path
    for name, value in zip(names, ids.values(), strict=True):
        path = path.replace("{" + name + "}", value)
    return path


def shown(found: Any) -> Any:
    if found is None:
        return None
    return [each.to_dict() for each in found] if isinstance(found, list) else found.to_dict()


def expected(operation: Operation) -> Any:
    wrapper = operation.created_wrapper or operation.wrapper
    return None if wrapper is None else example_of(operation)[wrapper]


def test_the_asynchronous_client_does_the_same(web: Web) -> None:
    async def run() -> tuple[Any, ...]:
        async with AsyncOneRoster(base_url=f"{web.origin}/ims/oneroster", token="t0ken") as client:
            item = body_of(SPECIFICATION.operations["putLineItem"])
            pairs = await client.post_line_items_for_class("c-4", [item])
            await client.put_line_item("li-2", item)
            await client.delete_line_item("li-2")
            return pairs, [each.title async for each in client.get_all_score_scales()], await client.get_user("u-8")

    web.seen.clear()
    pairs, titles, user = asyncio.run(run())
    assert [pair.allocated_sourced_id for pair in pairs] == ["li-901", "li-902"]
    assert titles == ["Letters"]
    assert user.roles[0].role is models.RoleType.PARENT
    assert [seen.method for seen in web.seen[:4]] == ["POST", "PUT", "DELETE", "GET"]


def test_a_filter_leads_into_the_roles(web: Web, roster: OneRoster) -> None:
    web.seen.clear()
    roster.get_all_users(filter="roles.role='student' AND status='active'", fields=["sourced_id", "roles"]).first()
    assert "filter=roles.role%3D%27student%27%20AND%20status%3D%27active%27" in web.seen[0].path
    assert "fields=sourcedId%2Croles" in web.seen[0].path
    assert roster.get_all_users(filter=F.status == "active").first() is not None


def test_one_token_serves_all_services() -> None:
    """One request for a token, which has the scopes of all reads."""
    answer = tenant()

    def with_tokens(seen: Seen) -> Answer:
        token = json.dumps({"access_token": "t0ken", "token_type": "bearer", "expires_in": 3600}).encode()
        return Answer(200, token) if seen.path == "/token" else answer(seen)

    with serve(with_tokens) as web:
        access = {"client_id": "id", "client_secret": "s3cret", "token_url": f"{web.origin}/token"}
        with OneRoster(base_url=web.origin, **access) as roster:
            roster.get_org("o-0")
            roster.get_category("h-1")
            roster.get_resource("m-9")
    assert [seen.path.rpartition("/")[2] for seen in web.seen] == ["token", "o-0", "h-1", "m-9"]
    assert b"v1p2%2Fscope%2Fgradebook.readonly" in web.seen[0].body
    assert b"v1p1" not in web.seen[0].body


def test_services_may_have_other_origins(web: Web) -> None:
    with serve(tenant("/grades")) as other:
        urls = {"gradebook": f"{other.origin}/grades/ims/oneroster/gradebook/v1p2"}
        with OneRoster(base_url=web.origin, service_urls=urls, token="t0ken", headers={"x-key": "k"}) as roster:
            web.seen.clear()
            assert roster.get_category("h-1").title == "Homework"
            assert roster.get_org("o-0").name == "Northern District"
            assert roster.api.service_url("gradebook") == urls["gradebook"]
        assert [seen.headers["x-key"] for seen in (*web.seen, *other.seen)] == ["k", "k"]
        assert [seen.headers["authorization"] for seen in (*web.seen, *other.seen)] == ["Bearer t0ken"] * 2


def test_the_generated_functions_find_their_service(web: Web, roster: OneRoster) -> None:
    from oneroster_v1p2.api.gradebook import get_category

    web.seen.clear()
    assert get_category.sync("h-1", client=roster.api).category.title == "Homework"
    assert web.seen[0].path == "/ims/oneroster/gradebook/v1p2/categories/h-1"


def test_an_error_has_the_code_of_the_status_object() -> None:
    refusal = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_CodeMinor": {
            "imsx_codeMinorField": [
                {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": "unknownobject"}
            ]
        },
    }
    with (
        serve(lambda _: Answer(404, json.dumps(refusal).encode())) as web,
        OneRoster(base_url=web.origin, token="t") as roster,
        pytest.raises(StatusError, match=r"404 \(unknownobject\)"),
    ):
        roster.get_score_scale("nothing")


def test_terms_of_a_vendor_are_kept() -> None:
    user = models.User.from_dict(example_of(SPECIFICATION.operations["getTeacher"])["user"])
    assert [role.role for role in user.roles] == [models.RoleType.TEACHER, "ext:librarian"]
    assert user.to_dict()["roles"][1]["role"] == "ext:librarian"


def test_oauth_1_is_refused() -> None:
    with (
        OneRoster("key", "s3cret", base_url="https://sis.example") as roster,
        pytest.raises(ConfigurationError, match=r"OneRoster 1\.2 has no OAuth 1\.0a: give the token endpoint"),
    ):
        roster.get_org("o-0")


def test_no_secret_of_a_user_is_shown() -> None:
    user = models.User.from_dict(example_of(SPECIFICATION.operations["getStudent"])["user"])
    user.user_profiles[0].credentials[0].password = "s3cret"
    for text in (repr(user), str(user.user_profiles), repr(user.user_profiles[0].credentials)):
        for value in ("s3cret", "kim7", "Kimmy", "m-0007", "they/them"):
            assert value not in text
