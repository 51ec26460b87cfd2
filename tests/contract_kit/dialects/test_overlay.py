"""Dialects: an overlay changes what the strict judge goes by, part by part, and what cannot be applied is told."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from oneroster.contract.dialects.dialect import Dialect
from oneroster.contract.dialects.dialect_specification import DocumentModel
from oneroster.contract.dialects.overlay import (
    OverlayError,
    apply_overlay,
    base_profile,
    chosen_profile,
    dialect_specification,
    known_profiles,
)
from oneroster.contract.dialects.overlay_check import OVERLAY_KEYS, line_of, strange_keys
from oneroster.contract.oracle.record_validation import violations
from oneroster.standard import Standard

STANDARD = Standard.of("1.1")
ROOT = Path(__file__).resolve().parents[3]
SPECIFICATION = STANDARD.specification


ORG = {
    "sourcedId": "o-1",
    "status": "active",
    "dateLastModified": "2024-08-01T06:00:00.000Z",
    "name": "North",
    "type": "school",
}
ORG_PART = "$.components.schemas.Org.allOf[1]"


def under(*actions: dict[str, Any], **more: Any) -> DocumentModel:
    overlay = {"overlay": "1.0.0", "info": {"title": "T", "version": "1"}, "actions": list(actions), **more}
    return apply_overlay(overlay, "t.yaml", STANDARD)


def aspects(facts: DocumentModel, **changes: Any) -> list[tuple[str, str]]:
    """Pointer and aspect of everything wrong with an org after the changes; ``...`` leaves a property out."""
    record = {name: value for name, value in (ORG | changes).items() if value is not ...}
    return [(violation.pointer, violation.kind.name) for violation in violations("Org", record, facts)]


@pytest.mark.parametrize("profile", sorted(SPECIFICATION.profiles))
def test_without_an_overlay_the_facts_are_those_of_the_tables(profile: str) -> None:
    facts = dialect_specification(profile, STANDARD)
    reads = {
        name: each
        for name, each in SPECIFICATION.operations.items()
        if each.method == "GET" and profile in each.profiles
    }
    assert facts.operations == reads
    assert facts.enumerations == SPECIFICATION.enumerations
    assert facts.booleans == SPECIFICATION.profiles[profile].booleans
    assert facts.forms == {}
    for name, element in SPECIFICATION.elements.items():
        known = {key: each for key, each in element.properties.items() if not each.profiles or profile in each.profiles}
        assert facts.elements[name] == element._replace(properties=known)


def test_every_overlay_of_the_kit_can_be_applied_and_changes_something() -> None:
    own = [name for name in known_profiles(STANDARD) if name not in SPECIFICATION.profiles]
    assert own
    for name in own:
        facts, standard = dialect_specification(name, STANDARD), dialect_specification("standard", STANDARD)
        changed = {key for key, value in facts.document.items() if value != standard.document[key]}
        assert changed - {"info"}, name


def test_booleans_can_be_json_or_either() -> None:
    both = under({"target": "$.components.schemas", "update": {"TrueFalse": {"anyOf": [{"type": "boolean"}]}}})
    assert dialect_specification("json-booleans", STANDARD).booleans == "json"
    assert both.booleans == "json"
    widened = {"anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["true", "false"]}]}
    assert under({"target": "$.components.schemas.TrueFalse", "update": widened}).booleans == "either"


def test_a_wrapper_can_have_another_name_everywhere_or_at_one_operation() -> None:
    everywhere = dialect_specification("path-wrappers", STANDARD).operations
    assert everywhere["getAllStudents"].wrapper == everywhere["getStudentsForClass"].wrapper == "students"
    assert everywhere["getAllUsers"].wrapper == "users"
    place = "$.paths['/students'].get.responses['200']"
    once = under({"target": place, "update": {"x-oneroster-wrapper": "students"}})
    assert once.operations["getAllStudents"].wrapper == "students"
    assert once.operations["getStudentsForClass"].wrapper == "users"
    answer = once.document["paths"]["/students"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"]["required"] == ["students"]


def test_parts_that_are_not_served_are_no_part_of_the_dialect() -> None:
    dialect = Dialect("rostering-only", STANDARD)
    tags = {operation.tag for operation in dialect.operations.values()}
    assert tags == {"rostering"}
    assert dialect.operation("getAllLineItems") is None


def test_a_path_can_have_a_prefix_and_keeps_its_parameters() -> None:
    prefixed = under(
        {"target": "$.paths['/sis/orgs/{id}']", "copy": "$.paths['/orgs/{id}']"},
        {"target": "$.paths['/orgs/{id}']", "remove": True},
        overlay="1.1.0",
    )
    assert prefixed.operations["getOrg"].path == "/sis/orgs/{id}"
    assert 404 in prefixed.statuses(prefixed.operations["getOrg"])
    with pytest.raises(OverlayError, match="must have exactly the parameters of getOrg"):
        under({"target": "$.paths['/orgs/{org}']", "copy": "$.paths['/orgs/{id}']"}, overlay="1.1.0")


def test_a_required_property_can_become_optional_and_an_optional_one_required() -> None:
    assert aspects(dialect_specification("standard", STANDARD), name=...) == [("name", "PRESENCE")]
    assert aspects(under({"target": f"{ORG_PART}.required[?(@ == 'name')]", "remove": True}), name=...) == []
    stricter = under({"target": f"{ORG_PART}.required", "update": ["identifier"]})
    assert aspects(stricter) == [("identifier", "PRESENCE")]


def test_a_property_of_the_vendor_is_judged_like_any_other() -> None:
    extra = under({"target": f"{ORG_PART}.properties", "update": {"region": {"type": "integer"}}})
    assert aspects(extra, region=7) == []
    assert aspects(extra, region="seven") == [("region", "TYPE")]


@pytest.mark.parametrize(
    ("schema", "lawful", "unlawful"),
    [
        ({"type": ["string", "null"]}, [None, "a"], [1]),
        ({"anyOf": [{"$ref": "#/components/schemas/OrgType"}, {"type": "null"}]}, [None, "school"], ["shop", 1]),
        ({"anyOf": [{"type": "number"}, {"type": "string", "maxLength": 0}]}, [1.5, ""], ["1.5"]),
        ({"anyOf": [{"$ref": "#/components/schemas/DateTime"}, {"type": "string"}]}, ["yesterday"], [1]),
        ({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "array"}]}, [["a"], [1]], ["a"]),
        ({"type": "array", "items": {"$ref": "#/components/schemas/OrgType"}}, [["school"]], [["shop"]]),
    ],
)
def test_a_value_may_be_written_in_any_of_its_forms(schema: Any, lawful: list[Any], unlawful: list[Any]) -> None:
    facts = under({"target": f"{ORG_PART}.properties", "update": {"region": schema}})
    assert [value for value in lawful if aspects(facts, region=value)] == []
    assert [value for value in unlawful if not aspects(facts, region=value)] == []


def test_an_enumeration_can_have_more_values() -> None:
    assert aspects(dialect_specification("standard", STANDARD), type="shop") == [("type", "ENUMERATION")]
    assert aspects(under({"target": "$.components.schemas.OrgType.enum", "update": ["shop"]}), type="shop") == []


def test_an_overlay_says_with_which_profile_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    action = {"target": "$.info", "update": {"title": "Own"}}
    overlay = {"overlay": "1.0.0", "info": {"title": "T", "version": "1"}, "actions": [action]}
    path.write_text(json.dumps(overlay | {"x-oneroster-profile": "kimono"}), encoding="utf-8")
    assert chosen_profile("", str(path), STANDARD) == "kimono"
    assert base_profile("json-booleans") == "standard"
    assert "getAllAcademicSessionsKimono" in Dialect("", STANDARD, overlay=str(path)).operations
    with pytest.raises(OverlayError, match="changes the profile kimono, not standard"):
        chosen_profile("standard", str(path), STANDARD)


def test_an_overlay_is_applied_on_top_of_a_profile(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    action = {"target": "$.paths['/orgs'].get", "remove": True}
    path.write_text(json.dumps({"overlay": "1.0.0", "info": {"title": "T", "version": "1"}, "actions": [action]}))
    for profile in known_profiles(STANDARD):
        own = dialect_specification(profile, STANDARD, str(path))
        plain = dialect_specification(profile, STANDARD)
        assert own.booleans == plain.booleans
        assert plain.operations.keys() - own.operations.keys() == {"getAllOrgs"}


@pytest.mark.parametrize("name", ["own.yaml", "a/folder", "C:\\own.json"])
def test_a_file_is_not_a_profile(name: str) -> None:
    with pytest.raises(OverlayError, match="give the file to --overlay"):
        chosen_profile(name, "", STANDARD)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("own.yaml", "overlay: 1.0.0\nactions: 7\n", "is not an OpenAPI Overlay"),
        ("own.yaml", "- 1\n", "is not an OpenAPI Overlay"),
        ("own.yaml", "a: [", "neither YAML nor JSON"),
        ("own.yaml", "overlay: 1.0.0\ninfo:\n  title: Own\n version: 1\n", "neither YAML nor JSON from line 4 on"),
        ("own.json", '{"overlay": "1.0.0", "info": {"title": "T", "version": "1"}, "actions": []}', "non-empty"),
        ("own.txt", "", "an overlay is a file"),
        ("own.yaml", None, "cannot be read"),
    ],
)
def test_what_is_no_overlay_is_told(name: str, text: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(OverlayError, match=said):
        dialect_specification("", STANDARD, str(path))


@pytest.mark.parametrize(
    ("target", "change", "said"),
    [
        ("$.[", {}, "cannot be applied"),
        ("$.components.schemas.Org.description", {"x": {"$ref": "file:///etc/hostname"}}, "refers to another document"),
        ("$.components.schemas", {"OrgType": 7}, "is invalid"),
        (f"{ORG_PART}.properties", {"region": {"description": "no type"}}, "is invalid.*needs a type"),
        (f"{ORG_PART}.properties", {"region": {"$ref": "#/components/schemas/Nowhere"}}, "is invalid"),
    ],
)
def test_an_overlay_that_leaves_no_document_to_go_by_is_refused(target: str, change: Any, said: str) -> None:
    with pytest.raises(OverlayError, match=said):
        under({"target": target, "update": change})


def test_an_unknown_profile_to_begin_with_is_refused() -> None:
    with pytest.raises(OverlayError, match="names an unknown profile of OneRoster"):
        under({"target": "$.info", "update": {}}, **{"x-oneroster-profile": "nonsense"})


VENDORS = {"aeries": {"getSchool": "school", "getTerm": "term"}, "blackbaud": {"getDemographics": "demographic"}}


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendor_s_dialect_has_its_wrappers_and_names_its_source(name: str) -> None:
    found = dialect_specification(name, STANDARD)
    for operation, wrapper in VENDORS[name].items():
        assert found.operations[operation].wrapper == wrapper
    assert found.operations["getAllOrgs"].wrapper == "orgs"
    assert found.booleans == ("json" if name == "blackbaud" else "string")
    text = (ROOT / "src" / "oneroster" / "contract" / "overlays" / f"{name}.yaml").read_text(encoding="utf-8")
    assert "# Source: " in text


def test_the_page_on_dialects_names_each_overlay() -> None:
    page = (ROOT / "docs" / "dialects.md").read_text(encoding="utf-8")
    for name in set(known_profiles(STANDARD)) - set(STANDARD.specification.profiles):
        assert f"| `{name}` |" in page


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "acme.yaml"
    path.write_text("overlay: 1.0.0\ninfo: {title: Acme, version: '1'}\n" + text, encoding="utf-8")
    return str(path)


PROPERTY = """\
actions:
  - target: $.components.schemas.Org.allOf[1].properties
    update:
      region:
        type: string
        %s
"""


CONTENT = """\
actions:
  - target: $.components.responses.School.content['application/json']
    update:
      schema: {$ref: '#/components/schemas/Nowhere'}
"""


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (
            PROPERTY % "x-oneroster-persnal: true",
            8,
            "x-oneroster-persnal is no known key of a property; did you mean x-oneroster-personal?",
        ),
        (PROPERTY % "maxLenght: 7", 8, "maxLenght is no known key of a property; did you mean maxLength?"),
        (PROPERTY % "x-oneroster-personal: perhaps", 8, "x-oneroster-personal is true or false, not 'perhaps'"),
        (PROPERTY % "x-oneroster-trust: D", 8, "x-oneroster-trust is A, B or C, not 'D'"),
        (PROPERTY % "items: {typ: string}", 8, "typ is no known key of an item; did you mean type?"),
        (
            "actions: [{target: $.components.schemas.Orgs, remove: true}]",
            3,
            "nothing in the document is at $.components.schemas.Orgs",
        ),
        (
            "actions:\n  - target: $.components.responses.School\n    update:\n      x-oneroster-wraper: school\n",
            6,
            "x-oneroster-wraper is no known key of a response; did you mean x-oneroster-wrapper?",
        ),
        (
            "actions:\n  - target: $.paths['/orgs'].get\n    update: {x-oneroster-personal: true}\n",
            5,
            "x-oneroster-personal has no meaning here (operation); it is a key of property",
        ),
        (
            "x-oneroster-profil: kimono\nactions: [{target: $.info, update: {title: T}}]",
            3,
            "x-oneroster-profil is no known key of an overlay; did you mean x-oneroster-profile?",
        ),
        (
            "actions:\n  - {target: $.info, x-oneroster-update: {title: T}, remove: true}",
            4,
            "x-oneroster-update is no known key of an action",
        ),
        ("actions:\n  - {target: '$.info[', update: {title: T}}", 4, "cannot be applied"),
        (PROPERTY % "nullable: true", 8, "nullable is no known key of a property; OpenAPI 3.1 writes a null as a type"),
        (PROPERTY % "$ref: other.yaml#/Region", 8, "other.yaml#/Region refers to another document"),
        (PROPERTY.replace("type: string", "description: D.") % "maxLength: 7", 6, "a property needs a type"),
        ("actions:\n  - target: $.info\n    updat: {title: T}", 5, "updat is no known key of an action; did you mean"),
        ("actions:\n  - target: $.info\n    description: D.", 4, "the action changes nothing"),
        ("actions:\n  - {target: info, update: {title: T}}", 4, "not an OpenAPI Overlay at actions/0/target"),
        ("actions: []", 3, "not an OpenAPI Overlay at actions"),
        ("x-oneroster-profile: acme\nactions: [{target: $.info, update: {title: T}}]", 3, "names an unknown profile"),
        (CONTENT, 6, "leads nowhere"),
        (
            PROPERTY % "requird: true\n        patern: a",
            8,
            "requird is no known key of a property; did you mean required? (and 1 more)",
        ),
    ],
)
def test_a_mistake_in_an_overlay_is_named_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(OverlayError) as refused:
        dialect_specification("", STANDARD, path)
    assert f"the overlay {path}, line {line}" in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "schema",
    [
        "anyOf: [{type: integer}, {type: 'null'}]",
        "type: string\n        title: The region\n        examples: [north]\n        deprecated: true",
        "type: number\n        x-acme-column: REGION\n        exclusiveMinimum: 3\n        multipleOf: 2",
    ],
)
def test_an_overlay_may_use_json_schema_and_the_keys_of_others(tmp_path: Path, schema: str) -> None:
    facts = dialect_specification(
        "", STANDARD, written(tmp_path, PROPERTY.replace("type: string", "description: D.") % schema)
    )
    assert "region" in facts.document["components"]["schemas"]["Org"]["allOf"][1]["properties"]


def test_the_keys_of_an_overlay_are_closed_but_for_those_of_others() -> None:
    assert list(strange_keys(dict.fromkeys(OVERLAY_KEYS) | {"x-acme": 1})) == []
    assert [mistake.place for mistake in strange_keys({"actons": [], "actions": [{"targt": "$"}]})] == [
        ("actons",),
        ("actions", 0, "targt"),
    ]


def test_a_place_without_a_file_has_no_line(tmp_path: Path) -> None:
    assert line_of("aeries", ("actions",)) is None
    path = written(tmp_path, "actions: []\n")
    assert [line_of(path, place) for place in (("actions",), ("actions", 3), ("info", "title"))] == [3, 3, 2]


def test_every_overlay_says_what_differs_and_names_its_source() -> None:
    for path in sorted((ROOT / "src" / "oneroster" / "contract" / "overlays").glob("*.yaml")):
        first, second, *_ = path.read_text(encoding="utf-8").splitlines()
        assert first.startswith("# "), path.name
        assert second.startswith("# Source: "), path.name
        assert "learnt by oneroster check" not in path.read_text(encoding="utf-8"), path.name


PAGE = (ROOT / "docs" / "dialects.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| [^|]+ \| `(\$[^`]+)` \| `([^`]+)` \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("target", "action"), ROWS)
def test_each_action_of_the_recipe_changes_the_facts(target: str, action: str) -> None:
    assert under().document == under().document
    assert under({"target": target, **yaml.safe_load(action)}).document != under().document


def test_the_overlay_of_the_recipe_can_be_applied(tmp_path: Path) -> None:
    (overlay,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    path = tmp_path / "acme.yaml"
    path.write_text(overlay, encoding="utf-8")
    found = dialect_specification("standard", STANDARD, overlay=str(path))
    assert found.operations["getAllStudents"].wrapper == "students"
    assert found.booleans == "json"
    assert len(ROWS) > 8


WRITTEN: dict[str, Any] = {
    "overlay": "1.1.0",
    "info": {"title": "Acme", "version": "1"},
    "x-oneroster-profile": "standard",
    "actions": [
        {"target": "$.components.responses.School", "update": {"x-oneroster-wrapper": "school"}},
        {"target": "$.paths['/students'].get.responses['200']", "update": {"x-oneroster-wrapper": "students"}},
        {"target": "$.paths['/sis/orgs/{id}']", "copy": "$.paths['/orgs/{id}']"},
        {"target": "$.paths['/orgs/{id}']", "remove": True},
        {
            "target": f"{ORG_PART}.properties",
            "description": "The region, and a code.",
            "update": {
                "region": {"type": "string", "description": "D.", "maxLength": 9, "x-oneroster-trust": "A"},
                "codes": {"type": "array", "items": {"type": "string"}, "x-oneroster-personal": True},
                "area": {"anyOf": [{"$ref": "#/components/schemas/OrgType"}, {"type": "null"}]},
            },
        },
        {"target": "$.components.schemas.OrgType.enum", "update": ["shop"]},
    ],
}


def broken_overlays() -> Iterator[tuple[str, dict[str, Any]]]:
    """Overlays with one part left out, misspelt, or replaced by null, a number, an empty text or a list."""
    waiting: list[tuple[Any, ...]] = [()]
    for path in waiting:
        value: Any = WRITTEN
        for step in path:
            value = value[step]
        if isinstance(value, dict | list):
            waiting += [(*path, step) for step in (value if isinstance(value, dict) else range(len(value)))]
        for how in ("absent", "misspelt", "number", "blank", "list") if path else ():
            overlay = copy.deepcopy(WRITTEN)
            around: Any = overlay
            for step in path[:-1]:
                around = around[step]
            if how == "absent":
                del around[path[-1]]
            elif how == "misspelt" and isinstance(value, str):
                around[path[-1]] = value.replace("o", "oo")
            elif how == "misspelt" and isinstance(path[-1], str):
                around[path[-1][:-1]] = around.pop(path[-1])
            else:
                around[path[-1]] = {"number": 7, "blank": "", "list": [7]}.get(how)
            yield f"{'/'.join(map(str, path))} {how}", overlay


BROKEN = dict(broken_overlays())


@pytest.mark.series
@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_overlay_is_applied_or_refused_with_a_line(what: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(yaml.safe_dump(BROKEN[what], sort_keys=False), encoding="utf-8")
    said = ""
    try:
        dialect_specification("", STANDARD, str(path))
    except OverlayError as refused:
        said = str(refused)
    assert not said or re.match(rf"the overlay {path}, line \d+", said)
