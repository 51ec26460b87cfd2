"""Faults of values: missing, of the wrong type, outside their enumeration, or in the wrong format."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from datetime import date, datetime, timedelta, timezone
from typing import Final
from urllib.parse import unquote

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.faults.target_records import last_record, roles_of, with_role
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.store import Store

_TIME_ZONE: Final = timezone(timedelta(hours=2))


class MissingRequired(Fault):
    name = "missing-required"
    does = "leaves out the title of the last class"
    breaks = "5.4 Class.title [A]: required"

    def prepare(self, store: Store) -> None:
        record = last_record(store, "Class")
        del record["title"]
        store.put("Class", record)


class NumberAsString(Fault):
    name = "number-as-string"
    does = "sends the score of a result as a string"
    breaks = "1 numbers [A]: numbers are JSON numbers"
    needs = Needs(elements=frozenset({"Result"}), without=SMALL_DATA | NO_GRADEBOOK)

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.element == "Result" and "score" in record:
            record["score"] = str(record["score"])
        return record


class ListAsString(Fault):
    name = "list-as-string"
    does = "sends grades as one comma-separated string"
    breaks = "1 identifier lists [A]: arrays of strings"

    def record(self, request: OperationRequest, record: Record) -> Record:
        if isinstance(record.get("grades"), list):
            record["grades"] = ",".join(record["grades"])
        return record


class UnknownRole(Fault):
    name = "unknown-role"
    does = "gives one user, who is neither student nor teacher, the role pupil"
    breaks = "5.15 RoleType [A]: one of eight values"

    def prepare(self, store: Store) -> None:
        record = last_record(store, "User", lambda user: roles_of(user).isdisjoint(("student", "teacher")))
        store.put("User", with_role(record, "pupil"))


class UsDates(Fault):
    name = "us-dates"
    does = "writes the startDate of academic sessions as 08/31/2024"
    breaks = "1 date [A]: YYYY-MM-DD"

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.element == "AcademicSession":
            record["startDate"] = f"{date.fromisoformat(record['startDate']):%m/%d/%Y}"
        return record


class LocalTimes(Fault):
    name = "local-times"
    does = "writes dateLastModified in a time zone two hours ahead of UTC"
    breaks = "1 dateTime [A]: must be in UTC"

    def record(self, request: OperationRequest, record: Record) -> Record:
        moment = datetime.fromisoformat(record["dateLastModified"]).astimezone(_TIME_ZONE)
        record["dateLastModified"] = moment.isoformat(timespec="milliseconds")
        return record


class JsonBooleans(Fault):
    name = "json-booleans"
    does = "writes booleans as JSON booleans instead of strings"
    breaks = '1 booleans [B]: the strings "true" and "false"'
    needs = Needs(without=SMALL_DATA | {"json-booleans"} | KIMONO)

    def record(self, request: OperationRequest, record: Record) -> Record:
        for name, known in request.element_definition.properties.items():
            if known.kind == "boolean" and name in record:
                record[name] = record[name] in (True, "true")
        return record


class BooleansInCapitals(Fault):
    name = "booleans-in-capitals"
    does = "writes booleans as the strings True and False"
    breaks = "1 booleans [B]: lower case only"
    needs = Needs(without=SMALL_DATA | {"json-booleans"})

    def record(self, request: OperationRequest, record: Record) -> Record:
        for name, known in request.element_definition.properties.items():
            if known.kind == "boolean" and name in record:
                record[name] = str(record[name]).capitalize()
        return record


class WordsInCapitals(Fault):
    name = "words-in-capitals"
    does = "writes the status of every record, the type of sessions and orgs, and the role of users with a capital"
    breaks = "5.15 enumerations [A]: the spelling of the values"

    def record(self, request: OperationRequest, record: Record) -> Record:
        entries = record.get("roles")
        users = (
            [record, *(each for each in entries if isinstance(each, dict))] if isinstance(entries, list) else [record]
        )
        for entry in users:
            # The mark of the role of an enrollment is lower.
            names = ("status", "type") if request.element == "Enrollment" else ("status", "type", "role")
            for name in names:
                if isinstance(entry.get(name), str):
                    entry[name] = _capitalised(entry[name])
        return record


def _capitalised(word: str) -> str:
    return word[:1].upper() + word[1:]


class NullRequired(Fault):
    name = "null-required"
    does = "sends null as the title of every category"
    breaks = "5.9 LineItemCategory.title [A]: required"
    needs = Needs(elements=frozenset({"Category"}), without=SMALL_DATA | NO_GRADEBOOK)

    def record(self, request: OperationRequest, record: Record) -> Record:
        return record | {"title": None} if request.element == "Category" else record


class HrefUnescaped(Fault):
    name = "href-unescaped"
    does = "does not escape spaces and accents of ids in the href of references"
    breaks = "5.2 GUIDRef.href [A]: a URI"

    def record(self, request: OperationRequest, record: Record) -> Record:
        for value in record.values():
            for reference in value if isinstance(value, list) else [value]:
                if isinstance(reference, dict) and "href" in reference:
                    reference["href"] = unquote(reference["href"])
        return record


class FlatReferences(Fault):
    name = "flat-references"
    does = "sends userSourcedId in enrollments instead of a reference to the user"
    breaks = "5.7 Enrollment.user [A]: required, a GUIDRef"
    hides = frozenset({"references to users"})

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.element != "Enrollment":
            return record
        user = record["user"]["sourcedId"]
        return {name: value for name, value in record.items() if name != "user"} | {"userSourcedId": user}


class IdsForReferences(Fault):
    name = "ids-for-references"
    does = "sends the ids of the orgs of a user, or of its agents, in place of references"
    breaks = "5.2 GUIDRef [A]: an object with href, sourcedId and type"

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.element == "User":
            name = "orgs" if "orgs" in record else "agents"
            record[name] = [reference["sourcedId"] for reference in record.get(name, ())]
        return record


class EmptyParent(Fault):
    name = "empty-parent"
    does = "sends an empty object as the parent of an org that has none"
    breaks = "5.2 GUIDRef [A]: an object with href, sourcedId and type"

    def record(self, request: OperationRequest, record: Record) -> Record:
        return {**record, "parent": record.get("parent", {})} if request.element == "Org" else record


class RelativeHref(Fault):
    name = "relative-href"
    does = "sends paths instead of URLs as the href of references"
    breaks = "5.2 GUIDRef.href [B]: an absolute URI"

    def record(self, request: OperationRequest, record: Record) -> Record:
        for value in record.values():
            for reference in value if isinstance(value, list) else [value]:
                if isinstance(reference, dict) and "href" in reference:
                    reference["href"] = reference["href"].removeprefix(request.origin)
        return record
