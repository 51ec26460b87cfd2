"""The specification of a document: services, alternatives of overlays, and errors with their place."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

import oneroster_v1p1
from oneroster_runtime.package_data import load_document
from oneroster_runtime.specification import SpecificationError, read_specification

DOCUMENT = oneroster_v1p1.document()
Part = dict[str, Any]


def changed(change: Callable[[Part], object]) -> Part:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return document


def org(document: Part) -> Part:
    found: Part = document["components"]["schemas"]["Org"]["allOf"][1]["properties"]
    return found


def test_one_server_is_one_service() -> None:
    specification = read_specification(DOCUMENT)
    assert specification.version == "1.1"
    assert specification.services == {"oneroster": "/ims/oneroster/v1p1"}
    assert specification.base_path(specification.operations["getAllOrgs"]) == "/ims/oneroster/v1p1"


def test_several_servers_are_services_that_tags_name() -> None:
    def split(document: Part) -> None:
        document["servers"] = [
            {"url": "https://{host}/ims/rostering/v9/", "x-oneroster-service": "rostering"},
            {"url": "https://{host}/ims/gradebook/v9", "x-oneroster-service": "gradebook"},
        ]
        for tag in document["tags"]:
            tag["x-oneroster-service"] = "gradebook" if tag["name"] == "gradebook" else "rostering"

    specification = read_specification(changed(split))
    assert specification.services == {"rostering": "/ims/rostering/v9", "gradebook": "/ims/gradebook/v9"}
    operations = specification.operations
    assert specification.base_path(operations["getAllOrgs"]) == "/ims/rostering/v9"
    assert specification.base_path(operations["putResult"]) == "/ims/gradebook/v9"
    with pytest.raises(SpecificationError, match="the tag rostering belongs to the service x"):
        read_specification(changed(lambda d: d["tags"][0].update({"x-oneroster-service": "x"})))


def test_a_profile_has_its_operations_and_properties_only() -> None:
    standard, kimono = (read_specification(DOCUMENT, profile=name) for name in ("standard", "kimono"))
    assert "getAllAcademicSessionsKimono" in kimono.operations
    assert "getAllAcademicSessionsKimono" not in standard.operations
    assert "weight" in kimono.elements["Category"].properties
    assert "weight" not in standard.elements["Category"].properties


def test_only_the_operations_asked_for_are_read() -> None:
    assert list(read_specification(DOCUMENT, operations={"getOrg"}).operations) == ["getOrg"]


@pytest.mark.parametrize(
    ("schema", "kinds"),
    [
        ({"type": ["string", "null"]}, ["string", "null"]),
        ({"anyOf": [{"$ref": "#/components/schemas/OrgType"}, {"type": "null"}]}, ["enumeration", "null"]),
        ({"anyOf": [{"type": ["number", "null"]}, {"type": "string", "maxLength": 0}]}, ["number", "null", "blank"]),
        ({"anyOf": [{"type": "array"}, {"type": "array", "items": {"type": "number"}}]}, ["array", "array"]),
    ],
)
def test_a_property_may_have_alternatives(schema: Part, kinds: list[str]) -> None:
    specification = read_specification(changed(lambda d: org(d).update(region=schema)))
    assert [each.kind for each in specification.alternatives["Org", "region"]] == kinds
    assert specification.elements["Org"].properties["region"] == specification.alternatives["Org", "region"][0]


def test_booleans_are_those_of_their_schema() -> None:
    assert read_specification(DOCUMENT).booleans == "string"
    for schema, expected in (
        ({"type": "boolean"}, "json"),
        ({"anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["true", "false"]}]}, "either"),
    ):
        document = changed(lambda d, schema=schema: d["components"]["schemas"].update(TrueFalse=schema))  # type: ignore[misc]  # not inferred
        assert read_specification(document).booleans == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: org(d).update(region={}), "/components/schemas/Org/allOf/1/properties/region: a property needs a"),
        (
            lambda d: org(d).update(region=7),
            "/components/schemas/Org/allOf/1/properties/region: a part does not have its form: TypeError",
        ),
        (
            lambda d: d["paths"]["/orgs"]["get"].update(responses=7),
            "/paths/~1orgs/get: a part does not have its form: TypeError",
        ),
        (lambda d: d["paths"]["/orgs"]["get"].pop("tags"), "/paths/~1orgs/get: an operation needs tags"),
        (lambda d: d["components"].pop("schemas"), "/components/schemas: there is nothing at this place"),
        (
            lambda d: d["paths"]["/orgs"]["get"]["responses"].update({"200": {"$ref": "#/components/responses/No"}}),
            "/paths/~1orgs/get/responses/200: the reference #/components/responses/No leads nowhere",
        ),
    ],
)
def test_a_document_that_cannot_be_read_gives_an_error_with_its_place(
    change: Callable[[Part], object], message: str
) -> None:
    with pytest.raises(SpecificationError) as caught:
        read_specification(changed(change))
    assert str(caught.value).startswith(message)


def test_the_package_reads_its_document_once_and_hands_out_fresh_copies() -> None:
    assert oneroster_v1p1.specification() is oneroster_v1p1.specification()
    fresh = oneroster_v1p1.document()
    fresh["info"]["title"] = "changed"
    assert oneroster_v1p1.document()["info"]["title"] == "OneRoster"
    assert oneroster_v1p1.document() == load_document("oneroster_v1p1")
