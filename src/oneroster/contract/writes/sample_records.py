"""Valid records to put into a tenant: all required properties, and references to records that the tenant has."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import NotEnoughData, NotJudged
from oneroster.contract.http.exchange import encoded_path
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.observation.membership import is_live
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.oracle.reference_forms import references_in
from oneroster.contract.writes.owned_objects import OwnedObjects
from oneroster_runtime.specification import Property

__all__ = ["MAX_SCORE", "other_references", "sample_record", "written_at"]

TITLE: Final = "oneroster-check, will be removed"
MAX_SCORE: Final = 10.0
"""The highest regular score of the kit's line items."""
_NUMBERS: Final = {
    "resultValueMin": 0.0,
    "resultValueMax": MAX_SCORE,
    "score": 7.5,
    "scorePercentile": 50.0,
    "weight": 25.0,
}
"""Numbers that are consistent with each other; all others are 0."""
_ENUMERATED: Final = {"status": "active", "scoreStatus": "fully graded", "source": "unknown"}
_TRUE: Final = "late"
"""The flag of a result that is true; the others are false."""
_SENT: Final = frozenset({"string", "number", "boolean", "records"})
"""The kinds of optional properties that are sent. What they refer to is chosen among the records of the tenant."""


def sample_record(objects: OwnedObjects, element: str) -> Record:
    """Return a record with a new id, all required properties, and optional texts, numbers, flags and nested records.

    Args:
        objects: The kit's objects, for references between them.
        element: The name of the element.

    Raises:
        NotJudged: The tenant has no records that it could refer to.
    """
    now = datetime.now(UTC)
    properties = objects.tenant.specification.elements[element].properties
    record: Record = {"sourcedId": objects.new_id(), "dateLastModified": written_at(now)}
    for name, known in properties.items():
        included = known.required or known.kind in _SENT
        if name not in record and included and known.kind != "reference":
            record[name] = _value(objects.tenant, known, now)
    if any(known.kind == "reference" for known in properties.values()):
        record |= _References(objects).of(element)
    return record


def other_references(objects: OwnedObjects, element: str, record: Record) -> Record:
    """Return references of a record to others than it has: another student of the class, another category.

    Args:
        objects: The kit's objects.
        element: The name of the element.
        record: A record of `sample_record`.
    """
    return _References(objects).others(element, record)


def written_at(now: datetime) -> str:
    """Return a point in time as a dateLastModified."""
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"


def _value(tenant: ObservedTenant, known: Property, now: datetime) -> Any:
    if known.record is not None:
        inner = tenant.specification.elements[known.record].properties
        nested = {name: _value(tenant, each, now) for name, each in inner.items() if each.required or name in _NUMBERS}
        if known.kind != "records":
            return nested
        # A second one, where the standard wants one at least: some servers store only the first.
        return [nested, *([_another(nested)] if known.required else [])]
    if known.kind == "strings":
        return [TITLE]
    if known.kind == "date":
        return f"{now:%Y-%m-%d}"
    if known.kind == "date-time":
        return f"{now:%Y-%m-%dT%H:%M:%SZ}"
    if known.kind in ("number", "integer"):
        return _NUMBERS.get(known.name, 0.0)
    if known.kind == "boolean":
        is_true = known.name == _TRUE
        return is_true if tenant.specification.booleans == "json" else str(is_true).lower()
    if known.kind == "enumeration":
        return _ENUMERATED.get(known.name) or tenant.specification.enumerations[known.enumeration or ""][0]
    return TITLE if known.name == "title" else f"{TITLE} ({known.name})"


def _another(nested: Record) -> Record:
    """Return a nested record with other texts."""
    return {name: f"{value}, another" if isinstance(value, str) else value for name, value in nested.items()}


class _References:
    """Chooses what a record refers to: the kit's own objects if possible, otherwise live records of the tenant."""

    def __init__(self, objects: OwnedObjects) -> None:
        self._objects = objects
        self._tenant = objects.tenant

    def of(self, element: str) -> Record:
        """Return the references of a record.

        Raises:
            NotJudged: The tenant has no records to refer to.
        """
        enrollment = self._student_enrollment()
        chosen: Record = {}
        for name, known in self._tenant.specification.elements[element].properties.items():
            if known.kind != "reference" or known.refers_to is None:
                continue
            if known.refers_to == element and not known.required:  # a part of another record of its own kind
                continue
            sourced_id = self._target(known.refers_to, enrollment)
            if sourced_id is not None:
                chosen[name] = self._reference(known, sourced_id)
            elif known.required:
                raise NotEnoughData(0, 1, f"{known.refers_to} to refer to")
        return chosen

    def others(self, element: str, record: Record) -> Record:
        """Return the references of a record that have another target that certainly fits."""
        chosen: Record = {}
        for name, known in self._tenant.specification.elements[element].properties.items():
            if name not in record or known.kind != "reference" or known.refers_to not in ("User", "Category"):
                continue
            present = _referenced_id(record, name)
            other = next((each for each in self._fitting(known.refers_to) if each != present), None)
            if other is not None:
                chosen[name] = self._reference(known, other)
        return chosen

    def _fitting(self, element: str) -> Iterator[str]:
        """Yield the ids of the students of the class that is referred to, or of the categories."""
        if element == "Category":
            yield from filter(None, map(identity, self._live_rows("Category")))
            return
        class_id = _referenced_id(self._student_enrollment(), "class")
        users = {identity(row) for row in self._live_rows("User")}
        for row in self._live_rows("Enrollment"):
            student = _referenced_id(row, "user") if row.get("role") == "student" else None
            if student in users and student is not None and _referenced_id(row, "class") == class_id:
                yield student

    def _target(self, element: str, enrollment: Record) -> str | None:
        if element == "User":
            return _referenced_id(enrollment, "user")
        if element == "Class":
            return _referenced_id(enrollment, "class")
        if element == "Org":
            return _referenced_id(enrollment, "school")
        if element == "Course":
            return _referenced_id(self._class_of(enrollment), "course")
        if element == "AcademicSession":
            return self._grading_period(enrollment)
        try:
            own = self._objects.helper(element, lambda: sample_record(self._objects, element))
        except NotJudged:
            own = None
        return own or next((found for row in self._live_rows(element) if (found := identity(row))), None)

    def _student_enrollment(self) -> Record:
        """Return the enrollment of a student in a class that exists."""
        classes = {identity(row) for row in self._live_rows("Class")}
        for row in self._live_rows("Enrollment"):
            enrolled = _referenced_id(row, "class") in classes and _referenced_id(row, "user")
            if row.get("role") == "student" and enrolled:
                return row
        raise NotEnoughData(0, 1, "student in a class to refer to")

    def _grading_period(self, enrollment: Record) -> str | None:
        """Return a grading period, of a term of the class if there is one."""
        terms = {identity(item) for item in references_in(self._class_of(enrollment).get("terms"))}
        periods = [row for row in self._live_rows("AcademicSession") if row.get("type") == "gradingPeriod"]
        periods.sort(key=lambda row: _referenced_id(row, "parent") not in terms)
        return identity(periods[0]) if periods else None

    def _class_of(self, enrollment: Record) -> Record:
        class_id = _referenced_id(enrollment, "class")
        return next((row for row in self._live_rows("Class") if identity(row) == class_id), {})

    def _live_rows(self, element: str) -> Iterator[Record]:
        rows: Iterable[Record] = self._tenant.walk(self._tenant.dialect.collection_of(element)).rows
        return (row for row in rows if is_live(row))

    def _reference(self, known: Property, sourced_id: str) -> Record:
        read = self._objects.read_operation(known.refers_to or "")
        path = encoded_path(read.path, {path_parameters(read)[0]: sourced_id})
        href = self._tenant.gateway.target.url_of(path)
        return {"href": href, "sourcedId": sourced_id, "type": known.reference_types[0]}


def _referenced_id(row: Record, name: str) -> str | None:
    return next((found for item in references_in(row.get(name)) if (found := identity(item))), None)
