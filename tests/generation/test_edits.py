"""One edit of each kind to the document: what is said of it, and what then runs with the package that it yields."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from generation import command, lint
from generation.by_hand import places_to_change
from generation.document import Document
from oneroster_v1p1 import document

ROOT = Path(__file__).resolve().parents[2]
Part = dict[str, Any]


class Edit(NamedTuple):
    """An edit of a document, what the command says of it, and what becomes of a pull to CSV."""

    change: Callable[[Part], object]
    said: tuple[str, ...]
    csv: str = ""
    profile: str = "standard"
    families: tuple[str, ...] = ("envelope", "schema")


def own(document: Part, name: str) -> Part:
    """The part of a schema that has its own properties."""
    found: Part = document["components"]["schemas"][name]
    return found["allOf"][1] if "allOf" in found else found


def replaced(document: Part, old: str, new: str) -> None:
    """Replace a word in keys and values."""
    changed = json.loads(json.dumps(document).replace(old, new))
    document.clear()
    document.update(changed)


def text(**more: Any) -> Part:
    return {"type": "string", "description": "D.", "x-oneroster-trust": "A", **more}


def examples(document: Part, one: str, many: str) -> Iterator[Part]:
    """The records in the examples of a document under these wrappers."""
    for example in document["components"]["examples"].values():
        value = example["value"]
        yield from (record for record in (value.get(one), *value.get(many, [])) if record)


def add_required(document: Part) -> None:
    own(document, "User")["properties"]["nickname"] = text()
    own(document, "User")["required"].append("nickname")
    for user in examples(document, "user", "users"):
        user["nickname"] = "Kim"


def remove(document: Part) -> None:
    del own(document, "Class")["properties"]["location"]
    for record in examples(document, "class", "classes"):
        record.pop("location", None)


def require(document: Part) -> None:
    own(document, "User")["required"].append("email")
    for user in examples(document, "user", "users"):
        user["email"] = "kim@school.example"


def require_reference(document: Part) -> None:
    own(document, "Course")["required"].append("schoolYear")
    for course in examples(document, "course", "courses"):
        course["schoolYear"] = {"href": "y", "sourcedId": "y-25", "type": "academicSession"}


def change_type(document: Part) -> None:
    own(document, "Result")["properties"]["score"]["type"] = "integer"
    for result in examples(document, "result", "results"):
        result["score"] = 17


def remove_value(document: Part) -> None:
    document["components"]["schemas"]["RoleType"]["enum"].remove("aide")


def rename_wrapper(document: Part) -> None:
    page = document["components"]["schemas"]["OrgPage"]
    page["x-oneroster-wrapper"], page["required"] = "organisations", ["organisations"]
    page["properties"]["organisations"] = page["properties"].pop("orgs")
    for name in ("Orgs", "Schools"):
        value = document["components"]["examples"][name]["value"]
        value["organisations"] = value.pop("orgs")
        for link in document["components"]["responses"][name]["links"].values():
            link["parameters"] = {"id": "$response.body#/organisations/0/sourcedId"}


def add_operation(document: Part) -> None:
    paths = document["paths"]
    added = copy.deepcopy(paths["/schools/{school_id}/enrollments"]["get"])
    added |= {"operationId": "getEnrollmentsForClass", "summary": "Read the enrollments of a class"}
    added["parameters"][0] = {"$ref": "#/components/parameters/ClassId"}
    added["x-oneroster-scope"] = {
        "parents": [{"parameter": "class_id", "read": "getClass", "property": "class"}],
        "trust": "B",
    }
    paths["/classes/{class_id}/enrollments"] = {"get": added}


def add_profile(document: Part) -> None:
    document["x-oneroster-profiles"]["acme"] = {"description": "A dialect.", "booleans": "json"}
    for path in ("/orgs", "/orgs/{id}", "/users", "/users/{id}", "/schools", "/classes", "/classes/{id}"):
        document["paths"][path]["get"]["x-oneroster-profiles"].append("acme")


def remove_profile(document: Part) -> None:
    del document["x-oneroster-profiles"]["kimono"]
    paths = document["paths"]
    for path in [path for path in paths if any("Kimono" in str(one.get("summary")) for one in paths[path].values())]:
        del paths[path]
    for item in paths.values():
        for operation in item.values():
            operation["x-oneroster-profiles"] = ["standard"]
    document["components"]["responses"].pop("KimonoAcademicSessions")
    own(document, "Category")["properties"].pop("weight")
    own(document, "Course")["properties"]["org"].pop("x-oneroster-profiles")
    document["tags"] = [tag for tag in document["tags"] if tag["name"] != "kimono"]


def change_parent(document: Part) -> None:
    operation = document["paths"]["/schools/{school_id}/students"]["get"]
    operation["x-oneroster-scope"] = {
        "through": {"collection": "getAllEnrollments", "property": "user", "where": {"role": ["student"]}},
        "parents": [{"parameter": "school_id", "read": "getSchool", "property": "school"}],
        "trust": "B",
    }


def add_parameter(document: Part) -> None:
    document["components"]["parameters"]["Expand"] = {
        "name": "expand",
        "in": "query",
        "description": "D.",
        "x-oneroster-trust": "C",
        "x-oneroster-note": "N.",
        "schema": {"type": "string"},
    }
    document["paths"]["/orgs"]["get"]["parameters"].append({"$ref": "#/components/parameters/Expand"})


def remove_parameter(document: Part) -> None:
    del document["x-oneroster-conventions"]["read-parameters"]
    del document["components"]["parameters"]["FieldsOfRecord"]
    for item in document["paths"].values():
        for one in item.values():
            kept = [each for each in one.get("parameters", []) if not each["$ref"].endswith("/FieldsOfRecord")]
            one |= {"parameters": kept}


def remove_header(document: Part) -> None:
    document["x-oneroster-conventions"]["page-headers"] = ["X-Total-Count"]
    del document["components"]["headers"]["Link"]
    for response in document["components"]["responses"].values():
        response.get("headers", {}).pop("Link", None)


def change_booleans(document: Part) -> None:
    document["x-oneroster-profiles"]["standard"]["booleans"] = "json"
    document["components"]["schemas"]["TrueFalse"] = {"type": "boolean", "description": "D.", "x-oneroster-trust": "A"}
    changed = json.loads(json.dumps(document).replace('"true"', "true").replace('"false"', "false"))
    document.clear()
    document.update(changed)


def move_path(document: Part) -> None:
    paths = document["paths"]
    document["paths"] = {path.replace("/resources/{id}", "/resource/{id}"): item for path, item in paths.items()}


def nest(document: Part) -> None:
    document["components"]["schemas"]["Address"] = {
        "type": "object",
        "description": "D.",
        "required": ["street"],
        "properties": {"street": text(), "floor": text()},
    }
    own(document, "Org")["properties"]["address"] = {
        "$ref": "#/components/schemas/Address",
        "description": "D.",
        "x-oneroster-trust": "A",
    }
    own(document, "Org")["required"].append("address")
    for org in examples(document, "org", "orgs"):
        org["address"] = {"street": "Mill Lane 1"}


EDITS: dict[str, Edit] = {
    "rename": Edit(
        lambda d: replaced(d, '"sms"', '"text"'),
        (
            "breaking: User: property sms was renamed to text",
            "file_definitions.py: users.csv has sms, which User does not have",
            "mapping_v1p1.py: the sandbox makes up or leaves out User.sms",
        ),
        csv="users.csv has sms, which User does not have",
    ),
    "rename a required property": Edit(
        lambda d: replaced(d, '"familyName"', '"surname"'),
        ("breaking: User: property familyName was renamed to surname",),
        csv="users.csv has familyName",
    ),
    "add": Edit(
        lambda d: own(d, "User")["properties"].update(nickname=text()),
        ("compatible: User: optional property nickname was added",),
    ),
    "add a required property": Edit(
        add_required,
        ("compatible: User: required property nickname was added", "the sandbox makes up or leaves out User.nickname"),
    ),
    "remove": Edit(
        remove,
        ("breaking: Class: property location was removed", "the sandbox makes up or leaves out Class.location"),
        csv="classes.csv has location",
    ),
    "require": Edit(
        require,
        ("compatible: User: property email was narrowed to required", "OR-SCH-01"),
    ),
    "require a reference": Edit(
        require_reference,
        ("compatible: Course: property schoolYear was narrowed to required",),
    ),
    "relax": Edit(
        lambda d: own(d, "User")["required"].remove("familyName"),
        ("breaking: User: property familyName became optional",),
    ),
    "type": Edit(
        change_type,
        ("breaking: Result: property score changed its type from number to integer", "makes up or leaves out"),
        families=("schema", "engine"),
    ),
    "enumeration value in": Edit(
        lambda d: d["components"]["schemas"]["OrgType"]["enum"].append("club"),
        ("compatible: OrgType: value 'club' was added", "OR-SCH-03"),
    ),
    "enumeration value out": Edit(
        remove_value,
        ("breaking: RoleType: value 'aide' was removed", "the sandbox makes up or leaves out"),
    ),
    "wrapper": Edit(
        rename_wrapper,
        ("breaking: OrgPage: property orgs was renamed to organisations", "orgs.csv has the records of organisations"),
        csv="orgs.csv has the records of organisations",
        families=("envelope", "schema", "semantics"),
    ),
    "operation in": Edit(
        add_operation, ("compatible: operation getEnrollmentsForClass was added", "all rules"), families=("semantics",)
    ),
    "operation out": Edit(
        lambda d: d["paths"].pop("/schools/{school_id}/terms"),
        ("breaking: operation getTermsForSchool was removed", "all rules"),
    ),
    "profile in": Edit(
        add_profile,
        ("compatible: operation getAllOrgs: profile acme was added", "/x-oneroster-profiles/acme was added"),
        profile="acme",
    ),
    "profile out": Edit(
        remove_profile,
        ("/x-oneroster-profiles/kimono was removed", "breaking: operation getAllAcademicSessionsKimono was removed"),
    ),
    "mark": Edit(
        lambda d: own(d, "Result")["properties"]["comment"].update({"x-oneroster-trust": "B"}),
        ("A → B (from must to should); judged by OR-SCH-02",),
    ),
    "scope": Edit(
        lambda d: d["paths"]["/orgs"]["get"]["security"].pop(0),
        ("breaking: operation getAllOrgs: OAuth scope", "judged by OR-ACC-11"),
    ),
    "operation renamed": Edit(
        lambda d: replaced(d, '"getAllOrgs"', '"getAllOrganisations"'),
        ("breaking: operation getAllOrgs was renamed to getAllOrganisations",),
    ),
    "path": Edit(
        move_path, ("breaking: operation getResource moved from GET /resources/{id} to GET /resource/{id}", "all rules")
    ),
    "base path": Edit(
        lambda d: d["servers"][0].update(url="https://{host}/oneroster"),
        ("breaking: /servers/0/url: https://{host}/ims/oneroster/v1p1 → https://{host}/oneroster", "all rules"),
    ),
    "parameter in": Edit(add_parameter, ("compatible: operation getAllOrgs: optional parameter expand was added",)),
    "parameter out": Edit(
        remove_parameter,
        ("breaking: operation getOrg: parameter fields was removed",),
        families=("envelope", "schema", "fields"),
    ),
    "default of a parameter": Edit(
        lambda d: d["components"]["parameters"]["Limit"]["schema"].update(default=20),
        ("breaking: /components/parameters/Limit/schema/default: 100 → 20", "judged by OR-PAG-01, OR-PAG-08"),
        families=("paging",),
    ),
    "constraint of a parameter": Edit(
        lambda d: d["components"]["parameters"]["Sort"]["schema"].update(minLength=1),
        (
            "breaking: /components/parameters/Sort/schema/minLength",
            "the sandbox does not read minLength of the parameter",
        ),
    ),
    "constraint": Edit(
        lambda d: own(d, "User")["properties"]["orgs"].pop("minItems"),
        ("compatible: /components/schemas/User/allOf/1/properties/orgs/minItems was removed", "OR-SCH-07"),
    ),
    "status out": Edit(
        lambda d: d["paths"]["/results/{id}"]["put"]["responses"].pop("201"),
        ("breaking: operation putResult: success status 201 was removed", "OR-WRT-02"),
    ),
    "header out": Edit(
        remove_header,
        ("/components/headers/Link was removed", "OR-PAG-06"),
        families=("envelope", "paging"),
    ),
    "booleans": Edit(
        change_booleans,
        ("/x-oneroster-profiles/standard/booleans: string → json", "judged by OR-SCH-06, OR-FLT-08"),
        families=("envelope", "schema", "filtering"),
    ),
    "personal data": Edit(
        lambda d: own(d, "Result")["properties"]["score"].pop("x-oneroster-personal"),
        ("Result: property score is shown from now on", "OR-PRV-01"),
    ),
    "subset": Edit(
        lambda d: [
            d["components"]["responses"][name]["x-oneroster-subset"].update(values=["school", "local"])
            for name in ("Schools", "School")
        ],
        ("breaking: operation getAllSchools serves other rows", "judged by OR-SEM-01, OR-SEM-02"),
        families=("semantics",),
    ),
    "target of a reference": Edit(
        lambda d: own(d, "LineItem")["properties"]["class"]["x-oneroster-reference"]["types"].append("course"),
        ("compatible: LineItem: property class: reference type course was added", "OR-SEM-05"),
    ),
    "nested record": Edit(
        nest,
        ("compatible: model Address was added", "compatible: Org: required property address was added", "Org.address"),
    ),
    "words": Edit(
        lambda d: own(d, "User")["properties"]["sms"].update(description="A number for short messages."),
        ("compatible: only words changed",),
    ),
    "parent": Edit(
        change_parent,
        ("breaking: operation getStudentsForSchool serves other rows", "judged by OR-SEM-03"),
        families=("semantics",),
    ),
}


@pytest.mark.series(dear=True)
@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_flows_everywhere_or_says_where_it_does_not(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit, generated = EDITS[kind], tmp_path / "generated"
    shutil.copytree(ROOT / "generated" / "oneroster_v1p1", generated / "oneroster_v1p1")
    changed, source = document(), tmp_path / "openapi.yaml"
    edit.change(changed)
    source.write_text(json.dumps(changed), encoding="utf-8")

    options = ["--document", str(source), "--output", str(generated)]
    assert command.main(options) == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert [each for each in edit.said if each not in said] == [], said
    assert command.main([*options, "--check"]) == 0

    outcome = run(generated, edit.profile, *edit.families)
    assert outcome["failed"] == []
    assert outcome["passed"] > 20
    assert outcome["roster.duckdb"] == 41
    if edit.csv:
        assert edit.csv in outcome["roster.zip"]
    else:
        # A bundle leaves out deleted users.
        assert 30 < outcome["roster.zip"] <= 41


def test_the_page_on_edits_has_each_with_what_is_said() -> None:
    page = (ROOT / "docs" / "edits.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")][1:]
    assert {name: said for name, said, _ in rows} == {
        name: "<br>".join(f"`{each}`" for each in edit.said) for name, edit in EDITS.items()
    }


def run(generated: Path, profile: str, *families: str) -> dict[str, Any]:
    """Run sandbox, check and pulls with a generated package."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(generated), str(ROOT)))}
    program = [sys.executable, "-m", "tests.generation.run_edited", profile, *families]
    outcome = subprocess.run(
        program, cwd=generated.parent, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert outcome.returncode == 0, outcome.stderr
    found: dict[str, Any] = json.loads(outcome.stdout)
    return found


def rename_in_schema_only(document: Part) -> None:
    replaced(document["components"]["schemas"]["User"], '"givenName"', '"firstName"')


STALE: dict[str, tuple[Callable[[Part], object], str]] = {
    "required": (
        lambda d: own(d, "User")["properties"].update(firstName=own(d, "User")["properties"].pop("givenName")),
        "the required property givenName is not described",
    ),
    "example": (rename_in_schema_only, "User has no property givenName; did you mean"),
    "operation": (lambda d: d["paths"].pop("/orgs/{id}"), "there is no operation getOrg; did you mean"),
    "value": (
        lambda d: d["components"]["schemas"]["OrgType"]["enum"].remove("school"),
        "school is no value of the enumeration",
    ),
    "parameter example": (
        lambda d: replaced(d["components"]["schemas"], '"dateLastModified"', '"lastChange"'),
        "Org has no property dateLastModified",
    ),
}


@pytest.mark.series
@pytest.mark.parametrize("what", STALE)
def test_a_name_that_an_edit_leaves_behind_is_refused(what: str) -> None:
    changed = document()
    change, said = STALE[what]
    change(changed)
    found = [each.message for each in lint.problems(Document(changed, {}))]
    assert any(each.startswith(said) for each in found), found
    assert len(set(found)) <= 1 or what == "parameter example"


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        ({"maxLength": 3}, "violate User.familyName (maxLength 3)"),
        ({"minLength": 90}, "violate User.familyName (minLength 90)"),
        ({"pattern": "^[a-z]+$"}, "violate User.familyName (pattern ^[a-z]+$)"),
        ({"maxLength": 90}, ""),
    ],
)
def test_a_constraint_that_the_sandbox_does_not_keep_is_named(constraint: Part, said: str) -> None:
    changed = document()
    own(changed, "User")["properties"]["familyName"].update(constraint)
    found = [each for each in places_to_change(document(), changed) if "violate" in each]
    assert (said in found[0]) if said else found == []


def test_another_version_of_the_standard_says_what_to_change_and_no_command_fails_without_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generated, changed, source = tmp_path / "generated", document(), tmp_path / "openapi.yaml"
    shutil.copytree(ROOT / "generated" / "oneroster_v1p1", generated / "oneroster_v1p1")
    changed["info"]["version"] = "1.3"
    source.write_text(json.dumps(changed), encoding="utf-8")
    assert command.main(["--document", str(source), "--output", str(generated)]) == 0
    said = capsys.readouterr().out
    assert "breaking: /info/version: 1.1 → 1.3" in said
    assert "src/oneroster/sandbox/district has no mapping_v1p3.py" in said
    assert re.search(r"1\.1 is no longer in the document, and is named in .*src/oneroster/", said)
    environment = os.environ | {"PYTHONPATH": str(generated)}
    program = [sys.executable, "-m", "oneroster", "get", "orgs", "--sandbox"]
    outcome = subprocess.run(program, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert outcome.returncode == 2
    assert "oneroster_v1p1 is registered as OneRoster 1.1" in outcome.stderr
    assert "Traceback" not in outcome.stderr
