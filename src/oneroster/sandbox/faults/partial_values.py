"""Faults of values that are wrong in nested collections or single reads only, or in one kind of record."""

from oneroster.sandbox.faults.altered_result_sets import RowsExceptId
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.faults.target_records import is_active, last_record
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.requests.operation_request import OperationRequest, all_records
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet
from oneroster.sandbox.store.store import Store


class NestedFirstRowLost(Fault):
    name = "nested-first-row-lost"
    does = "leaves the first active row out of nested collections whose parent is a matter of interpretation"
    breaks = "2 nested endpoints [B]: a row that belongs to the parent by every interpretation"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        operation = request.operation
        if operation.scope is None or operation.scope.trust != "C":
            return rows
        query = all_records(request.element)._replace(
            subset=operation.subset, scope=operation.scope, parents=request.ids
        )
        every = query.select(request.store)
        first = next((row["sourcedId"] for row in every.page(0, every.total) if is_active(row)), None)
        return RowsExceptId(rows, first)


class NestedTypesWrong(Fault):
    name = "nested-types-wrong"
    does = "gives the references of results to line items the type category in nested collections"
    breaks = "5.2 GUIDRef.type [A]: the kind of the referenced object"
    needs = Needs(elements=frozenset({"Result"}), without=SMALL_DATA | NO_GRADEBOOK)

    def record(self, request: OperationRequest, record: Record) -> Record:
        item = record.get("lineItem")
        if request.operation.scope is None or request.element != "Result" or not isinstance(item, dict):
            return record
        return record | {"lineItem": item | {"type": "category"}}


class NestedDatesWithTime(Fault):
    name = "nested-dates-with-time"
    does = "sends the dates of enrollments with a time of day in nested collections"
    breaks = "1 date [A]: YYYY-MM-DD"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.operation.scope is None or request.element != "Enrollment":
            return record
        dates = {name: record[name] for name in ("beginDate", "endDate") if name in record}
        return record | {name: f"{value}T00:00:00Z" for name, value in dates.items()}


class SingleCodesMore(Fault):
    name = "single-codes-more"
    does = "sends one subject code too many in the single read of a course"
    breaks = "5.5 subjectCodes [A]: as many as subjects"

    def record(self, request: OperationRequest, record: Record) -> Record:
        codes = record.get("subjectCodes")
        if request.operation.many or request.element != "Course" or not codes:
            return record
        return record | {"subjectCodes": [*codes, codes[0]]}


class ClassIdsIgnoreCase(Fault):
    name = "class-ids-ignore-case"
    does = "compares the ids of classes without regard to case"
    breaks = "1 sourcedId [B]: an opaque string"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        read = request is not None and request.operation.operation_id == "getClass"
        if request is None or not read or reply.status != 404:
            return reply
        rows = all_records("Class").select(request.store)
        wanted = request.sourced_id.lower()
        found = next((row for row in rows.page(0, rows.total) if row["sourcedId"].lower() == wanted), None)
        if found is None:
            return reply
        return Reply(200, {"class": request.serializer.serialize("Class", found, request.origin)})


class EnrolledBeyond(Fault):
    name = "enrolled-beyond"
    does = "ends one enrollment decades after the sessions of its class"
    breaks = "5.7 endDate [B]: within the session of the class"

    def prepare(self, store: Store) -> None:
        store.put("Enrollment", last_record(store, "Enrollment") | {"endDate": "2099-06-30"})


class NestedUsersUnknown(Fault):
    name = "nested-users-unknown"
    does = "refers to a user that does not exist in the enrollments of nested collections"
    breaks = "5.2 GUIDRef.sourcedId [A]: the id of an existing object"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def record(self, request: OperationRequest, record: Record) -> Record:
        user = record.get("user")
        if request.operation.scope is None or request.element != "Enrollment" or not isinstance(user, dict):
            return record
        return record | {"user": user | {"sourcedId": "no-such-user"}}


class NestedPrimaryStudents(Fault):
    name = "nested-primary-students"
    does = "sends students as primary in nested collections"
    breaks = "5.7 primary [A]: teachers only"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def record(self, request: OperationRequest, record: Record) -> Record:
        student = request.element == "Enrollment" and record.get("role") == "student"
        return record | {"primary": "true"} if student and request.operation.scope is not None else record


class SingleRoleTwice(Fault):
    name = "single-role-twice"
    does = "sends the first role of a user twice in single reads"
    breaks = "2.3 Role.roleType [A]: exactly one primary per user and org"
    needs = Needs(elements=frozenset({"ScoreScale"}))

    def record(self, request: OperationRequest, record: Record) -> Record:
        roles = record.get("roles")
        if request.operation.many or request.element != "User" or not roles:
            return record
        return record | {"roles": [*roles, roles[0]]}
