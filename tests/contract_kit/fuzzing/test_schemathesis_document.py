"""The document for `schemathesis run` has valid values for each operation, and nothing that leads out of bounds."""

from typing import Any

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st

from oneroster.contract.fuzzing.filter_and_sort_strategies import fields_format
from oneroster.contract.fuzzing.schemathesis_document import MAX_OFFSET, MAX_PAGE, is_within_bounds, prepare_document
from oneroster.standard import Standard
from oneroster_runtime.specification import read_specification
from tests.series import examples

STANDARD = Standard.of()
PROFILES = [(version, profile) for version in ("1.1", "1.2") for profile in Standard.of(version).specification.profiles]


def prepared(profile: str, standard: Standard = STANDARD) -> dict[str, Any]:
    document = standard.profile_document(profile)
    prepare_document(document)
    return document


@pytest.mark.parametrize(("version", "profile"), PROFILES)
def test_each_operation_has_the_formats_of_its_element_and_small_pages(version: str, profile: str) -> None:
    standard = Standard.of(version)
    document = prepared(profile, standard)
    specification = read_specification(standard.profile_document(profile), profile=profile)
    seen = set()
    for operation in specification.operations.values():
        part = document["paths"][operation.path][operation.method.lower()]
        assert [list(each) for each in part["security"]] == [["token"]]
        for parameter in part["parameters"]:
            name, schema = parameter["name"], parameter["schema"]
            if name in ("filter", "sort", "fields"):
                assert schema == {"type": "string", "format": f"oneroster-{name}-{operation.element}"}
                assert name == "filter" or "examples" not in parameter
                properties = specification.elements[operation.element or ""].properties
                for example in parameter.get("examples", {}).values():
                    assert ("roles.role" not in example["value"]) or properties["roles"].kind == "records"
                    assert ("dateLastModified" not in example["value"]) or "dateLastModified" in properties
            if name == "limit":
                assert schema["maximum"] == MAX_PAGE
            seen.add(name)
    assert seen >= {"filter", "sort", "fields", "limit", "offset", "orderBy"}


def test_generated_requests_are_such() -> None:
    """As schemathesis itself reads the document: what it generates for one operation."""
    schema = schemathesis.openapi.from_dict(prepared("standard"))
    operation = schema.find_operation_by_id("getAllEnrollments")
    required = [
        each for each, known in STANDARD.specification.elements["Enrollment"].properties.items() if known.required
    ]

    @examples(10)
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        query = case.query or {}
        if "fields" in query:
            assert set(required) <= set(query["fields"].split(","))
        if "filter" in query:
            assert any(sign in query["filter"] for sign in "=<>~")
        if "sort" in query:
            assert query["sort"] in STANDARD.specification.elements["Enrollment"].properties
        assert int(query.get("limit", 1)) <= MAX_PAGE

    check()


@given(st.data())
def test_fields_never_name_a_secret(data: st.DataObject) -> None:
    for element in ("User", "GUIDRef"):
        properties = STANDARD.specification.elements[element].properties
        assert fields_format(STANDARD.specification, element) == f"oneroster-fields-{element}"
        secrets = {name for name, known in properties.items() if known.secret}
        names = data.draw(schemathesis_format(f"oneroster-fields-{element}")).split(",")
        assert set(names) <= properties.keys() - secrets
        assert len(set(names)) == len(names)


def schemathesis_format(name: str) -> st.SearchStrategy[str]:
    from schemathesis.specs.openapi.formats import STRING_FORMATS

    return STRING_FORMATS[name]


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ({}, True),
        ({"limit": MAX_PAGE, "offset": str(MAX_OFFSET)}, True),
        ({"limit": MAX_PAGE + 1}, False),
        ({"offset": f"{MAX_OFFSET + 1}"}, False),
        ({"offset": "1e9"}, False),
        # Invalid, and refused by a server: these are what negative tests are for.
        ({"limit": "-1"}, True),
        ({"limit": ""}, True),
        ({"limit": ["a", "b"], "offset": None}, True),
        ({"sort": ""}, True),
    ],
)
def test_no_request_is_above_the_bounds(query: dict[str, Any], sent: bool) -> None:
    assert is_within_bounds(query) is sent
