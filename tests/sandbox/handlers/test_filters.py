"""A filtered, sorted collection is what a naive reading of the unfiltered rows gives."""

from collections.abc import Callable, Iterator
from datetime import datetime
from operator import ge, gt, le, lt
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oneroster.sandbox.district.size import Size
from oneroster.sandbox.query.filter_parser import parse_filter
from oneroster.sandbox.store.select_sql import is_sortable
from oneroster.sandbox.store.store import Store
from oneroster.standard import Standard
from oneroster_runtime.specification import Property
from oneroster_v1p1 import specification
from tests.sandbox.districts import Record, district
from tests.series import examples

ELEMENTS = specification().elements

SPECIFICATION = Standard.of().specification

USERS, SEED = 67, 5
OPERATORS = ("=", "!=", ">", ">=", "<", "<=", "~")
ORDER: dict[str, Callable[[Any, Any], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}
LISTS = {"strings", "enumerations", "references", "records"}
# Odd things that a user may write, beside values that the rows hold.
ODD = ("", "%", "_", "sample", "SAMPLE", "straße", "Zoe\u0308", "k", "true", "TRUE", "01,02", "01, KG", ",", "u/", "+")


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(Size(USERS), SEED, cache=None) as opened:
        yield opened


# ---- The naive reading ----


def held(record: Record, name: str) -> Any:
    """What a record holds under a dotted name: a value, a list of values, or None."""
    head, _, member = name.partition(".")
    value = record.get(head)
    if not member or value is None:
        return value
    if isinstance(value, list):
        return [entry.get(member) for entry in value]
    return value.get(member)


def typed(kind: str, text: Any) -> Any:
    if kind == "date-time":
        return datetime.fromisoformat(text if "T" in text else f"{text}T00:00:00Z")
    return float(text) if kind in {"number", "integer"} else str(text)


def shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def satisfies(record: Record, name: str, kind: str, operator: str, text: str) -> bool:
    value = held(record, name)
    if value is None or isinstance(value, dict):
        return operator == "!="
    if isinstance(value, list):
        return list_satisfies([shown(entry) for entry in value], operator, text)
    if operator == "~":
        return text.casefold() in shown(value).casefold()
    if kind in {"date", "date-time", "number", "integer"}:
        actual, wanted = typed(kind, value), typed(kind, text)
        equal, ordered = actual == wanted, ORDER.get(operator)
        return ordered(actual, wanted) if ordered else equal == (operator == "=")
    return text_satisfies(shown(value), operator, text)


def text_satisfies(value: str, operator: str, text: str) -> bool:
    if same(value, text):
        return operator in {"=", ">=", "<="}
    return operator == "!=" or (operator in ORDER and ORDER[operator[0]](value, text))


def list_satisfies(values: list[str], operator: str, text: str) -> bool:
    wanted = [entry.strip() for entry in text.split(",")]
    hits = [any(same(value, one) for value in values) for one in wanted]
    if operator in ORDER:
        return any(text_satisfies(value, operator, text) for value in values)
    return any(hits) if operator == "~" else all(hits) == (operator == "=")


# ---- Clauses made up from the contract and the rows ----


def names_of(known: Property) -> list[tuple[str, str]]:
    """The dotted names below a property, each with the kind of its values."""
    if known.kind == "object":
        keys = ("bus", "clubs", "consent")
        return [(f"{known.name}.exampleton.{key}", "string") for key in keys] + [
            (f"{known.name}.{key}", "string") for key in ("sample.locker", "sample.address", "nobody.has.this")
        ]
    if known.refers_to:
        return [(f"{known.name}.{member}", "string") for member in ("sourcedId", "type")]
    if known.record:
        return [(f"{known.name}.{member}", "string") for member in ELEMENTS[known.record].properties]
    return [(known.name, known.kind)]


FIELDS = [
    (element, name, kind)
    for element in district(USERS, SEED)
    for known in ELEMENTS[element].properties.values()
    for name, kind in names_of(known)
]


def values_of(element: str, name: str, kind: str) -> st.SearchStrategy[str]:
    texts: set[str] = set()
    for record in district(USERS, SEED)[element]:
        value = held(record, name)
        for entry in value if isinstance(value, list) else [value]:
            if entry is not None and not isinstance(entry, dict):
                texts |= {shown(entry), shown(entry).upper()} if kind not in {"date", "date-time"} else {shown(entry)}
    if kind == "date-time":
        texts |= {"2025-09-01", "2025-08-11T04:00:00+02:00", "2026-01-01T00:00:00Z"}
    elif kind == "date":
        texts |= {"2025-09-01", "1999-12-31"}
    elif kind in {"number", "integer"}:
        texts |= {"0", "-1", "12.50", "2e1"}
    else:
        texts |= {*ODD, *(text[1:4] for text in texts)}
    return st.sampled_from(sorted(text for text in texts if "'" not in text) or ["0"])


@st.composite
def clauses(draw: st.DrawFn, element: str) -> tuple[str, str, str, str]:
    _, name, kind = draw(st.sampled_from([field for field in FIELDS if field[0] == element]))
    return name, kind, draw(st.sampled_from(OPERATORS)), draw(values_of(element, name, kind))


@given(data=st.data())
def test_a_filter_gives_what_the_naive_reading_gives(store: Store, data: st.DataObject) -> None:
    element = data.draw(st.sampled_from(sorted(district(USERS, SEED))))
    chosen = data.draw(st.lists(clauses(element), min_size=1, max_size=2))
    either = data.draw(st.booleans())
    expression = (" OR " if either else " AND ").join(f"{name}{op}'{text}'" for name, _, op, text in chosen)

    answer = store.select(element, filter=parse_filter(expression, ELEMENTS[element], SPECIFICATION))

    combine = any if either else all
    expected = [row for row in district(USERS, SEED)[element] if combine(satisfies(row, *clause) for clause in chosen)]
    assert answer.page(0, 10_000) == expected
    assert answer.total == len(expected)


@pytest.mark.parametrize(("element", "name", "kind"), FIELDS)
def test_every_field_can_be_filtered_by_every_operator(store: Store, element: str, name: str, kind: str) -> None:
    """Exactly one of <, = and > holds of a single value, and the other operators follow from these."""
    rows = district(USERS, SEED)[element]
    present = [value for row in rows if (value := held(row, name)) is not None and not isinstance(value, dict)]
    entry = present[len(present) // 2] if present else None
    text = shown(entry[0] if isinstance(entry, list) else entry) if entry else {"number": "0"}.get(kind, "x")
    ids = {}
    for operator in OPERATORS:
        found = store.select(
            element, filter=parse_filter(f"{name}{operator}'{text}'", ELEMENTS[element], SPECIFICATION)
        ).page(0, 10_000)
        ids[operator] = {row["sourcedId"] for row in found}
        assert ids[operator] == {row["sourcedId"] for row in rows if satisfies(row, name, kind, operator, text)}
    assert ids["="] | ids["!="] == {row["sourcedId"] for row in rows}
    assert not ids["="] & ids["!="]
    if not any(isinstance(value, list) for value in present):
        assert ids["<="] == ids["<"] | ids["="]
        assert ids[">="] == ids[">"] | ids["="]
        assert not ids["<"] & ids[">"]


def test_the_marks_of_sql_patterns_mean_themselves(store: Store) -> None:
    for mark in ("%", "_", "*", "?"):
        found = store.select("Org", filter=parse_filter(f"name~'{mark}'", ELEMENTS["Org"], SPECIFICATION))
        assert found.total == sum(mark in org["name"] for org in district(USERS, SEED)["Org"])


def test_a_list_of_thousands_of_values_is_answered(store: Store) -> None:
    everything = ",".join(f"{number:05}" for number in range(5_000))
    assert (
        store.select("User", filter=parse_filter(f"grades~'{everything},01'", ELEMENTS["User"], SPECIFICATION)).total
        > 0
    )
    assert (
        store.select("User", filter=parse_filter(f"grades='{everything},01'", ELEMENTS["User"], SPECIFICATION)).total
        == 0
    )


SORTABLE = [
    (element, name)
    for element in district(USERS, SEED)
    for known in ELEMENTS[element].properties.values()
    for name in (known.name, f"{known.name}.sourcedId")
    if is_sortable(SPECIFICATION, element, name)
]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(("element", "name"), SORTABLE)
def test_sorting_orders_by_value_with_absent_ones_last_and_equals_in_the_default_order(
    store: Store, element: str, name: str, descending: bool
) -> None:
    rows = district(USERS, SEED)[element]
    kind = ELEMENTS[element].properties[name].kind if "." not in name else "string"
    present = [row for row in rows if held(row, name) is not None]
    # Python, too, keeps equals in their order in both directions.
    present.sort(key=lambda row: typed(kind, held(row, name)), reverse=descending)
    expected = present + [row for row in rows if held(row, name) is None]

    assert store.select(element, sort=(name, descending)).page(0, 10_000) == expected


def test_what_has_no_single_value_cannot_be_sorted_by(store: Store) -> None:
    for name in ("orgs", "orgs.sourcedId", "grades", "metadata", "metadata.x", "userIds", "colour"):
        assert not store.is_sortable("User", name)
        with pytest.raises(ValueError, match="cannot be sorted"):
            store.select("User", sort=(name, False))


@examples(40)
@given(limit=st.integers(1, 150), data=st.data())
@example(limit=1, data=None)
def test_pages_of_any_size_make_up_the_whole(store: Store, limit: int, data: st.DataObject | None) -> None:
    element = data.draw(st.sampled_from(sorted(district(USERS, SEED)))) if data else "Org"
    sort = data.draw(st.sampled_from([None, ("status", False), ("dateLastModified", True)])) if data else None
    selection = store.select(element, sort=sort)

    walked: list[Record] = []
    for offset in range(0, selection.total + limit, limit):
        walked += selection.page(offset, limit)

    assert walked == selection.page(0, selection.total)
    assert len(walked) == selection.total == len(district(USERS, SEED)[element])
