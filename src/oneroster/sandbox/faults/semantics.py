"""Faults of meaning: every answer is well formed, and together they are not true."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from datetime import datetime, timedelta

from oneroster.sandbox.faults.altered_rows import Doubled, Without
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.client_resilience.attempt_counter import AttemptCounter, request_of
from oneroster.sandbox.faults.target_records import last
from oneroster.sandbox.handlers.serialization import Record
from oneroster.sandbox.http.percent_encoding import encode
from oneroster.sandbox.http.responses import Problem, Reply, refusal, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery, absent_parents, unlimited
from oneroster.sandbox.store.result_set import ResultSet
from oneroster.sandbox.store.store import Store


class SubsetUnfiltered(Fault):
    name = "subset-unfiltered"
    does = "serves all users as students and as teachers, all orgs as schools, all sessions as terms"
    breaks = "2 specialised endpoints [B]: only records of that role or type"

    def plan(self, call: OperationRequest, plan: RowQuery) -> RowQuery:
        # Nested collections keep to theirs: this is about one query that was forgotten.
        return plan if call.operation.scope else plan._replace(subset=None)


class SubsetIncomplete(Fault):
    name = "subset-incomplete"
    does = "leaves the last active record out of every specialised collection, as one school out of /schools"
    breaks = "2 specialised endpoints [B]: all records of that role or type"

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        if call.operation.subset is None or call.operation.scope is not None:
            return selection
        return Without(selection, unlimited(call.element)._replace(subset=call.operation.subset).select(call.store))


class ScopeIgnored(Fault):
    name = "scope-ignored"
    does = "serves the rows of all parents in nested collections"
    breaks = "2 nested endpoints [B]: only the rows of the parent in the path"

    def plan(self, call: OperationRequest, plan: RowQuery) -> RowQuery:
        return plan._replace(scope=None)


class ScopeIncomplete(Fault):
    name = "scope-incomplete"
    does = "leaves the last active row out of every nested collection"
    breaks = "2 nested endpoints [B]: all rows of the parent in the path"

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        operation = call.operation
        if operation.scope is None:
            return selection
        whole = unlimited(call.element)._replace(subset=operation.subset, scope=operation.scope, parents=call.ids)
        return Without(selection, whole.select(call.store))


class DanglingReference(Fault):
    name = "dangling-reference"
    does = "lets the schoolYear of one course lead to a session that does not exist"
    breaks = "5.2 GUIDRef.sourcedId [A]: id of the referenced object"

    def prepare(self, store: Store) -> None:
        record = last(store, "Course", lambda course: "schoolYear" in course)
        store.put("Course", record | {"schoolYear": record["schoolYear"] | {"sourcedId": "no-such-session"}})


class WrongReferenceType(Fault):
    name = "wrong-reference-type"
    does = "calls the class of an enrollment a course"
    breaks = "5.2 GUIDRef.type [A]: the kind of the referenced object"

    def record(self, call: OperationRequest, record: Record) -> Record:
        if call.element == "Enrollment":
            record["class"] = record["class"] | {"type": "course"}
        return record


class SingleDiffers(Fault):
    name = "single-differs"
    does = "gives a single read a later dateLastModified than the collection"
    breaks = "2 single reads [A]: the same record as in the collection"

    def record(self, call: OperationRequest, record: Record) -> Record:
        if not call.operation.many:
            later = datetime.fromisoformat(record["dateLastModified"]) + timedelta(days=1)
            record["dateLastModified"] = later.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return record


class WrongSingle(Fault):
    name = "wrong-single"
    does = "answers a single read with another record than the one in the path"
    breaks = "2 single reads [A]: the record whose sourcedId is in the path"

    def found(self, call: OperationRequest, record: Record) -> Record:
        plan = unlimited(call.element)._replace(subset=call.operation.subset)
        others = [other for other in plan.select(call.store).page(0, 2) if other["sourcedId"] != record["sourcedId"]]
        return others[0] if others else record


class OrphanChild(Fault):
    name = "orphan-child"
    does = "leaves one child out of the children of its parent org"
    breaks = "5.10 Org.parent and Org.children [A]: two ends of one tie"

    def prepare(self, store: Store) -> None:
        record = last(store, "Org", lambda org: len(org.get("children", ())) > 1)
        store.put("Org", record | {"children": record["children"][:-1]})


class DuplicateId(Fault):
    name = "duplicate-id"
    does = "lists the first course twice"
    breaks = "5.1 sourcedId [A]: unique"

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        whole = call.element == "Course" and call.operation.scope is None
        return Doubled(selection) if whole else selection


class StrangerAdopted(Fault):
    name = "stranger-adopted"
    does = "serves the rows of all parents below one that does not exist"
    breaks = "2 nested endpoints [B]: only the rows of the parent in the path"

    def parents(self, call: OperationRequest, absent: list[Problem]) -> list[Problem]:
        return []

    def plan(self, call: OperationRequest, plan: RowQuery) -> RowQuery:
        return plan._replace(scope=None) if absent_parents(call) else plan


class SchoolIgnored(Fault):
    name = "school-ignored"
    does = "serves what hangs below a class in a school without a look at the school"
    breaks = "2 nested endpoints [B]: only the rows of both parents in the path"

    def plan(self, call: OperationRequest, plan: RowQuery) -> RowQuery:
        if plan.scope is None or not call.operation.path.startswith("/schools/{school_id}/classes/"):
            return plan
        return plan._replace(scope=plan.scope._replace(parents=plan.scope.parents[1:]))


class DatesReversed(Fault):
    name = "dates-reversed"
    does = "lets the last academic session end before it begins"
    breaks = "5.3 startDate and endDate [B]: the beginning and the end"

    def prepare(self, store: Store) -> None:
        record = last(store, "AcademicSession", lambda session: "children" not in session)
        store.put("AcademicSession", record | {"startDate": record["endDate"], "endDate": record["startDate"]})


class EnrolledBefore(Fault):
    name = "enrolled-before"
    does = "lets an enrollment begin three years before the sessions of its class"
    breaks = "5.7 beginDate [B]: within the session of the class"

    def prepare(self, store: Store) -> None:
        record = last(store, "Enrollment", lambda enrollment: "beginDate" in enrollment)
        year = int(record["beginDate"][:4]) - 3
        store.put("Enrollment", record | {"beginDate": f"{year}{record['beginDate'][4:]}"})


class DemographicsOfNobody(Fault):
    name = "demographics-of-nobody"
    does = "gives one demographics record an id of its own instead of its user's"
    breaks = "5.6 Demographics.sourcedId [A]: that of the user"

    def prepare(self, store: Store) -> None:
        record = last(store, "Demographics")
        store.delete("Demographics", record["sourcedId"])
        store.put("Demographics", record | {"sourcedId": "demographics-1"})


class IdsAnew(Fault):
    name = "ids-anew"
    does = "makes up another sourcedId for a category whenever the same page is asked for again"
    breaks = "5.1 sourcedId [A]: unique to its object"

    def __init__(self) -> None:
        self._turns = AttemptCounter()

    def body(self, call: OperationRequest, body: Record) -> Record:
        if call.element != "Category" or not call.operation.many:
            return body
        turn = self._turns.next(request_of(call))
        rows = [dict(row) for row in body[call.operation.wrapper or ""]]
        if turn > 1 and rows and "sourcedId" in rows[0]:
            rows[0]["sourcedId"] += f"-{turn}"
        return body | {call.operation.wrapper or "": rows}


class EscapedIdsLost(Fault):
    name = "escaped-ids-lost"
    does = "finds no single record whose id needs escaping in a path"
    breaks = "1 sourcedId [A]: an opaque string"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        single = call is not None and call.operation.method == "GET" and not call.operation.many
        if call is None or not single or answer.status != 200 or encode(call.sourced_id) == call.sourced_id:
            return answer
        return refusal(unknown_object("nothing has this sourcedId"), operation_id=call.operation.operation_id)


FAULTS = (
    SubsetUnfiltered,
    SubsetIncomplete,
    ScopeIgnored,
    ScopeIncomplete,
    DanglingReference,
    WrongReferenceType,
    SingleDiffers,
    WrongSingle,
    OrphanChild,
    DuplicateId,
    StrangerAdopted,
    SchoolIgnored,
    DatesReversed,
    EnrolledBefore,
    DemographicsOfNobody,
    IdsAnew,
    EscapedIdsLost,
)
