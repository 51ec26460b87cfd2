"""A made-up version of the standard is generated, imported and used: nothing but its document is needed."""

import asyncio
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from generation import command
from oneroster.standard import Standard
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
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


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


def _json(value: object) -> bytes:
    import json

    return json.dumps(value).encode()
