"""A made-up version of the standard is generated, imported and used by client, sandbox, contract kit and pull.

Nothing but its document and a mapping from the entities of the district is needed.
"""

import asyncio
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from generation import command
from oneroster import OneRosterError
from oneroster.client import client_class
from oneroster.contract.http.target import Target
from oneroster.contract.result import Status
from oneroster.contract.runner import check
from oneroster.errors import ConfigurationError
from oneroster.pull import open_destination, pull
from oneroster.sandbox import Sandbox
from oneroster.sandbox.district.entity_types import Entity, Org, Person
from oneroster.settings import resolve_settings
from oneroster.standard import Standard, _registered
from tests.generated.loopback import Loopback

DOCUMENT = Path(__file__).parent / "data" / "version_9_9.yaml"
PACKAGE = "oneroster_v9p9"
BASE_PATH = "/made/up/v9p9"
ORG = {
    "sourcedId": "o-1",
    "status": "active",
    "dateLastModified": "2024-08-01T06:00:00.000Z",
    "name": "North",
    "type": "school",
}
UNKNOWN = {
    "imsx_codeMajor": "failure",
    "imsx_severity": "error",
    "imsx_CodeMinor": {"imsx_codeMinorField": [{"imsx_codeMinorFieldValue": "unknownobject"}]},
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The generated package, imported from a temporary folder."""
    folder = tmp_path_factory.mktemp("generated")
    options = ["--document", str(DOCUMENT), "--package", PACKAGE, "--output", str(folder)]
    assert command.main(options) == 0
    assert command.main([*options, "--check"]) == 0
    sys.path.insert(0, str(folder))
    try:
        yield import_module(PACKAGE)
    finally:
        sys.path.remove(str(folder))
        # Other tests of the process look for the version of a tenant among all that are registered.
        _registered().pop("9.9", None)
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


def map_entity(entity: Entity) -> Iterable[tuple[str, dict[str, Any]]]:
    """Map orgs and persons of the district to the elements of the version; it has no others."""
    base = {
        "sourcedId": entity.sourced_id,
        "status": "tobedeleted" if entity.deleted else "active",
        "dateLastModified": entity.last_modified,
    }
    if isinstance(entity, Org):
        org = base | {"name": entity.name, "type": entity.kind}
        parent = {"parent": {"sourcedId": entity.parent.sourced_id, "type": "org"}} if entity.parent else {}
        yield "Org", org | parent
    if isinstance(entity, Person):
        orgs = [{"sourcedId": org, "type": "org"} for org in entity.orgs]
        names = {"givenName": entity.given_name, "familyName": entity.family_name}
        yield "User", base | names | {"enabledUser": str(entity.enabled).lower(), "orgs": orgs}


@pytest.fixture(scope="module")
def standard(package: ModuleType) -> Standard:
    return Standard.from_package(package)


@pytest.fixture(scope="module")
def tenant(standard: Standard) -> Iterator[Sandbox]:
    """The sandbox, which serves the version from the district of all versions."""
    with Sandbox(standard=standard, mapping=map_entity) as served:
        yield served


@pytest.fixture
def server() -> Iterator[Loopback]:
    """A server on loopback under the base path of the version."""
    with Loopback() as loopback:
        loopback.base_url = loopback.base_url.replace("/ims/oneroster/v1p1", BASE_PATH)
        yield loopback


def test_the_specification_is_that_of_the_document(package: ModuleType) -> None:
    specification = package.specification()
    assert specification.version == "9.9"
    assert specification.services == {"oneroster": BASE_PATH}
    assert list(specification.operations) == ["getAllOrgs", "getOrg", "getAllUsers", "getUser"]
    assert list(specification.elements) == ["Org", "User", "GUIDRef", "CodeMinorSet", "CodeMinorField"]
    assert specification.elements["User"].properties["orgs"].refers_to == "Org"
    assert package.document()["info"]["version"] == "9.9"


def test_the_client_reads_pages_and_records(package: ModuleType, server: Loopback) -> None:
    api = package.api.directory
    server.answers({"organisations": [ORG]}, X_Total_Count="1")
    with package.AuthenticatedClient(server.base_url, "t0ken", verify_ssl=False) as client:
        page = api.get_all_orgs.sync(client=client, filter="type='school'", order_by=package.models.Direction.DESC)
        assert [org.name for org in page.organisations] == ["North"]
        server.answers({"organisation": ORG})
        assert api.get_org.sync(client=client, sourced_id="o-1").organisation == page.organisations[0]
    assert [seen.target for seen in server.seen] == [
        f"{BASE_PATH}/organisations?orderBy=desc&filter=type%3D%27school%27",
        f"{BASE_PATH}/organisations/o-1",
    ]


def test_the_client_reads_the_status_object(package: ModuleType, server: Loopback) -> None:
    server.answers(UNKNOWN, status=404)

    async def read() -> Any:
        async with package.Client(server.base_url, verify_ssl=False) as client:
            return await package.api.directory.get_user.asyncio(client=client, sourced_id="u-1")

    with pytest.raises(package.StatusError, match=r"answered with 404 \(unknownobject\)\.$") as caught:
        asyncio.run(read())
    assert [entry.imsx_code_minor for entry in caught.value.status_info] == ["unknownobject"]


def test_columns_are_read_strictly(package: ModuleType) -> None:
    (row,) = package.wire.page_decoder("Org")(b'{"organisations": [%s]}' % _json(ORG))
    assert (row.sourced_id, str(row.type_)) == ("o-1", "school")


def test_the_standard_is_made_of_the_package(package: ModuleType) -> None:
    standard = Standard.from_package(package)
    assert Standard.of("9.9") is standard
    operation = standard.specification.operations["getAllUsers"]
    assert standard.base_path(operation) == BASE_PATH
    assert standard.api(operation) is package.api.directory.get_all_users
    assert "sourced_id: The sourcedId of the record." in standard.facade.Operations.get_user.__doc__


def test_the_client_reads_the_sandbox(standard: Standard, tenant: Sandbox) -> None:
    assert tenant.base_url.endswith(BASE_PATH)
    with client_class(standard)(base_url=tenant.base_url, token=tenant.token) as roster:
        client: Any = roster  # its methods are known only once the package is generated
        users = list(client.get_all_users())
        assert len({user.sourced_id for user in users}) == len(users) == 41
        assert client.get_user(users[0].sourced_id) == users[0]
        assert [org.type_ for org in client.get_all_orgs(filter="type='district'")] == ["district"]
        with pytest.raises(OneRosterError, match="unknownobject"):
            client.get_user("nobody")


def target_of(served: Sandbox, standard: Standard) -> Target:
    """Return the sandbox as the target of a check."""
    settings = resolve_settings({"base_url": served.base_url, "token": served.token}, {})
    return Target.from_settings(settings, standard=standard)


def test_the_sandbox_conforms_to_the_document(standard: Standard, tenant: Sandbox) -> None:
    report = check(target_of(tenant, standard), seed=1)
    assert report.target.standard == "9.9"
    failed = {(one.id, one.operation_id) for one in report.checks if one.status in (Status.FAILED, Status.WARNED)}
    assert not failed
    passed = {one.operation_id for one in report.checks if one.status is Status.PASSED}
    assert passed >= {"getAllOrgs", "getOrg", "getAllUsers", "getUser"}


def test_a_fault_is_found_in_the_version(standard: Standard) -> None:
    with Sandbox(standard=standard, mapping=map_entity, faults=["wrong-total"]) as faulty:
        report = check(target_of(faulty, standard), seed=1)
    failed = {one.id for one in report.checks if one.status is Status.FAILED}
    assert failed == {"OR-PAG-05"}


@pytest.mark.parametrize("name", ["roster.parquet", "roster.duckdb", "roster.ndjson", "roster.sqlite"])
def test_a_roster_of_the_version_is_pulled(standard: Standard, tenant: Sandbox, tmp_path: Path, name: str) -> None:
    with client_class(standard)(base_url=tenant.base_url, token=tenant.token) as roster:
        report = pull(roster, tmp_path / name)
    assert {each: held.rows for each, held in report.manifest.collections.items()} == {
        "organisations": 15,
        "accounts": 41,
    }
    stored = open_destination(tmp_path / name)
    assert stored.manifest.standard == "9.9"
    assert stored.read("User").read_all().num_rows == 41


def test_oneroster_csv_has_no_form_for_the_version(standard: Standard, tenant: Sandbox, tmp_path: Path) -> None:
    client = client_class(standard)(base_url=tenant.base_url, token=tenant.token)
    with client, pytest.raises(ConfigurationError, match=r"9\.9"):
        pull(client, tmp_path / "roster.zip")
    assert not (tmp_path / "roster.zip").exists()


def _json(value: object) -> bytes:
    import json

    return json.dumps(value).encode()
