"""The tables of the standard for OneRoster CSV, written down once more, and what holds a bundle against them."""

import csv
import io
import re
from pathlib import Path
from typing import Any, Final

from frictionless import Package, Resource, Schema, system

__all__ = ["FILES", "FILES_1_2", "MANIFEST_ORDER", "MANIFEST_ORDER_1_2", "assert_valid", "header", "strict"]

# The thirteen files as the standard's tables have them, written down here once more, from the standard and not from
# the code: name, *required, >file that a reference leads to, [] list.
FILES: Final = {
    "academicSessions": "*title *type:SessionType *startDate:date *endDate:date parentSourcedId>academicSessions"
    " *schoolYear:year",
    "orgs": "*name *type:OrgType identifier parentSourcedId>orgs",
    "courses": "schoolYearSourcedId>academicSessions *title courseCode grades[] *orgSourcedId>orgs subjects[]"
    " subjectCodes[]",
    "classes": "*title grades[] *courseSourcedId>courses classCode *classType:ClassType location *schoolSourcedId>orgs"
    " *termSourcedIds[]>academicSessions subjects[] subjectCodes[] periods[]",
    "users": "*enabledUser:boolean *orgSourcedIds[]>orgs *role:RoleType *username userIds *givenName *familyName"
    " middleName identifier email sms phone agentSourcedIds[]>users grades[] password",
    "enrollments": "*classSourcedId>classes *schoolSourcedId>orgs *userSourcedId>users *role:EnrollmentRole"
    " primary:boolean beginDate:date endDate:date",
    "demographics": "birthDate:date sex:Gender americanIndianOrAlaskaNative:boolean asian:boolean"
    " blackOrAfricanAmerican:boolean nativeHawaiianOrOtherPacificIslander:boolean white:boolean"
    " demographicRaceTwoOrMoreRaces:boolean hispanicOrLatinoEthnicity:boolean countryOfBirthCode"
    " stateOfBirthAbbreviation cityOfBirth publicSchoolResidenceStatus",
    "resources": "*vendorResourceId title roles[] importance:Importance vendorId applicationId",
    "classResources": "title *classSourcedId>classes *resourceSourcedId>resources",
    "courseResources": "title *courseSourcedId>courses *resourceSourcedId>resources",
    "categories": "*title",
    "lineItems": "*title description *assignDate:date *dueDate:date *classSourcedId>classes"
    " *categorySourcedId>categories *gradingPeriodSourcedId>academicSessions *resultValueMin:float"
    " *resultValueMax:float",
    "results": "*lineItemSourcedId>lineItems *studentSourcedId>users *scoreStatus:ScoreStatus *score:float"
    " *scoreDate:date comment",
}
FILES_1_2: Final = FILES | {
    "users": "*enabledUser:boolean *username userIds *givenName *familyName middleName identifier email sms phone"
    " agentSourcedIds[]>users grades[] password userMasterIdentifier preferredGivenName preferredMiddleName"
    " preferredFamilyName primaryOrgSourcedId>orgs pronouns",
    "roles": "*userSourcedId>users *roleType:RolePriority *role:RoleType12 beginDate:date endDate:date"
    " *orgSourcedId>orgs userProfileSourcedId>userProfiles",
    "userProfiles": "*userSourcedId>users *profileType *vendorId applicationId description *credentialType *username"
    " password",
    "userResources": "*userSourcedId>users orgSourcedId>orgs classSourcedId>classes *resourceSourcedId>resources",
    "demographics": FILES["demographics"].replace(":Gender", ":Sex"),
    "categories": "*title weight:integer",
    "lineItems": "*title description *assignDate:date *dueDate:date *classSourcedId>classes"
    " *categorySourcedId>categories *academicSessionSourcedId>academicSessions resultValueMin:float"
    " resultValueMax:float *schoolSourcedId>orgs",
    "lineItemLearningObjectiveIds": "*lineItemSourcedId>lineItems *source:Source *learningObjectiveId",
    "lineItemScoreScales": "title *lineItemSourcedId>lineItems *scoreScaleSourcedId>scoreScales",
    "results": "*lineItemSourcedId>lineItems *studentSourcedId>users *scoreStatus:ScoreStatus score:float"
    " *scoreDate:date comment textScore classSourcedId>classes inProgress:boolean incomplete:boolean late:boolean"
    " missing:boolean",
    "resultLearningObjectiveIds": "*resultSourcedId>results *source:Source *learningObjectiveId score:float textScore",
    "resultScoreScales": "title *resultSourcedId>results *scoreScaleSourcedId>scoreScales",
    "scoreScales": "*title *type *orgSourcedId>orgs *courseSourcedId>courses *classSourcedId>classes *scoreScaleValue",
}
MANIFEST_ORDER_1_2: Final = [
    *("academicSessions", "categories", "classes", "classResources", "courses", "courseResources", "demographics"),
    *("enrollments", "lineItemLearningObjectiveIds", "lineItems", "lineItemScoreScales", "orgs", "resources"),
    *("resultLearningObjectiveIds", "results", "resultScoreScales", "roles", "scoreScales", "userProfiles"),
    *("userResources", "users"),
]
MANIFEST_ORDER: Final = [
    *("academicSessions", "categories", "classes", "classResources", "courses", "courseResources", "demographics"),
    *("enrollments", "lineItems", "orgs", "resources", "results", "users"),
]
ENUMERATIONS: Final = {
    "SessionType": ["gradingPeriod", "semester", "schoolYear", "term"],
    "OrgType": ["department", "school", "district", "local", "state", "national"],
    "ClassType": ["homeroom", "scheduled"],
    "RoleType": ["administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher"],
    "EnrollmentRole": ["administrator", "proctor", "student", "teacher"],
    "Gender": ["male", "female"],
    "Importance": ["primary", "secondary"],
    "ScoreStatus": ["exempt", "fully graded", "not submitted", "partially graded", "submitted"],
    "boolean": ["true", "false"],
    "RolePriority": ["primary", "secondary"],
    "RoleType12": [
        *("aide", "counselor", "districtAdministrator", "guardian", "parent", "principal", "proctor", "relative"),
        *("siteAdministrator", "student", "systemAdministrator", "teacher", "ext:librarian"),
    ],
    "Sex": ["male", "female", "unspecified", "other"],
    "Source": ["case", "unknown"],
}
PATTERNS: Final = {
    "date": r"\d{4}-\d{2}-\d{2}",
    "year": r"\d{4}",
    "integer": r"\d+",
    "float": r"-?\d+(\.\d+)?",
    "moment": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z",
}
_WORD: Final = re.compile(r"(?P<required>\*?)(?P<name>\w+)(?P<list>(\[\])?)(:(?P<type>\w+))?(>(?P<leads>\w+))?")


def words(file: str, version: str = "1.1") -> list[dict[str, str]]:
    files = {"1.1": FILES, "1.2": FILES_1_2}[version]
    matches = [_WORD.fullmatch(word) for word in files[file].split()]
    return [match.groupdict() for match in matches if match]


def header(file: str, version: str = "1.1") -> list[str]:
    return ["sourcedId", "status", "dateLastModified", *(word["name"] for word in words(file, version))]


def table_schema(file: str, delta: bool, present: set[str], version: str = "1.1") -> dict[str, Any]:
    """The Table Schema of one file, as frictionless takes it."""
    blank = {"pattern": "^$"}
    status = {"required": True, "enum": ["active", "tobedeleted"]} if delta else blank
    moment = {"required": True, "pattern": PATTERNS["moment"]} if delta else blank
    fields = [
        {"name": "sourcedId", "type": "string", "constraints": {"required": True, "unique": True}},
        {"name": "status", "type": "string", "constraints": status},
        {"name": "dateLastModified", "type": "string", "constraints": moment},
    ]
    keys = []
    for word in words(file, version):
        # Of a deleted record nothing but its id is sure to be known, and frictionless cannot tell rows apart.
        constraints: dict[str, Any] = {"required": bool(word["required"]) and not delta}
        if word["type"] in ENUMERATIONS:
            constraints["enum"] = ENUMERATIONS[word["type"]]
        elif word["type"]:
            constraints["pattern"] = PATTERNS[word["type"]]
        fields.append({"name": word["name"], "type": "string", "constraints": constraints})
        if word["leads"] in present and not word["list"] and not delta:
            to = "" if word["leads"] == file else word["leads"].lower()
            keys.append({"fields": [word["name"]], "reference": {"resource": to, "fields": ["sourcedId"]}})
    if file == "demographics" and not delta:
        keys.append({"fields": ["sourcedId"], "reference": {"resource": "users", "fields": ["sourcedId"]}})
    return {"fields": fields, "primaryKey": ["sourcedId"], "foreignKeys": keys}


def assert_valid(folder: Path, delta: bool = False, version: str = "1.1") -> None:
    """Hold a bundle against the standard's tables: frictionless for the files, our own eyes for lists and manifest."""
    present = {path.stem for path in folder.glob("*.csv")} - {"manifest"}
    resources = [
        Resource(
            name=file.lower(),
            path=f"{file}.csv",
            basepath=str(folder),
            format="csv",
            encoding="utf-8",
            schema=Schema.from_descriptor(table_schema(file, delta, present, version)),
        )
        for file in present
    ]
    with system.use_context(trusted=True):
        report = Package(resources=resources).validate()
    assert report.valid, report.flatten(["title", "message"])
    assert_lists(folder, present, delta, version)
    assert_manifest(folder, present, "delta" if delta else "bulk", version)


def assert_lists(folder: Path, present: set[str], delta: bool, version: str) -> None:
    rows = {file: strict(folder / f"{file}.csv", version) for file in present}
    ids = {file: {row["sourcedId"] for row in some} for file, some in rows.items()}
    for file in present:
        for word in words(file, version):
            for row in rows[file]:
                items = row[word["name"]].split(",") if word["list"] and row[word["name"]] else []
                assert all(item.strip() for item in items)
                if word["leads"] in present and not delta:
                    assert set(items) <= ids[word["leads"]]
                if word["name"] in ("userIds", "scoreScaleValue") and row[word["name"]]:
                    assert re.fullmatch(r"\{[^:,{}]+:[^:,{}]+\}(,\{[^:,{}]+:[^:,{}]+\})*", row[word["name"]])


def assert_manifest(folder: Path, present: set[str], mode: str, version: str) -> None:
    order = {"1.1": MANIFEST_ORDER, "1.2": MANIFEST_ORDER_1_2}[version]
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    assert rows[:3] == [["propertyName", "value"], ["manifest.version", "1.0"], ["oneroster.version", version]]
    files, source = rows[3 : 3 + len(order)], rows[3 + len(order) :]
    assert files == [[f"file.{name}", mode if name in present else "absent"] for name in order]
    assert [row[0] for row in source] == ["source.systemName", "source.systemCode"]
    assert all(row[1] for row in source)


def strict(path: Path, version: str = "1.1") -> list[dict[str, str]]:
    """The rows of a file by the standard library's reader, after what it does not check."""
    csv.field_size_limit(2**24)
    content = path.read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    assert content.endswith(b"\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", content)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    assert content.count(b"\r\n") == len(rows), "a line break inside a field"
    assert rows[0] == header(path.stem, version)
    assert {len(row) for row in rows} == {len(rows[0])}
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
