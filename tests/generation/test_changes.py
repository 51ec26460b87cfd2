"""What changed for callers, in words: each kind of change, and whether it breaks."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from generation.changes import between
from oneroster_v1p1 import document

DOCUMENT = document()
CORE = "https://purl.imsglobal.org/spec/or/v1p1/scope/roster-core.readonly"
Changed = dict[str, Any]


def schema(name: str) -> Callable[[Changed], Changed]:
    """The part of a schema that has its own properties."""

    def find(changed: Changed) -> Changed:
        found: Changed = changed["components"]["schemas"][name]
        return found["allOf"][1] if "allOf" in found else found

    return find


ORG, USER, RESULT, GUID = schema("Org"), schema("User"), schema("Result"), schema("GUIDRef")
CATEGORY, LINE_ITEM = schema("Category"), schema("LineItem")


def operation(changed: Changed, path: str = "/orgs", method: str = "get") -> Changed:
    found: Changed = changed["paths"][path][method]
    return found


def rename(mapping: Changed, old: str, new: str) -> None:
    """Rename a key in its place."""
    entries = list(mapping.items())
    mapping.clear()
    mapping.update((new if key == old else key, value) for key, value in entries)


def text() -> Changed:
    return {"type": "string", "description": "D.", "x-oneroster-trust": "A"}


def rename_property(part: Changed, old: str, new: str) -> None:
    rename(part["properties"], old, new)
    part["required"] = [new if name == old else name for name in part.get("required", [])]


def rename_schema(changed: Changed, old: str, new: str) -> None:
    import json

    rename(changed["components"]["schemas"], old, new)
    changed["components"] = json.loads(json.dumps(changed["components"]).replace(f'schemas/{old}"', f'schemas/{new}"'))


CHANGES: list[tuple[Callable[[Changed], object], str]] = [
    # Operations
    (lambda d: d["paths"].pop("/orgs/{id}"), "breaking: operation getOrg was removed"),
    (
        lambda d: d["paths"].update({"/more": {"get": operation(d) | {"operationId": "getMore"}}}),
        "compatible: operation getMore was added",
    ),
    (
        lambda d: operation(d).update(operationId="getOrgs"),
        "breaking: operation getAllOrgs was renamed to getOrgs",
    ),
    (
        lambda d: rename(d["paths"], "/orgs", "/organisations"),
        "breaking: operation getAllOrgs moved from GET /orgs to GET /organisations",
    ),
    (
        lambda d: operation(d).update(tags=["kimono"]),
        "breaking: operation getAllOrgs moved from the tag rostering to kimono",
    ),
    (
        lambda d: operation(d)["responses"].update({"200": {"$ref": "#/components/responses/Users"}}),
        "breaking: operation getAllOrgs answers with UserPage instead of OrgPage",
    ),
    (
        lambda d: operation(d, "/results/{id}", "put").pop("requestBody"),
        "breaking: operation putResult is sent nothing instead of SingleResult",
    ),
    (
        lambda d: operation(d, "/results/{id}", "put")["responses"].pop("201"),
        "breaking: operation putResult: success status 201 was removed",
    ),
    (
        lambda d: operation(d)["responses"].update({"206": {"description": "Part."}}),
        "compatible: operation getAllOrgs: success status 206 was added",
    ),
    (
        lambda d: operation(d)["security"].pop(0),
        f"breaking: operation getAllOrgs: OAuth scope {CORE} was removed",
    ),
    (
        lambda d: operation(d).update({"x-oneroster-profiles": ["standard"]}),
        "breaking: operation getAllOrgs: profile kimono was removed",
    ),
    (
        lambda d: d["components"]["responses"]["Schools"]["x-oneroster-subset"].update(values=["school", "local"]),
        "breaking: operation getAllSchools serves other rows",
    ),
    # Parameters
    (lambda d: operation(d)["parameters"].pop(), "breaking: operation getAllOrgs: parameter fields was removed"),
    (
        lambda d: d["components"]["parameters"]["Sort"].update(name="sortBy"),
        "breaking: operation getAllOrgs: parameter sort was renamed to sortBy",
    ),
    (
        lambda d: operation(d)["parameters"].append({"name": "q", "in": "query", "schema": {"type": "string"}}),
        "compatible: operation getAllOrgs: optional parameter q was added",
    ),
    (
        lambda d: operation(d)["parameters"].append(
            {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        "breaking: operation getAllOrgs: required parameter q was added",
    ),
    (
        lambda d: d["components"]["parameters"]["Limit"].update(required=True),
        "breaking: operation getAllOrgs: parameter limit became required",
    ),
    (
        lambda d: d["components"]["parameters"]["Limit"].update(schema={"type": "string"}),
        "breaking: operation getAllOrgs: parameter limit changed from integer to string",
    ),
    # Properties
    (lambda d: ORG(d)["properties"].pop("identifier"), "breaking: Org: property identifier was removed"),
    (
        lambda d: rename_property(ORG(d), "identifier", "code"),
        "breaking: Org: property identifier was renamed to code",
    ),
    (
        lambda d: rename_property(USER(d), "familyName", "surname"),
        "breaking: User: property familyName was renamed to surname",
    ),
    (lambda d: ORG(d)["properties"].update(code=text()), "compatible: Org: optional property code was added"),
    (
        lambda d: (ORG(d)["properties"].update(code=text()), ORG(d)["required"].append("code")),
        "compatible: Org: required property code was added; it is only read",
    ),
    (
        lambda d: (RESULT(d)["properties"].update(code=text()), RESULT(d)["required"].append("code")),
        "breaking: Result: required property code was added; writers must give it",
    ),
    (
        lambda d: ORG(d)["required"].append("identifier"),
        "compatible: Org: property identifier was narrowed to required; it is only read",
    ),
    (
        lambda d: RESULT(d)["required"].append("comment"),
        "breaking: Result: property comment was narrowed to required; writers must give it",
    ),
    (
        lambda d: GUID(d)["required"].remove("href"),
        "breaking: GUIDRef: property href became optional; readers may get None",
    ),
    (
        lambda d: RESULT(d)["properties"]["score"].update(type="integer"),
        "breaking: Result: property score changed its type from number to integer",
    ),
    (
        lambda d: ORG(d)["properties"].update(
            type=ORG(d)["properties"]["type"] | {"$ref": "#/components/schemas/RoleType"}
        ),
        "breaking: Org: property type changed its type from enumeration (OrgType) to enumeration (RoleType)",
    ),
    (
        lambda d: LINE_ITEM(d)["properties"]["class"]["x-oneroster-reference"].update(to="Course"),
        "breaking: LineItem: property class changed its type from reference (Class) to reference (Course)",
    ),
    (
        lambda d: LINE_ITEM(d)["properties"]["class"]["x-oneroster-reference"].update(types=["class", "course"]),
        "compatible: LineItem: property class: reference type course was added",
    ),
    (
        lambda d: ORG(d)["properties"]["name"].update({"x-oneroster-personal": True}),
        "compatible: Org: property name is hidden from repr",
    ),
    (
        lambda d: RESULT(d)["properties"]["score"].pop("x-oneroster-personal"),
        "compatible: Result: property score may be shown in repr",
    ),
    # Models
    (
        lambda d: d["components"]["schemas"].update(Extra={"type": "object", "properties": {"a": text()}}),
        "compatible: model Extra was added",
    ),
    (lambda d: rename_schema(d, "UserId", "ForeignId"), "breaking: model UserId was renamed to ForeignId"),
    (lambda d: d["components"]["schemas"].pop("StatusInfoSet"), "breaking: model StatusInfoSet was removed"),
    # Enumerations
    (
        lambda d: d["components"]["schemas"]["OrgType"]["enum"].append("club"),
        "compatible: OrgType: value 'club' was added; readers meet it",
    ),
    (
        lambda d: d["components"]["schemas"]["OrgType"]["enum"].remove("local"),
        "breaking: OrgType: value 'local' was removed",
    ),
    (
        lambda d: d["components"]["schemas"]["ScoreStatus"].update(
            enum=["exempt", "fullyGraded", "not submitted", "partially graded", "submitted"]
        ),
        "breaking: ScoreStatus: value 'fully graded' was renamed to 'fullyGraded'",
    ),
    (
        lambda d: d["components"]["schemas"].update(Colour={"type": "string", "enum": ["red"]}),
        "compatible: enumeration Colour was added",
    ),
    (lambda d: rename_schema(d, "Gender", "Sex"), "breaking: enumeration Gender was renamed to Sex"),
    # Words
    (
        lambda d: d["info"].update(description="Other words."),
        "compatible: only words changed: descriptions, examples, ",
    ),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_a_change_is_told_in_words(change: Callable[[Changed], object], expected: str) -> None:
    changed = copy.deepcopy(DOCUMENT)
    change(changed)
    told = [str(each) for each in between(DOCUMENT, changed)]
    assert any(line.startswith(expected) for line in told), told
    assert told == sorted(told, key=lambda line: not line.startswith("breaking"))


def test_equal_documents_have_no_changes() -> None:
    assert between(DOCUMENT, copy.deepcopy(DOCUMENT)) == []


def test_two_that_vanish_and_two_that_appear_are_not_guessed_to_be_renamed() -> None:
    changed = copy.deepcopy(DOCUMENT)
    for old, new in (("sms", "one"), ("phone", "two")):
        rename_property(USER(changed), old, new)
    told = [str(each) for each in between(DOCUMENT, changed)]
    assert told == [
        "breaking: User: property sms was removed",
        "breaking: User: property phone was removed",
        "compatible: User: optional property one was added",
        "compatible: User: optional property two was added",
    ]


def test_a_document_from_another_age_is_told_apart_without_a_crash() -> None:
    (change,) = between({"openapi": "3.1.0"}, DOCUMENT)
    assert str(change).startswith("breaking: the versions cannot be compared: ")
