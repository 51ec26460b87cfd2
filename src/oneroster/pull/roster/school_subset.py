"""The records of some schools, with the records that they reference, so that every reference can be resolved.

A row belongs to a school as the document says of the nested collections: a class by its ``school``, a user by one of
its ``orgs``, or by the org of one of its ``roles``. A row without such a property belongs by what it references, as a
line item by its class. Everything that these rows reference is included: the course of a class, the parents of a
student, the district above. Collections that belong to no school, such as sessions and categories, are included in
full.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

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


class _Reference(NamedTuple):
    """A reference, or a list of them; or one in nested records, whose field is named."""

    known: Property
    column: str
    field: str = ""

    @property
    def to(self) -> str:
        return self.known.refers_to or ""

    @property
    def single(self) -> bool:
        return self.known.kind == "reference" and not self.field

    def ids(self, row: dict[str, Any]) -> list[str]:
        """Return the ids that a row refers to."""
        value = row.get(self.column)
        if value is None:
            return []
        if self.field:
            return [item[self.field] for item in value if item[self.field] is not None]
        return [value] if isinstance(value, str) else value


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
        wanted = self._own[known.to] or set()
        rows = self._rows(element, (KEY_COLUMN, known.column))
        return {row[KEY_COLUMN] for row in rows if wanted.intersection(known.ids(row))}

    def _selective_reference(self, element: str) -> _Reference | None:
        """The first reference of an element to an element whose rows belong to schools."""
        for known in _references(self._specification, element):
            if known.single and known.to != element and self._own.get(known.to):
                return known
        return None

    def _with_referenced(self, element: str) -> set[str] | None:
        """The rows that belong to the schools, and those that included rows reference."""
        own = self._own[element]
        if own is None:
            return None
        included = set(own)
        for other, names in self._included.items():
            for known in _references(self._specification, other):
                if known.to == element and other != element:
                    included |= set(self._referenced(other, known, names))
        return included | self._referenced_within(element, included)

    def _referenced_within(self, element: str, included: set[str]) -> set[str]:
        """What included rows reference in their own collection: all ancestors, but only direct agents."""
        found: set[str] = set()
        for known in _references(self._specification, element):
            if known.to != element or known.known.name == "children":
                continue
            more = set(self._referenced(element, known, included)) - included
            found |= more
            while known.single and (more := set(self._referenced(element, known, more)) - included - found):
                found |= more
        return found

    def _referenced(self, element: str, known: _Reference, names: set[str] | None) -> Iterator[str]:
        for row in self._rows(element, (KEY_COLUMN, known.column)):
            if names is None or row[KEY_COLUMN] in names:
                yield from known.ids(row)

    def _rows(self, element: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        present = [name for name in columns if name in self.schema(element).names]
        for batch in self._roster.read(element):
            yield from batch.select(present).to_pylist()


@cache
def _references(specification: Specification, element: str) -> tuple[_Reference, ...]:
    """Return the references of an element, and those in its nested records."""
    found = []
    for known in specification.elements[element].properties.values():
        if known.refers_to is not None:
            found.append(_Reference(known, reference_column(known)))
        nested = specification.elements[known.record].properties.values() if known.record is not None else ()
        found += [
            _Reference(inner, known.name, reference_column(inner))
            for inner in nested
            if inner.refers_to is not None and known.kind == "records"
        ]
    return tuple(found)


@cache
def _school_property(specification: Specification, element: str) -> _Reference | None:
    """The reference by which a row of an element belongs to a school, as the nested collections define it."""
    for operation in specification.operations.values():
        scope = operation.scope
        if operation.element != element or scope is None or scope.through is not None or len(scope.parents) != 1:
            continue
        head, _, inner = scope.parents[0].property.partition(".")
        for found in _references(specification, element):
            is_named = (found.column, found.known.name) == (head, inner) if inner else found.known.name == head
            if is_named and found.to == _SCHOOL:
                return found
    return None
