"""What changed for callers, in words: each kind of change, and whether it breaks."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from generation.changes import CALLERS, HEADINGS, ONLY_WORDS, SERVERS, SHOWN, between
from generation.differences import without_words
from generation.verdicts import FACETS
from oneroster.contract.catalogue import catalogue
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
    (
        lambda d: d["components"]["parameters"]["Sort"]["schema"].pop("format"),
        "breaking: operation getAllOrgs: parameter sort changed from string (oneroster-sort) to string",
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
        lambda d: GUID(d)["properties"]["href"].update({"x-oneroster-profiles": ["standard"]}),
        "breaking: GUIDRef: property href: profile kimono was removed",
    ),
    (
        lambda d: CATEGORY(d)["properties"]["weight"].pop("x-oneroster-profiles"),
        "compatible: Category: property weight: profile standard was added",
    ),
    (
        lambda d: ORG(d)["properties"]["name"].update({"x-oneroster-personal": True}),
        "Org: property name is hidden from now on",
    ),
    (
        lambda d: RESULT(d)["properties"]["score"].pop("x-oneroster-personal"),
        "Result: property score is shown from now on",
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
    # Differences without a name of their own
    (
        lambda d: d["x-oneroster-profiles"]["kimono"].update(booleans="string"),
        "breaking: /x-oneroster-profiles/kimono/booleans: json → string",
    ),
    (
        lambda d: d["components"]["parameters"]["Limit"]["schema"].update(default=50),
        "breaking: /components/parameters/Limit/schema/default: 100 → 50",
    ),
    (
        lambda d: USER(d)["properties"]["orgs"].pop("minItems"),
        "compatible: /components/schemas/User/allOf/1/properties/orgs/minItems was removed: 1",
    ),
    (
        lambda d: USER(d)["properties"]["orgs"].update(minItems=2),
        "breaking: /components/schemas/User/allOf/1/properties/orgs/minItems: 1 → 2",
    ),
    (
        lambda d: rename(d["components"]["responses"]["Orgs"]["links"], "getOrg", "toOrg"),
        "compatible: /components/responses/Orgs/links/getOrg was removed: ",
    ),
    (
        lambda d: d["components"]["requestBodies"]["Result"].update(required=False),
        "compatible: /components/requestBodies/Result/required: true → false",
    ),
    (
        lambda d: d["x-oneroster-conventions"].update(errors=["400"]),
        "compatible: /x-oneroster-conventions/errors/401 was removed: 401",
    ),
    (
        lambda d: operation(d)["security"].pop(2),
        "breaking: /paths/~1orgs/get/security/bearer was removed: ",
    ),
    (
        lambda d: d["servers"][0].update(url="https://{host}/v1p1"),
        "breaking: /servers/0/url: https://{host}/ims/oneroster/v1p1 → https://{host}/v1p1",
    ),
    (
        lambda d: (rename_property(USER(d), "sms", "text"), USER(d)["properties"]["text"].pop("x-oneroster-personal")),
        "User: property sms is shown from now on",
    ),
    (
        lambda d: USER(d)["properties"].update(sms=USER(d)["properties"].pop("sms")),
        "compatible: only the order of keys",
    ),
    # Verdicts
    (
        lambda d: RESULT(d)["properties"]["comment"].update({"x-oneroster-trust": "C"}),
        "/components/schemas/Result/allOf/1/properties/comment/x-oneroster-trust: A → C (from must to open)",
    ),
    (
        lambda d: ORG(d)["properties"]["identifier"].pop("x-oneroster-presence"),
        "/components/schemas/Org/allOf/1/properties/identifier/x-oneroster-presence was removed: ",
    ),
    (
        lambda d: d["components"]["responses"]["Terms"]["x-oneroster-subset"].update(trust="A"),
        "/components/responses/Terms/x-oneroster-subset/trust: B → A (from should to must); judged by OR-SEM-01, ",
    ),
    # Words
    (
        lambda d: d["info"].update(description="Other words."),
        "compatible: only words changed: descriptions, summaries, ",
    ),
]


@pytest.mark.series
@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_a_change_is_told_in_words(change: Callable[[Changed], object], expected: str) -> None:
    changed = copy.deepcopy(DOCUMENT)
    change(changed)
    found = between(DOCUMENT, changed)
    assert any(str(each).startswith(expected) for each in found), found
    assert found == sorted(found, key=lambda each: (HEADINGS.index(each.heading), not each.breaking))


# Differences without a name of their own, each with its pointer.
SILENT = [
    (lambda d: d["x-oneroster-profiles"]["kimono"].update(booleans="string"), "/x-oneroster-profiles/kimono/booleans"),
    (
        lambda d: d["components"]["parameters"]["Limit"]["schema"].update(default=50),
        "/components/parameters/Limit/schema/default",
    ),
    (lambda d: USER(d)["properties"]["orgs"].pop("minItems"), "properties/orgs/minItems"),
    (lambda d: d.update({"x-new": 1}), "/x-new was added"),
    (
        lambda d: GUID(d)["properties"]["type"].update({"x-oneroster-trust": "C"}),
        "/components/schemas/GUIDRef/properties/type/x-oneroster-trust: A → C",
    ),
    (lambda d: USER(d)["required"].append("role"), "/required/role ("),
    (lambda d: d["tags"].append(d["tags"][0]), "/tags/rostering ("),
]


@pytest.mark.parametrize(("change", "pointer"), SILENT)
def test_a_difference_is_named_also_beside_another_change(change: Callable[[Changed], object], pointer: str) -> None:
    changed = copy.deepcopy(DOCUMENT)
    change(changed)
    changed["paths"].pop("/orgs/{id}")
    rename_property(USER(changed), "sms", "text")
    found = [str(each) for each in between(DOCUMENT, changed)]
    assert any(pointer in each for each in found), found
    assert "breaking: User: property sms was renamed to text" in found


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from leaves(below, (*path, key))
    if not isinstance(value, dict | list):
        yield path


def one_leaf_of_each_kind() -> dict[str, tuple[Any, ...]]:
    """A path to one scalar under each key."""
    found = {}
    for path in leaves(without_words(DOCUMENT)):
        found[[step for step in path if isinstance(step, str)][-1]] = path
    return found


@pytest.mark.series
@pytest.mark.parametrize("name", one_leaf_of_each_kind())
def test_no_part_changes_without_a_name(name: str) -> None:
    path = one_leaf_of_each_kind()[name]
    changed = copy.deepcopy(DOCUMENT)
    holder: Any = changed
    for step in path[:-1]:
        holder = holder[step]
    value = holder[path[-1]]
    holder[path[-1]] = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value}x"
    found = between(DOCUMENT, changed)
    assert found
    assert all(ONLY_WORDS not in each.text for each in found)


def test_what_is_shown_is_never_compatible() -> None:
    changed = copy.deepcopy(DOCUMENT)
    RESULT(changed)["properties"]["score"].pop("x-oneroster-personal")
    shown, rules = between(DOCUMENT, changed)
    assert (shown.heading, shown.breaking) == (SHOWN, True)
    assert rules.heading == SERVERS
    assert "OR-PRV-01" in rules.text


def test_verdicts_name_rules_that_exist() -> None:
    known = {rule.id for rule in catalogue()}
    named = {word for facet in FACETS for word in facet.rules.split() if word.startswith("OR-")}
    assert named <= known


def test_a_property_that_moves_to_a_further_part_of_its_schema_is_named() -> None:
    changed = copy.deepcopy(DOCUMENT)
    parts = changed["components"]["schemas"]["User"]["allOf"]
    parts.append({"properties": {"sms": parts[1]["properties"].pop("sms")}})
    told = [str(each) for each in between(DOCUMENT, changed)]
    assert any("property sms moved from" in each for each in told), told


def test_equal_documents_have_no_changes() -> None:
    assert between(DOCUMENT, copy.deepcopy(DOCUMENT)) == []


def test_a_change_with_a_name_is_told_once() -> None:
    changed = copy.deepcopy(DOCUMENT)
    changed["components"]["responses"]["Teachers"]["x-oneroster-subset"].update(values=["student"])
    LINE_ITEM(changed)["properties"]["class"]["x-oneroster-reference"].update(to="Org", types=["org"])
    told = [str(each) for each in between(DOCUMENT, changed) if each.heading == CALLERS]
    assert [each for each in told if "/components/" in each] == []


def test_two_that_vanish_and_two_that_appear_are_not_guessed_to_be_renamed() -> None:
    changed = copy.deepcopy(DOCUMENT)
    for old, new in (("sms", "one"), ("phone", "two")):
        rename_property(USER(changed), old, new)
    told = [str(each) for each in between(DOCUMENT, changed) if each.heading == CALLERS]
    assert told == [
        "breaking: User: property sms was removed",
        "breaking: User: property phone was removed",
        "compatible: User: optional property one was added",
        "compatible: User: optional property two was added",
    ]


def test_a_document_from_another_age_is_told_apart_without_a_crash() -> None:
    (change,) = between({"openapi": "3.1.0"}, DOCUMENT)
    assert str(change).startswith("breaking: the versions cannot be compared: ")
