"""`openapi-1.2.yaml` is compared with tables of the standard that were made without it.

The tables in ``data`` list operations, properties and enumerations as the three official OpenAPI files have them. Where
the document differs on purpose, `REASONS` says why; every other difference fails.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oneroster.standard import Standard
from oneroster_runtime.specification import Operation, Property

DATA = Path(__file__).parent / "data"
STANDARD = Standard.of("1.2")
SPECIFICATION = STANDARD.specification
DOCUMENT = STANDARD.document()
PREFIX = "https://purl.imsglobal.org/spec/or/v1p2/scope/"
NAMES = {
    "status": "StatusType",
    "RoleType12": "RoleType",
    "roleType": "RolePriority",
    "EnrollRole": "EnrollmentRole",
    "importance": "Importance",
    "LoSource": "LearningObjectiveSource",
    "orderBy": "OrderBy",
    "guidType": "GUIDType",
    "codeMajor": "CodeMajor",
    "severity": "Severity",
    "codeMinor": "CodeMinor",
}
"""The names of enumerations in the document, where the tables have others."""
KINDS = {
    "string": "string",
    "date": "date",
    "dateTime": "date-time",
    "float": "number",
    "Boolean12": "boolean",
    "URI": "uri",
    "object": "object",
}
REASONS = {
    "default is not documented": "nothing reads a response without a status",
    "400 is also documented for writes": "a malformed body has no other status than 422, and servers answer 400",
    "404 is also documented for nested rostering collections": "the text of the operations asks for unknownobject",
    "200 is also documented for PUT": "the official files speak of creating only; a replacement may answer 200",
    "students and teachers also are a subset below a parent": "the collections share the response of all students",
    "terms and grading periods also are a subset below a parent": "the collections share the response of all terms",
    "two scopes are alternatives": "servers let either suffice, and the texts call one a superset",
    "other ids of learning objectives": "the official pattern has a leading slash, the CSV binding has ext:",
}
"""Why the document differs from the tables."""


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"standard_1_2_{name}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


OPERATIONS = {row["operationId"]: row for row in rows("operations")}


def test_the_document_has_the_operations_of_the_standard() -> None:
    assert len(OPERATIONS) == 81
    assert set(SPECIFICATION.operations) == set(OPERATIONS)


def test_each_operation_is_that_of_the_standard() -> None:
    found = {name: facts_of(one) for name, one in SPECIFICATION.operations.items()}
    assert found == {name: facts_of_row(row) for name, row in OPERATIONS.items()}


def facts_of(one: Operation) -> dict[str, Any]:
    part = DOCUMENT["paths"][one.path][one.method.lower()]
    answered = (one.created_wrapper, one.created) if one.created else (one.wrapper, one.element)
    return {
        "at": (one.method, one.path, one.service),
        "answer": (*answered, one.many or one.created is not None),
        "body": (one.body_wrapper, one.body),
        "scopes": sorted(one.oauth_scopes),
        "security": [list(choice) for choice in part["security"]] == [["oauth2"]] * len(one.oauth_scopes),
        "success": {status for status in one.statuses if (status, one.method) != (200, "PUT")},
        "errors": errors_of(one),
        "query": [each.name for each in one.parameters if each.location == "query"],
        "total": has_total(part),
        "scope": scope_of(one),
    }


def facts_of_row(row: dict[str, str]) -> dict[str, Any]:
    filled = {key: None if value == "-" else value for key, value in row.items()}
    return {
        "at": (row["method"], row["path"], row["service"]),
        "answer": (filled["wrapper"], filled["element"], row["many"] == "true"),
        "body": (filled["body_wrapper"], filled["body_element"]),
        "scopes": sorted(PREFIX + name for name in row["scopes"].split()),
        "security": True,
        "success": {int(row["success"])},
        "errors": set(row["errors"].split(",")) - {"default"},
        "query": (filled["query"] or "").split(",") if filled["query"] else [],
        "total": row["total"] == "true",
        "scope": filled["parents"],
    }


def errors_of(one: Operation) -> set[str]:
    """Return the errors of an operation without those that `REASONS` explains."""
    found = {str(status) for status, _ in one.status_trust if status >= 400}
    nested = one.scope is not None and one.service == "rostering"
    return found - ({"400"} if one.method != "GET" else set()) - ({"404"} if nested else set())


def has_total(part: dict[str, Any]) -> bool:
    reference = part["responses"].get("200", {}).get("$ref", "").rpartition("/")[2]
    return "X-Total-Count" in DOCUMENT["components"]["responses"].get(reference, {}).get("headers", {})


def scope_of(one: Operation) -> str | None:
    if one.scope is None:
        return None
    parents = "; ".join(f"{each.parameter} {each.read} {each.property}" for each in one.scope.parents)
    if one.scope.through is None:
        return parents
    where = "".join(f" {name}={','.join(values)}" for name, values in one.scope.through.where)
    return f"{parents} | {one.scope.through.collection} {one.scope.through.property}{where}"


def test_subsets_are_those_of_the_standard() -> None:
    for name, row in OPERATIONS.items():
        subset = SPECIFICATION.operations[name].subset
        found = "-" if subset is None else f"{subset.of} {subset.property}={','.join(subset.values)}"
        assert found == row["subset"] or (row["subset"] == "-" and row["parents"] != "-"), name


def test_a_status_beyond_the_standard_is_uncertain() -> None:
    for one in SPECIFICATION.operations.values():
        declared = {*OPERATIONS[one.operation_id]["errors"].split(","), OPERATIONS[one.operation_id]["success"]}
        assert {trust for status, trust in one.status_trust if str(status) not in declared} <= {"C"}, one.operation_id


def property_rows(element: str) -> Iterator[dict[str, str]]:
    return (row for row in rows("properties") if row["element"] == element)


ELEMENTS = sorted({row["element"] for row in rows("properties")} - {"Base"})
FIRST_CLASS = {name for name, element in SPECIFICATION.elements.items() if element.read}


def test_the_document_has_the_elements_of_the_standard() -> None:
    status = {"CodeMinorSet", "CodeMinorField"}
    assert set(SPECIFICATION.elements) - status == set(ELEMENTS)
    assert len(FIRST_CLASS) == 14


@pytest.mark.parametrize("element", ELEMENTS)
def test_each_property_is_that_of_the_standard(element: str) -> None:
    inherited = property_rows("Base") if element in FIRST_CLASS else ()
    wanted = {row["property"]: (row["type"], row["cardinality"]) for row in (*inherited, *property_rows(element))}
    found = {name: type_of(element, known) for name, known in SPECIFICATION.elements[element].properties.items()}
    assert found == {name: (kind_of(kind), *presence_of(count)) for name, (kind, count) in wanted.items()}


def type_of(element: str, known: Property) -> tuple[Any, ...]:
    named = known.enumeration or known.record or (known.reference_types if known.refers_to else None)
    return (known.kind, named), known.required, has_at_least_one(element, known.name)


def kind_of(written: str) -> tuple[str, Any]:
    plain, many = written.removesuffix("[]"), written.endswith("[]")
    if plain.startswith("ref("):
        return ("references" if many else "reference"), (plain[4:-1],)
    if plain.startswith("enum "):
        name = plain.removeprefix("enum ")
        return ("enumerations" if many else "enumeration"), NAMES.get(name, name)
    if plain in KINDS:
        return KINDS[plain] + ("s" if many else ""), None
    return ("records" if many else "record"), plain


def presence_of(cardinality: str) -> tuple[bool, bool]:
    return cardinality[0] == "1", cardinality == "1..*"


def has_at_least_one(element: str, name: str) -> bool:
    schema = DOCUMENT["components"]["schemas"][element]
    parts = [schema, *schema.get("allOf", ())]
    return any(part.get("properties", {}).get(name, {}).get("minItems") == 1 for part in parts)


def test_enumerations_are_those_of_the_standard() -> None:
    wanted = {NAMES.get(row["enumeration"], row["enumeration"]): row for row in rows("enumerations")}
    assert {name: set(values) for name, values in SPECIFICATION.enumerations.items()} == {
        name: set(row["values"].split(", ")) for name, row in wanted.items()
    }
    assert set(SPECIFICATION.extensions) == {name for name, row in wanted.items() if row["extensible"] == "yes"}


def test_all_terms_of_a_scope_are_offered() -> None:
    flow = DOCUMENT["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert len(flow["scopes"]) == 13
    assert set(flow["scopes"]) == {scope for one in SPECIFICATION.operations.values() for scope in one.oauth_scopes}


def test_each_wrapper_has_one_property() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        if "x-oneroster-wrapper" in schema:
            assert list(schema["properties"]) == [schema["x-oneroster-wrapper"]], name
