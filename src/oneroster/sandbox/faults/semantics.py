"""Faults of meaning: every answer is well formed, and together they are not true."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from datetime import datetime, timedelta

from oneroster.sandbox.call import Call, Plan, unlimited
from oneroster.sandbox.faults.frame import Fault
from oneroster.sandbox.faults.rows import Doubled, Without
from oneroster.sandbox.faults.victims import last
from oneroster.sandbox.records import Record
from oneroster.sandbox.selection import Selection
from oneroster.sandbox.store import Store


class SubsetUnfiltered(Fault):
    name = "subset-unfiltered"
    does = "serves all users as students and as teachers, all orgs as schools, all sessions as terms"
    breaks = "2 specialised endpoints [B]: only records of that role or type"

    def plan(self, call: Call, plan: Plan) -> Plan:
        # Nested collections keep to theirs: this is about one query that was forgotten.
        return plan if call.operation.scope else plan._replace(subset=None)


class SubsetIncomplete(Fault):
    name = "subset-incomplete"
    does = "leaves the last active record out of every specialised collection, as one school out of /schools"
    breaks = "2 specialised endpoints [B]: all records of that role or type"

    def selection(self, call: Call, selection: Selection) -> Selection:
        if call.operation.subset is None or call.operation.scope is not None:
            return selection
        return Without(selection, unlimited(call.element)._replace(subset=call.operation.subset).select(call.store))


class ScopeIgnored(Fault):
    name = "scope-ignored"
    does = "serves the rows of all parents in nested collections"
    breaks = "2 nested endpoints [B]: only the rows of the parent in the path"

    def plan(self, call: Call, plan: Plan) -> Plan:
        return plan._replace(scope=None)


class ScopeIncomplete(Fault):
    name = "scope-incomplete"
    does = "leaves the last active row out of every nested collection"
    breaks = "2 nested endpoints [B]: all rows of the parent in the path"

    def selection(self, call: Call, selection: Selection) -> Selection:
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

    def record(self, call: Call, record: Record) -> Record:
        if call.element == "Enrollment":
            record["class"] = record["class"] | {"type": "course"}
        return record


class SingleDiffers(Fault):
    name = "single-differs"
    does = "gives a single read a later dateLastModified than the collection"
    breaks = "2 single reads [A]: the same record as in the collection"

    def record(self, call: Call, record: Record) -> Record:
        if not call.operation.many:
            later = datetime.fromisoformat(record["dateLastModified"]) + timedelta(days=1)
            record["dateLastModified"] = later.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return record


class WrongSingle(Fault):
    name = "wrong-single"
    does = "answers a single read with another record than the one in the path"
    breaks = "2 single reads [A]: the record whose sourcedId is in the path"

    def found(self, call: Call, record: Record) -> Record:
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

    def selection(self, call: Call, selection: Selection) -> Selection:
        whole = call.element == "Course" and call.operation.scope is None
        return Doubled(selection) if whole else selection


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
)
