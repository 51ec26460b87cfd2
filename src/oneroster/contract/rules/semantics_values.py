"""Semantic rules on values that belong together: school years, primary teachers, subjects, kinds of references."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from oneroster.contract.errors import NotEnoughData, NotJudged
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding
from oneroster.contract.observation.membership import is_live, says, values_at
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.record_versions import RecordVersion, is_whole, record_versions
from oneroster.contract.observation.walk import ObservedWalk
from oneroster.contract.oracle.reference_forms import references_at
from oneroster.contract.result import Finding
from oneroster.contract.rule import OperationSelector, rule
from oneroster.contract.rules.semantics_references import base_collections, readings_of
from oneroster_runtime.specification import Operation

YEAR: Final = re.compile(r"[0-9]{4}")
ONE_DAY: Final = timedelta(days=1)
BIRTH_AFTER_CHANGE: Final = "birthDate is after dateLastModified"
OUTSIDE_PARENT: Final = "the dates exceed those of the parent"
TRUE: Final = frozenset({"true", True})
TEACHER: Final = ("teacher",)
SCHOOL_YEAR: Final = ("schoolYear",)
EXPECTED_KINDS: Final[dict[tuple[str, str], tuple[str, frozenset[str]]]] = {
    ("Course", "schoolYear"): ("type", frozenset({"schoolYear"})),
    ("LineItem", "gradingPeriod"): ("type", frozenset({"gradingPeriod"})),
    ("Result", "student"): ("role", frozenset({"student"})),
    # No source counts school years as terms, and classes of a whole year often refer to one.
    ("Class", "terms"): ("type", frozenset({"term", "semester", "schoolYear"})),
}
"""By element and reference: the property of the referenced record that says its kind, and the fitting kinds."""


def base_collection_of(*elements: str) -> OperationSelector:
    """Return a selector of the collections of all records of some elements."""
    return lambda tenant: (each for each in base_collections(tenant) if each.element in elements)


def day_of(value: Any) -> date | None:
    """Return a value as a day; None if it is not one."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


@rule(
    "OR-SEM-18",
    family="semantics",
    title="The schoolYear of a session is the year in which its school year ends",
    clause="1 year, AcademicSession.schoolYear [A]",
    example="the session of type schoolYear from August 2025 to June 2026 has the schoolYear 2025, or a term in it has",
    fix="write the year of the last day, as a string of four digits",
    stands_on=("property AcademicSession.schoolYear",),
    over=readings_of("AcademicSession"),
)
def school_year_ends(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    versions = record_versions(tenant, operation)
    sessions = _sessions(tenant)
    malformed, other, child, far = (_Tally(versions) for _ in range(4))
    judged = 0
    for each in versions:
        year = each.row.get("schoolYear")
        if isinstance(year, str) and not YEAR.fullmatch(year):
            malformed.add(each)
            continue
        if not isinstance(year, str) or not is_live(each.row):
            continue
        of_a_year = says(each.row.get("type"), SCHOOL_YEAR) and day_of(each.row.get("endDate")) is not None
        judged += of_a_year
        if of_a_year and not _ends_in_its_year(each.row):
            other.add(each)
        elif _other_school_year(each.row, sessions):
            child.add(each)
        elif not _may_be_in_its_year(each.row):
            far.add(each)
    if not judged and not malformed.count and is_whole(tenant, operation):
        raise NotEnoughData(0, 1, "session of the type schoolYear with a schoolYear")
    yield from malformed.finding("schoolYear is not a year of four digits", "session", "schoolYear")
    yield from other.finding("schoolYear is not the year of endDate", "session", "schoolYear")
    yield from child.finding("schoolYear differs from that of the school year above it", "session", "schoolYear")
    # That a session lies within its school year is probable only.
    text = "schoolYear ends before the session, or more than a year after it"
    yield from far.finding(text, "session", "schoolYear", Level.SHOULD)


def _sessions(tenant: ObservedTenant) -> dict[str, Record]:
    try:
        return tenant.known_rows(tenant.dialect.collection_of("AcademicSession"))
    except NotJudged:
        return {}


class _Tally:
    """The versions of records with one cause, among all that an operation shows."""

    def __init__(self, versions: list[RecordVersion]) -> None:
        self._all = len(versions)
        self._cause: CauseCount | None = None

    @property
    def count(self) -> int:
        return self._cause.count if self._cause is not None else 0

    def add(self, version: RecordVersion) -> None:
        self._cause = self._cause or CauseCount(version.response)
        self._cause.add(identity(version.row))

    def finding(self, what: str, noun: str, pointer: str, level: Level | None = None) -> Iterator[Finding]:
        """Yield a finding if there is a record with the cause."""
        if self._cause is not None:
            message = f"{what} in {self.count} of {count_of(self._all, noun)}"
            yield counted_finding(message, self._cause, pointer, self._all, level)


def _ends_in_its_year(row: Record) -> bool:
    """Return whether the schoolYear of a session is the year of its endDate; true if it has none."""
    end, year = day_of(row.get("endDate")), row.get("schoolYear")
    # An end date may be exclusive, and a school year may end with the calendar year.
    return end is None or year in {str(end.year), str(_last_year(end))}


def _last_year(end: date) -> int:
    """Return the year of the day before an end date, which may be exclusive."""
    return end.year - (end.month == end.day == 1)


def _may_be_in_its_year(row: Record) -> bool:
    """Return whether a school year that ends in its schoolYear can hold a session; true if it has no dates."""
    start, end = day_of(row.get("startDate")), day_of(row.get("endDate"))
    return start is None or end is None or _last_year(end) <= int(row["schoolYear"]) <= max(start, end).year + 1


@rule(
    "OR-SEM-19",
    family="semantics",
    title="A reference leads to a record of the fitting kind",
    clause="5.4 Class.terms, 5.5 Course.schoolYear, 5.8 LineItem.gradingPeriod, 5.12 Result.student [B]",
    example="the gradingPeriod of a line item is a session of type term, or the student of a result is a teacher",
    fix="refer to the session of that type, and to the user with that role",
    over=base_collection_of(*(element for element, _ in EXPECTED_KINDS)),
)
@confirmed
def fitting_kinds(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found, judged = tenant.walk(operation), 0
    for (element, name), (kind, allowed) in EXPECTED_KINDS.items():
        if element != operation.element:
            continue
        known = tenant.properties(element)[name]
        targets = tenant.all_rows(tenant.dialect.collection_of(known.refers_to))
        place = _place_of(tenant, known.refers_to or "", kind)
        tally = CauseCount(found.pages[0])
        for row in found.rows:
            linked = {identity(item) for item in references_at(row, name)} & targets.keys()
            kinds = [values_at(targets[each or ""], place) for each in linked]
            judged += bool(kinds)
            if is_live(row) and any(not any(says(one, allowed) or is_vendors(one) for one in each) for each in kinds):
                tally.add(identity(row))
        if tally.count:
            message = f"{name} refers to a record whose {kind} is not {' or '.join(allowed)}"
            message += f" in {tally.count} of {count_of(len(found), 'record')}"
            yield counted_finding(message, tally, name, len(found))
    if not judged:
        raise NotEnoughData(0, 1, "record with such a reference")


def is_vendors(word: Any) -> bool:
    """Return whether a word is one that a vendor has added to an enumeration."""
    return isinstance(word, str) and word.startswith("ext:")


def _place_of(tenant: ObservedTenant, element: str, kind: str) -> str:
    """Return where records have their kind: in a property, or in those of a list, as in ``roles.role``."""
    if kind in tenant.properties(element):
        return kind
    subsets = (each.subset for each in tenant.standard.specification.operations.values() if each.element == element)
    return next((one.property for one in subsets if one and one.property.endswith(f".{kind}")), kind)


@rule(
    "OR-SEM-20",
    family="semantics",
    title="A class has at most one primary teacher at a time, and only teachers are primary",
    clause="5.7 primary, teachers only, one primary teacher per class in a period [A]",
    example="two teachers of a class are both primary from August to June, or a student is primary",
    fix="keep primary for one teacher enrollment of a class, and end it when another teacher takes over",
    over=readings_of("Enrollment"),
)
@confirmed
def primary_teachers(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    primary = [
        each for each in record_versions(tenant, operation) if each.row.get("primary") in TRUE and is_live(each.row)
    ]
    if not primary and is_whole(tenant, operation):
        raise NotEnoughData(0, 1, "enrollment that is primary")
    others = _Tally(primary)
    for each in primary:
        if is_wrongly_primary(each.row):
            others.add(each)
    yield from others.finding("primary is true in another role than teacher", "primary enrollment", "primary")
    if is_whole(tenant, operation):
        yield from _several_teachers(tenant.walk(operation), len(primary))


def is_wrongly_primary(row: Record) -> bool:
    """Return whether an enrollment of another role than teacher is primary."""
    return row.get("primary") in TRUE and not says(row.get("role"), TEACHER) and is_live(row)


def _several_teachers(found: ObservedWalk, of: int) -> Iterator[Finding]:
    by_class: defaultdict[str, list[Record]] = defaultdict(list)
    for row in found.rows:
        for item in references_at(row, "class") if row.get("primary") in TRUE and is_live(row) else ():
            by_class[identity(item) or ""].append(row)
    several = CauseCount(found.pages[0])
    for rows in by_class.values():
        teachers = [row for row in rows if says(row.get("role"), TEACHER)]
        if any(_overlap(one, other) for number, one in enumerate(teachers) for other in teachers[:number]):
            for row in teachers:
                several.add(identity(row))
    if several.count:
        message = f"{count_of(several.count, 'primary teacher')} of a class that has another one at the same time"
        yield counted_finding(message, several, "primary", of)


def _overlap(one: Record, other: Record) -> bool:
    """Return whether two enrollments of different users share a day; a missing date is open."""
    if _user(one) == _user(other):
        return False
    first, last = date.min, date.max
    begins = [day_of(row.get("beginDate")) or first for row in (one, other)]
    ends = [day_of(row.get("endDate")) or last for row in (one, other)]
    return max(begins) < min(ends)


def _user(row: Record) -> str | None:
    return next((identity(item) for item in references_at(row, "user")), None)


@rule(
    "OR-SEM-21",
    family="semantics",
    title="There are as many subjectCodes as subjects",
    clause="5.4 and 5.5 subjectCodes, same length and order as subjects [A]",
    example="a class has the subjects Mathematics and Physics, and one subject code",
    fix="write one code for each subject, in the same order, or no codes",
    stands_on=("property Class.subjectCodes",),
    over=readings_of("Class", "Course"),
)
def subject_codes(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    coded = [each for each in record_versions(tenant, operation) if _has_codes(each.row) and is_live(each.row)]
    if not coded and is_whole(tenant, operation):
        raise NotEnoughData(0, 1, "record with subjectCodes")
    tally = _Tally(coded)
    for each in coded:
        if codes_are_odd(each.row):
            tally.add(each)
    yield from tally.finding("subjectCodes and subjects differ in number", "record", "subjectCodes")


def _has_codes(row: Record) -> bool:
    codes = row.get("subjectCodes")
    return isinstance(codes, list) and bool(codes)


def codes_are_odd(row: Record) -> bool:
    """Return whether a record has subjectCodes, and not as many subjects."""
    subjects = row.get("subjects")
    return _has_codes(row) and (not isinstance(subjects, list) or len(subjects) != len(row["subjectCodes"]))


@rule(
    "OR-SEM-22",
    family="semantics",
    title="A session lies within its parent, and nobody is born after the record was changed",
    clause="5.3 AcademicSession.parent, 5.6 birthDate [B]",
    example="a term of 2027 is the child of the school year 2025/26, or a birth date is later than dateLastModified",
    fix="correct the dates in the source data",
    over=base_collection_of("AcademicSession", "Demographics"),
)
@confirmed
def possible_dates(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = tenant.walk(operation)
    rows = tenant.all_rows(operation)
    tally, judged = CauseCount(found.pages[0]), 0
    for row in found.rows:
        bounds = _bounds(row, rows)
        if bounds is None or not is_live(row):
            continue
        judged += 1
        earliest, first, last, latest = bounds
        if first < earliest or last > latest:
            tally.add(identity(row))
    if not judged:
        raise NotEnoughData(0, 1, "record with such dates")
    if tally.count:
        impossible = BIRTH_AFTER_CHANGE if operation.element == "Demographics" else OUTSIDE_PARENT
        yield counted_finding(
            f"{impossible} in {tally.count} of {count_of(judged, 'record')}", tally, "startDate", judged
        )


def _other_school_year(row: Record, rows: dict[str, Record]) -> bool:
    """Return whether a session has another schoolYear than the school year above it, if that one has the right."""
    school_years = (
        each for each in _above(row, rows) if says(each.get("type"), SCHOOL_YEAR) and _ends_in_its_year(each)
    )
    return any(each.get("schoolYear") != row.get("schoolYear") for each in school_years)


def _above(row: Record, rows: dict[str, Record]) -> Iterator[Record]:
    """Yield the parents of a session, their parents, and so on, each once."""
    seen: set[str] = set()
    waiting = [row]
    while waiting:
        parents = {identity(item) or "" for item in references_at(waiting.pop(), "parent")} - seen
        seen |= parents
        waiting += [rows[name] for name in parents & rows.keys()]
        yield from (rows[name] for name in parents & rows.keys())


def _bounds(row: Record, rows: dict[str, Record]) -> tuple[date, date, date, date] | None:
    """Return the earliest possible day, the first, the last, and the latest possible day of a record."""
    born, changed = day_of(row.get("birthDate")), day_of(row.get("dateLastModified"))
    if born is not None and changed is not None:
        return date.min, born, born, changed
    parent = next((rows.get(identity(item) or "") for item in references_at(row, "parent")), None)
    if parent is None:
        return None
    first, last = day_of(parent.get("startDate")), day_of(parent.get("endDate"))
    start, end = day_of(row.get("startDate")), day_of(row.get("endDate"))
    return None if first is None or start is None or end is None or last is None else (first, start, end, last)
