"""Compute statistics of a pulled roster: records by school, role and grade, and orphaned records."""

# ruff: noqa: S608 - SQL is built from names of the standard only; values are bound.

from typing import Any, Final, NamedTuple

from oneroster.inspection.duckdb_workspace import DuckDbWorkspace, open_workspace
from oneroster.pull.roster.columns import columns_of
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.roster_protocol import Roster
from oneroster_runtime.specification import Specification

__all__ = ["CollectionCounts", "OrphanedRecords", "RosterStatistics", "SchoolStatistics", "compute_statistics"]

_ATTRIBUTES: Final = ("role", "grades", "name", "type")
_ROLES: Final = "UserRole"
"""The table of the roles of users, one row for each org."""
_ROLE_RECORDS: Final = "roles"
"""The column with a role for each org, in versions where a user may have several."""
_IS_STUDENT: Final = f"sourcedId IN (SELECT sourcedId FROM {_ROLES} WHERE role = 'student')"
_IS_ACTIVE: Final = "lower(coalesce(status, 'active')) = 'active'"


class CollectionCounts(NamedTuple):
    """The wrapper name of a collection, and its numbers of active and deleted records."""

    name: str
    active: int
    deleted: int


class SchoolStatistics(NamedTuple):
    """One school, and its numbers of active records."""

    sourced_id: str
    name: str | None
    students: int
    teachers: int
    classes: int
    enrollments: int


class OrphanedRecords(NamedTuple):
    """Active records of one collection that lack a related record.

    Attributes:
        collection: The wrapper name.
        what: The problem, as in ``classSourcedId refers to a missing record``.
        number: The number of records.
        ids: The sourcedIds of the first ones.
    """

    collection: str
    what: str
    number: int
    ids: list[str]


class RosterStatistics(NamedTuple):
    """The statistics of a roster. Unless noted, only active records are counted.

    Attributes:
        collections: Active and deleted records of each collection, in load order.
        roles: Users by role; with several roles, a user is counted in each.
        enrollments: Enrollments by role.
        grades: Students by grade. Students with several grades are counted in each.
        schools: Records by school, in order of id. Other orgs with users, classes or enrollments are included.
        orphans: Records that lack a related record.
    """

    collections: list[CollectionCounts]
    roles: dict[str, int]
    enrollments: dict[str, int]
    grades: dict[str, int]
    schools: list[SchoolStatistics]
    orphans: list[OrphanedRecords]


def compute_statistics(roster: Roster, limit: int) -> RosterStatistics:
    """Compute the statistics of a roster.

    Args:
        roster: The roster.
        limit: Maximum ids to list for each kind of orphaned records; 0 for all.

    Raises:
        DestinationError: The roster cannot be read.
    """
    with open_workspace() as workspace:
        tables = _RosterTables(workspace, roster)
        return RosterStatistics(
            tables.collections(),
            tables.roles(),
            tables.count_by("Enrollment", "role"),
            tables.grades(),
            tables.schools(),
            tables.orphans(limit),
        )


class _RosterTables:
    """The tables of a roster in a workspace, and the queries on them."""

    def __init__(self, workspace: DuckDbWorkspace, roster: Roster) -> None:
        self._workspace = workspace
        self._specification = roster.manifest.specification
        self._columns: dict[str, list[str]] = {}
        for element in roster.elements():
            present = set(roster.schema(element).names)
            wanted = ["sourcedId", "status", *_ATTRIBUTES, *_references(self._specification, element)]
            wanted += [_ROLE_RECORDS] if element == "User" else []
            self._columns[element] = [name for name in wanted if name in present]
            workspace.register("source", roster, element, roster.schema(element))
            workspace.create_table(element, self._columns[element], "source")
            if "status" not in present:
                workspace.query(f"ALTER TABLE {element} ADD COLUMN status VARCHAR")
        self._role_columns = self._create_roles()

    def _create_roles(self) -> frozenset[str]:
        """Create the table of roles, and return the columns of it that the roster has: ``role``, ``org``."""
        if self._has("User", _ROLE_RECORDS):
            each, role, org = _ROLE_RECORDS, "item.role", "item.orgSourcedId"
            known = frozenset({"role", "org"})
        else:
            each = "orgSourcedIds" if self._has("User", "orgSourcedIds") else "[NULL]::VARCHAR[]"
            role, org = ("role" if self._has("User", "role") else "NULL::VARCHAR"), "item"
            columns = (("role", "role"), ("orgSourcedIds", "org"))
            known = frozenset(name for column, name in columns if self._has("User", column))
        if "User" in self._columns:
            # A user without an org, or without a role, has one row all the same.
            items = f"unnest(CASE WHEN len({each}) > 0 THEN {each} ELSE [NULL] END) AS item"
            self._workspace.query(
                f"CREATE TABLE {_ROLES} AS SELECT sourcedId, status, {role} AS role, {org} AS org"
                f" FROM (SELECT *, {items} FROM User)"
            )
        return known

    def roles(self) -> dict[str, int]:
        """Return the number of active users by role."""
        if "role" not in self._role_columns:
            return {}
        counted = f"SELECT coalesce(role, ''), count(DISTINCT sourcedId) FROM {_ROLES} WHERE {_IS_ACTIVE}"
        return dict(self._workspace.query(f"{counted} GROUP BY 1 ORDER BY 1"))

    def _has(self, element: str, *names: str) -> bool:
        return set(names) <= set(self._columns.get(element, ()))

    def collections(self) -> list[CollectionCounts]:
        return [
            CollectionCounts(
                collection_name(self._specification, element),
                *self._workspace.query(f"SELECT {_counts()} FROM {element}")[0],
            )
            for element in self._columns
        ]

    def count_by(self, element: str, name: str) -> dict[str, int]:
        """Return the number of active rows by value of a column."""
        if not self._has(element, name):
            return {}
        query = f"SELECT coalesce({name}, ''), count(*) FROM {element} WHERE {_IS_ACTIVE} GROUP BY 1 ORDER BY 1"
        return dict(self._workspace.query(query))

    def grades(self) -> dict[str, int]:
        if not self._has("User", "grades") or "role" not in self._role_columns:
            return {}
        students = f"SELECT unnest(grades) AS grade FROM User WHERE {_IS_ACTIVE} AND {_IS_STUDENT}"
        query = f"SELECT grade, count(*) FROM ({students}) WHERE grade IS NOT NULL GROUP BY 1 ORDER BY 1"
        return dict(self._workspace.query(query))

    def schools(self) -> list[SchoolStatistics]:
        """Return one row for each school and each other org with users, classes or enrollments."""
        counts = {
            "students": ("User", _orgs_of("student")),
            "teachers": ("User", _orgs_of("teacher")),
            "classes": ("Class", f"SELECT schoolSourcedId FROM Class WHERE {_IS_ACTIVE}"),
            "enrollments": ("Enrollment", f"SELECT schoolSourcedId FROM Enrollment WHERE {_IS_ACTIVE}"),
        }
        orgs: dict[str, dict[str, int]] = {}
        for name, (element, query) in counts.items():
            if self._has(element, "schoolSourcedId") or (element == "User" and self._role_columns >= {"role", "org"}):
                grouped = f"SELECT id, count(*) FROM ({query}) AS found(id) WHERE id IS NOT NULL GROUP BY 1"
                for sourced_id, number in self._workspace.query(grouped):
                    orgs.setdefault(sourced_id, {})[name] = number
        names: dict[str, str | None] = {}
        if self._has("Org", "name"):
            names = dict(self._workspace.query(f"SELECT sourcedId, name FROM Org WHERE {_IS_ACTIVE}"))
        if self._has("Org", "type"):
            for (sourced_id,) in self._workspace.query(
                f"SELECT sourcedId FROM Org WHERE {_IS_ACTIVE} AND type = 'school'"
            ):
                orgs.setdefault(sourced_id, {})
        return [
            SchoolStatistics(sourced_id, names.get(sourced_id), *(orgs[sourced_id].get(name, 0) for name in counts))
            for sourced_id in sorted(orgs)
        ]

    def orphans(self, limit: int) -> list[OrphanedRecords]:
        found = []
        for element, columns in self._columns.items():
            for column, target in _references(self._specification, element).items():
                if column in columns and target in self._columns:
                    found += self._broken_references(element, column, target, limit)
        unenrolled = {
            "Class": ("classSourcedId", "has no enrollment", "true"),
            "User": ("userSourcedId", "is a student without an enrollment", _IS_STUDENT),
        }
        for element, (column, what, where) in unenrolled.items():
            if (
                self._has("Enrollment", column)
                and self._has(element)
                and (element != "User" or "role" in self._role_columns)
            ):
                query = f"""SELECT sourcedId FROM {element} WHERE {_IS_ACTIVE} AND {where} AND sourcedId NOT IN
                    (SELECT {column} FROM Enrollment WHERE {_IS_ACTIVE} AND {column} IS NOT NULL)"""
                found += self._list_orphans(element, what, query, limit)
        return found

    def _broken_references(self, element: str, column: str, target: str, limit: int) -> list[OrphanedRecords]:
        """Return the records whose reference in a column leads to a missing or a deleted record."""
        reference = f"unnest({column})" if column.endswith("Ids") else column
        rows = f"SELECT sourcedId, {reference} AS target FROM {element} WHERE {_IS_ACTIVE}"
        joined = f"FROM ({rows}) AS rows LEFT JOIN {target} AS found ON rows.target = found.sourcedId"
        missing = f"SELECT DISTINCT rows.sourcedId {joined} WHERE rows.target IS NOT NULL AND found.sourcedId IS NULL"
        deleted = (
            f"SELECT DISTINCT rows.sourcedId {joined} WHERE NOT lower(coalesce(found.status, 'active')) = 'active'"
        )
        return [
            *self._list_orphans(element, f"{column} refers to a missing record", missing, limit),
            *self._list_orphans(element, f"{column} refers to a deleted record", deleted, limit),
        ]

    def _list_orphans(self, element: str, what: str, query: str, limit: int) -> list[OrphanedRecords]:
        number = self._workspace.query(f"SELECT count(*) FROM ({query})")[0][0]
        if not number:
            return []
        limit_clause = f" LIMIT {limit}" if limit else ""
        ids: list[Any] = [row[0] for row in self._workspace.query(f"SELECT * FROM ({query}) ORDER BY 1{limit_clause}")]
        return [OrphanedRecords(collection_name(self._specification, element), what, number, ids)]


def _orgs_of(role: str) -> str:
    """Return SQL for the orgs of the active users with a role, each user once for an org."""
    users = f"SELECT DISTINCT sourcedId, org FROM {_ROLES} WHERE {_IS_ACTIVE} AND role = '{role}'"
    return f"SELECT org FROM ({users})"


def _counts() -> str:
    return f"count(*) FILTER ({_IS_ACTIVE}), count(*) FILTER (NOT {_IS_ACTIVE})"


def _references(specification: Specification, element: str) -> dict[str, str]:
    """Return the reference columns of an element, each with its target. ``children`` only repeats ``parent``."""
    return {
        column.name: column.property.refers_to
        for column in columns_of(specification, element)
        if column.property is not None and column.property.refers_to is not None and column.property.name != "children"
    } | ({"sourcedId": "User"} if element == "Demographics" else {})
