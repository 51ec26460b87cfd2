"""The size of a district, and how its people are distributed over roles and schools."""

from dataclasses import dataclass
from typing import Final, Self

_NAMED: Final = {"small": 41, "medium": 4_001, "large": 100_003}  # primes: no page size divides them
SMALLEST: Final = 40
LARGEST: Final = 1_000_000

# (role, users per thousand, minimum of every district); the other users are students.
_ADULTS: Final = (
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
    """The size of a district: its number of users, and whether it has only one school."""

    users: int
    one_school: bool = False

    def __post_init__(self) -> None:
        if not SMALLEST <= self.users <= LARGEST:
            raise ValueError(f"a district has {SMALLEST} to {LARGEST} users, not {self.users}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a size: small (41 users), medium (4,001), large (100,003), or a number of users.

        Raises:
            ValueError: The text is neither a name nor a number, or the number is out of range.
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
        """Return the number of users by role."""
        adults = {role: max(least, self.users * share // 1000) for role, share, least in _ADULTS}
        return {"student": self.users - sum(adults.values()), **adults}

    @property
    def schools(self) -> int:
        """The number of schools with students; a district with several has one more, without students."""
        return 1 if self.one_school else max(_FEWEST_SCHOOLS, round(self.people()["student"] / _STUDENTS_OF_A_SCHOOL))

    @property
    def classes_of_a_student(self) -> int:
        """The number of classes of a student; a large district has a million enrollments."""
        return 3 if self.users < 1_000 else 8 if self.users < 50_000 else 12

    @property
    def classes_per_gradebook(self) -> int:
        """One in this many classes has a gradebook."""
        return 1 if self.users < 1_000 else 4 if self.users < 50_000 else 20

    def classes_of_a_school(self, students: int) -> int:
        """Return the number of classes with students in a school with this number of students."""
        return max(_FEWEST_CLASSES, students * self.classes_of_a_student // _STUDENTS_OF_A_CLASS)


def share(total: int, parts: int, part: int) -> int:
    """Return the share of one part when a total is divided as evenly as whole numbers allow."""
    return total * (part + 1) // parts - total * part // parts
