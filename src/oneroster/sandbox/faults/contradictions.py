"""Faults of records that contradict others: years of other years, one-way agents, addresses of others, no values."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.faults.target_records import is_active, last_record, roles_of
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.requests.operation_request import OperationRequest, all_records
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.store import Store

_CLOSED: Final = Needs(features=frozenset({"nested minor codes"}))
_NOT_FOUND: Final = 404
_RELATIVES: Final = frozenset({"parent", "guardian", "relative"})


def _all(store: Store, element: str) -> list[Record]:
    rows = all_records(element).select(store)
    return rows.page(0, rows.total)


class OwnYearOfSessions(Fault):
    name = "own-year-of-sessions"
    does = "writes the year in which a session itself ends as its schoolYear"
    breaks = "1 year [A]: that in which the school year ends"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def prepare(self, store: Store) -> None:
        for row in _all(store, "AcademicSession"):
            store.put("AcademicSession", row | {"schoolYear": row["endDate"][:4]})


class AgentsOfStudentsOnly(Fault):
    name = "agents-of-students-only"
    does = "lists the agents of students only"
    breaks = "5.13 agents [A]: both directions"

    def prepare(self, store: Store) -> None:
        for row in _all(store, "User"):
            if roles_of(row) & _RELATIVES and "agents" in row:
                store.put("User", {name: value for name, value in row.items() if name != "agents"})


class UsersTypedTeacher(Fault):
    name = "users-typed-teacher"
    does = "writes teacher as the type of every user of an enrollment, of students as well"
    breaks = "5.2 GUIDRef.type [A]: the kind of the referenced object"
    needs = Needs(features=frozenset({"references to teachers"}))
    hides = frozenset({"references to users"})

    def record(self, request: OperationRequest, record: Record) -> Record:
        user = record.get("user")
        if request.element != "Enrollment" or not isinstance(user, dict):
            return record
        return record | {"user": user | {"type": "teacher"}}


class HrefOfAnother(Fault):
    name = "href-of-another"
    does = "writes the address of one org into the href of the school of every class"
    breaks = "5.2 href [A]: the address of the referenced object"

    def record(self, request: OperationRequest, record: Record) -> Record:
        school = record.get("school")
        if request.element != "Class" or not isinstance(school, dict) or "href" not in school:
            return record
        other = last_record(request.store, "Org", lambda org: org["type"] == "district")["sourcedId"]
        return record | {"school": school | {"href": request.serializer.href("Org", other, request.origin)}}


class NestedHrefOfAnother(HrefOfAnother):
    name = "nested-href-of-another"
    does = "writes the address of one org into the href of the school of every class of a nested collection"
    breaks = "5.2 href [A]: the address of the referenced object"

    def record(self, request: OperationRequest, record: Record) -> Record:
        return super().record(request, record) if request.operation.scope is not None else record


class HrefOfTheList(Fault):
    name = "href-of-the-list"
    does = "writes the address of all orgs into the href of the school of every class"
    breaks = "5.2 href [A]: the address of the referenced object"
    needs = Needs(without=SMALL_DATA | {"one-school"})

    def record(self, request: OperationRequest, record: Record) -> Record:
        school = record.get("school")
        if request.element != "Class" or not isinstance(school, dict) or "href" not in school:
            return record
        return record | {"school": school | {"href": school["href"].rpartition("/")[0]}}


class DatedWhenRead(Fault):
    name = "dated-when-read"
    does = "writes the current time as dateLastModified into single reads of courses"
    breaks = "5.1 dateLastModified [A]: the last change of the record"

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.operation.many or request.element != "Course":
            return record
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return record | {"dateLastModified": now}


class NullResources(Fault):
    name = "resources-null-when-none"
    does = "sends null instead of an empty array of the resources of a class or a course"
    breaks = "2 wrapper summary [A]: an array"
    needs = Needs(without=SMALL_DATA | KIMONO)
    hides = frozenset({"wrapper"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        wrapper = str(request.operation.wrapper)
        none = request.element == "Resource" and request.operation.scope is not None and total == 0
        return replace(reply, body={**reply.body, wrapper: None}) if none else reply


class BooleansAsDigits(Fault):
    name = "booleans-as-digits"
    does = "writes enabledUser as 1 or 0"
    breaks = "1 booleans [B]: the strings true and false"

    def record(self, request: OperationRequest, record: Record) -> Record:
        enabled = record.get("enabledUser")
        return record | {"enabledUser": "1" if enabled in ("true", True) else "0"} if enabled is not None else record


class NumberedSingles(Fault):
    name = "numbered-singles"
    does = "sends the number of the row in the database with single reads of resources"
    breaks = "2 data model [A]: closed objects"
    needs = _CLOSED

    def record(self, request: OperationRequest, record: Record) -> Record:
        single = request.element == "Resource" and not request.operation.many
        return record | {"_id": 7} if single else record


class NullMiddleName(Fault):
    name = "null-middle-name"
    does = "sends null as the middleName of users without one"
    breaks = "2 data model [A]: no schema allows null"
    needs = replace(_CLOSED, without=SMALL_DATA | {"all-optional"})

    def record(self, request: OperationRequest, record: Record) -> Record:
        none = request.element == "User" and "middleName" not in record
        return record | {"middleName": None} if none else record


class BlankEndDates(Fault):
    name = "blank-end-dates"
    does = "sends an empty string as the endDate of enrollments without one"
    breaks = "2 data model [A]: a date is YYYY-MM-DD"
    needs = replace(_CLOSED, without=SMALL_DATA | {"all-optional"})

    def record(self, request: OperationRequest, record: Record) -> Record:
        none = request.element == "Enrollment" and "endDate" not in record
        return record | {"endDate": ""} if none else record


class ReadByPrefix(Fault):
    name = "read-by-prefix"
    does = "reads the first org whose id begins with the requested one"
    breaks = "6.1 404 [A]: an id that was never assigned"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.many or request.element != "Org" or reply.status != _NOT_FOUND:
            return reply
        found = [row for row in _all(request.store, "Org") if row["sourcedId"].startswith(request.sourced_id)]
        return _read(request, "Org", found[0]) if found and request.operation.subset is None else reply


class ReadOfAnyKind(Fault):
    name = "read-of-any-kind"
    does = "reads a class under the path of courses"
    breaks = "6.1 404 [A]: no resource behind the URI"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.many or request.element != "Course" or reply.status != _NOT_FOUND:
            return reply
        found = request.store.read("Class", request.sourced_id)
        return _read(request, "Class", found) if found is not None else reply


def _read(request: OperationRequest, element: str, row: Record) -> Reply:
    record = request.serializer.serialize(element, row, request.origin)
    return Reply(200, {str(request.operation.wrapper): record})


class SortedScoresAsText(Fault):
    name = "sorted-scores-as-text"
    does = "writes scores as strings if results are sorted"
    breaks = "5.12 score [A]: a number"
    needs = Needs(elements=frozenset({"Result"}), without=SMALL_DATA | NO_GRADEBOOK)

    def record(self, request: OperationRequest, record: Record) -> Record:
        sorted_results = request.element == "Result" and request.query.sort is not None
        return record | {"score": str(record["score"])} if sorted_results and "score" in record else record


class FilteredTypesInCapitals(Fault):
    name = "filtered-types-in-capitals"
    does = "writes the type of orgs with a capital letter if they are filtered"
    breaks = "5.15 OrgType [A]: six words"

    def record(self, request: OperationRequest, record: Record) -> Record:
        filtered = request.element == "Org" and request.query.filter is not None
        return record | {"type": record["type"].title()} if filtered and "type" in record else record


class VendorResourceTwice(Fault):
    name = "vendor-resource-twice"
    does = "sends two resources of one vendor with the same vendorResourceId"
    breaks = "2.6 vendorResourceId [A]: unique within the vendor"
    needs = _CLOSED

    def prepare(self, store: Store) -> None:
        for row in _all(store, "Resource")[:2]:
            store.put("Resource", row | {"vendorId": "v-1", "vendorResourceId": "book-7", "status": "active"})


class ClassInPeriod(Fault):
    name = "class-in-period"
    does = "refers to a grading period as the term of a class"
    breaks = "5.4 terms [B]: terms or semesters"

    def prepare(self, store: Store) -> None:
        period = last_record(store, "AcademicSession", lambda session: session["type"] == "gradingPeriod")
        row = last_record(store, "Class")
        term = row["terms"][0] | {"sourcedId": period["sourcedId"]}
        store.put("Class", row | {"terms": [*row["terms"], term]})


class IdIsEmail(Fault):
    name = "id-is-email"
    does = "gives a user the email address as sourcedId"
    breaks = "2 data model [A]: sourcedId has no personal data"
    needs = _CLOSED

    def prepare(self, store: Store) -> None:
        user = last_record(store, "User", lambda user: "email" in user)
        own = {name: value for name, value in user.items() if name not in ("agents", "username", "userIds")}
        store.put("User", own | {"sourcedId": user["email"]})


class AssessedTextOffScale(Fault):
    name = "assessed-text-off-scale"
    does = "sends a textScore of an assessment that the score scale does not have"
    breaks = "2.5 textScore [A]: must fit the score scale"
    needs = Needs(features=frozenset({"score scales"}), without=SMALL_DATA | NO_GRADEBOOK)

    def prepare(self, store: Store) -> None:
        result = last_record(store, "AssessmentResult", lambda one: "scoreScale" in one and "textScore" in one)
        store.put("AssessmentResult", result | {"textScore": "Z"})


class ResourceOfUser(Fault):
    name = "resource-of-user-only"
    does = "lists a resource to which only a user refers"
    breaks = "2.6 Resource [A]: belongs to a course or a class"
    needs = _CLOSED

    def prepare(self, store: Store) -> None:
        own = last_record(store, "Resource") | {"sourcedId": "resource-of-user", "vendorResourceId": "of-user"}
        store.put("Resource", own)
        user = last_record(store, "User", is_active)
        store.put("User", user | {"resources": [{"sourcedId": "resource-of-user", "type": "resource"}]})
