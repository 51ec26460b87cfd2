"""The sandbox serves any version of the standard that it has a mapping for, from the same district."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from oneroster.sandbox import Sandbox, create_app
from oneroster.sandbox.district.entity_types import Entity, Org, Person
from oneroster.sandbox.district.mapping import mapping_for
from oneroster.sandbox.district.mapping_v1p1 import map_entity
from oneroster.sandbox.district.size import Size
from oneroster.sandbox.store.store import Store
from oneroster.standard import Standard
from oneroster_runtime.specification import (
    Element,
    Operation,
    Parameter,
    Profile,
    Property,
    Specification,
)
from tests.sandbox.serving import client_of

BASE_PATHS = {"people": "/made-up/people/v9", "places": "/made-up/places/v9"}
QUERY = [("limit", "integer"), ("offset", "integer"), ("sort", "string"), ("filter", "string"), ("fields", "string")]


def parameter(name: str, location: str, kind: str = "string") -> Parameter:
    return Parameter(name, name, location, required=location == "path", kind=kind, format=None, enumeration=None)


def operation(name: str, path: str, service: str, element: str, wrapper: str, *, many: bool) -> Operation:
    parameters = [parameter(*one) for one in [(name, "query", kind) for name, kind in QUERY]]
    return Operation(
        operation_id=name,
        method="GET",
        path=path,
        tag=service,
        service=service,
        summary=name,
        profiles=("standard",),
        stands_for=None,
        parameters=tuple(parameters if many else [parameter("id", "path"), parameters[-1]]),
        wrapper=wrapper,
        element=element,
        many=many,
        item_read=None,
        subset=None,
        scope=None,
        oauth_scopes=(f"{service}.readonly",),
        body=None,
        body_wrapper=None,
        statuses=(200,),
    )


def known(name: str, kind: str = "string", refers_to: str | None = None, types: tuple[str, ...] = ()) -> Property:
    return Property(name, name, kind, True, "A", "A", False, False, (), None, refers_to, types, None)


def element(name: str, collection: str, read: str, *properties: Property) -> Element:
    base = [known("sourcedId"), known("status"), known("dateLastModified", "date-time")]
    return Element(name, collection, read, {one.name: one for one in [*base, *properties]})


SPECIFICATION = Specification(
    version="9.9",
    services=BASE_PATHS,
    operations={
        one.operation_id: one
        for one in (
            operation("listPlaces", "/orgs", "places", "Place", "orgs", many=True),
            operation("readPlace", "/orgs/{id}", "places", "Place", "org", many=False),
            operation("listPeople", "/users", "people", "Human", "users", many=True),
            operation("readHuman", "/users/{id}", "people", "Human", "user", many=False),
        )
    },
    elements={
        "Place": element("Place", "listPlaces", "readPlace", known("label"), known("open", "boolean")),
        "Human": element(
            "Human", "listPeople", "readHuman", known("fullName"), known("home", "reference", "Place", ("place",))
        ),
    },
    enumerations={},
    profiles={"standard": Profile("standard", "The made-up standard.", "json")},
)


class MadeUpStandard(Standard):
    """Version 9.9, without a generated package."""

    @property
    def specification(self) -> Specification:  # type: ignore[override]  # a constant in place of a cached property
        return SPECIFICATION

    def document(self) -> dict[str, Any]:
        return {"components": {"schemas": {"Place": {}, "Human": {}}}}


MADE_UP = MadeUpStandard("made_up_v9p9")


def map_made_up(entity: Entity) -> Iterable[tuple[str, dict[str, Any]]]:
    base = {"sourcedId": entity.sourced_id, "status": "active", "dateLastModified": entity.last_modified}
    if isinstance(entity, Org):
        yield "Place", base | {"label": entity.name, "open": not entity.deleted}
    if isinstance(entity, Person):
        home = {"sourcedId": entity.orgs[0], "type": "place"}
        yield "Human", base | {"fullName": f"{entity.given_name} {entity.family_name}", "home": home}


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox(standard=MADE_UP, mapping=map_made_up) as served:
        yield served


@pytest.fixture(scope="module")
def client(tenant: Sandbox) -> Iterator[httpx.Client]:
    with client_of(tenant) as made:
        yield made


def get(client: httpx.Client, tenant: Sandbox, path: str, service: str, **parameters: Any) -> httpx.Response:
    return client.get(f"{tenant.base_urls[service]}{path}", params=parameters)


def test_each_service_is_served_below_its_base_path(client: httpx.Client, tenant: Sandbox) -> None:
    assert tenant.base_urls == {name: tenant.origin + path for name, path in BASE_PATHS.items()}
    assert tenant.base_url == tenant.base_urls["people"]
    assert get(client, tenant, "/users", "people").headers["x-total-count"] == "41"
    missing = get(client, tenant, "/users", "places")
    assert missing.status_code == 404
    assert all(path in missing.text for path in BASE_PATHS.values())
    assert client.get(f"{tenant.origin}/ims/oneroster/v1p1/users").status_code == 404


def test_the_district_is_that_of_other_versions(client: httpx.Client, tenant: Sandbox) -> None:
    with Sandbox() as other, client_of(other) as plain:
        orgs = plain.get("/orgs").json()["orgs"]
    places = get(client, tenant, "/orgs", "places").json()["orgs"]
    assert [place["sourcedId"] for place in places] == [org["sourcedId"] for org in orgs]
    assert [place["label"] for place in places] == [org["name"] for org in orgs]


def test_references_lead_to_the_service_of_their_element(client: httpx.Client, tenant: Sandbox) -> None:
    human = get(client, tenant, "/users", "people", limit=1).json()["users"][0]
    assert human["home"]["href"].startswith(f"{tenant.base_urls['places']}/orgs/")
    place = client.get(human["home"]["href"]).json()["org"]
    assert place["sourcedId"] == human["home"]["sourcedId"]
    assert place["open"] is True


def test_filters_and_sorts_go_by_the_elements_of_the_version(client: httpx.Client, tenant: Sandbox) -> None:
    humans = get(client, tenant, "/users", "people", sort="fullName").json()["users"]
    names = [human["fullName"] for human in humans]
    assert names == sorted(names)
    home = humans[0]["home"]["sourcedId"]
    found = get(client, tenant, "/users", "people", filter=f"home.sourcedId='{home}'").json()["users"]
    assert {human["home"]["sourcedId"] for human in found} == {home}
    assert get(client, tenant, "/users", "people", filter="role='student'").status_code == 400


def test_scopes_are_those_of_the_version(tenant: Sandbox) -> None:
    grant = {"grant_type": "client_credentials", "scope": "places.readonly"}
    issued = httpx.post(tenant.token_url, data=grant, auth=(tenant.client_id, tenant.client_secret)).json()
    headers = {"Authorization": f"Bearer {issued['access_token']}"}
    assert httpx.get(f"{tenant.base_urls['places']}/orgs", headers=headers).status_code == 200
    assert httpx.get(f"{tenant.base_urls['people']}/users", headers=headers).status_code == 403


def test_a_fault_applies_to_any_version_that_has_its_element() -> None:
    with Sandbox(standard=MADE_UP, mapping=map_made_up, faults=["wrong-total"]) as tenant, client_of(tenant) as client:
        assert get(client, tenant, "/users", "people").headers["x-total-count"] == "42"
    with pytest.raises(ValueError, match="this district has no Class that the fault could change"):
        Sandbox(standard=MADE_UP, mapping=map_made_up, faults=["missing-required"]).__enter__()


def test_a_version_without_a_mapping_cannot_be_served() -> None:
    with pytest.raises(ValueError, match=r"no mapping from its district to OneRoster 9\.9; pass one as mapping="):
        Sandbox(standard=MADE_UP).__enter__()
    assert mapping_for(Standard.of("1.1")) is map_entity


def test_an_application_serves_the_version_of_its_store() -> None:
    with Store.open(Size(40), 1, cache=None) as store:
        create_app(store, standard=Standard.of())
        with pytest.raises(ValueError, match=r"the store holds OneRoster 1\.1, not 9\.9"):
            create_app(store, standard=MADE_UP)


def test_kept_districts_depend_on_standard_and_mapping(tmp_path: Path) -> None:
    def files() -> set[str]:
        return {path.name for path in tmp_path.iterdir()}

    Store.open(Size(40), 1, cache=tmp_path).close()
    plain = files()
    Store.open(Size(40), 1, cache=tmp_path, standard=MADE_UP, mapping=map_made_up).close()
    both = files()
    assert plain < both
    assert len(both) == 2

    def another(entity: Entity) -> Iterable[tuple[str, dict[str, Any]]]:
        return map_made_up(entity)

    Store.open(Size(40), 1, cache=tmp_path, standard=MADE_UP, mapping=another).close()
    assert plain < files()
    assert files() != both
