"""Faults in the values of records: each value alone is valid, and contradicts another one."""

from typing import Final

import msgspec

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.faults.target_records import last_record, roles_of
from oneroster.sandbox.http.responses import JSON, Reply
from oneroster.sandbox.requests.operation_request import OperationRequest, all_records
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.store import Store

_GRADEBOOK: Final = Needs(without=SMALL_DATA | NO_GRADEBOOK)
_TWICE: Final = b'"status":"active","status":"active"'


class SchoolYearOfStart(Fault):
    name = "school-year-of-start"
    does = "writes the year in which a school year starts as its schoolYear"
    breaks = "1 year [A]: the year in which the school year ends"

    def prepare(self, store: Store) -> None:
        record = last_record(store, "AcademicSession", lambda session: session["type"] == "schoolYear")
        store.put("AcademicSession", record | {"schoolYear": record["startDate"][:4]})


class PeriodIsTerm(Fault):
    name = "period-is-term"
    does = "refers to a term as the gradingPeriod of a line item"
    breaks = "5.8 gradingPeriod [B]: a session of that type"
    needs = _GRADEBOOK

    def prepare(self, store: Store) -> None:
        term = last_record(store, "AcademicSession", lambda session: session["type"] == "term")
        item = last_record(store, "LineItem", lambda item: "gradingPeriod" in item)
        store.put("LineItem", item | {"gradingPeriod": item["gradingPeriod"] | {"sourcedId": term["sourcedId"]}})


class ResultOfTeacher(Fault):
    name = "result-of-teacher"
    does = "refers to a teacher as the student of a result"
    breaks = "5.12 student [B]: a user with that role"
    needs = _GRADEBOOK

    def prepare(self, store: Store) -> None:
        teacher = last_record(store, "User", lambda user: roles_of(user) == {"teacher"})
        result = last_record(store, "Result")
        store.put("Result", result | {"student": result["student"] | {"sourcedId": teacher["sourcedId"]}})


class TwoPrimaryTeachers(Fault):
    name = "two-primary-teachers"
    does = "marks two teachers of one class as primary"
    breaks = "5.7 primary [A]: one teacher of a class at a time"
    needs = Needs(without=SMALL_DATA | {"one-school"})

    def prepare(self, store: Store) -> None:
        rows = all_records("Enrollment").select(store).page(0, 10**6)
        primary = {row["class"]["sourcedId"]: row for row in rows if row.get("primary") == "true"}
        other = next(
            (row for row in rows if row.get("primary") == "false" and row["class"]["sourcedId"] in primary), None
        )
        if other is None:
            raise ValueError("this district has no class with a second teacher")
        same = primary[other["class"]["sourcedId"]]
        dates = {name: same[name] for name in ("beginDate", "endDate") if name in same}
        store.put("Enrollment", other | dates | {"primary": "true", "status": "active"})
        store.put("Enrollment", same | {"status": "active"})


class PrimaryStudent(Fault):
    name = "primary-student"
    does = "marks the enrollment of a student as primary"
    breaks = "5.7 primary [A]: teachers only"

    def prepare(self, store: Store) -> None:
        record = last_record(store, "Enrollment", lambda enrollment: enrollment["role"] == "student")
        store.put("Enrollment", record | {"primary": "true"})


class CodesWithoutSubjects(Fault):
    name = "codes-without-subjects"
    does = "writes one subject code too many for a course"
    breaks = "5.5 subjectCodes [A]: as many as subjects"

    def prepare(self, store: Store) -> None:
        record = last_record(store, "Course", lambda course: bool(course.get("subjectCodes")))
        store.put("Course", record | {"subjectCodes": [*record["subjectCodes"], "99999"]})


class TermOutsideYear(Fault):
    name = "term-outside-year"
    does = "ends a term after its school year"
    breaks = "5.3 parent [B]: a session within its parent"

    def prepare(self, store: Store) -> None:
        record = last_record(
            store, "AcademicSession", lambda session: "parent" in session and session["type"] == "term"
        )
        year = int(record["endDate"][:4]) + 1
        store.put("AcademicSession", record | {"endDate": f"{year}-01-31"})


class BornTomorrow(Fault):
    name = "born-after-change"
    does = "writes a birth date that is later than the last change of the record"
    breaks = "5.6 birthDate [B]: a day in the past"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def prepare(self, store: Store) -> None:
        record = last_record(store, "Demographics", lambda person: "birthDate" in person)
        store.put("Demographics", record | {"birthDate": f"{int(record['dateLastModified'][:4]) + 5}-01-01"})


class DuplicateKeys(Fault):
    name = "duplicate-keys"
    does = "writes the status of every org twice"
    breaks = "RFC 8259, 4 [B]: unique names"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.element != "Org" or reply.status != 200 or not isinstance(reply.body, dict):
            return reply
        body = msgspec.json.encode(reply.body).replace(b'"status":"active"', _TWICE)
        return Reply(200, body, reply.headers, JSON)


class UserWithBirthDate(Fault):
    name = "user-with-birth-date"
    does = "writes the birth date into the records of users"
    breaks = "7.4 scopes [B]: demographics have a scope of their own"

    def record(self, request: OperationRequest, record: Record) -> Record:
        return record | {"birthDate": "2012-02-29"} if request.element == "User" else record


class NestedBirthDate(UserWithBirthDate):
    name = "nested-birth-date"
    does = "writes the birth date into the users of nested collections"
    breaks = "7.4 scopes [B]: demographics have a scope of their own"

    def record(self, request: OperationRequest, record: Record) -> Record:
        return super().record(request, record) if request.operation.scope is not None else record
