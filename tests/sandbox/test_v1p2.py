"""The sandbox as a tenant of OneRoster 1.2: the same district, 81 operations, discovery documents."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from oneroster.detection import detect_standard
from oneroster.errors import StatusError
from oneroster.pull import open_destination, pull
from oneroster.sandbox import Sandbox
from oneroster.settings import Settings
from oneroster.standard import Standard
from oneroster.v1p2 import OneRoster
from oneroster_runtime.specification import Operation, python_name
from oneroster_v1p2 import models

STANDARD = Standard.of("1.2")
SPECIFICATION = STANDARD.specification
DOCUMENT = STANDARD.document()
READS = [one for one in SPECIFICATION.operations.values() if one.method == "GET"]
POSTS = [one for one in SPECIFICATION.operations.values() if one.method == "POST"]
WRITTEN = {one.body or "": one for one in SPECIFICATION.operations.values() if one.method == "PUT"}


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox(standard=STANDARD) as served:
        yield served


@pytest.fixture(scope="module")
def roster(tenant: Sandbox) -> Iterator[OneRoster]:
    with OneRoster(base_url=tenant.origin, token=tenant.token) as found:
        yield found


@pytest.fixture(scope="module")
def client(tenant: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(headers={"Authorization": f"Bearer {tenant.token}"}, trust_env=False) as found:
        yield found


def rows_of(roster: OneRoster, operation_id: str, *ids: str) -> list[Any]:
    return list(getattr(roster, python_name(operation_id))(*ids))


def ids_of(roster: OneRoster, operation: Operation) -> list[str]:
    """Return ids for the path of an operation, of records that belong together."""
    item = next(each for each in roster.get_all_line_items() if each.academic_session)
    result = next(each for each in roster.get_all_results() if each.line_item.sourced_id == item.sourced_id)
    known = {
        "classSourcedId": item.class_.sourced_id,
        "schoolSourcedId": item.school.sourced_id,
        "lineItemSourcedId": item.sourced_id,
        "studentSourcedId": result.student.sourced_id,
        "userSourcedId": result.student.sourced_id,
    }
    reads = {each.parameter: each.read for each in operation.scope.parents} if operation.scope else {}
    found = []
    for each in operation.parameters:
        if each.location == "path":
            read = reads.get(each.name, operation.operation_id)
            found.append(known.get(each.name) or first_id(roster, read))
    return found


def first_id(roster: OneRoster, read: str) -> str:
    collection = next(one for one in READS if one.many and one.item_read == read and one.scope is None)
    found: str = rows_of(roster, collection.operation_id)[0].sourced_id
    return found


def validator(operation: Operation) -> jsonschema_rs.Draft202012Validator:
    part = DOCUMENT["paths"][operation.path]["get"]["responses"]["200"]["$ref"].rpartition("/")[2]
    schema = DOCUMENT["components"]["responses"][part]["content"]["application/json"]["schema"]
    schemas = {"schemas": DOCUMENT["components"]["schemas"]}
    return jsonschema_rs.Draft202012Validator({**schema, "components": schemas}, validate_formats=True)


@pytest.mark.parametrize("operation", READS, ids=lambda operation: operation.operation_id)
def test_each_read_conforms_to_the_document(
    tenant: Sandbox, roster: OneRoster, client: httpx.Client, operation: Operation
) -> None:
    path = operation.path
    names = [each.name for each in operation.parameters if each.location == "path"]
    for name, value in zip(names, ids_of(roster, operation) if names else [], strict=True):
        path = path.replace("{" + name + "}", httpx.URL("", params={"x": value}).query.decode()[2:].replace("+", "%20"))
    response = client.get(f"{tenant.base_urls[operation.service]}{path}")
    assert response.status_code == 200, response.text
    assert [*response.json()] == [operation.wrapper]
    errors = validator(operation).iter_errors(response.json())
    assert not [(list(error.instance_path), error.kind.name) for error in errors]
    if operation.many and operation.scope is None:
        assert response.json()[operation.wrapper or ""]


def test_subsets_go_by_any_role(roster: OneRoster) -> None:
    users = rows_of(roster, "getAllUsers")
    for operation_id, role in (("getAllStudents", "student"), ("getAllTeachers", "teacher")):
        wanted = [user.sourced_id for user in users if role in {each.role for each in user.roles}]
        assert [user.sourced_id for user in rows_of(roster, operation_id)] == wanted
    school = rows_of(roster, "getAllSchools")[0].sourced_id
    wanted = [
        user.sourced_id
        for user in users
        if "student" in {each.role for each in user.roles} and school in {each.org.sourced_id for each in user.roles}
    ]
    assert [user.sourced_id for user in roster.get_students_for_school(school)] == wanted


def test_each_user_has_one_primary_role_at_an_org_and_known_profiles(roster: OneRoster) -> None:
    for user in roster.get_all_users():
        primary = [each.org.sourced_id for each in user.roles if each.role_type == "primary"]
        assert sorted(primary) == sorted({each.org.sourced_id for each in user.roles})
        profiles = {each.profile_id for each in user.user_profiles or ()}
        assert {each.user_profile for each in user.roles if each.user_profile} <= profiles


@pytest.mark.parametrize("operation", POSTS, ids=lambda operation: operation.operation_id)
def test_a_post_creates_records_and_gives_them_ids(roster: OneRoster, operation: Operation) -> None:
    ids = ids_of(roster, operation)
    names = [each.name for each in operation.parameters if each.location == "path"]
    read = "getAllLineItems" if operation.body == "LineItem" else "getAllResults"
    if operation.body == "LineItem":
        mine = {"classSourcedId": "class", "schoolSourcedId": "school"}[names[0]]
        records = [each for each in rows_of(roster, read) if each.to_dict()[mine]["sourcedId"] == ids[0]][:2]
    else:
        records = rows_of(roster, "getResultsForClass", ids[0]) if len(ids) == 2 else rows_of(roster, read)
        records = [each for each in records if len(ids) == 2 or each.line_item.sourced_id == ids[0]][:2]
    for number, record in enumerate(records):
        record.sourced_id = f"temporary-{number}"
    before = len(rows_of(roster, read))
    pairs = getattr(roster, python_name(operation.operation_id))(*ids, records)
    assert [each.supplied_sourced_id for each in pairs] == [each.sourced_id for each in records]
    assert len(rows_of(roster, read)) == before + len(records)
    single = roster.get_line_item if operation.body == "LineItem" else roster.get_result
    assert single(pairs[0].allocated_sourced_id).sourced_id == pairs[0].allocated_sourced_id


def test_a_post_creates_all_records_or_none(roster: OneRoster) -> None:
    item = roster.get_all_line_items().first()
    assert item is not None
    other = next(each for each in roster.get_all_classes() if each.sourced_id != item.class_.sourced_id)
    strange = {"class": {**item.class_.to_dict(), "sourcedId": other.sourced_id}}
    stray = models.LineItem.from_dict(item.to_dict() | strange)
    before = len(rows_of(roster, "getAllLineItems"))
    with pytest.raises(StatusError, match=r"422 \(invaliddata\)"):
        roster.post_line_items_for_class(item.class_.sourced_id, [item, stray])
    assert len(rows_of(roster, "getAllLineItems")) == before


@pytest.mark.parametrize("element", sorted(WRITTEN))
def test_records_are_put_and_deleted(roster: OneRoster, element: str) -> None:
    name = python_name(element)
    record = rows_of(roster, SPECIFICATION.elements[element].collection or "")[0]
    record.sourced_id = f"own-{name}"
    getattr(roster, f"put_{name}")(record.sourced_id, record)
    assert getattr(roster, f"get_{name}")(record.sourced_id).sourced_id == record.sourced_id
    getattr(roster, f"delete_{name}")(record.sourced_id)
    with pytest.raises(StatusError, match=r"404 \(unknownobject\)"):
        getattr(roster, f"get_{name}")(record.sourced_id)


def test_a_put_has_no_body(tenant: Sandbox, client: httpx.Client, roster: OneRoster) -> None:
    category = rows_of(roster, "getAllCategories")[0].to_dict() | {"sourcedId": "own-1"}
    url = f"{tenant.base_urls['gradebook']}/categories/own-1"
    assert [client.put(url, json={"category": category}).status_code for _ in range(2)] == [201, 200]
    assert client.put(url, json={"category": category}).content == b""


@pytest.mark.parametrize("service", SPECIFICATION.services)
def test_each_service_has_a_discovery_document(tenant: Sandbox, service: str) -> None:
    for name in SPECIFICATION.discovery[service]:
        found = httpx.get(f"{tenant.base_urls[service]}/discovery/{name}", trust_env=False).json()
        served = {one["operationId"] for item in found["paths"].values() for one in item.values()}
        assert served == {one.operation_id for one in SPECIFICATION.operations.values() if one.service == service}
        assert found["servers"] == [{"url": tenant.base_urls[service]}]
    assert httpx.get(f"{tenant.base_urls[service]}/discovery/other.json", trust_env=False).status_code == 404


def test_the_version_is_detected(tenant: Sandbox) -> None:
    found = detect_standard(Settings(f"{tenant.origin}/ims/oneroster", token=tenant.token))
    assert (found.standard.version, found.certain) == ("1.2", False)


def test_oauth_1_is_not_accepted(tenant: Sandbox) -> None:
    refused = httpx.get(f"{tenant.base_url}/orgs", headers={"Authorization": "OAuth x"}, trust_env=False)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert "OAuth" not in refused.headers["www-authenticate"]
    (code,) = refused.json()["imsx_CodeMinor"]["imsx_codeMinorField"]
    assert code["imsx_codeMinorFieldValue"] == "unauthorisedrequest"


def test_a_roster_is_pulled(roster: OneRoster, tmp_path: Path) -> None:
    report = pull(roster, tmp_path / "roster.parquet")
    assert report.manifest.standard == "1.2"
    stored = open_destination(tmp_path / "roster.parquet")
    scales = stored.read("ScoreScale").read_all().to_pylist()
    assert scales[0]["scoreScaleValue"][0] == {"itemValueLHS": "90-100", "itemValueRHS": "A"}
    roles = [role for user in stored.read("User").read_all().to_pylist() for role in user["roles"]]
    assert {role["roleType"] for role in roles} == {"primary", "secondary"}
    assert all(isinstance(role["orgSourcedId"], str) for role in roles)
