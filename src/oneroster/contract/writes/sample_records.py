"""Valid records for a tenant to take: complete by the document, referring to what the tenant has."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import NotExercised
from oneroster.contract.http.exchange import encoded_path
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.observation.membership import is_live, references
from oneroster.contract.writes.owned_objects import OwnedObjects
from oneroster_v1p1.tables import ELEMENTS, Property

__all__ = ["BEST", "sample_record"]

TITLE: Final = "oneroster-check, will be removed"
BEST: Final = 10.0
"""The highest regular score of the line items made here."""
_VALUES: Final = {"resultValueMin": 0.0, "resultValueMax": BEST, "score": 7.5}
"""Numbers that fit together; any others of a record are 0."""
_CHOSEN: Final = {"status": "active", "scoreStatus": "fully graded"}


def sample_record(shop: OwnedObjects, element: str) -> Record:
    """A record of an element with all required properties and every text that is optional, under a new id.

    Raises ``NotExercised`` when the tenant has nothing to which it could refer.
    """
    moment = datetime.now(UTC)
    record: Record = {"sourcedId": shop.new_id(), "dateLastModified": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"}
    for name, known in ELEMENTS[element].properties.items():
        wanted = known.required or known.kind == "string"
        if name not in record and wanted and known.kind != "reference":
            record[name] = _plain(known, moment)
    if any(known.kind == "reference" for known in ELEMENTS[element].properties.values()):
        record |= _References(shop).of(element)
    return record


def _plain(known: Property, moment: datetime) -> Any:
    if known.kind == "date":
        return f"{moment:%Y-%m-%d}"
    if known.kind == "date-time":
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    if known.kind in ("number", "integer"):
        return _VALUES.get(known.name, 0.0)
    if known.kind == "enumeration":
        return _CHOSEN[known.name]
    return TITLE


class _References:
    """Chooses to what a record of our own refers: to objects of our own where it can be, otherwise to living ones."""

    def __init__(self, shop: OwnedObjects) -> None:
        self._shop = shop

    def of(self, element: str) -> Record:
        """The references of a line item or a result.

        Raises ``NotExercised`` when there is nothing to refer to.
        """
        enrollment = self._sitting()
        chosen: Record = {}
        for name, known in ELEMENTS[element].properties.items():
            if known.kind != "reference" or known.refers_to is None:
                continue
            sourced_id = self._target(known.refers_to, enrollment)
            if sourced_id is not None:
                chosen[name] = self._reference(known, sourced_id)
            elif known.required:
                raise NotExercised(f"the tenant has no {known.refers_to} to refer to")
        return chosen

    def _target(self, element: str, enrollment: Record) -> str | None:
        if element == "User":
            return _id_of(enrollment, "user")
        if element == "Class":
            return _id_of(enrollment, "class")
        if element == "AcademicSession":
            return self._period(enrollment)
        try:
            own = self._shop.helper(element, lambda: sample_record(self._shop, element))
        except NotExercised:
            own = None
        return own or next((found for row in self._living(element) if (found := identity(row))), None)

    def _sitting(self) -> Record:
        """The enrollment of a student in a class, both of which are there."""
        classes = {identity(row) for row in self._living("Class")}
        for row in self._living("Enrollment"):
            if row.get("role") == "student" and _id_of(row, "class") in classes and _id_of(row, "user"):
                return row
        raise NotExercised("the tenant has no student in a class to refer to")

    def _period(self, enrollment: Record) -> str | None:
        """A grading period, of a term of the class where there is one."""
        mine = next((row for row in self._living("Class") if identity(row) == _id_of(enrollment, "class")), {})
        terms = {identity(item) for item in references(mine.get("terms"))}
        periods = [row for row in self._living("AcademicSession") if row.get("type") == "gradingPeriod"]
        periods.sort(key=lambda row: _id_of(row, "parent") not in terms)
        return identity(periods[0]) if periods else None

    def _living(self, element: str) -> Iterator[Record]:
        tenant = self._shop.tenant
        rows: Iterable[Record] = tenant.walk(tenant.dialect.all_of(element)).rows
        return (row for row in rows if is_live(row))

    def _reference(self, known: Property, sourced_id: str) -> Record:
        read = self._shop.read_operation(known.refers_to or "")
        path = encoded_path(read.path, {path_parameters(read)[0]: sourced_id})
        href = self._shop.tenant.gateway.target.base_url + path
        return {"href": href, "sourcedId": sourced_id, "type": known.reference_types[0]}


def _id_of(row: Record, name: str) -> str | None:
    return next((found for item in references(row.get(name)) if (found := identity(item))), None)
