"""The records of some schools, with the records that they reference, so that every reference can be resolved.

A row belongs to a school as the document says of the nested collections: a class by its ``school``, a user by one of
its ``orgs``. A row without such a property belongs by what it references, as a line item by its class. Everything that
these rows reference is included: the course of a class, the parents of a student, the district above. Collections that
belong to no school, such as sessions and categories, are included in full.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

import pyarrow as pa

from oneroster.errors import ConfigurationError
from oneroster.pull.roster.columns import KEY_COLUMN, reference_column
from oneroster.pull.roster.roster_protocol import Roster
from oneroster.pull.roster.views import RosterView
from oneroster_runtime.specification import Property, Specification

__all__ = ["SchoolSubset"]

_SCHOOL: Final = "Org"
# The sourcedId of demographics is that of the user (5.9 [A]); the document has no reference for it.
_SAME_ID: Final = {"Demographics": "User"}


class SchoolSubset(RosterView):
    """The records of some schools, with the records that they reference.

    Args:
        roster: The complete roster.
        schools: The sourcedIds of the schools.

    Raises:
        ConfigurationError: The roster has no such school, or lacks the collection ``orgs``.
    """

    def __init__(self, roster: Roster, schools: Sequence[str]) -> None:
        super().__init__(roster, self._included_rows)
        self._specification = roster.manifest.specification
        self._own: dict[str, set[str] | None] = {}
        self._included: dict[str, set[str] | None] = {}
        if _SCHOOL not in roster.elements():
            raise ConfigurationError("--school needs the collection orgs; select it as well.")
        for element in roster.elements():
            self._own[element] = self._schools_and_below(schools) if element == _SCHOOL else self._own_rows(element)
        for element in reversed(roster.elements()):
            self._included[element] = self._with_referenced(element)

    def _included_rows(self, element: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        included = self._included[element]
        if included is None:
            return batch
        return batch.filter(pa.array([name in included for name in batch.column(KEY_COLUMN).to_pylist()], pa.bool_()))

    def _schools_and_below(self, schools: Sequence[str]) -> set[str]:
        columns = (KEY_COLUMN, "parentSourcedId")
        parents = {row[KEY_COLUMN]: row.get("parentSourcedId") for row in self._rows(_SCHOOL, columns)}
        missing = [name for name in schools if name not in parents]
        if missing:
            raise ConfigurationError(f"The tenant has no school {', '.join(map(repr, missing))}; check --school.")
        found = set(schools)
        while more := {name for name, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    def _own_rows(self, element: str) -> set[str] | None:
        """The rows that belong to the schools; None when the rows of this element belong to no school."""
        if (user := self._own.get(_SAME_ID.get(element, ""))) is not None:
            return user
        known = _school_property(self._specification, element) or self._selective_reference(element)
        if known is None:
            return None
        column, wanted = reference_column(known), self._own[known.refers_to or ""] or set()
        rows = self._rows(element, (KEY_COLUMN, column))
        return {row[KEY_COLUMN] for row in rows if wanted.intersection(_as_list(row.get(column)))}

    def _selective_reference(self, element: str) -> Property | None:
        """The first reference of an element to an element whose rows belong to schools."""
        for known in self._properties(element):
            if known.kind == "reference" and known.refers_to != element and self._own.get(known.refers_to or ""):
                return known
        return None

    def _with_referenced(self, element: str) -> set[str] | None:
        """The rows that belong to the schools, and those that included rows reference."""
        own = self._own[element]
        if own is None:
            return None
        included = set(own)
        for other, names in self._included.items():
            for known in self._properties(other):
                if known.refers_to == element and other != element:
                    included |= set(self._referenced(other, known, names))
        return included | self._referenced_within(element, included)

    def _referenced_within(self, element: str, included: set[str]) -> set[str]:
        """What included rows reference in their own collection: all ancestors, but only direct agents."""
        found: set[str] = set()
        for known in self._properties(element):
            if known.refers_to != element or known.name == "children":
                continue
            more = set(self._referenced(element, known, included)) - included
            found |= more
            while known.kind == "reference" and (
                more := set(self._referenced(element, known, more)) - included - found
            ):
                found |= more
        return found

    def _referenced(self, element: str, known: Property, names: set[str] | None) -> Iterator[str]:
        column = reference_column(known)
        for row in self._rows(element, (KEY_COLUMN, column)):
            if names is None or row[KEY_COLUMN] in names:
                yield from _as_list(row.get(column))

    def _rows(self, element: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        present = [name for name in columns if name in self.schema(element).names]
        for batch in self._roster.read(element):
            yield from batch.select(present).to_pylist()

    def _properties(self, element: str) -> list[Property]:
        return list(self._specification.elements[element].properties.values())


@cache
def _school_property(specification: Specification, element: str) -> Property | None:
    """The property by which a row of an element belongs to a school, as the nested collections define it."""
    for operation in specification.operations.values():
        scope = operation.scope
        if operation.element == element and scope is not None and scope.through is None and len(scope.parents) == 1:
            found = specification.elements[element].properties.get(scope.parents[0].property)
            if found is not None and found.refers_to == _SCHOOL:
                return found
    return None


def _as_list(value: str | list[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value
