"""The thirteen files of a OneRoster 1.1 CSV bundle: their columns, in order, and which must have a value.

The CSV binding has an order and requirements of its own, so they stand here. Types and references do not: every column
bears the name of a column of `oneroster.pull.roster.columns`, and is what that is.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from oneroster.pull.roster.columns import Column, columns_of
from oneroster.standard import Standard

__all__ = ["ASSOCIATED", "ENROLLED", "FILES", "HEAD", "MANIFEST", "STANDARD", "File"]

STANDARD: Final = Standard.of("1.1")
"""The version of the binding."""

MANIFEST: Final = "manifest.csv"

HEAD: Final = ("sourcedId", "status", "dateLastModified")
"""With these every file begins; only the first has a value in bulk (5 [A], 3 [A])."""

ASSOCIATED: Final = "resourceSourcedIds"
"""The column of classes and courses that becomes rows of a file of its own (5.9, 5.10 [A])."""

ENROLLED: Final = frozenset({"administrator", "proctor", "student", "teacher"})
"""The only roles of an enrollment (5.6 [A])."""


class File(NamedTuple):
    """One file.

    Attributes:
        name: Without its ending.
        element: The schema name of the records that it tells.
        columns: All columns behind `HEAD`.
        required: Those of them that must have a value.
        days: Columns that hold a day where REST has an instant.
        association: The column with the id of the class or course, in files of associations.
    """

    name: str
    element: str
    columns: tuple[str, ...]
    required: frozenset[str]
    days: frozenset[str] = frozenset()
    association: str | None = None

    @property
    def header(self) -> tuple[str, ...]:
        """All columns."""
        return (*HEAD, *self.columns)

    def column(self, name: str) -> Column:
        """What a column is in the tables of the contract."""
        return next(column for column in columns_of(STANDARD.specification, self.element) if column.name == name)


def _file(name: str, element: str, columns: str, association: str | None = None) -> File:
    """A file from its columns; ``!`` marks a required one, ``@`` a required day."""
    words = columns.split()
    names = tuple(word.rstrip("!@") for word in words)
    required = frozenset(word.rstrip("!@") for word in words if word[-1] in "!@")
    days = frozenset(word.rstrip("@") for word in words if word[-1] == "@")
    return File(name, element, names, required, days, association)


_ALL: Final = (
    _file("academicSessions", "AcademicSession", "title! type! startDate! endDate! parentSourcedId schoolYear!"),
    _file("categories", "Category", "title!"),
    _file(
        "classes",
        "Class",
        "title! grades courseSourcedId! classCode classType! location schoolSourcedId! termSourcedIds! subjects"
        " subjectCodes periods",
    ),
    _file("classResources", "Class", "title classSourcedId! resourceSourcedId!", "classSourcedId"),
    _file("courses", "Course", "schoolYearSourcedId title! courseCode grades orgSourcedId! subjects subjectCodes"),
    _file("courseResources", "Course", "title courseSourcedId! resourceSourcedId!", "courseSourcedId"),
    _file(
        "demographics",
        "Demographics",
        "birthDate sex americanIndianOrAlaskaNative asian blackOrAfricanAmerican nativeHawaiianOrOtherPacificIslander"
        " white demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity countryOfBirthCode stateOfBirthAbbreviation"
        " cityOfBirth publicSchoolResidenceStatus",
    ),
    _file(
        "enrollments",
        "Enrollment",
        "classSourcedId! schoolSourcedId! userSourcedId! role! primary beginDate endDate",
    ),
    _file(
        "lineItems",
        "LineItem",
        "title! description assignDate@ dueDate@ classSourcedId! categorySourcedId! gradingPeriodSourcedId!"
        " resultValueMin! resultValueMax!",
    ),
    _file("orgs", "Org", "name! type! identifier parentSourcedId"),
    _file("resources", "Resource", "vendorResourceId! title roles importance vendorId applicationId"),
    _file("results", "Result", "lineItemSourcedId! studentSourcedId! scoreStatus! score! scoreDate! comment"),
    _file(
        "users",
        "User",
        "enabledUser! orgSourcedIds! role! username! userIds givenName! familyName! middleName identifier email sms"
        " phone agentSourcedIds grades password",
    ),
)

FILES: Final[Mapping[str, File]] = {file.name: file for file in _ALL}
"""By name, in the order of the manifest (4 [A])."""
