"""Faults of meaning: every response is well formed, but the responses contradict each other or the standard."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from datetime import datetime, timedelta

from oneroster.sandbox.faults.altered_result_sets import FirstRowTwice, RowsExceptLastActive
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.client.attempt_counter import AttemptCounter, request_key
from oneroster.sandbox.faults.declarations import KIMONO, NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.faults.target_records import last_record
from oneroster.sandbox.http.percent_encoding import encode
from oneroster.sandbox.http.responses import Problem, Reply, error_reply, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery, all_records, missing_parents
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet
from oneroster.sandbox.store.store import Store


class SubsetUnfiltered(Fault):
    name = "subset-unfiltered"
    does = "returns all users as students and as teachers, all orgs as schools, all sessions as terms"
    breaks = "2 specialised endpoints [B]: only records of that role or type"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        # Nested collections keep to theirs: this is about one row_query that was forgotten.
        return row_query if request.operation.scope else row_query._replace(subset=None)


class SubsetIncomplete(Fault):
    name = "subset-incomplete"
    does = "leaves the last active record out of every specialised collection, such as one school out of /schools"
    breaks = "2 specialised endpoints [B]: all records of that role or type"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        if request.operation.subset is None or request.operation.scope is not None:
            return rows
        return RowsExceptLastActive(
            rows, all_records(request.element)._replace(subset=request.operation.subset).select(request.store)
        )


class ScopeIgnored(Fault):
    name = "scope-ignored"
    does = "returns the rows of all parents in nested collections"
    breaks = "2 nested endpoints [B]: only the rows of the parent in the path"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        return row_query._replace(scope=None)


class ScopeIncomplete(Fault):
    name = "scope-incomplete"
    does = "leaves the last active row out of every nested collection"
    breaks = "2 nested endpoints [B]: all rows of the parent in the path"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        operation = request.operation
        if operation.scope is None:
            return rows
        all_rows = all_records(request.element)._replace(
            subset=operation.subset, scope=operation.scope, parents=request.ids
        )
        return RowsExceptLastActive(rows, all_rows.select(request.store))


class DanglingReference(Fault):
    name = "dangling-reference"
    does = "refers to a session that does not exist in the schoolYear of one course"
    breaks = "5.2 GUIDRef.sourcedId [A]: the id of an existing object"

    def prepare(self, store: Store) -> None:
        record = last_record(store, "Course", lambda course: "schoolYear" in course)
        store.put("Course", record | {"schoolYear": record["schoolYear"] | {"sourcedId": "no-such-session"}})


class WrongReferenceType(Fault):
    name = "wrong-reference-type"
    does = "types the class reference of an enrollment as course"
    breaks = "5.2 GUIDRef.type [A]: the kind of the referenced object"

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.element == "Enrollment":
            record["class"] = record["class"] | {"type": "course"}
        return record


class SingleDiffers(Fault):
    name = "single-differs"
    does = "returns a later dateLastModified in a single read than in the collection"
    breaks = "2 single reads [A]: the same record as in the collection"
    hides = frozenset({"single record"})

    def record(self, request: OperationRequest, record: Record) -> Record:
        if not request.operation.many:
            later = datetime.fromisoformat(record["dateLastModified"]) + timedelta(days=1)
            record["dateLastModified"] = later.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return record


class WrongSingle(Fault):
    name = "wrong-single"
    does = "returns another record in a single read than the one in the path"
    breaks = "2 single reads [A]: the record whose sourcedId is in the path"

    def single_record(self, request: OperationRequest, record: Record) -> Record:
        query = all_records(request.element)._replace(subset=request.operation.subset)
        others = [
            other for other in query.select(request.store).page(0, 2) if other["sourcedId"] != record["sourcedId"]
        ]
        return others[0] if others else record


class OrphanChild(Fault):
    name = "orphan-child"
    does = "leaves one child out of the children of its parent org"
    breaks = "5.10 Org.parent and Org.children [A]: two directions of one relation"
    needs = Needs(without=SMALL_DATA | {"one-school"})

    def prepare(self, store: Store) -> None:
        record = last_record(store, "Org", lambda org: len(org.get("children", ())) > 1)
        store.put("Org", record | {"children": record["children"][:-1]})


class DuplicateId(Fault):
    name = "duplicate-id"
    does = "lists the first course twice"
    breaks = "5.1 sourcedId [A]: unique"

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        lists_courses = request.element == "Course" and request.operation.scope is None
        return FirstRowTwice(rows) if lists_courses else rows


class StrangerAdopted(Fault):
    name = "stranger-adopted"
    does = "returns the rows of all parents if the parent in the path does not exist"
    breaks = "2 nested endpoints [B]: only the rows of the parent in the path"

    def missing_parents(self, request: OperationRequest, missing: list[Problem]) -> list[Problem]:
        return []

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        return row_query._replace(scope=None) if missing_parents(request) else row_query


class SchoolIgnored(Fault):
    name = "school-ignored"
    does = "ignores the school in the collections of a class in a school"
    breaks = "2 nested endpoints [B]: only the rows of both parents in the path"
    needs = Needs(without=SMALL_DATA | {"one-school"} | KIMONO)

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        if row_query.scope is None or not request.operation.operation_id.endswith("ForClassInSchool"):
            return row_query
        return row_query._replace(scope=row_query.scope._replace(parents=row_query.scope.parents[1:]))


class DatesReversed(Fault):
    name = "dates-reversed"
    does = "swaps the start and the end of the last academic session"
    breaks = "5.3 startDate and endDate [B]: the first and the last day"

    def prepare(self, store: Store) -> None:
        record = last_record(store, "AcademicSession", lambda session: "children" not in session)
        store.put("AcademicSession", record | {"startDate": record["endDate"], "endDate": record["startDate"]})


class EnrolledBefore(Fault):
    name = "enrolled-before"
    does = "starts an enrollment three years before the sessions of its class"
    breaks = "5.7 beginDate [A]: within the session of the class"

    def prepare(self, store: Store) -> None:
        record = last_record(store, "Enrollment", lambda enrollment: "beginDate" in enrollment)
        year = int(record["beginDate"][:4]) - 3
        store.put("Enrollment", record | {"beginDate": f"{year}{record['beginDate'][4:]}"})


class DemographicsOfNobody(Fault):
    name = "demographics-of-nobody"
    does = "gives one demographics record an id that no user has"
    breaks = "5.6 Demographics.sourcedId [A]: the id of the user"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def prepare(self, store: Store) -> None:
        record = last_record(store, "Demographics")
        store.delete("Demographics", record["sourcedId"])
        store.put("Demographics", record | {"sourcedId": "demographics-1"})


class IdsAnew(Fault):
    name = "ids-anew"
    does = "changes the sourcedId of a category each time the same page is requested"
    breaks = "5.1 sourcedId [A]: the permanent id of an object"
    needs = Needs(elements=frozenset({"Category"}), without=SMALL_DATA | NO_GRADEBOOK)

    def __init__(self) -> None:
        self._attempts = AttemptCounter()

    def body(self, request: OperationRequest, body: Record) -> Record:
        if request.element != "Category" or not request.operation.many:
            return body
        attempt = self._attempts.next(request_key(request))
        rows = [dict(row) for row in body[request.operation.wrapper or ""]]
        if attempt > 1 and rows and "sourcedId" in rows[0]:
            rows[0]["sourcedId"] += f"-{attempt}"
        return body | {request.operation.wrapper or "": rows}


class EscapedIdsLost(Fault):
    name = "escaped-ids-lost"
    does = "responds with 404 to a single read if the id needs percent-encoding"
    breaks = "1 sourcedId [A]: an opaque string"
    needs = Needs(without=SMALL_DATA | {"special-ids"})
    hides = frozenset({"404 to reads"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        single = request is not None and request.operation.method == "GET" and not request.operation.many
        if request is None or not single or reply.status != 200 or encode(request.sourced_id) == request.sourced_id:
            return reply
        return error_reply(unknown_object("nothing has this sourcedId"), operation_id=request.operation.operation_id)


class NestedFindsHidden(Fault):
    name = "nested-finds-hidden"
    does = "lists the last active class in nested collections and not in the collection of all classes"
    breaks = "2 nested endpoints [B]: rows of the collection, selected by the parent"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        if request.element != "Class" or request.operation.scope is not None:
            return rows
        return RowsExceptLastActive(rows, all_records(request.element).select(request.store))
