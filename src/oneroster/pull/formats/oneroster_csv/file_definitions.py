"""The files of a OneRoster CSV bundle, per version: their columns in order, and which of them are required.

The CSV binding defines the order of columns and the required ones, so both are listed here. Types and references come
from the column of the same name in `oneroster.pull.roster.columns`, or from the source that is named beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.oneroster_csv.csv_file import FIX, CsvFile, parse_file
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import Manifest
from oneroster.standard import Standard
from oneroster_runtime.specification import Specification

__all__ = ["BINDINGS", "MANIFEST_FILE", "CsvBinding", "binding_of", "stale_rows"]

MANIFEST_FILE: Final = "manifest.csv"


@dataclass(frozen=True, eq=False)
class CsvBinding:
    """The CSV binding of a version of OneRoster.

    Attributes:
        version: The version.
        files: The files by name, in the order of the manifest (4 [A]).
        releases: What manifests call the version, the name that is written first.
    """

    version: str
    files: Mapping[str, CsvFile]
    releases: tuple[str, ...]

    @property
    def specification(self) -> Specification:
        """The specification of the version."""
        return Standard.of(self.version).specification

    def file_of(self, element: str) -> CsvFile | None:
        """Return the file with the records of an element; None if the binding has none."""
        return next((file for file in self.files.values() if file.element == element and not file.nested), None)

    def parts_of(self, element: str) -> list[CsvFile]:
        """Return the files with parts of the records of an element."""
        return [file for file in self.parts if file.element == element]

    @cached_property
    def parts(self) -> list[CsvFile]:
        """The files with parts of records, those first that others refer to."""
        found = [file for file in self.files.values() if file.nested]
        referenced = {name for file in found for name in file.derived.values()}
        return sorted(found, key=lambda file: file.name not in referenced)


_old = partial(parse_file, "1.1")
_new = partial(parse_file, "1.2")

_SESSIONS: Final = "title! type! startDate! endDate! parentSourcedId schoolYear!"
_CLASSES: Final = (
    "title! grades courseSourcedId! classCode classType! location schoolSourcedId! termSourcedIds! subjects"
    " subjectCodes periods"
)
_COURSES: Final = "schoolYearSourcedId title! courseCode grades orgSourcedId! subjects subjectCodes"
_DEMOGRAPHICS: Final = (
    "birthDate sex americanIndianOrAlaskaNative asian blackOrAfricanAmerican nativeHawaiianOrOtherPacificIslander"
    " white demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity countryOfBirthCode stateOfBirthAbbreviation"
    " cityOfBirth publicSchoolResidenceStatus"
)
_ENROLLMENTS: Final = "classSourcedId! schoolSourcedId! userSourcedId! role! primary beginDate endDate"
_ORGS: Final = "name! type! identifier parentSourcedId"
_RESOURCES: Final = "vendorResourceId! title roles importance vendorId applicationId"

_RESOURCE: Final = "resourceSourcedId=resourceSourcedIds!"
_CLASS_RESOURCES: Final = f"title classSourcedId=sourcedId! {_RESOURCE}"
_COURSE_RESOURCES: Final = f"title courseSourcedId=sourcedId! {_RESOURCE}"
_OF_RESOURCES: Final = ("resourceSourcedIds", "sourcedId resourceSourcedIds")

_FILES_OF_1_1: Final = (
    _old("academicSessions", "AcademicSession", _SESSIONS),
    _old("categories", "Category", "title!"),
    _old("classes", "Class", _CLASSES),
    _old("classResources", "Class", _CLASS_RESOURCES, *_OF_RESOURCES),
    _old("courses", "Course", _COURSES),
    _old("courseResources", "Course", _COURSE_RESOURCES, *_OF_RESOURCES),
    _old("demographics", "Demographics", _DEMOGRAPHICS),
    _old("enrollments", "Enrollment", _ENROLLMENTS),
    _old(
        "lineItems",
        "LineItem",
        "title! description assignDate@ dueDate@ classSourcedId! categorySourcedId! gradingPeriodSourcedId!"
        " resultValueMin! resultValueMax!",
    ),
    _old("orgs", "Org", _ORGS),
    _old("resources", "Resource", _RESOURCES),
    _old("results", "Result", "lineItemSourcedId! studentSourcedId! scoreStatus! score! scoreDate! comment"),
    _old(
        "users",
        "User",
        "enabledUser! orgSourcedIds! role! username! userIds givenName! familyName! middleName identifier email sms"
        " phone agentSourcedIds grades password",
    ),
)

_OF_SCALE: Final = ("scoreScaleSourcedId", "sourcedId scoreScaleSourcedId")
_SCALE: Final = "scoreScaleSourcedId!"

_FILES_OF_1_2: Final = (
    _new("academicSessions", "AcademicSession", _SESSIONS),
    _new("categories", "Category", "title! weight%"),
    _new("classes", "Class", _CLASSES),
    _new("classResources", "Class", _CLASS_RESOURCES, *_OF_RESOURCES),
    _new("courses", "Course", _COURSES),
    _new("courseResources", "Course", _COURSE_RESOURCES, *_OF_RESOURCES),
    _new("demographics", "Demographics", _DEMOGRAPHICS),
    _new("enrollments", "Enrollment", _ENROLLMENTS),
    _new(
        "lineItemLearningObjectiveIds",
        "LineItem",
        "lineItemSourcedId=sourcedId! source=learningObjectiveSet.source!"
        " learningObjectiveId=learningObjectiveSet.learningObjectiveIds!",
        "learningObjectiveSet.learningObjectiveIds",
        key="sourcedId learningObjectiveSet.source learningObjectiveSet.learningObjectiveIds",
    ),
    _new(
        "lineItems",
        "LineItem",
        "title! description assignDate@ dueDate@ classSourcedId! categorySourcedId!"
        " academicSessionSourcedId=academicSessionSourcedId|gradingPeriodSourcedId! resultValueMin resultValueMax"
        " schoolSourcedId!",
    ),
    _new(
        "lineItemScoreScales",
        "LineItem",
        f"title=scoreScaleSourcedId.title lineItemSourcedId=sourcedId! {_SCALE}",
        *_OF_SCALE,
    ),
    _new("orgs", "Org", _ORGS),
    _new("resources", "Resource", _RESOURCES),
    _new(
        "resultLearningObjectiveIds",
        "Result",
        "resultSourcedId=sourcedId! source=learningObjectiveSet.source!"
        " learningObjectiveId=learningObjectiveSet.learningObjectiveResults.learningObjectiveId!"
        " score=learningObjectiveSet.learningObjectiveResults.score"
        " textScore=learningObjectiveSet.learningObjectiveResults.textScore",
        "learningObjectiveSet.learningObjectiveResults",
        key="sourcedId learningObjectiveSet.source learningObjectiveSet.learningObjectiveResults.learningObjectiveId",
    ),
    _new(
        "results",
        "Result",
        "lineItemSourcedId! studentSourcedId! scoreStatus! score scoreDate! comment textScore classSourcedId inProgress"
        " incomplete late missing",
    ),
    _new(
        "resultScoreScales",
        "Result",
        f"title=scoreScaleSourcedId.title resultSourcedId=sourcedId! {_SCALE}",
        *_OF_SCALE,
    ),
    _new(
        "roles",
        "User",
        "userSourcedId=sourcedId! roleType=roles.roleType! role=roles.role! beginDate=roles.beginDate"
        " endDate=roles.endDate orgSourcedId=roles.orgSourcedId! userProfileSourcedId=roles.userProfile",
        "roles",
        key="sourcedId roles.orgSourcedId roles.role roles.roleType",
        derived={"userProfileSourcedId": "userProfiles"},
    ),
    _new(
        "scoreScales",
        "ScoreScale",
        "title! type! orgSourcedId=classSourcedId.schoolSourcedId!"
        " courseSourcedId=courseSourcedId|classSourcedId.courseSourcedId! classSourcedId! scoreScaleValue!",
    ),
    _new(
        "userProfiles",
        "User",
        "userSourcedId=sourcedId! profileType=userProfiles.profileType! vendorId=userProfiles.vendorId!"
        " applicationId=userProfiles.applicationId description=userProfiles.description"
        " credentialType=userProfiles.credentials.type! username=userProfiles.credentials.username!"
        " password=userProfiles.credentials.password",
        "userProfiles.credentials",
        key="sourcedId userProfiles.profileId",
        row_id="userProfiles.profileId",
    ),
    _new(
        "userResources",
        "User",
        f"userSourcedId=sourcedId! orgSourcedId=- classSourcedId=- {_RESOURCE}",
        *_OF_RESOURCES,
    ),
    _new(
        "users",
        "User",
        "enabledUser! username! userIds givenName! familyName! middleName identifier email sms phone agentSourcedIds"
        " grades password userMasterIdentifier preferredGivenName=preferredFirstName preferredMiddleName"
        " preferredFamilyName=preferredLastName primaryOrgSourcedId pronouns",
        earlier={"resourceSourcedIds": "userMasterIdentifier"},
    ),
)


def _binding(version: str, files: tuple[CsvFile, ...], *releases: str) -> CsvBinding:
    return CsvBinding(version, {file.name: file for file in files}, (version, *releases))


BINDINGS: Final[Mapping[str, CsvBinding]] = {
    "1.1": _binding("1.1", _FILES_OF_1_1),
    "1.2": _binding("1.2", _FILES_OF_1_2, "1.2.1"),
}
"""The bindings by version."""


def stale_rows(binding: CsvBinding, specification: Specification) -> list[str]:
    """Return what the files of a binding name and a specification does not have, one sentence for each row.

    Args:
        binding: The binding.
        specification: The specification, of the same version.
    """
    found = []
    for file in binding.files.values():
        if file.element not in specification.elements:
            found.append(f"{file.name}.csv has the records of {file.element}, which is no element")
            continue
        if missing := file.unknown_sources(specification):
            found.append(f"{file.name}.csv has {', '.join(missing)}, which {file.element} does not have")
        if not file.nested and file.name != collection_name(specification, file.element):
            found.append(f"{file.name}.csv has the records of {collection_name(specification, file.element)}")
    return found


def binding_of(manifest: Manifest, what: Path | str) -> CsvBinding:
    """Return the binding of the version of OneRoster that a roster has.

    Args:
        manifest: The manifest of the roster.
        what: What has the manifest, for the message.

    Raises:
        DestinationError: There is none, or the document no longer has a column of a file.
    """
    binding = BINDINGS.get(manifest.standard)
    if binding is None:
        raise DestinationError(
            f"{what} is of OneRoster {manifest.standard}, and the CSV format supports {', '.join(BINDINGS)} only."
            " Use another format."
        )
    if stale := stale_rows(binding, binding.specification):
        raise DestinationError(f"{what} cannot be OneRoster CSV: {'; '.join(stale)}. {FIX}")
    return binding
