"""A pulled roster in figures: what it holds per school, role and grade, and what in it leads nowhere."""

# ruff: noqa: S608 - the names in its SQL are those of the contract, and values are bound.

from typing import Any, Final, NamedTuple

from oneroster.inspection.duckdb_workspace import DuckDbWorkspace, workbench
from oneroster.pull.roster.columns import columns_of
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.roster import Roster
from oneroster_runtime.specification import Specification

__all__ = ["Collection", "Figures", "Orphans", "SchoolStatistics", "figures"]

_COUNTED: Final = ("role", "grades", "name", "type")
_LIVES: Final = "coalesce(status, 'active') = 'active'"


class Collection(NamedTuple):
    """One collection: its wrapper name, active records, and deleted ones."""

    name: str
    active: int
    deleted: int


class SchoolStatistics(NamedTuple):
    """One school, and what is active in it."""

    sourced_id: str
    name: str | None
    students: int
    teachers: int
    classes: int
    enrollments: int


class Orphans(NamedTuple):
    """Active records of one collection that hang in the air.

    Attributes:
        collection: The wrapper name.
        what: What is wrong with them, as in ``classSourcedId leads nowhere``.
        number: How many.
        ids: The first of them.
    """

    collection: str
    what: str
    number: int
    ids: list[str]


class Figures(NamedTuple):
    """All figures; records count where they are active.

    Attributes:
        collections: In load order.
        roles: Users by role.
        enrollments: Enrollments by role.
        grades: Students by grade; those with several count in each.
        schools: By id; the places of users, classes and enrollments that are no school count too.
        orphans: What hangs in the air.
    """

    collections: list[Collection]
    roles: dict[str, int]
    enrollments: dict[str, int]
    grades: dict[str, int]
    schools: list[SchoolStatistics]
    orphans: list[Orphans]


def figures(roster: Roster, limit: int) -> Figures:
    """Count a roster.

    Args:
        roster: What to count.
        limit: Ids that are listed of each kind of orphans; 0 for all of them.

    Raises:
        PlaceError: It cannot be read.
    """
    with workbench() as bench:
        found = _Figures(bench, roster)
        return Figures(
            found.collections(),
            found.by("User", "role"),
            found.by("Enrollment", "role"),
            found.grades(),
            found.schools(),
            found.orphans(limit),
        )


class _Figures:
    """The tables of a roster with the columns that are counted, and what is asked of them."""

    def __init__(self, bench: DuckDbWorkspace, roster: Roster) -> None:
        self._bench = bench
        self._specification = roster.manifest.specification
        self._columns: dict[str, list[str]] = {}
        for element in roster.elements():
            present = set(roster.schema(element).names)
            wanted = ["sourcedId", "status", *_COUNTED, *_references(self._specification, element)]
            self._columns[element] = [name for name in wanted if name in present]
            bench.take("source", roster, element, roster.schema(element))
            bench.keep(element, self._columns[element], "source")
            if "status" not in present:
                bench.rows(f"ALTER TABLE {element} ADD COLUMN status VARCHAR")

    def _has(self, element: str, *names: str) -> bool:
        return set(names) <= set(self._columns.get(element, ()))

    def collections(self) -> list[Collection]:
        return [
            Collection(
                collection_name(self._specification, element),
                *self._bench.rows(f"SELECT {_counts()} FROM {element}")[0],
            )
            for element in self._columns
        ]

    def by(self, element: str, name: str) -> dict[str, int]:
        """Active rows by the values of a column."""
        if not self._has(element, name):
            return {}
        query = f"SELECT coalesce({name}, ''), count(*) FROM {element} WHERE {_LIVES} GROUP BY 1 ORDER BY 1"
        return dict(self._bench.rows(query))

    def grades(self) -> dict[str, int]:
        if not self._has("User", "grades", "role"):
            return {}
        students = f"SELECT unnest(grades) AS grade FROM User WHERE {_LIVES} AND role = 'student'"
        query = f"SELECT grade, count(*) FROM ({students}) WHERE grade IS NOT NULL GROUP BY 1 ORDER BY 1"
        return dict(self._bench.rows(query))

    def schools(self) -> list[SchoolStatistics]:
        """One row for each place of users, classes and enrollments."""
        counts = {
            "students": ("User", f"SELECT unnest(orgSourcedIds) FROM User WHERE {_LIVES} AND role = 'student'"),
            "teachers": ("User", f"SELECT unnest(orgSourcedIds) FROM User WHERE {_LIVES} AND role = 'teacher'"),
            "classes": ("Class", f"SELECT schoolSourcedId FROM Class WHERE {_LIVES}"),
            "enrollments": ("Enrollment", f"SELECT schoolSourcedId FROM Enrollment WHERE {_LIVES}"),
        }
        places: dict[str, dict[str, int]] = {}
        for name, (element, query) in counts.items():
            if self._has(element, "schoolSourcedId") or self._has(element, "orgSourcedIds", "role"):
                grouped = f"SELECT id, count(*) FROM ({query}) AS found(id) WHERE id IS NOT NULL GROUP BY 1"
                for sourced_id, number in self._bench.rows(grouped):
                    places.setdefault(sourced_id, {})[name] = number
        names: dict[str, str | None] = {}
        if self._has("Org", "name"):
            names = dict(self._bench.rows(f"SELECT sourcedId, name FROM Org WHERE {_LIVES}"))
        if self._has("Org", "type"):
            for (sourced_id,) in self._bench.rows(f"SELECT sourcedId FROM Org WHERE {_LIVES} AND type = 'school'"):
                places.setdefault(sourced_id, {})
        return [
            SchoolStatistics(sourced_id, names.get(sourced_id), *(places[sourced_id].get(name, 0) for name in counts))
            for sourced_id in sorted(places)
        ]

    def orphans(self, limit: int) -> list[Orphans]:
        found = []
        for element, columns in self._columns.items():
            for column, target in _references(self._specification, element).items():
                if column in columns and target in self._columns:
                    found += self._lost(element, column, target, limit)
        idle = {
            "Class": ("classSourcedId", "has no enrollment", "true"),
            "User": ("userSourcedId", "is a student without an enrollment", "role = 'student'"),
        }
        for element, (column, what, where) in idle.items():
            if self._has("Enrollment", column) and self._has(element, *(["role"] if "role" in where else [])):
                query = f"""SELECT sourcedId FROM {element} WHERE {_LIVES} AND {where} AND sourcedId NOT IN
                    (SELECT {column} FROM Enrollment WHERE {_LIVES} AND {column} IS NOT NULL)"""
                found += self._told(element, what, query, limit)
        return found

    def _lost(self, element: str, column: str, target: str, limit: int) -> list[Orphans]:
        """References of a column that lead nowhere, or to a deleted record."""
        reference = f"unnest({column})" if column.endswith("Ids") else column
        rows = f"SELECT sourcedId, {reference} AS target FROM {element} WHERE {_LIVES}"
        joined = f"FROM ({rows}) AS rows LEFT JOIN {target} AS found ON rows.target = found.sourcedId"
        nowhere = f"SELECT DISTINCT rows.sourcedId {joined} WHERE rows.target IS NOT NULL AND found.sourcedId IS NULL"
        deleted = f"SELECT DISTINCT rows.sourcedId {joined} WHERE NOT coalesce(found.status, 'active') = 'active'"
        return [
            *self._told(element, f"{column} leads nowhere", nowhere, limit),
            *self._told(element, f"{column} leads to a deleted record", deleted, limit),
        ]

    def _told(self, element: str, what: str, query: str, limit: int) -> list[Orphans]:
        number = self._bench.rows(f"SELECT count(*) FROM ({query})")[0][0]
        if not number:
            return []
        bound = f" LIMIT {limit}" if limit else ""
        ids: list[Any] = [row[0] for row in self._bench.rows(f"SELECT * FROM ({query}) ORDER BY 1{bound}")]
        return [Orphans(collection_name(self._specification, element), what, number, ids)]


def _counts() -> str:
    return f"count(*) FILTER ({_LIVES}), count(*) FILTER (NOT {_LIVES})"


def _references(specification: Specification, element: str) -> dict[str, str]:
    """The columns of an element that lead elsewhere, with where to. Children say nothing that parents do not."""
    return {
        column.name: column.property.refers_to
        for column in columns_of(specification, element)
        if column.property is not None and column.property.refers_to is not None and column.property.name != "children"
    } | ({"sourcedId": "User"} if element == "Demographics" else {})
