"""How large a district is, and how its people spread over roles and schools."""

from dataclasses import dataclass
from typing import Final, Self

_NAMED: Final = {"small": 41, "medium": 4_001, "large": 100_003}  # primes: no page size divides them
SMALLEST: Final = 40
LARGEST: Final = 1_000_000

# (role, users per thousand, the least that every district has); the rest are students.
_GROWN_UPS: Final = (
    ("teacher", 60, 5),
    ("administrator", 8, 3),
    ("aide", 10, 2),
    ("proctor", 10, 2),
    ("parent", 80, 4),
    ("guardian", 20, 2),
    ("relative", 10, 1),
)
_STUDENTS_OF_A_SCHOOL: Final = 640
_STUDENTS_OF_A_CLASS: Final = 24
_FEWEST_SCHOOLS: Final = 3
_FEWEST_CLASSES: Final = 6


@dataclass(frozen=True, slots=True)
class Size:
    """The number of users of a district, from which everything else follows, unless it is to have `one_school`."""

    users: int
    one_school: bool = False

    def __post_init__(self) -> None:
        if not SMALLEST <= self.users <= LARGEST:
            raise ValueError(f"a district has {SMALLEST} to {LARGEST} users, not {self.users}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The size named `small` (41 users), `medium` (4,001), `large` (100,003), or given as a number of users.

        Raises:
            ValueError: neither a name nor a number, or a number out of range.
        """
        if text in _NAMED:
            return cls(_NAMED[text])
        try:
            users = int(text)
        except ValueError:
            raise ValueError(f"a size is {', '.join(_NAMED)} or a number of users, not {text!r}") from None
        return cls(users)

    def __str__(self) -> str:
        name = next((name for name, users in _NAMED.items() if users == self.users), str(self.users))
        return f"{name}-one-school" if self.one_school else name

    def people(self) -> dict[str, int]:
        """How many users have each role."""
        grown_ups = {role: max(least, self.users * share // 1000) for role, share, least in _GROWN_UPS}
        return {"student": self.users - sum(grown_ups.values()), **grown_ups}

    @property
    def schools(self) -> int:
        """Schools with students; one more stands empty where there are several."""
        return 1 if self.one_school else max(_FEWEST_SCHOOLS, round(self.people()["student"] / _STUDENTS_OF_A_SCHOOL))

    @property
    def classes_of_a_student(self) -> int:
        """Larger districts have longer timetables, up to the million enrollments of the large one."""
        return 3 if self.users < 1_000 else 8 if self.users < 50_000 else 12

    @property
    def classes_per_gradebook(self) -> int:
        """Every how many-th class keeps a gradebook."""
        return 1 if self.users < 1_000 else 4 if self.users < 50_000 else 20

    def classes_of_a_school(self, students: int) -> int:
        """Classes with students in a school of so many."""
        return max(_FEWEST_CLASSES, students * self.classes_of_a_student // _STUDENTS_OF_A_CLASS)


def share(total: int, parts: int, part: int) -> int:
    """What falls to one of several parts when a total is spread as evenly as whole numbers allow."""
    return total * (part + 1) // parts - total * part // parts
