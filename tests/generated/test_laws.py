"""Laws: what the document allows is read and written back unchanged; what it does not allow costs one field."""

import copy
import json
import pickle
from importlib import import_module
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster_runtime.fields import Field, accepts
from oneroster_runtime.lenient_json import parse_json
from oneroster_runtime.records import Record
from oneroster_runtime.specification import python_name
from oneroster_runtime.tolerant_decoding import is_empty_reference
from oneroster_v1p1 import UnreadableFieldError, document, models, specification
from tests.generated.documented import JSON, elements
from tests.series import examples

ELEMENTS = specification().elements

DOCUMENT = document()
# No deadline: what is judged is what comes out, on machines of any speed.
LAW = examples(40)


def read(name: str, source: dict[str, Any]) -> Record:
    """A record as an operation reads it: from bytes."""
    module = import_module(f"oneroster_v1p1.models.{python_name(name)}")
    record: Record = module.decode(parse_json(json.dumps(source).encode()))
    return record


@pytest.mark.parametrize("name", ELEMENTS)
@LAW
@given(data=st.data())
def test_what_the_document_allows_comes_back_unchanged(name: str, data: st.DataObject) -> None:
    source = data.draw(elements(name))
    record = read(name, source)
    assert record.problems() == []
    assert record.to_dict() == source
    assert json.dumps(record.to_dict(), sort_keys=True) == json.dumps(source, sort_keys=True)
    assert record.to_wire() == source
    assert getattr(models, name).from_dict(source) == record
    for field in record.FIELDS:
        value = getattr(record, field.attribute)
        assert accepts(field, value) or (value is None and not field.required)


@pytest.mark.series
@pytest.mark.parametrize("name", ELEMENTS)
@LAW
@given(data=st.data())
def test_what_is_written_is_what_the_document_asks_for(name: str, data: st.DataObject) -> None:
    written = read(name, data.draw(elements(name))).to_wire()
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(schema).validate(written)


def leads_to_nothing(field: Field, odd: object) -> bool:
    """B10: an empty object or list in place of a reference is no reference."""
    return field.kind == "reference" and is_empty_reference(odd)


@pytest.mark.series
@pytest.mark.parametrize("name", ELEMENTS)
@LAW
@given(data=st.data())
def test_an_odd_value_costs_one_field_and_comes_back_as_it_came(name: str, data: st.DataObject) -> None:
    source = data.draw(elements(name))
    field = data.draw(st.sampled_from(getattr(models, name).FIELDS))
    odd = data.draw(JSON)
    record = read(name, source | {field.name: odd})
    plain = read(name, source)
    for other in record.FIELDS:
        if other != field:
            assert getattr(record, other.attribute) == getattr(plain, other.attribute)
    try:
        value = getattr(record, field.attribute)
    except UnreadableFieldError:
        assert record.to_dict()[field.name] == odd
    except AttributeError:
        assert odd is None or leads_to_nothing(field, odd)
    else:
        assert accepts(field, value) or (value is None and (odd in (None, "") or leads_to_nothing(field, odd)))


@pytest.mark.series
@pytest.mark.parametrize("name", ELEMENTS)
@LAW
@given(data=st.data())
def test_copies_and_pickles_are_equal_and_apart(name: str, data: st.DataObject) -> None:
    source = data.draw(elements(name))
    odd = data.draw(st.dictionaries(st.sampled_from([*source, "unknown"]), JSON, max_size=2))
    record = read(name, source | odd)
    for other in (pickle.loads(pickle.dumps(record)), copy.deepcopy(record), copy.copy(record)):  # noqa: S301 - our own
        assert type(other) is type(record)
        assert other == record
        assert other.to_dict() == record.to_dict()
        assert other.problems() == record.problems()
    apart = copy.deepcopy(record)
    apart.additional_properties["more"] = 1
    assert apart != record


BODIES = st.binary(max_size=40) | st.binary(max_size=9).map(lambda text: b'["' + text + b'"]')


@LAW
@given(BODIES | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_read_or_refused_with_an_error_of_ours(body: bytes) -> None:
    from oneroster_v1p1 import DecodeError
    from oneroster_v1p1.models import org_page

    try:
        page = org_page.decode(parse_json(body))
    except DecodeError:
        return
    assert isinstance(page.orgs, list)
