"""The store: specialised and nested collections, single reads, writes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from oneroster.sandbox.district.size import Size
from oneroster.sandbox.query.filter_parser import parse_filter
from oneroster.sandbox.store.store import Store
from oneroster.standard import Standard
from oneroster_runtime.specification import Operation
from oneroster_v1p1 import specification
from tests.sandbox.districts import Record, by_id, district
from tests.series import examples

ELEMENTS = specification().elements
OPERATIONS = specification().operations

SPECIFICATION = Standard.of().specification

USERS, SEED = 41, 3
ALL = 10_000
COLLECTIONS = [one for one in OPERATIONS.values() if one.many and one.element]
NESTED = [one for one in COLLECTIONS if one.scope]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(Size(USERS), SEED, cache=None) as opened:
        yield opened


@pytest.fixture
def own() -> Iterator[Store]:
    with Store.open(Size(USERS), SEED, cache=None) as opened:
        yield opened


def rows_of(operation: Operation) -> list[Record]:
    """The rows of a collection or of the reads of its kind, without regard to a scope."""
    rows = district(USERS, SEED)[str(operation.element)]
    subset = operation.subset
    return [row for row in rows if subset is None or row[subset.property] in subset.values]


# ---- Nested collections, read naively ----


def ids_at(element: str, row: Record, path: str) -> set[str]:
    """The ids to which a path of references leads from a row."""
    head, _, rest = path.partition(".")
    known = ELEMENTS[element].properties[head]
    value = row.get(head)
    if known.refers_to is None:
        return {str(value)}
    ids = {entry["sourcedId"] for entry in (value if isinstance(value, list) else [value] if value else [])}
    if not rest:
        return ids
    between = by_id(district(USERS, SEED)[known.refers_to])
    return {found for one in ids for found in ids_at(known.refers_to, between[one], rest)}


def belongs(operation: Operation, row: Record, parents: dict[str, str]) -> bool:
    scope = operation.scope
    assert scope is not None
    if scope.through is None:
        candidates, element = [row], str(operation.element)
    else:
        through = OPERATIONS[scope.through.collection]
        element = str(through.element)
        candidates = [
            one
            for one in rows_of(through)
            if row["sourcedId"] in ids_at(element, one, scope.through.property)
            and all(one[name] in values for name, values in scope.through.where)
        ]
    return any(
        all(parents[parent.parameter] in ids_at(element, one, parent.property) for parent in scope.parents)
        for one in candidates
    )


def parents_of(operation: Operation) -> Iterator[dict[str, str]]:
    assert operation.scope is not None
    names = [parent.parameter for parent in operation.scope.parents]
    ids = [[row["sourcedId"] for row in rows_of(OPERATIONS[parent.read])] for parent in operation.scope.parents]
    for chosen in product(*ids):
        yield dict(zip(names, chosen, strict=True))


@pytest.mark.parametrize("operation", COLLECTIONS, ids=lambda operation: operation.operation_id)
def test_a_collection_without_parents_holds_its_kind(store: Store, operation: Operation) -> None:
    if operation.scope is None:
        selection = store.select(str(operation.element), subset=operation.subset)
        assert selection.page(0, ALL) == rows_of(operation)
        assert selection.total == len(rows_of(operation)) >= 3


@pytest.mark.parametrize("operation", NESTED, ids=lambda operation: operation.operation_id)
def test_a_nested_collection_holds_what_belongs_to_its_parents(store: Store, operation: Operation) -> None:
    def select(parents: dict[str, str]) -> list[Record]:
        return store.select(
            str(operation.element), subset=operation.subset, scope=operation.scope, parents=parents
        ).page(0, ALL)

    answers = {tuple(parents.values()): select(parents) for parents in parents_of(operation)}
    assert any(answers.values()), "no parent has any"
    fullest = max(answers, key=lambda ids: len(answers[ids]))
    emptiest = min(answers, key=lambda ids: len(answers[ids]))
    some = [fullest, emptiest, *list(answers)[:: max(1, len(answers) // 12)]]
    for ids in some:
        assert operation.scope is not None
        parents = {parent.parameter: one for parent, one in zip(operation.scope.parents, ids, strict=True)}
        assert answers[ids] == [row for row in rows_of(operation) if belongs(operation, row, parents)]


def test_an_unknown_parent_has_nothing(store: Store) -> None:
    for operation in NESTED:
        assert operation.scope is not None
        nobody = {parent.parameter: "nobody" for parent in operation.scope.parents}
        assert store.select(str(operation.element), scope=operation.scope, parents=nobody).total == 0


def test_a_filter_a_scope_and_a_sort_work_together(store: Store) -> None:
    operation = OPERATIONS["getStudentsForSchool"]
    for parents in parents_of(operation):
        rows = store.select(
            "User",
            subset=operation.subset,
            scope=operation.scope,
            parents=parents,
            filter=parse_filter("status='active' AND dateLastModified>'2025-08-01'", ELEMENTS["User"], SPECIFICATION),
            sort=("username", True),
        ).page(0, ALL)
        expected = [row for row in rows_of(operation) if belongs(operation, row, parents)]
        expected = [row for row in expected if row["status"] == "active" and row["dateLastModified"] > "2025-08-01"]
        assert rows == sorted(expected, key=lambda row: str(row["username"]), reverse=True)


def test_beyond_the_end_a_page_is_empty(store: Store) -> None:
    selection = store.select("Org")
    assert selection.page(selection.total, 10) == []
    assert selection.page(10**15, 10**15) == []


# ---- Single reads ----


def test_every_record_is_read_by_its_id(store: Store) -> None:
    for element, rows in district(USERS, SEED).items():
        for row in rows:
            assert store.read(element, row["sourcedId"]) == row
        assert store.read(element, "nobody") is None


def test_a_specialised_read_knows_only_its_kind(store: Store) -> None:
    subset = OPERATIONS["getStudent"].subset
    for user in district(USERS, SEED)["User"]:
        found = store.read("User", user["sourcedId"], subset=subset)
        assert found == (user if user["role"] == "student" else None)


# ---- Writes ----


def category(sourced_id: str, **more: Any) -> Record:
    record = {"sourcedId": sourced_id, "status": "active", "dateLastModified": "2026-01-01T00:00:00Z", "title": "New"}
    return {**record, **more}


def test_what_is_put_is_read_back_whole(own: Store) -> None:
    metadata = {"x.y": [1, 2.5, None, {"deep": "é\u0000"}], "big": 10**30, "exact": 0.1 + 0.2}
    record = category("a/b c", metadata=metadata, unknown={"kept": True}, weight=0.1 + 0.2)
    assert own.put("Category", record) is True
    assert own.read("Category", "a/b c") == record
    assert own.put("Category", category("a/b c", weight=3)) is False
    assert own.read("Category", "a/b c") == category("a/b c", weight=3)


def test_a_number_beyond_the_integers_of_the_database_is_kept_as_a_number(own: Store) -> None:
    own.put("Category", category("c", weight=10**30))
    assert own.read("Category", "c") == category("c", weight=1e30)


def test_a_reference_by_id_alone_gets_a_type_and_null_is_absent(own: Store) -> None:
    result: Record = own.select("Result").page(0, 1)[0]
    given = {**result, "lineItem": {"sourcedId": result["lineItem"]["sourcedId"]}, "comment": None}
    own.put("Result", given)
    found = own.read("Result", result["sourcedId"])
    assert found is not None
    assert found["lineItem"] == result["lineItem"]
    assert "comment" not in found


def test_writes_are_seen_by_selections_that_were_kept(own: Store) -> None:
    active = parse_filter("status='active'", ELEMENTS["LineItem"], SPECIFICATION)
    results = OPERATIONS["getResultsForClass"]
    item = next(one for one in own.select("LineItem").page(0, ALL) if one["status"] == "active")
    parents = {"class_id": item["class"]["sourcedId"]}

    def totals() -> tuple[int, int, int]:
        return (
            own.select("LineItem").total,
            own.select("LineItem", filter=active).total,
            own.select("Result", scope=results.scope, parents=parents).total,
        )

    every, alive, graded = totals()
    of_item = own.select(
        "Result", filter=parse_filter(f"lineItem.sourcedId='{item['sourcedId']}'", ELEMENTS["Result"], SPECIFICATION)
    ).total
    own.put("LineItem", {**item, "status": "tobedeleted"})
    assert totals() == (every, alive - 1, graded)
    own.delete("LineItem", item["sourcedId"])
    assert totals() == (every - 1, alive - 1, graded - of_item)
    own.put("LineItem", item)
    assert totals() == (every, alive, graded)


def test_a_replaced_record_keeps_its_place_and_a_new_one_comes_last(own: Store) -> None:
    before = [row["sourcedId"] for row in own.select("Category").page(0, ALL)]
    own.put("Category", category(before[2]))
    own.put("Category", category("new"))
    assert [row["sourcedId"] for row in own.select("Category").page(0, ALL)] == [*before, "new"]


def test_deleting_what_is_not_there_says_so(own: Store) -> None:
    assert own.delete("Category", "nobody") is False
    own.put("Category", category("somebody"))
    assert own.delete("Category", "somebody") is True
    assert own.delete("Category", "somebody") is False
    assert own.read("Category", "somebody") is None


class Writing(RuleBasedStateMachine):
    """Puts and deletes in any order leave what a list of records would hold."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store.open(Size(USERS), SEED, cache=None)
        self.rows = self.store.select("Category").page(0, ALL)

    ids = st.sampled_from(["a", "b", "c", *(row["sourcedId"] for row in district(USERS, SEED)["Category"][:2])])

    @rule(sourced_id=ids, title=st.text(max_size=5))
    def put(self, sourced_id: str, title: str) -> None:
        record = category(sourced_id, title=title)
        known = [row["sourcedId"] for row in self.rows]
        assert self.store.put("Category", record) is (sourced_id not in known)
        if sourced_id in known:
            self.rows[known.index(sourced_id)] = record
        else:
            self.rows.append(record)

    @rule(sourced_id=ids)
    def delete(self, sourced_id: str) -> None:
        remaining = [row for row in self.rows if row["sourcedId"] != sourced_id]
        assert self.store.delete("Category", sourced_id) is (len(remaining) < len(self.rows))
        self.rows = remaining

    @invariant()
    def holds_the_rows(self) -> None:
        selection = self.store.select("Category")
        assert selection.total == len(self.rows)
        assert [row for offset in range(0, len(self.rows), 3) for row in selection.page(offset, 3)] == self.rows
        by_title = self.store.select("Category", sort=("title", False)).page(0, ALL)
        assert by_title == sorted(self.rows, key=lambda row: str(row["title"]))

    def teardown(self) -> None:
        self.store.close()


Writing.TestCase.settings = examples(15, stateful_step_count=12)
test_writing = Writing.TestCase


def test_threads_may_read_and_write_at_once(own: Store) -> None:
    enrollments = district(USERS, SEED)["Enrollment"]

    def work(number: int) -> bool:
        own.put("Category", category(f"thread {number}"))
        walked = [row for offset in range(0, len(enrollments), 7) for row in own.select("Enrollment").page(offset, 7)]
        alive = own.select(
            "Enrollment", filter=parse_filter("status='active'", ELEMENTS["Enrollment"], SPECIFICATION)
        ).page(0, ALL)
        return walked == enrollments and alive == [row for row in enrollments if row["status"] == "active"]

    before = own.select("Category").total
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(24)))
    assert own.select("Category").total == before + 24
