"""Faults of single values: one is missing, of the wrong type, of no vocabulary, badly written."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from datetime import date, datetime, timedelta, timezone
from typing import Final
from urllib.parse import unquote

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.target_records import last
from oneroster.sandbox.handlers.serialization import Record
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.store.store import Store
from oneroster_v1p1.tables import ELEMENTS

_ELSEWHERE: Final = timezone(timedelta(hours=2))


class MissingRequired(Fault):
    name = "missing-required"
    does = "leaves out the title of the last class"
    breaks = "5.4 Class.title [A]: required"

    def prepare(self, store: Store) -> None:
        record = last(store, "Class")
        del record["title"]
        store.put("Class", record)


class NumberAsString(Fault):
    name = "number-as-string"
    does = "sends the score of a result as a string"
    breaks = "1 numbers [A]: JSON numbers"

    def record(self, call: OperationRequest, record: Record) -> Record:
        if call.element == "Result" and "score" in record:
            record["score"] = str(record["score"])
        return record


class ListAsString(Fault):
    name = "list-as-string"
    does = "sends grades as one string with commas"
    breaks = "1 identifier lists [A]: JSON arrays of strings"

    def record(self, call: OperationRequest, record: Record) -> Record:
        if isinstance(record.get("grades"), list):
            record["grades"] = ",".join(record["grades"])
        return record


class UnknownRole(Fault):
    name = "unknown-role"
    does = "gives one user, neither student nor teacher, the role pupil"
    breaks = "5.15 RoleType [A]: eight values"

    def prepare(self, store: Store) -> None:
        record = last(store, "User", lambda user: user["role"] not in ("student", "teacher"))
        store.put("User", record | {"role": "pupil"})


class UsDates(Fault):
    name = "us-dates"
    does = "writes the startDate of academic sessions as 08/31/2024"
    breaks = "1 date [A]: YYYY-MM-DD"

    def record(self, call: OperationRequest, record: Record) -> Record:
        if call.element == "AcademicSession":
            record["startDate"] = f"{date.fromisoformat(record['startDate']):%m/%d/%Y}"
        return record


class LocalTimes(Fault):
    name = "local-times"
    does = "writes dateLastModified in the zone two hours east of Greenwich"
    breaks = "1 dateTime [A]: must be in UTC"

    def record(self, call: OperationRequest, record: Record) -> Record:
        moment = datetime.fromisoformat(record["dateLastModified"]).astimezone(_ELSEWHERE)
        record["dateLastModified"] = moment.isoformat(timespec="milliseconds")
        return record


class JsonBooleans(Fault):
    name = "json-booleans"
    does = "writes booleans as JSON has them instead of as strings"
    breaks = '1 booleans [B]: the strings "true" and "false"'

    def record(self, call: OperationRequest, record: Record) -> Record:
        for name, known in ELEMENTS[call.element].properties.items():
            if known.kind == "boolean" and name in record:
                record[name] = record[name] in (True, "true")
        return record


class NullRequired(Fault):
    name = "null-required"
    does = "sends null as the title of every category"
    breaks = "5.9 LineItemCategory.title [A]: required"

    def record(self, call: OperationRequest, record: Record) -> Record:
        return record | {"title": None} if call.element == "Category" else record


class HrefUnescaped(Fault):
    name = "href-unescaped"
    does = "puts ids into the addresses of references as they are, with their blanks and accents"
    breaks = "5.2 GUIDRef.href [A]: a URI"

    def record(self, call: OperationRequest, record: Record) -> Record:
        for value in record.values():
            for reference in value if isinstance(value, list) else [value]:
                if isinstance(reference, dict) and "href" in reference:
                    reference["href"] = unquote(reference["href"])
        return record


FAULTS = (
    MissingRequired,
    NullRequired,
    HrefUnescaped,
    NumberAsString,
    ListAsString,
    UnknownRole,
    UsDates,
    LocalTimes,
    JsonBooleans,
)
