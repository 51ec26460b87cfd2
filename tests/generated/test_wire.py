"""The wire structs: strict where the document is, the same values as the models, and silent about children."""

import json
from datetime import UTC
from enum import StrEnum
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster_v1p1 import document, models, specification
from oneroster_v1p1.wire import STRUCTS, TRUTH, error_path, page_decoder, raw_page_decoder, record_decoder
from tests.generated.documented import JSON, elements
from tests.series import examples

ELEMENTS = specification().elements
OPERATIONS = specification().operations

DOCUMENT = document()
LAW = examples(30)
COLLECTIONS = [name for name, element in ELEMENTS.items() if element.collection]
BASE = {"sourcedId": "x-1", "status": "active", "dateLastModified": "2024-08-01T06:00:00.000Z"}
ORG = BASE | {"name": "North", "type": "school"}


def body(source: object) -> bytes:
    return json.dumps(source).encode()


def wrapper(element: str) -> str:
    return OPERATIONS[ELEMENTS[element].collection or ""].wrapper or ""


def same(row: Any, record: Any) -> bool:
    """Whether a struct holds what the model holds."""
    for field in record.FIELDS:
        one, other = getattr(row, field.attribute), getattr(record, field.attribute)
        if field.kind == "boolean":
            one = TRUTH[one]
        if field.model is not None and one is not None:
            pairs = zip(one, other, strict=True) if isinstance(one, list) else [(one, other)]
            if not all(same(*pair) for pair in pairs):
                return False
        elif one != other and not (one == "" and other is None):
            return False
    return True


@pytest.mark.parametrize("name", ELEMENTS)
@LAW
@given(data=st.data())
def test_what_the_document_allows_is_read_as_the_models_read_it_and_written_back(
    name: str, data: st.DataObject
) -> None:
    source = data.draw(elements(name))
    row = record_decoder(name)(body(source))
    assert same(row, getattr(models, name).from_dict(source))
    assert getattr(models, name).from_dict(json.loads(msgspec.json.encode(row))).to_dict() == source


@pytest.mark.series
@pytest.mark.parametrize("name", ELEMENTS)
@LAW
@given(data=st.data())
def test_a_value_is_refused_where_the_schema_refuses_it(name: str, data: st.DataObject) -> None:
    source = data.draw(elements(name))
    found = ELEMENTS[name].properties[data.draw(st.sampled_from(list(ELEMENTS[name].properties)))]
    odd = data.draw(JSON | st.sampled_from(["", "x", "20", "2024", [], [""], {}]))
    source[found.name] = odd
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    lawful = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).is_valid(source)
    # What the structs let through on purpose.
    lawful |= (odd is None and not found.required) or (isinstance(odd, bool) and found.kind == "boolean")
    try:
        record_decoder(name)(body(source))
    except msgspec.ValidationError:
        assert not lawful
    else:
        assert lawful or found.kind == "date-time"


@pytest.mark.parametrize("name", ELEMENTS)
def test_each_required_property_is_required(name: str) -> None:
    needed = {field.name for field in msgspec.structs.fields(STRUCTS[name]) if field.required}
    assert needed == {found.attribute for found in ELEMENTS[name].properties.values() if found.required}


@pytest.mark.parametrize("name", COLLECTIONS)
@examples(5)
@given(data=st.data())
def test_a_page_is_read_whole_or_record_by_record(name: str, data: st.DataObject) -> None:
    sources = data.draw(st.lists(elements(name), max_size=3))
    page = body({wrapper(name): sources, "statusInfoSet": "whatever"})
    rows = page_decoder(name)(page)
    assert [type(row) for row in rows] == [STRUCTS[name]] * len(sources)
    assert [record_decoder(name)(raw) for raw in raw_page_decoder(name)(page)] == rows


def test_one_odd_record_costs_only_itself_when_the_page_is_cut_first() -> None:
    page = body({"orgs": [ORG, ORG | {"type": "Kim's home"}, ORG | {"extra": 1}]})
    with pytest.raises(msgspec.ValidationError) as caught:
        page_decoder("Org")(page)
    assert error_path(caught.value) == "orgs[1].type"
    before, odd, behind = raw_page_decoder("Org")(page)
    assert [record_decoder("Org")(raw).name for raw in (before, behind)] == ["North"] * 2
    with pytest.raises(msgspec.ValidationError) as caught:
        record_decoder("Org")(odd)
    assert error_path(caught.value) == "type"


@pytest.mark.parametrize("bare", [b"{}", b"[]", b'{"org": []}', b'{"orgs": null}'])
def test_a_page_without_its_wrapper_is_refused(bare: bytes) -> None:
    for decode in (page_decoder("Org"), raw_page_decoder("Org")):
        with pytest.raises(msgspec.ValidationError):
            decode(bare)


def test_only_elements_with_a_collection_have_pages() -> None:
    with pytest.raises(KeyError):
        page_decoder("GUIDRef")


def test_a_place_has_no_value_in_it() -> None:
    for secret in ("Kim - at `$.x`", "Kim"):
        with pytest.raises(msgspec.ValidationError) as caught:
            record_decoder("Org")(body(ORG | {"type": secret}))
        assert error_path(caught.value) == "type"
    with pytest.raises(msgspec.DecodeError) as torn:
        record_decoder("Org")(b'{"name": "Kim')
    assert error_path(torn.value) == ""


def test_text_that_is_no_utf_8_is_refused_without_being_quoted() -> None:
    for decode in (page_decoder("Org"), record_decoder("Org")):
        with pytest.raises(msgspec.DecodeError, match="not UTF-8") as caught:
            decode(b'{"orgs": [{"name": "Kim\xff"}], "name": "Kim\xff"}')
        assert caught.value.__context__ is None


def test_a_repr_shows_nothing_that_is_a_childs() -> None:
    row = record_decoder("Org")(body(ORG))
    assert repr(row) == "Org(sourced_id='x-1')"
    assert row.__rich_repr__() == [("sourced_id", "x-1")]
    assert repr(record_decoder("UserId")(b'{"type": "State", "identifier": "Kim"}')) == "UserId()"


def test_values_are_those_that_columns_want() -> None:
    row = record_decoder("Demographics")(body(BASE | {"birthDate": "2010-02-28", "asian": True, "white": "false"}))
    assert row.date_last_modified.tzinfo is UTC
    assert isinstance(row.status, StrEnum)
    assert [TRUTH[value] for value in (row.asian, row.white, row.black_or_african_american)] == [True, False, None]
