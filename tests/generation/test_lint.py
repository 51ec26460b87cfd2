"""The lint finds each kind of mistake in the document, names the rule, and says where."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from generation import lint, lint_rules
from generation.document import Document, read

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
DOCUMENT: dict[str, Any] = yaml.load(TEXT, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # both are safe
CHECKS = {each.name: each.check for each in lint_rules.RULES}


def schemas(document: dict[str, Any]) -> dict[str, Any]:
    return document["components"]["schemas"]


def responses(document: dict[str, Any]) -> dict[str, Any]:
    return document["components"]["responses"]


def get(document: dict[str, Any], path: str) -> dict[str, Any]:
    return document["paths"][path]["get"]


def org(document: dict[str, Any]) -> dict[str, Any]:
    return schemas(document)["Org"]["allOf"][1]


# One way to break each rule, and a word of the pointer that must lead there.
BREAKS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "operation-id": (lambda d: get(d, "/orgs").update(operationId="getOrg"), "orgs"),
    "operation-form": (lambda d: get(d, "/orgs").pop("security"), "/paths/~1orgs"),
    "path-parameters": (lambda d: get(d, "/orgs/{id}")["parameters"].pop(0), "orgs~1{id}"),
    "query-parameters": (lambda d: get(d, "/orgs")["parameters"].pop(), "/paths/~1orgs"),
    "shared-parts": (lambda d: get(d, "/orgs")["responses"].update({"400": {"description": "Refused."}}), "400"),
    "errors": (lambda d: get(d, "/orgs/{id}")["responses"].pop("404"), "orgs~1{id}"),
    "headers": (lambda d: responses(d)["Orgs"]["headers"].pop("Link"), "responses/Orgs"),
    "wrappers": (
        lambda d: schemas(d)["OrgPage"].update({"x-oneroster-wrapper": "organisations"}),
        "schemas/OrgPage/x-oneroster-wrapper",
    ),
    "operation-names": (
        lambda d: schemas(d)["Org"].update({"x-oneroster-collection": "getAllOgrs"}),
        "schemas/Org/x-oneroster-collection",
    ),
    "links": (lambda d: responses(d)["Orgs"].pop("links"), "responses/Orgs"),
    "subsets": (
        lambda d: responses(d)["Schools"]["x-oneroster-subset"].update(values=["university"]),
        "responses/Schools",
    ),
    "scopes": (
        lambda d: get(d, "/courses/{course_id}/classes").pop("x-oneroster-scope"),
        "courses~1{course_id}~1classes",
    ),
    "profiles": (lambda d: get(d, "/orgs").update({"x-oneroster-profiles": ["nowhere"]}), "x-oneroster-profiles"),
    "marks": (lambda d: responses(d)["NotFound"].pop("x-oneroster-trust"), "responses/NotFound"),
    "properties": (lambda d: org(d)["properties"]["name"].pop("description"), "properties/name"),
    "uncertain": (lambda d: schemas(d)["StatusInfoSet"].pop("x-oneroster-note"), "StatusInfoSet"),
    "references": (lambda d: org(d)["properties"]["parent"].pop("x-oneroster-reference"), "properties/parent"),
    "elements": (lambda d: schemas(d)["Org"].pop("x-oneroster-read"), "schemas/Org"),
    "enumerations": (
        lambda d: org(d)["properties"]["name"].update(enum=["North", "South"]),
        "properties/name/enum",
    ),
    "constraints": (lambda d: schemas(d)["DateTime"].update(format="datetime"), "DateTime/format"),
    "services": (lambda d: d["servers"].append({"url": "https://b.example/more"}), "/servers/0"),
    "status": (lambda d: d["x-oneroster-status"].update(codes="Codes"), "x-oneroster-status/codes"),
    "oauth-scopes": (
        lambda d: d["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"].pop(
            "https://purl.imsglobal.org/spec/or/v1p1/scope/gradebook.delete"
        ),
        "delete/security/0/oauth2/0",
    ),
    "examples": (
        lambda d: d["components"]["examples"]["School"]["value"]["org"].pop("name"),
        "/components/examples/School/value/org",
    ),
    "parameter-examples": (
        lambda d: d["components"]["parameters"]["Fields"]["examples"]["identity"].update(value="sourcedId,state"),
        "/components/parameters/Fields/examples/identity/value",
    ),
}


def test_the_document_is_clean() -> None:
    assert lint.problems(read(TEXT)) == []


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_document_breaks_its_rule_at_the_place(name: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    change, place = BREAKS[name]
    change(document)
    found = [(lint.pointer(path), message) for path, message in CHECKS[name](document)]
    assert found
    assert any(place in where for where, _ in found)


@pytest.mark.series
@pytest.mark.parametrize("name", BREAKS)
def test_a_single_mistake_is_a_single_problem_of_its_rule(name: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    BREAKS[name][0](document)
    (problem,) = lint.problems(Document(document, {}))
    assert problem.rule == name


def test_every_rule_can_be_broken() -> None:
    assert set(BREAKS) == set(CHECKS)


@pytest.mark.parametrize(
    ("old", "new", "rule", "said"),
    [
        ("openapi: 3.1.0", "openapi: 3.0.3", "openapi-3.1", "3.1"),
        ("responses/Orgs'}", "responses/Organisations'}", "openapi-3.1", "nothing is at"),
        (
            "      required: true\n      description: The sourcedId of the school",
            "      required: 7\n      description: The",
            "openapi-3.1",
            "",
        ),
        ("x-oneroster-profiles: [standard]\n      x-", "x-", "operation-form", "x-oneroster-profiles"),
    ],
)
def test_a_problem_names_line_rule_and_cause(old: str, new: str, rule: str, said: str) -> None:
    assert old in TEXT
    found = lint.problems(read(TEXT.replace(old, new, 1)))
    assert found[0].rule == rule
    assert said in found[0].message
    changed = TEXT[: TEXT.index(old)].count("\n") + 1
    assert abs(found[0].line - changed) < 40
    assert f"openapi.yaml:{found[0].line}: " in str(found[0])


NAMED = {
    "paths",
    "properties",
    "links",
    "scopes",
    "variables",
    "flows",
    "x-oneroster-profiles",
    "x-oneroster-oauth-scopes",
}


SEVERAL = {"components/schemas/*/allOf/*"}  # several scopes go by several properties of the part


def one_part_of_each_kind() -> dict[str, tuple[Any, ...]]:
    """A path to one part under each path of keys; names and numbers of items do not count. Examples are left out."""
    found: dict[str, tuple[Any, ...]] = {}
    waiting: list[tuple[tuple[Any, ...], Any]] = [((), DOCUMENT)]
    while waiting:
        path, value = waiting.pop()
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        waiting += [((*path, key), below) for key, below in items if key != "value"]
        names = (
            isinstance(step, int) or (at and (path[at - 1] in NAMED or path[at - 2 : at - 1] == ("components",)))
            for at, step in enumerate(path)
        )
        kind = "/".join("*" if is_name else step for is_name, step in zip(names, path, strict=True))
        found.setdefault(kind, path)
    return {kind: path for kind, path in found.items() if path}


@pytest.mark.series
@pytest.mark.parametrize("form", ["none", "number"])
@pytest.mark.parametrize("kind", one_part_of_each_kind())
def test_a_part_that_is_missing_or_a_number_is_a_single_message(kind: str, form: str) -> None:
    path = one_part_of_each_kind()[kind]
    document = copy.deepcopy(DOCUMENT)
    holder: Any = document
    for step in path[:-1]:
        holder = holder[step]
    if form == "none":
        del holder[path[-1]]
    else:
        holder[path[-1]] = 7
    found = lint.problems(Document(document, {}))
    assert len(found) <= 1 or kind in SEVERAL, found


def test_the_page_on_the_document_lists_every_rule_word_for_word() -> None:
    listed = (ROOT / "docs" / "document.md").read_text(encoding="utf-8")
    for each in lint_rules.RULES:
        assert f"`{each.name}`" in listed
        assert each.text in listed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda scheme: scheme["x-oneroster-oauth-scopes"].popitem(),
            "the scope has no mark in x-oneroster-oauth-scopes",
        ),
        (lambda scheme: scheme["x-oneroster-oauth-scopes"].update(other="B"), "the flows have no scope other"),
        (lambda scheme: scheme.pop("x-oneroster-oauth-scopes"), "the scope has no mark in x-oneroster-oauth-scopes"),
    ],
)
def test_every_scope_has_a_mark(change: Callable[[dict[str, Any]], object], said: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    change(document["components"]["securitySchemes"]["oauth2"])
    (problem,) = lint.problems(Document(document, {}))
    assert (problem.rule, problem.message.partition(";")[0]) == ("oauth-scopes", said)


def after(anchor: str, old: str, new: str) -> Callable[[str], str]:
    """An edit of the text: the first occurrence behind an anchor is replaced."""

    def edit(text: str) -> str:
        at = text.index(old, text.index(anchor))
        return text[:at] + new + text[at + len(old) :]

    return edit


EDITS: dict[str, tuple[Callable[[str], str], str]] = {
    "a type": (after("    Org:", "type: string", "type: strng"), "'strng' is not one of"),
    "a status": (after("  /orgs:", "'401':", "'4O1':"), "('4O1' was unexpected)"),
    "a scheme": (after("  /orgs:", "- bearer: []", "- baerer: []"), "did you mean bearer?"),
    "an element": (
        after("    OrgPage:", "element: Org", "element: Orgg"),
        "there is no schema Orgg; did you mean Org?",
    ),
    "a flag": (after("    OrgPage:", "x-oneroster-many: true", "x-oneroster-many: false"), "x-oneroster-many is false"),
    "a convention": (after("conventions:", "[Limit,", "[Limitt,"), "components/parameters has no Limitt; did you mean"),
    "a payload": (after("status:", "payload: StatusInfoSet", "payload: StatusInfoSets"), "did you mean StatusInfoSet?"),
    "a format": (after("    DateTime:", "format: date-time", "format: datetime"), "did you mean date-time?"),
    "a value without quotes": (
        after("    TrueFalse:", "['true', 'false']", "[true, false]"),
        "the enumeration lists true, false, which is no text; give it quotes",
    ),
    "a value that is nothing": (after("    OrgType:", "enum: [", "enum: [null, "), "the enumeration lists null, which"),
    "a repeated value": (after("    OrgType:", "enum: [", "enum: [school, "), "lists school more than once"),
    "a tag": (
        after("  /orgs:", "tags: [rostering]", "tags: [rostring]"),
        "there is no tag rostring; did you mean rostering?",
    ),
    "a reference": (after("  /orgs:", "responses/Orgs'", "responses/Orgss'"), "did you mean Orgs?"),
    "a status of all": (
        after("conventions:", "errors: ['400',", "errors: ['4O0',"),
        "nothing follows the convention 4O0",
    ),
    "a header of all": (
        after("conventions:", "[X-Total-Count,", "[X-Totl-Count,"),
        "nothing follows the convention X-Totl",
    ),
    "a scheme of all": (
        after("conventions:", "bearer", "baerer"),
        "components/securitySchemes has no baerer; did you mean",
    ),
    "a variable": (
        after("servers:", "{host}", "{hots}"),
        "the URL has a variable hots, not declared; did you mean host?",
    ),
    "a key of a variable": (after("servers:", "default: sis", "defalt: sis"), "did you mean default?"),
    "a constraint of another type": (
        after("    Limit:", "minimum: 1", "minLength: 1"),
        "minLength does not apply to values of the type integer",
    ),
    "a type of other constraints": (
        after("    ClassPage:", "type: object", "type: string"),
        "properties, required do not apply to values of the type string",
    ),
    "a default of another type": (
        after("    OrderBy:", "schemas/OrderBy'", "schemas/OrderBy', default: up"),
        "the default violates its schema: 'up' is not one of",
    ),
    "a kind of a scheme": (after("  securitySchemes:", "type: oauth2", "type: object"), "is not one of"),
    "a flow": (
        after("  securitySchemes:", "clientCredentials", "clientCredential"),
        "('clientCredential' was unexpected)",
    ),
    "a status with a quote": (after("  /orgs:", "'401'", "401'"), "was unexpected)"),
    "a key one level too high": (
        after("  /schools/{id}/courses:", "        trust", "      trust"),
        "has no meaning here",
    ),
    "the only key of a part one level too high": (
        after("    Categories:", "        getCategory:", "      getCategory:"),
        "getCategory is no known key of a response",
    ),
    "a wrong indent of links": (
        after("    Enrollments:", "\n      links:", "\n        links:"),
        "content has media types, and links, getEnrollment are none",
    ),
    "a wrong indent of an operation": (
        after("  /orgs:", "\n    get:", "\n  get:"),
        "paths has paths, and get is none",
    ),
    "a place of a shared parameter": (
        after("    ClassId:", "in: path", "in: query"),
        "a path has the parameter ClassId, whose in is query",
    ),
    "a name of a shared parameter": (
        after("    ClassId:", "name: class_id", "name: clas_id"),
        "no path has the parameter ClassId under this name; 10 paths have {class_id} instead",
    ),
    "a name in a path": (after("paths:", "/orgs/{id}:", "/orgs/{idd}:"), "the operation has no path parameter idd"),
    "a name of another parameter": (
        after("    Sort:", "name: sort", "name: offset"),
        "the parameters Offset and Sort of an operation have the same name, offset",
    ),
    "a value of two wrong forms": (after("    UserId:", "required: true", "required: null"), "is not of type"),
    "a repeated tag": (after("tags:", "name: gradebook", "name: resources"), "the tag resources is listed twice"),
    "a character of another alphabet": (
        after("  /orgs:", "getAllOrgs", "get\u0410llOrgs"),
        "has the character U+0410 CYRILLIC CAPITAL LETTER A",
    ),
    "a character that is not seen": (after("    OrgType:", "school", "school\u200b"), "U+200B ZERO WIDTH SPACE"),
    "another case": (after("    OrgPage:", "element: Org", "element: ORG"), "did you mean Org?"),
    "an example": (after("  examples:", "enabledUser: 'true'", "enabledUser: true"), "True is not of type 'string'"),
}


@pytest.mark.series
@pytest.mark.parametrize("what", EDITS)
def test_a_single_mistake_is_a_single_message_at_its_line(what: str) -> None:
    edit, said = EDITS[what]
    changed = edit(TEXT)
    pairs = zip(TEXT.split("\n"), changed.split("\n"), strict=True)
    line = next(number for number, (one, other) in enumerate(pairs, start=1) if one != other)
    (problem,) = lint.problems(read(changed))
    assert (problem.line, said in problem.message) == (line, True), str(problem)


RENAMED = {
    "a profile": ("x-oneroster-profiles:", "standard"),
    "a tag": ("tags:", "gradebook"),
    "a scheme": ("  securitySchemes:", "bearer"),
    "a scope": ("      flows:", "roster.readonly"),
    "a parameter": ("  parameters:", "Limit"),
    "a header": ("  headers:", "Link"),
    "a schema": ("  schemas:", "Base"),
    "a response": ("  responses:", "NotFound"),
    "an operation": ("  /orgs/{id}:", "getOrg"),
}


@pytest.mark.series
@pytest.mark.parametrize("what", RENAMED)
def test_a_name_that_changed_alone_is_a_single_message_at_its_line(what: str) -> None:
    anchor, name = RENAMED[what]
    at = TEXT.index("\ncomponents:") if anchor.startswith("  ") and "/" not in anchor else 0
    place = TEXT.index(name, TEXT.index(f"\n{anchor}\n", at))
    changed = f"{TEXT[:place]}{name}Two{TEXT[place + len(name) :]}"
    (problem,) = lint.problems(read(changed))
    assert problem.line == changed[:place].count("\n") + 1, str(problem)
    assert f" places refer to {name}: is it renamed?" in str(problem) or what == "a scope"


def test_a_section_that_is_missing_is_a_single_message() -> None:
    document = copy.deepcopy(DOCUMENT)
    del document["components"]["requestBodies"]
    (problem,) = lint.problems(Document(document, {}))
    assert problem.message.endswith("; the document has no such part, and 3 places refer to one")


PARTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "the tags": (lambda d: d.pop("tags"), "the document has no such part"),
    "the data of a response": (lambda d: responses(d)["GradingPeriods"].pop("content"), "no content of"),
    "the data of a read": (lambda d: get(d, "/orgs")["responses"].pop("200"), "the read has no response 200"),
    "the parameters of a read": (lambda d: get(d, "/orgs/{id}").pop("parameters"), "has no path parameter id"),
    "a reference of a scope": (
        lambda d: schemas(d)["Result"]["allOf"][1]["properties"]["student"].pop("x-oneroster-reference"),
        "x-oneroster-reference belongs on",
    ),
    "a bound that examples violate": (
        lambda d: schemas(d)["GUIDRef"]["properties"]["sourcedId"].update(minLength=7),
        "more values violate the same minLength",
    ),
    "the parts of a schema": (lambda d: schemas(d)["Result"].pop("allOf"), "neither properties nor a type"),
    "the properties of a schema": (lambda d: schemas(d)["StatusInfo"].pop("properties"), "neither properties nor"),
    "what a part refers to": (
        lambda d: schemas(d)["Org"]["allOf"][0].pop("$ref"),
        "neither a reference nor properties",
    ),
    "a part given twice": (lambda d: schemas(d)["Org"]["allOf"].append(org(d)), "an earlier part has name, type"),
    "what a parameter refers to": (lambda d: get(d, "/orgs")["parameters"][1].pop("$ref"), "has no name and no in"),
}


@pytest.mark.series
@pytest.mark.parametrize("what", PARTS)
def test_a_part_that_many_go_by_is_a_single_message(what: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    change, said = PARTS[what]
    change(document)
    (problem,) = lint.problems(Document(document, {}))
    assert said in problem.message


def test_what_is_given_twice_is_named() -> None:
    document = copy.deepcopy(DOCUMENT)
    for key in ("security", "parameters"):
        get(document, "/orgs")[key].append(get(document, "/orgs")[key][0])
    assert [said for _, said in CHECKS["operation-form"](document)] == ["the operation has the choice oauth2 twice"]
    assert [said for _, said in CHECKS["query-parameters"](document)] == ["the operation has the parameter Limit twice"]


def test_a_renamed_path_parameter_is_one_problem() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["paths"] = {path.replace("/orgs/{id}", "/orgs/{org}"): item for path, item in document["paths"].items()}
    ((_, said),) = CHECKS["path-parameters"](document)
    assert said == "the operation has no path parameter org; the operation has id instead"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pattern": "(["}, "the pattern cannot be compiled: "),
        ({"minLength": 9, "maxLength": 3}, "minLength is more than maxLength"),
    ],
)
def test_constraints_can_be_kept(changes: dict[str, Any], said: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    org(document)["properties"]["name"].update(changes)
    ((_, found),) = CHECKS["constraints"](document)
    assert found.startswith(said)
