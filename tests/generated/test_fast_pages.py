"""The quick reading of pages and the tolerant one come to the same: values, types, extras, what is unset and why."""

import json
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster_runtime.lenient_json import parse_json
from oneroster_runtime.records import Record
from oneroster_runtime.specification import Property, python_name
from oneroster_v1p1 import DecodeError, specification
from tests.generated.documented import JSON, elements
from tests.series import examples

ELEMENTS = specification().elements
ENUMERATIONS = specification().enumerations
OPERATIONS = specification().operations

LAW = examples(25)
COLLECTIONS = [name for name, element in ELEMENTS.items() if element.collection]
BASE = {"sourcedId": "x-1", "status": "active", "dateLastModified": "2024-08-01T06:00:00.000Z"}
ORG = BASE | {"name": "North", "type": "school"}
# What is next to regular, and so where two readings part most easily.
TEXTS = [
    "", " ", "true", "True", " TRUE", "yes", "0", "17.5", "active", "Active", "org", "null", "2024-02-29", "2024-02-30",
    "2024-8-1", "20240801", "2024-W31-4", "2024-08-01T06:00:00.000Z", "2024-08-01T06:00:00Z", "2024-08-01T06:00:00.Z",
    "2024-08-01T06:00:00.9999999Z", "2024-08-01T06:00:00.1234567Z", "2024-08-01T08:00:00.000+02:00", "2024-08-01 06:00",
    "2024-08-01T06:00:00", "2024-08-01t06:00:00.000z", "2024-08-01T06:00:00,000Z", "2024-08-01T06:00:00.000Z and more",
    "2024-08-01T24:00:00.000Z", "2024-08-01T23:59:60.000Z", "0000-01-01", "0001-01-01T00:00:00.000+14:00",
    "2024-08-01T06:00:00.000+00", "9999-12-31T23:59:59.999-01:00", "\uff12\uff10\uff12\uff14-08-01", "é", "\x00",
]  # fmt: skip
NUMBERS = [0, 1, -0.0, 1.0, 1e300, 2**53 + 1, 2**64, -(2**70), True, False]
ODD = st.sampled_from([None, [], {}, [None], [""], ["05", 6], *TEXTS, *NUMBERS]) | JSON


def module_of(element: str) -> ModuleType:
    return import_module(f"oneroster_v1p1.models.{python_name(element)}_page".replace("__", "_"))


def wrapper_of(element: str) -> str:
    return OPERATIONS[ELEMENTS[element].collection or ""].wrapper or ""


def told(value: object) -> object:
    """A value with its type, and a record with all that can be asked of it."""
    if isinstance(value, Record):
        state = value.__getstate__()
        return type(value), {name: told(inside) for name, inside in state.items()}, value.problems()
    if isinstance(value, list):
        return [told(item) for item in value]
    if isinstance(value, dict):
        return {name: told(item) for name, item in value.items()}
    zone = value.tzinfo if isinstance(value, datetime) else None
    return type(value), repr(value), zone


def tolerant(module: ModuleType, body: bytes) -> object:
    """What the tolerant reading makes of a body, errors included."""
    try:
        return told(module.decode(parse_json(body)))
    except DecodeError as error:
        return error.message


def near(found: Property) -> st.SearchStrategy[Any]:
    """Values that a property nearly has, or has in another notation."""
    values = [ODD]
    if found.enumeration:
        values.append(st.sampled_from([*ENUMERATIONS[found.enumeration], list(ENUMERATIONS[found.enumeration][:2])]))
    if found.kind in {"reference", "references", "record", "records"}:
        inside = awkward("GUIDRef" if found.record is None else found.record)
        values += [inside, st.lists(inside, max_size=2)]
    return st.one_of(values)


def awkward(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Records with any number of odd, missing and unknown properties."""
    properties = ELEMENTS[name].properties
    changes = st.fixed_dictionaries({}, optional={key: near(found) for key, found in properties.items()})
    gone = st.sets(st.sampled_from(list(properties)), max_size=3)
    extras = st.dictionaries(st.sampled_from(["vendorCode", "sourced_id", "class_", "_odd"]), JSON, max_size=1)
    return st.builds(
        lambda whole, changed, lost, more: {key: value for key, value in (whole | changed).items() if key not in lost}
        | more,
        elements(name), changes, gone, st.just({}) | extras,
    )  # fmt: skip


@pytest.mark.series
@pytest.mark.parametrize("name", COLLECTIONS)
@LAW
@given(data=st.data())
def test_records_of_every_kind_are_read_as_the_tolerant_reading_does(name: str, data: st.DataObject) -> None:
    module = module_of(name)
    records = data.draw(st.lists(elements(name) | awkward(name), max_size=4))
    body = json.dumps({wrapper_of(name): records}).encode()
    page = module.read(body)
    # So few odd records never make a page that is given up as a whole.
    assert page is not None
    assert told(page) == tolerant(module, body)


@LAW
@given(st.lists(st.sampled_from(["regular", "odd", "extra"]), max_size=60))
def test_pages_may_be_given_up_but_never_misread(kinds: list[str]) -> None:
    module = module_of("Org")
    sources: dict[str, dict[str, Any]] = {"regular": ORG, "odd": ORG | {"name": 7}, "extra": ORG | {"extra": [1]}}
    body = json.dumps({"orgs": [sources[kind] | {"sourcedId": str(at)} for at, kind in enumerate(kinds)]}).encode()
    page = module.read(body)
    odd = len(kinds) - kinds.count("regular")
    assert page is not None or odd > 16
    assert page is None or told(page) == tolerant(module, body)


def test_a_page_of_odd_records_alone_is_left_to_the_tolerant_reading() -> None:
    assert module_of("Org").read(json.dumps({"orgs": [ORG | {"name": 7}] * 100}).encode()) is None


VALUES = [
    '"x-2"', '""', "null", "7", "1e400", "NaN", "-Infinity", '"\\ud800"', '"\xff"', "{}", "[]", "[1,]", '{"a":1,"a":2}',
    '{"href":"h","sourcedId":"s","type":"org"}', '{"href":"h","href":1}', '"2024-08-01T06:00:00.000Z"', "tru", '"',
]  # fmt: skip
KEYS = ["sourcedId", "name", "parent", "metadata", "dateLastModified", "type", "extra", "\\u006eame", "n\xe4me"]


@given(
    st.lists(st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES)), max_size=4), max_size=3),
    st.sampled_from([('{"orgs":[', "]}"), ('{"orgs":[1],"orgs":[', "]}"), ('\ufeff{"orgs":[', "]}"), ("[", "]"),
                     ('{"orgs":[', "]} x"), ('{"orgs":[', '],"total":1}'), ('{"orgs":[', ",null]}"), ('{"orgs":', "}"),
                     ('{"orgs":[', '],"statusInfoSet":[{"imsx_codeMajor":"success"}]}'), (' {"schools" : [', "] } ")]),
    st.sampled_from(["utf-8", "latin-1"]),
)  # fmt: skip
def test_any_bytes_are_read_alike_or_left_to_the_tolerant_reading(
    records: list[list[tuple[str, str]]], around: tuple[str, str], encoding: str
) -> None:
    texts = ["{" + ",".join(f'"{key}":{value}' for key, value in record) + "}" for record in records]
    body = (around[0] + ",".join(texts) + around[1]).encode(encoding, "replace")
    module = module_of("Org")
    page = module.read(body)
    assert page is None or told(page) == tolerant(module, body)


@given(st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_read_alike_or_left_to_the_tolerant_reading(body: bytes) -> None:
    module = module_of("Org")
    page = module.read(body)
    assert page is None or told(page) == tolerant(module, body)


@pytest.mark.parametrize("body", [b"", b"  ", b'{"orgs":null}', b'{"orgs":{}}', b'{"orgs":[],"x":1}', b"[]", b"{}"])
def test_what_stands_around_records_is_left_to_the_tolerant_reading(body: bytes) -> None:
    assert module_of("Org").read(body) is None
