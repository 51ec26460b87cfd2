"""The academic sessions: years, semesters, terms and grading periods."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Self

from oneroster.sandbox.district.random_source import Chance
from oneroster.sandbox.district.records import Record, changed, ids, reference

_YEAR: Final = 2026
_FIRST_DAY: Final = date(2025, 8, 18)
_LAST_DAY: Final = date(2026, 6, 15)
_HOLIDAY: Final = timedelta(days=2)
_DAYS_OF_A_YEAR: Final = timedelta(days=364)  # whole weeks, so that every year begins on a Monday

# (type, how many of them divide the session above)
_LEVELS: Final = (("semester", 2), ("term", 2), ("gradingPeriod", 2))


@dataclass
class Period:
    """A span of school life from its first day to the day after its last."""

    sourced_id: str
    kind: str
    title: str
    year: int
    start: date
    end: date
    parent: Self | None = None
    children: list[Self] = field(default_factory=list)
    status: str = "active"

    def walk(self) -> Iterator[Self]:
        """The session and all within it."""
        yield self
        for child in self.children:
            yield from child.walk()


class Calendar:
    """The sessions of the school year under way, and of the ones before and after, with less in them."""

    def __init__(self, seed: int) -> None:
        self._ids = ids("session", seed)
        self._chance = Chance("calendar", seed)
        self.year = self._session("schoolYear", "School year 2025/26", _YEAR, _FIRST_DAY, _LAST_DAY)
        self._divide(self.year, 0)
        self._years = [self.year, self._past(), self._future()]
        self.semesters = [session for session in self.year.walk() if session.kind == "semester"]
        self.terms = [session for session in self.year.walk() if session.kind == "term"]

    def records(self) -> Iterator[Record]:
        """All sessions on the wire."""
        for year in self._years:
            yield from map(self._record, year.walk())

    def _session(
        self, kind: str, title: str, year: int, start: date, end: date, parent: Period | None = None
    ) -> Period:
        session = Period(next(self._ids), kind, title, year, start, end, parent)
        if parent:
            parent.children.append(session)
        return session

    def _divide(self, above: Period, level: int) -> None:
        if level == len(_LEVELS):
            return
        kind, parts = _LEVELS[level]
        days = (above.end - above.start) // parts
        for part in range(parts):
            start = above.start + part * days
            end = above.end if part == parts - 1 else start + days - _HOLIDAY
            title = f"{'S' if kind == 'semester' else 'T' if kind == 'term' else 'GP'} {part + 1}"
            within = "" if above.kind == "schoolYear" else f"{above.title} · "
            self._divide(self._session(kind, within + title, above.year, start, end, above), level + 1)

    def _past(self) -> Period:
        """A year whose records a consumer may drop, down to a grading period."""
        start, end = _FIRST_DAY - _DAYS_OF_A_YEAR, _LAST_DAY - _DAYS_OF_A_YEAR
        year = self._session("schoolYear", "School year 2024/25", _YEAR - 1, start, end)
        term = self._session("term", "Whole year", _YEAR - 1, start, end, year)
        self._session("gradingPeriod", "Whole year", _YEAR - 1, start, end, term)
        for session in year.walk():
            session.status = "tobedeleted"
        return year

    def _future(self) -> Period:
        """A year that is not yet divided; its summer term stands under no semester."""
        start, end = _FIRST_DAY + _DAYS_OF_A_YEAR, _LAST_DAY + _DAYS_OF_A_YEAR
        year = self._session("schoolYear", "School year 2026/27", _YEAR + 1, start, end)
        summer = self._session("term", "Été", _YEAR + 1, end - timedelta(days=14), end, year)
        self._session("gradingPeriod", "Été", _YEAR + 1, summer.start, summer.end, summer)
        return year

    def _record(self, session: Period) -> Record:
        record: Record = {
            "sourcedId": session.sourced_id,
            "status": session.status,
            "dateLastModified": changed(self._chance),
            "title": session.title,
            "startDate": session.start.isoformat(),
            "endDate": session.end.isoformat(),
            "type": session.kind,
            "schoolYear": str(session.year),
        }
        if session.parent:
            record["parent"] = reference(session.parent.sourced_id, "academicSession")
        if session.children:
            record["children"] = [reference(child.sourced_id, "academicSession") for child in session.children]
        return record
