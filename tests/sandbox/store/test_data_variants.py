"""Valid variants of the data: whatever is left out or renamed, references lead to records of the tenant."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from oneroster.sandbox.district.size import Size
from oneroster.sandbox.store.data_variants import (
    SPECIAL_CHARACTERS,
    change_ids,
    delete_all,
    drop_optional,
    fill_optional,
    keep_rows,
)
from oneroster.sandbox.store.store import Store
from oneroster.standard import Standard

Records = dict[str, list[dict[str, Any]]]
CHANGES: dict[str, Callable[[Store], None]] = {
    "one": lambda store: keep_rows(store, 1),
    "three": lambda store: keep_rows(store, 3),
    "ids": change_ids,
    "deleted": delete_all,
    "none": drop_optional,
    "all": fill_optional,
}


def changed(change: str, version: str = "1.1") -> tuple[Store, Records]:
    with Store.open(Size(40), 1, cache=None, standard=Standard.of(version)) as store:
        CHANGES[change](store)
        names = [name for name in store.specification.elements if store.has(name)]
        return store, {name: store.select(name).page(0, 1000) for name in names}


def references(store: Store, element: str, record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for known in store.specification.elements[element].properties.values():
        value = record.get(known.name, [])
        if known.refers_to is not None:
            for item in value if isinstance(value, list) else [value]:
                yield known.refers_to, item["sourcedId"]
        elif known.record is not None:
            for item in value:
                yield from references(store, known.record, item)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("change", CHANGES)
def test_every_reference_leads_to_a_record_and_required_properties_stay(change: str, version: str) -> None:
    store, records = changed(change, version)
    known = {(element, row["sourcedId"]) for element, rows in records.items() for row in rows}
    for element, rows in records.items():
        required = {each.name for each in store.specification.elements[element].properties.values() if each.required}
        for row in rows:
            assert set(references(store, element, row)) <= known
            assert required <= row.keys()
    users = {row["sourcedId"] for row in records["User"]}
    assert {row["sourcedId"] for row in records["Demographics"]} <= users


@pytest.mark.parametrize(("change", "most"), [("one", 1), ("three", 3)])
def test_at_most_so_many_records_of_each_element_are_left(change: str, most: int) -> None:
    _, records = changed(change)
    sizes = [len(rows) for rows in records.values()]
    assert max(sizes) == most
    assert sizes.count(most) >= len(sizes) - 2


def test_every_id_has_a_special_character() -> None:
    _, records = changed("ids")
    ids = {row["sourcedId"] for rows in records.values() for row in rows}
    assert all(not sourced_id.isalnum() and "_" in sourced_id for sourced_id in ids)
    assert all(any(special in sourced_id for sourced_id in ids) for special in SPECIAL_CHARACTERS)


def test_all_records_are_deleted() -> None:
    _, records = changed("deleted")
    assert {row["status"] for rows in records.values() for row in rows} == {"tobedeleted"}


def test_what_is_optional_is_dropped_from_nested_records_as_well() -> None:
    store, records = changed("none", "1.2")
    assert {name for user in records["User"] for role in user["roles"] for name in role} == {"org", "role", "roleType"}
    assert {known.name for known in store.specification.elements["Role"].properties.values() if known.required} == {
        "org",
        "role",
        "roleType",
    }


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_every_optional_property_is_sent(version: str) -> None:
    store, records = changed("all", version)
    for element, rows in records.items():
        known = store.specification.elements[element].properties.values()
        # Properties of vendors, and parts of a tree that the district does not have.
        others = {each.name for each in known if each.refers_to == element or each.profiles}
        sent = {name for row in rows for name in row}
        assert {each.name for each in known} - sent <= others
