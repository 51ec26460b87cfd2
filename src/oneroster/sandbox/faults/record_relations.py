"""Faults of records in relation to others: own parents, other years, entries that differ, records lost by their id."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from typing import Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.http.responses import Reply, error_reply, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, all_records
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.store import Store

_FUTURE: Final = "2099-01-01T00:00:00.000Z"
_MANY: Final = 8
_OPTIONAL: Final = ("classCode", "location", "email", "phone")


class SchoolYearRange(Fault):
    name = "school-year-range"
    does = "writes the schoolYear of a session as two years, as in 2025-2026"
    breaks = "1 year [A]: four digits"
    hides = frozenset({"texts of digits"})

    def record(self, request: OperationRequest, record: Record) -> Record:
        year = record.get("schoolYear")
        return record | {"schoolYear": f"{int(year) - 1}-{year}"} if isinstance(year, str) else record


class YearOfParent(Fault):
    name = "other-school-year"
    does = "sends terms with the schoolYear 1999"
    breaks = "1 year [A]: that in which the school year ends"

    def prepare(self, store: Store) -> None:
        rows = all_records("AcademicSession").select(store)
        for row in rows.page(0, rows.total):
            if row.get("type") == "term" and "schoolYear" in row:
                store.put("AcademicSession", row | {"schoolYear": "1999"})


class TermsTwice(Fault):
    name = "class-terms-twice"
    does = "lists every term of a class twice"
    breaks = "5.2 GUIDRef [B]: a reference to another object"

    def record(self, request: OperationRequest, record: Record) -> Record:
        return record | {"terms": record["terms"] * 2} if request.element == "Class" and "terms" in record else record


class ChangedInFuture(Fault):
    name = "changed-in-future"
    does = "sends resources with a dateLastModified of 2099"
    breaks = "5.1 dateLastModified [B]: the last change"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def record(self, request: OperationRequest, record: Record) -> Record:
        resource = request.element == "Resource" and "dateLastModified" in record
        return record | {"dateLastModified": _FUTURE} if resource else record


class RangeReversed(Fault):
    name = "range-reversed"
    does = "sends line items whose resultValueMin is above their resultValueMax"
    breaks = "5.8 resultValueMin and resultValueMax [B]"
    needs = Needs(elements=frozenset({"LineItem"}), without=SMALL_DATA | NO_GRADEBOOK)

    def prepare(self, store: Store) -> None:
        rows = all_records("LineItem").select(store)
        for row in rows.page(0, rows.total):
            if "resultValueMax" in row:
                store.put("LineItem", row | {"resultValueMin": row["resultValueMax"] + 1})


class NestedEntriesShort(Fault):
    name = "nested-entries-short"
    does = "leaves optional fields, such as classCode and email, out of nested collections"
    breaks = "3.4 without fields all data comes back [B]"
    needs = Needs(without=SMALL_DATA | {"one-school"})

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.operation.scope is None:
            return record
        return {name: value for name, value in record.items() if name not in _OPTIONAL}


class SomeSinglesLost(Fault):
    name = "some-singles-lost"
    does = "responds with 404 to single reads of results in the third quarter of their list"
    breaks = "2 single reads [A]: every record can be read"
    # With special ids only, the loss looks like one of these.
    needs = Needs(elements=frozenset({"Result"}), without=SMALL_DATA | NO_GRADEBOOK | {"special-ids"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        read = request is not None and request.operation.method == "GET" and not request.operation.many
        if request is None or not read or request.element != "Result" or reply.status != 200:
            return reply
        rows = request.store.select("Result")
        ids = [row["sourcedId"] for row in rows.page(0, rows.total)]
        late = len(ids) > _MANY and len(ids) // 2 < ids.index(request.sourced_id) < len(ids) - 1
        return error_reply(unknown_object("no result has this sourcedId")) if late else reply


class HrefHoldsToken(Fault):
    name = "href-holds-token"
    does = "adds an access token to the href of the school of a class"
    breaks = "4 Link rules [B]: no credentials in URLs"

    def record(self, request: OperationRequest, record: Record) -> Record:
        school = record.get("school")
        if request.element != "Class" or not isinstance(school, dict) or "href" not in school:
            return record
        return record | {"school": school | {"href": f"{school['href']}?access_token=0"}}


class MetadataBirthDate(Fault):
    name = "metadata-birth-date"
    does = "sends the birth date of users in their metadata"
    breaks = "5.6 Demographics [B]: apart from users"

    def record(self, request: OperationRequest, record: Record) -> Record:
        fields = request.query.fields
        if request.element != "User" or (fields is not None and "metadata" not in fields):
            return record
        return record | {"metadata": {**record.get("metadata", {}), "birthDate": "2012-01-01"}}
