"""Records conform to a document that has changed since the mapping: kind by kind, and unchanged where they fit."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

import oneroster_v1p1
from oneroster.contract.dialects.dialect_specification import DocumentModel
from oneroster.contract.oracle.record_validation import violations
from oneroster.sandbox.district.conforming_records import ConformingRecords
from oneroster_runtime.specification import read_specification
from tests.sandbox.districts import district

DOCUMENT = oneroster_v1p1.document()
Part = dict[str, Any]


def own(document: Part, element: str) -> Part:
    found: Part = document["components"]["schemas"][element]
    return found["allOf"][1] if "allOf" in found else found


def added(**schema: Any) -> Callable[[Part], None]:
    def change(document: Part) -> None:
        own(document, "User")["properties"]["extra"] = {"description": "D.", "x-oneroster-trust": "A", **schema}
        own(document, "User")["required"].append("extra")

    return change


def ref(name: str, **more: Any) -> Part:
    return {"$ref": f"#/components/schemas/{name}", **more}


ORG = {"x-oneroster-reference": {"to": "Org", "types": ["org"]}}
CHANGES: dict[str, Callable[[Part], object]] = {
    "string": added(type="string"),
    "date": added(type="string", format="date"),
    "date-time": added(**ref("DateTime")),
    "uri": added(type="string", format="uri"),
    "boolean": added(**ref("TrueFalse")),
    "number": added(type="number"),
    "integer": added(type="integer"),
    "object": added(type="object"),
    "strings": added(type="array", items={"type": "string"}),
    "enumeration": added(**ref("OrgType")),
    "enumerations": added(type="array", items=ref("OrgType")),
    "reference": added(**ref("GUIDRef", **ORG)),
    "references": added(type="array", items=ref("GUIDRef"), **ORG),
    "record": added(**ref("UserId")),
    "records": added(type="array", items=ref("UserId")),
    "required": lambda d: own(d, "User")["required"].extend(["email", "middleName", "userIds", "agents", "grades"]),
    "renamed": lambda d: own(d, "User")["properties"].update(surname=own(d, "User")["properties"].pop("familyName")),
    "nested": lambda d: own(d, "UserId")["properties"].update(kind=own(d, "UserId")["properties"].pop("type")),
    "value out": lambda d: d["components"]["schemas"]["RoleType"]["enum"].remove("aide"),
    "reference type": lambda d: own(d, "User")["properties"]["orgs"]["x-oneroster-reference"].update(types=["user"]),
    "another type": lambda d: own(d, "User")["properties"]["grades"].update(items=ref("OrgType")),
    "no list": lambda d: own(d, "User")["properties"].update(
        grades={"type": "integer", "description": "D.", "x-oneroster-trust": "A"}
    ),
}


def conformed(change: Callable[[Part], object]) -> tuple[DocumentModel, list[Part]]:
    """The model of a changed document, and the users of the district that conform to it."""
    document = copy.deepcopy(DOCUMENT)
    change(document)
    specification = read_specification(document)
    records = ConformingRecords(specification)
    found: dict[str, list[Part]] = {
        element: [records.conform(element, copy.deepcopy(row)) for row in rows]
        for element, rows in district(60, 1).items()
    }
    return DocumentModel(document, specification, specification.operations), found["User"]


@pytest.mark.parametrize("kind", CHANGES)
def test_records_conform_to_a_changed_document(kind: str) -> None:
    model, users = conformed(CHANGES[kind])
    for user in users:
        assert user.keys() <= model.elements["User"].properties.keys()
        # References get their href when they are served.
        wrong = [each for each in violations("User", user, model) if not each.pointer.endswith(".href")]
        assert wrong == []


def test_records_that_conform_are_the_same_objects() -> None:
    records = ConformingRecords(read_specification(DOCUMENT))
    for element, rows in district(60, 1).items():
        for row in rows:
            assert records.conform(element, row) == row
            assert element == "User" or records.conform(element, row) is row


def test_a_required_reference_stays_away_while_there_is_nothing_to_refer_to() -> None:
    document = copy.deepcopy(DOCUMENT)
    own(document, "Org")["required"].append("parent")
    records = ConformingRecords(read_specification(document))
    assert "parent" not in records.conform("Course", {"sourcedId": "c"})
    assert records.conform("Org", {"sourcedId": "o-1", "name": "N", "type": "school"})["parent"]["sourcedId"] == "o-1"
