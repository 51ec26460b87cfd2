"""What is graded: categories, line items and results."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from oneroster.sandbox.district.calendar import Period
from oneroster.sandbox.district.classes import Class
from oneroster.sandbox.district.names import CATEGORIES, COMMENTS
from oneroster.sandbox.district.people import Person
from oneroster.sandbox.district.random_source import Chance
from oneroster.sandbox.district.records import Record, changed, ids, reference
from oneroster.sandbox.district.size import Size
from oneroster_v1p1.tables import ENUMERATIONS

_ITEMS_OF_A_CLASS: Final = 2
_MOST_SCORES: Final = (20.0, 100.0, 12.5)
_EXTRA_CREDIT: Final = 2.5
_DAYS_TO_BEGIN: Final = 7
_DAYS_TO_DUE: Final = 7
_DAYS_TO_SCORE: Final = 4
_DONE: Final = frozenset({"fully graded", "partially graded", "submitted"})


class Gradebook:
    """Makes the gradebook class by class."""

    def __init__(self, size: Size, seed: int) -> None:
        self._every = size.classes_per_gradebook
        self._chance = Chance("gradebook", seed)
        category_ids = ids("category", seed)
        self._categories = [next(category_ids) for _ in CATEGORIES]
        self._item_ids = ids("li", seed)
        self._result_ids = ids("r", seed)
        self._items = 0
        self._results = 0

    def category_records(self) -> Iterator[Record]:
        """All categories on the wire; the last is used by nobody any more."""
        for sourced_id, title in zip(self._categories, CATEGORIES, strict=True):
            yield {
                "sourcedId": sourced_id,
                "status": "tobedeleted" if title == CATEGORIES[-1] else "active",
                "dateLastModified": changed(self._chance),
                "title": title,
            }

    def of(self, taught: Class) -> Iterator[tuple[str, Record]]:
        """The line items of a class and their results; nothing when the class keeps no gradebook."""
        if taught.number % self._every or not taught.students:
            return
        periods = [one for session in taught.sessions for one in session.walk() if one.kind == "gradingPeriod"]
        withdrawn = taught.number == 0  # the first class of a school has one more, which was taken back
        for place in range(_ITEMS_OF_A_CLASS + withdrawn):
            period = periods[self._items % len(periods)]
            assigned = period.start + timedelta(days=1 + self._chance.below(_DAYS_TO_BEGIN))
            due = assigned + timedelta(days=self._chance.below(_DAYS_TO_DUE))
            status = "tobedeleted" if place == _ITEMS_OF_A_CLASS else taught.status
            item = self._item(taught, period, f"Chapter {place + 1}", status)
            item |= {"assignDate": f"{assigned}T06:30:00.000Z", "dueDate": f"{due}T21:59:59Z"}
            yield "LineItem", item
            for student in taught.students:
                yield "Result", self._result(item, student, due)

    def _item(self, taught: Class, period: Period, title: str, status: str) -> Record:
        number = self._items
        self._items += 1
        item: Record = {
            "sourcedId": next(self._item_ids),
            "status": status,
            "dateLastModified": changed(self._chance),
            "title": title,
            "class": reference(taught.sourced_id, "class"),
            "category": reference(self._categories[number % (len(self._categories) - 1)], "category"),
            "gradingPeriod": reference(period.sourced_id, "gradingPeriod" if number % 2 else "academicSession"),
            "resultValueMin": 0.0,
            "resultValueMax": _MOST_SCORES[number % len(_MOST_SCORES)],
        }
        if number % 3:
            item["description"] = "Read it, then do nos. 1 to 7"
        return item

    def _result(self, item: Record, student: Person, due: date) -> Record:
        number = self._results
        self._results += 1
        statuses = ENUMERATIONS["ScoreStatus"]
        status = statuses[number % len(statuses)]
        most = item["resultValueMax"]
        score = self._chance.below(int(most * 2) + 1) / 2 if status in _DONE else 0.0
        if status in _DONE and number % 9 == 4:
            score = most + _EXTRA_CREDIT
        record: Record = {
            "sourcedId": next(self._result_ids),
            "status": "tobedeleted" if "tobedeleted" in (item["status"], student.status) else "active",
            "dateLastModified": changed(self._chance),
            "lineItem": reference(item["sourcedId"], "lineItem"),
            "student": reference(student.sourced_id, "student" if number % 4 == 1 else "user"),
            "scoreStatus": status,
            "score": score,
            "scoreDate": (due + timedelta(days=self._chance.below(_DAYS_TO_SCORE))).isoformat(),
        }
        if number % 6 == 5:
            record["comment"] = self._chance.pick(COMMENTS)
        return record
