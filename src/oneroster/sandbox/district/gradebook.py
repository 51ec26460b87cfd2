"""Generate the gradebook: categories, assignments and grades."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from oneroster.sandbox.district.entity_types import Assignment, Class, Entity, Grade, GradeCategory, Person
from oneroster.sandbox.district.ids_and_timestamps import change_time, ids
from oneroster.sandbox.district.name_lists import CATEGORIES, COMMENTS
from oneroster.sandbox.district.random_stream import RandomStream
from oneroster.sandbox.district.size import Size

_ASSIGNMENTS_OF_A_CLASS: Final = 2
_MAX_SCORES: Final = (20.0, 100.0, 12.5)
_EXTRA_CREDIT: Final = 2.5
_DAYS_TO_BEGIN: Final = 7
_DAYS_TO_DUE: Final = 7
_DAYS_TO_GRADE: Final = 4
_STATUSES: Final = ("exempt", "fully graded", "not submitted", "partially graded", "submitted")
_WITH_SCORE: Final = frozenset({"fully graded", "partially graded", "submitted"})


class Gradebook:
    """Generates the gradebook class by class."""

    def __init__(self, size: Size, seed: int) -> None:
        self._every = size.classes_per_gradebook
        self._random = RandomStream("gradebook", seed)
        category_ids = ids("category", seed)
        self._categories = [next(category_ids) for _ in CATEGORIES]
        self._assignment_ids = ids("li", seed)
        self._grade_ids = ids("r", seed)
        self._assignments = 0
        self._grades = 0

    def categories(self) -> Iterator[GradeCategory]:
        """Yield all categories; the last one is deleted and unused."""
        for sourced_id, title in zip(self._categories, CATEGORIES, strict=True):
            yield GradeCategory(
                sourced_id=sourced_id,
                deleted=title == CATEGORIES[-1],
                last_modified=change_time(self._random),
                title=title,
            )

    def of(self, taught: Class) -> Iterator[Entity]:
        """Yield the assignments of a class, each followed by its grades; not every class has a gradebook."""
        if taught.number % self._every or not taught.students:
            return
        periods = [one for session in taught.sessions for one in session.walk() if one.kind == "gradingPeriod"]
        withdrawn = taught.number == 0  # the first class of a school has one more assignment, which is deleted
        for index in range(_ASSIGNMENTS_OF_A_CLASS + withdrawn):
            period = periods[self._assignments % len(periods)]
            assigned = period.start + timedelta(days=1 + self._random.below(_DAYS_TO_BEGIN))
            due = assigned + timedelta(days=self._random.below(_DAYS_TO_DUE))
            assignment = self._assignment(taught, period.sourced_id, index, assigned, due)
            yield assignment
            for student in taught.students:
                yield self._grade(assignment, student, due)

    def _assignment(self, taught: Class, period: str, index: int, assigned: date, due: date) -> Assignment:
        number = self._assignments
        self._assignments += 1
        return Assignment(
            sourced_id=next(self._assignment_ids),
            deleted=taught.deleted or index == _ASSIGNMENTS_OF_A_CLASS,
            last_modified=change_time(self._random),
            serial=number,
            title=f"Chapter {index + 1}",
            description="Read it, then do nos. 1 to 7" if number % 3 else None,
            class_=taught,
            category=self._categories[number % (len(self._categories) - 1)],
            period=period,
            min_score=0.0,
            max_score=_MAX_SCORES[number % len(_MAX_SCORES)],
            assigned=f"{assigned}T06:30:00.000Z",
            due=f"{due}T21:59:59Z",
        )

    def _grade(self, assignment: Assignment, student: Person, due: date) -> Grade:
        number = self._grades
        self._grades += 1
        status = _STATUSES[number % len(_STATUSES)]
        score = self._random.below(int(assignment.max_score * 2) + 1) / 2 if status in _WITH_SCORE else 0.0
        if status in _WITH_SCORE and number % 9 == 4:
            score = assignment.max_score + _EXTRA_CREDIT
        return Grade(
            sourced_id=next(self._grade_ids),
            deleted=assignment.deleted or student.deleted,
            last_modified=change_time(self._random),
            serial=number,
            assignment=assignment,
            student=student,
            status=status,
            score=score,
            day=(due + timedelta(days=self._random.below(_DAYS_TO_GRADE))).isoformat(),
            comment=self._random.pick(COMMENTS) if number % 6 == 5 else None,
        )
