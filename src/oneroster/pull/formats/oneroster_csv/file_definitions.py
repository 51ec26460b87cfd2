"""The thirteen files of a OneRoster 1.1 CSV bundle: their columns in order, and which of them are required.

The CSV binding defines the order of columns and the required ones, so both are listed here. Types and references come
from the column of the same name in `oneroster.pull.roster.columns`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from oneroster.pull.errors import DestinationError
from oneroster.pull.roster.columns import Column, columns_of
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import Manifest
from oneroster.standard import Standard
from oneroster_runtime.specification import Specification

__all__ = [
    "CSV_FILES",
    "CSV_STANDARD",
    "ENROLLMENT_ROLES",
    "LEADING_COLUMNS",
    "MANIFEST_FILE",
    "RESOURCES_COLUMN",
    "CsvFile",
    "check_standard",
    "stale_rows",
]

CSV_STANDARD: Final = Standard.of("1.1")
"""The version of OneRoster that defines these files."""

_FIX: Final = "Change the rows in oneroster/pull/formats/oneroster_csv/file_definitions.py"

MANIFEST_FILE: Final = "manifest.csv"

LEADING_COLUMNS: Final = ("sourcedId", "status", "dateLastModified")
"""The first columns of every file. In bulk files only sourcedId has a value (5 [A], 3 [A])."""

RESOURCES_COLUMN: Final = "resourceSourcedIds"
"""The column of classes and courses that becomes the rows of a separate file (5.9, 5.10 [A])."""

ENROLLMENT_ROLES: Final = frozenset({"administrator", "proctor", "student", "teacher"})
"""The roles that an enrollment can have (5.6 [A])."""


class CsvFile(NamedTuple):
    """One file of a bundle.

    Attributes:
        name: The file name without suffix.
        element: The schema name of its records.
        columns: All columns after `LEADING_COLUMNS`.
        required: The columns that must have a value.
        days: Columns with a date where REST has a date-time.
        association: In files that associate classes or courses with resources: the column with the id of the class or
            course. Otherwise None.
    """

    name: str
    element: str
    columns: tuple[str, ...]
    required: frozenset[str]
    days: frozenset[str] = frozenset()
    association: str | None = None

    @property
    def header(self) -> tuple[str, ...]:
        """The names of all columns."""
        return (*LEADING_COLUMNS, *self.columns)

    def column(self, name: str) -> Column:
        """Return the definition of a column: its type and its property in the standard."""
        for column in columns_of(CSV_STANDARD.specification, self.element):
            if column.name == name:
                return column
        raise DestinationError(f"{self.name}.csv has the column {name}, which {self.element} does not have; {_FIX}")

    def field(self, name: str) -> str:
        """Return the name of the property of a column; that of the column if it has none."""
        if name in (self.association, "resourceSourcedId"):
            return name
        known = self.column(name).property
        return name if known is None else known.name

    def listed(self, name: str) -> tuple[str, ...]:
        """Return the values that the standard lists for a column; empty if it lists none."""
        known = None if self.association is not None else self.column(name).property
        return () if known is None or known.enumeration is None else _enumeration(known.enumeration)


def _enumeration(name: str) -> tuple[str, ...]:
    return tuple(CSV_STANDARD.specification.enumerations[name])


def _file(name: str, element: str, columns: str, association: str | None = None) -> CsvFile:
    """Parse a list of columns: ``!`` marks a required one, ``@`` a required one that has a date."""
    words = columns.split()
    names = tuple(word.rstrip("!@") for word in words)
    required = frozenset(word.rstrip("!@") for word in words if word[-1] in "!@")
    days = frozenset(word.rstrip("@") for word in words if word[-1] == "@")
    return CsvFile(name, element, names, required, days, association)


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

CSV_FILES: Final[Mapping[str, CsvFile]] = {file.name: file for file in _ALL}
"""The files by name, in the order of the manifest (4 [A])."""


def stale_rows(specification: Specification) -> list[str]:
    """Return what these files name and a specification does not have, one sentence for each row of the table."""
    found = []
    for file in CSV_FILES.values():
        if file.element not in specification.elements:
            found.append(f"{file.name}.csv has the records of {file.element}, which is no element")
            continue
        known = {column.name for column in columns_of(specification, file.element)}
        named = (RESOURCES_COLUMN,) if file.association else (*LEADING_COLUMNS, *file.columns)
        missing = [name for name in named if name not in known]
        if missing:
            found.append(f"{file.name}.csv has {', '.join(missing)}, which {file.element} does not have")
        if not file.association and file.name != collection_name(specification, file.element):
            found.append(f"{file.name}.csv has the records of {collection_name(specification, file.element)}")
    return found


def check_standard(manifest: Manifest, what: Path | str) -> None:
    """Check that a roster has the version of OneRoster for which these files are defined.

    Args:
        manifest: The manifest of the roster.
        what: What has the manifest, for the message.

    Raises:
        DestinationError: It has another version, or the document no longer has a column of a file.
    """
    if manifest.standard != CSV_STANDARD.version:
        raise DestinationError(
            f"{what} is of OneRoster {manifest.standard}, and the CSV format supports {CSV_STANDARD.version} only."
            " Use another format."
        )
    if stale := stale_rows(CSV_STANDARD.specification):
        raise DestinationError(f"{what} cannot be OneRoster CSV: {'; '.join(stale)}. {_FIX}")
