"""Faults of what is served: operations that answer 404 for the ids of their own lists, or find too much."""

import re

from oneroster.sandbox.faults.altered_result_sets import FirstRowTwice
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.http.percent_encoding import decode, encode
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Reply, error_reply, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, all_records
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet
from oneroster_runtime.specification import Operation


def _is_single_read(request: OperationRequest | None) -> bool:
    return request is not None and request.operation.method == "GET" and not request.operation.many


def _not_found(request: OperationRequest) -> Reply:
    return error_reply(unknown_object("nothing is here"), operation_id=request.operation.operation_id)


class SinglesAbsent(Fault):
    name = "single-reads-absent"
    does = "serves no single read of line items"
    breaks = "2 single reads [A]: every collection has one"
    needs = Needs(without=SMALL_DATA | NO_GRADEBOOK)

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        absent = request is not None and _is_single_read(request) and request.element == "LineItem"
        return _not_found(request) if request is not None and absent else reply


class TombstonesLost(Fault):
    name = "tombstones-lost"
    does = "responds with 404 to a single read of a user that is tobedeleted"
    breaks = "2 single reads [B]: the record of the list"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or not _is_single_read(request) or request.element != "User" or reply.status != 200:
            return reply
        record = request.store.read("User", request.sourced_id)
        return _not_found(request) if record is not None and record["status"] != "active" else reply


class TombstonesRevived(Fault):
    name = "tombstones-revived"
    does = "shows a user that is tobedeleted as active in a single read"
    breaks = "5.1 status [A]: active or tobedeleted"
    needs = Needs(without=SMALL_DATA)

    def record(self, request: OperationRequest, record: Record) -> Record:
        single = request.element == "User" and not request.operation.many
        return record | {"status": "active"} if single and "status" in record else record


class NestedAbsent(Fault):
    name = "nested-absent"
    does = "responds with 404 to the terms of every school"
    breaks = "2 nested endpoints [B]: those of the standard"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        absent = request is not None and _shape(request.operation) == "/schools/{}/terms"
        return _not_found(request) if request is not None and absent and reply.status == 200 else reply


class StudentsDiffer(Fault):
    name = "students-differ"
    does = "leaves the identifier and the middle name out of the records of students"
    breaks = "3.4 fields [B]: all data without a selection"

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.operation.path not in ("/students", "/students/{id}"):
            return record
        return {name: value for name, value in record.items() if name not in ("identifier", "middleName")}


class AnyUserIsAStudent(Fault):
    name = "any-user-is-a-student"
    does = "returns any user in a single read of a student or a teacher"
    breaks = "2 specialised endpoints [B]: only records of that role"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or not _is_single_read(request) or request.element != "User" or reply.status != 404:
            return reply
        record = request.store.read("User", request.sourced_id)
        if record is None:
            return reply
        return Reply(200, {request.operation.wrapper: request.serializer.serialize("User", record, request.origin)})


class NestedRowTwice(Fault):
    name = "nested-row-twice"
    does = "lists the first class of a school twice"
    breaks = "5.1 sourcedId [A]: unique"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        return FirstRowTwice(rows) if _shape(request.operation) == "/schools/{}/classes" else rows


class IdsIgnoreCase(Fault):
    name = "ids-ignore-case"
    does = "compares the ids of sessions without regard to case"
    breaks = "1 sourcedId [B]: an opaque string"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or _shape(request.operation) != "/academicSessions/{}" or reply.status != 404:
            return reply
        rows = all_records("AcademicSession").select(request.store)
        wanted = request.sourced_id.lower()
        found = next((row for row in rows.page(0, rows.total) if row["sourcedId"].lower() == wanted), None)
        if found is None:
            return reply
        return Reply(
            200, {request.operation.wrapper: request.serializer.serialize(request.element, found, request.origin)}
        )


class EncodedLettersLost(Fault):
    name = "encoded-letters-lost"
    does = "compares the path of a session before it is percent-decoded"
    breaks = "RFC 3986, 6.2.2.2 [B]: an encoded letter is that letter"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        last = raw_request.raw_path.rpartition(b"/")[2]
        if b"/academicSessions/" not in raw_request.raw_path or reply.status != 200:
            return reply
        if last == encode(decode(last)).encode():
            return reply
        return error_reply(unknown_object("no session has this sourcedId"))


class HrefRelative(Fault):
    name = "href-relative"
    does = "writes the href of the school of a class as a path"
    breaks = "5.2 href [B]: an address that can be reached"

    def record(self, request: OperationRequest, record: Record) -> Record:
        school = record.get("school")
        if request.element != "Class" or not isinstance(school, dict) or "href" not in school:
            return record
        return record | {"school": school | {"href": school["href"].removeprefix(request.origin)}}


class HrefElsewhere(Fault):
    name = "href-elsewhere"
    does = "writes a URL that does not exist into the href of the school of a class"
    breaks = "5.2 href [B]: an address that can be reached"

    def record(self, request: OperationRequest, record: Record) -> Record:
        school = record.get("school")
        if request.element != "Class" or not isinstance(school, dict) or "href" not in school:
            return record
        return record | {"school": school | {"href": school["href"].replace("/orgs/", "/organisations/")}}


def _shape(operation: Operation) -> str:
    """Return the path of an operation without the names of its parameters, which differ between versions."""
    return re.sub(r"\{[^}]*\}", "{}", operation.path)
