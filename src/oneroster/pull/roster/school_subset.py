"""The part of a roster that belongs to some schools, so that every reference in it still leads somewhere.

How a row belongs to a school is what the document says of the nested collections: a class by its ``school``, a user by
one of its ``orgs``. What has no such property belongs by what it refers to, as a line item by its class. Then all that
is referred to comes along: the course of a class, the parents of a student, the district above. What belongs to no
school, such as sessions and categories, stays whole.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

import pyarrow as pa

from oneroster.errors import ConfigurationError
from oneroster.pull.roster.columns import KEY, reference_column
from oneroster.pull.roster.roster import Roster
from oneroster_v1p1.tables import ELEMENTS, OPERATIONS, Property

__all__ = ["SchoolSubset"]

_SCHOOL: Final = "Org"
# Of its sourcedId the document says that it is that of the user (5.9 [A]); no property refers to it.
_SAME_ID: Final = {"Demographics": "User"}


class SchoolSubset:
    """The part of a roster that belongs to some schools.

    Args:
        roster: All of it.
        schools: The sourcedIds of the schools.

    Raises:
        ConfigurationError: The roster has no such school, or not the collections that tell what belongs to it.
    """

    def __init__(self, roster: Roster, schools: Sequence[str]) -> None:
        self._roster = roster
        self.manifest = roster.manifest
        self._own: dict[str, set[str] | None] = {}
        self._kept: dict[str, set[str] | None] = {}
        if _SCHOOL not in roster.elements():
            raise ConfigurationError("Schools are told from the collection orgs; fetch it, too.")
        for element in roster.elements():
            self._own[element] = self._below(schools) if element == _SCHOOL else self._belonging(element)
        for element in reversed(roster.elements()):
            self._kept[element] = self._with_referred(element)

    def elements(self) -> tuple[str, ...]:
        """See `Roster.elements`."""
        return self._roster.elements()

    def schema(self, element: str) -> pa.Schema:
        """See `Roster.schema`."""
        return self._roster.schema(element)

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `Roster.read`."""
        return pa.RecordBatchReader.from_batches(self.schema(element), self._batches(element))

    def _batches(self, element: str) -> Iterator[pa.RecordBatch]:
        kept = self._kept[element]
        for batch in self._roster.read(element):
            if kept is None:
                yield batch
            else:
                yield batch.filter(pa.array([name in kept for name in batch.column(KEY).to_pylist()], pa.bool_()))

    def _below(self, schools: Sequence[str]) -> set[str]:
        """The schools and what is below them."""
        above = {row[KEY]: row.get("parentSourcedId") for row in self._rows(_SCHOOL, (KEY, "parentSourcedId"))}
        missing = [name for name in schools if name not in above]
        if missing:
            raise ConfigurationError(f"The tenant has no school {', '.join(map(repr, missing))}.")
        below = set(schools)
        while more := {name for name, parent in above.items() if parent in below} - below:
            below |= more
        return below

    def _belonging(self, element: str) -> set[str] | None:
        """The rows that belong to the schools by themselves; None when rows of this element belong to none."""
        if (user := self._own.get(_SAME_ID.get(element, ""))) is not None:
            return user
        known = _school_property(element) or self._narrowed_reference(element)
        if known is None:
            return None
        column, wanted = reference_column(known), self._own[known.refers_to or ""] or set()
        return {row[KEY] for row in self._rows(element, (KEY, column)) if wanted.intersection(_listed(row.get(column)))}

    def _narrowed_reference(self, element: str) -> Property | None:
        for known in ELEMENTS[element].properties.values():
            if known.kind == "reference" and known.refers_to != element and self._own.get(known.refers_to or ""):
                return known
        return None

    def _with_referred(self, element: str) -> set[str] | None:
        """The rows that belong to the schools, and those that kept rows refer to."""
        own = self._own[element]
        if own is None:
            return None
        kept = set(own)
        for other, names in self._kept.items():
            for known in ELEMENTS[other].properties.values():
                if known.refers_to == element and other != element:
                    kept |= set(self._referred(other, known, names))
        return kept | self._referred_inside(element, kept)

    def _referred_inside(self, element: str, kept: set[str]) -> set[str]:
        """What kept rows refer to in their own collection: upwards all the way, to agents once."""
        found: set[str] = set()
        for known in ELEMENTS[element].properties.values():
            if known.refers_to != element or known.name == "children":
                continue
            more = set(self._referred(element, known, kept)) - kept
            found |= more
            while known.kind == "reference" and (more := set(self._referred(element, known, more)) - kept - found):
                found |= more
        return found

    def _referred(self, element: str, known: Property, names: set[str] | None) -> Iterator[str]:
        column = reference_column(known)
        for row in self._rows(element, (KEY, column)):
            if names is None or row[KEY] in names:
                yield from _listed(row.get(column))

    def _rows(self, element: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        there = [name for name in columns if name in self.schema(element).names]
        for batch in self._roster.read(element):
            yield from batch.select(there).to_pylist()


@cache
def _school_property(element: str) -> Property | None:
    """The property by which a row of an element belongs to a school, as the nested collections have it."""
    for operation in OPERATIONS.values():
        scope = operation.scope
        if operation.element == element and scope is not None and scope.through is None and len(scope.parents) == 1:
            found = ELEMENTS[element].properties.get(scope.parents[0].property)
            if found is not None and found.refers_to == _SCHOOL:
                return found
    return None


def _listed(value: str | list[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value
