"""Generate the academic sessions: years, semesters, terms and grading periods."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from oneroster.sandbox.district.entity_types import Period
from oneroster.sandbox.district.ids_and_timestamps import change_time, ids
from oneroster.sandbox.district.random_stream import RandomStream

_YEAR: Final = 2026
_FIRST_DAY: Final = date(2025, 8, 18)
_LAST_DAY: Final = date(2026, 6, 15)
_HOLIDAY: Final = timedelta(days=2)
_DAYS_OF_A_YEAR: Final = timedelta(days=364)  # whole weeks, so that every year begins on a Monday

# (kind of session, how many of them divide the session above)
_LEVELS: Final = (("semester", 2), ("term", 2), ("gradingPeriod", 2))


class Calendar:
    """The sessions of the current school year, and fewer of the previous and the next year."""

    def __init__(self, seed: int) -> None:
        self._ids = ids("session", seed)
        self._random = RandomStream("calendar", seed)
        self.year = self._session("schoolYear", "School year 2025/26", _YEAR, _FIRST_DAY, _LAST_DAY)
        self._divide(self.year, 0)
        self._years = [self.year, self._past(), self._future()]
        self.semesters = [session for session in self.year.walk() if session.kind == "semester"]
        self.terms = [session for session in self.year.walk() if session.kind == "term"]

    def sessions(self) -> Iterator[Period]:
        """Yield all sessions."""
        for year in self._years:
            for session in year.walk():
                session.last_modified = change_time(self._random)
                yield session

    def _session(
        self, kind: str, title: str, year: int, start: date, end: date, parent: Period | None = None
    ) -> Period:
        session = Period(
            sourced_id=next(self._ids), kind=kind, title=title, year=year, start=start, end=end, parent=parent
        )
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
        """Return a deleted year with one term and one grading period."""
        start, end = _FIRST_DAY - _DAYS_OF_A_YEAR, _LAST_DAY - _DAYS_OF_A_YEAR
        year = self._session("schoolYear", "School year 2024/25", _YEAR - 1, start, end)
        term = self._session("term", "Whole year", _YEAR - 1, start, end, year)
        self._session("gradingPeriod", "Whole year", _YEAR - 1, start, end, term)
        for session in year.walk():
            session.deleted = True
        return year

    def _future(self) -> Period:
        """Return a year that is not divided yet, with a summer term that belongs to no semester."""
        start, end = _FIRST_DAY + _DAYS_OF_A_YEAR, _LAST_DAY + _DAYS_OF_A_YEAR
        year = self._session("schoolYear", "School year 2026/27", _YEAR + 1, start, end)
        summer = self._session("term", "Été", _YEAR + 1, end - timedelta(days=14), end, year)
        self._session("gradingPeriod", "Été", _YEAR + 1, summer.start, summer.end, summer)
        return year
