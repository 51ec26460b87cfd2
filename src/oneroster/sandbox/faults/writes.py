"""Faults of writing: what is put is lost, cut or refused, and what should be refused is taken."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from dataclasses import replace
from typing import Any, Final

import msgspec

from oneroster.sandbox.auth.authentication import Admitted, Denied
from oneroster.sandbox.faults.altered_rows import Among
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.handlers.serialization import Record
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, invalid_data
from oneroster.sandbox.requests.operation_request import OperationRequest, unlimited
from oneroster.sandbox.store.result_set import ResultSet
from oneroster.sandbox.store.store import Store
from oneroster_v1p1.tables import ELEMENTS, Property

_TITLE: Final = 255
"""Characters; the width that many a database was given."""


def _is(call: OperationRequest | None, method: str) -> bool:
    return call is not None and call.operation.method == method


def _there(call: OperationRequest) -> Record | None:
    return call.store.read(call.element, call.sourced_id)


def _wrapped(call: OperationRequest, body: Any) -> Record | None:
    """The record under its wrapper, if there is one, under the id of the path."""
    record = body.get(call.operation.body_wrapper) if isinstance(body, dict) else None
    return {**record, "sourcedId": call.sourced_id} if isinstance(record, dict) else None


class PutRefused(Fault):
    name = "put-refused"
    does = "refuses every record that is new, valid or not"
    breaks = "2 PUT operations [A]: create the record"

    def write(self, call: OperationRequest, record: Record) -> Record | Problem:
        return invalid_data("new records are not taken", 422) if _there(call) is None else record


class PutNever201(Fault):
    name = "put-never-201"
    does = "answers a PUT that creates with 200"
    breaks = "2 note W, created 201 [B]"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        return replace(answer, status=200) if _is(call, "PUT") and answer.status == 201 else answer


class PutLosesText(Fault):
    name = "put-loses-text"
    does = "does not keep the description of a line item and the comment of a result"
    breaks = "2 PUT operations [A]: keep what is put"

    def write(self, call: OperationRequest, record: Record) -> Record | Problem:
        return {name: value for name, value in record.items() if name not in ("description", "comment")}


class PutNotListed(Fault):
    name = "put-not-listed"
    does = "leaves out of the gradebook's collections what was created since the start"
    breaks = "2 gradebook collections [A]: all records"

    def prepare(self, store: Store) -> None:
        self._known = {
            element: {row["sourcedId"] for row in rows.page(0, rows.total)}
            for element in ("Category", "LineItem", "Result")
            for rows in [unlimited(element).select(store)]
        }

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        known = self._known.get(call.element)
        return selection if known is None else Among(selection, known)


class PutKeepsFirst(Fault):
    name = "put-keeps-first"
    does = "answers a PUT to a record that is there with 200, and leaves it as it is"
    breaks = "2 PUT operations [A]: replace the record"

    def write(self, call: OperationRequest, record: Record) -> Record | Problem:
        return _there(call) or record


class PutAlways201(Fault):
    name = "put-always-201"
    does = "answers a PUT that replaces with 201"
    breaks = "2 note W, replaced 200 [B]"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        return replace(answer, status=201) if _is(call, "PUT") and answer.status == 200 else answer


class PutMerges(Fault):
    name = "put-merges"
    does = "keeps properties of the former record that the PUT leaves out"
    breaks = "2 note W, PUT replaces the object [B]"

    def write(self, call: OperationRequest, record: Record) -> Record | Problem:
        return (_there(call) or {}) | record


class PutEchoBare(Fault):
    name = "put-echo-bare"
    does = "answers a PUT with the record without its wrapper"
    breaks = "2 note W, content of a PUT response [C]"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        if not (_is(call, "PUT") and answer.status < 300 and isinstance(answer.body, dict)):
            return answer
        return replace(answer, body=next(iter(answer.body.values())))


class ExtraCreditRefused(Fault):
    name = "extra-credit-refused"
    does = "refuses a score above the resultValueMax of its line item"
    breaks = "5.12 Result.score [A]: may exceed resultValueMax"

    def write(self, call: OperationRequest, record: Record) -> Record | Problem:
        if call.element != "Result":
            return record
        item = call.store.read("LineItem", record["lineItem"]["sourcedId"]) or {}
        if record["score"] > item.get("resultValueMax", record["score"]):
            return invalid_data("/score: above resultValueMax", 422)
        return record


class TitleCut(Fault):
    name = "title-cut"
    does = f"cuts a title that is put after {_TITLE} characters, without a word"
    breaks = "5.8 and 5.9 title [A]: a string without a bound"

    def write(self, call: OperationRequest, record: Record) -> Record | Problem:
        return record | {"title": record["title"][:_TITLE]} if "title" in record else record


class PutCrashesOnJunk(Fault):
    name = "put-crashes-on-junk"
    does = "crashes with 500 when the body of a PUT is no JSON"
    breaks = "6.1 400 [A]: invalid request"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        return replace(answer, status=500) if _is(call, "PUT") and answer.status == 400 else answer


class PutTakesBare(Fault):
    name = "put-takes-bare"
    does = "takes a record without its wrapper"
    breaks = "6.1 422 [B]: a body that cannot be processed"

    def forgive(self, call: OperationRequest, body: Any) -> Record | None:
        bare = isinstance(body, dict) and body.get("sourcedId") == call.sourced_id
        return dict(body) if bare else None


class PutTakesInvalid(Fault):
    name = "put-takes-invalid"
    does = "takes records that the schema does not allow, and leaves out what it cannot store"
    breaks = "6.1 422 [B]: a body that cannot be processed"

    def forgive(self, call: OperationRequest, body: Any) -> Record | None:
        record = _wrapped(call, body)
        if record is None or _leads_nowhere(call, record) or body[call.operation.body_wrapper] != record:
            return None
        plain = ELEMENTS[call.element].properties
        return {name: value for name, value in record.items() if not _unfit(plain.get(name), value)}


class PutWritesRefused(Fault):
    name = "put-writes-refused"
    does = "refuses an invalid record, and writes it all the same"
    breaks = "6.1 400 [A]: an invalid request is not done"

    def forgive(self, call: OperationRequest, body: Any) -> Record | None:
        record = _wrapped(call, body)
        if record is not None and not _leads_nowhere(call, record) and "title" not in record and "score" not in record:
            call.store.put(call.element, record)
        return None


class PutByBodyId(Fault):
    name = "put-by-body-id"
    does = "writes the record that the body names, when the path names another"
    breaks = "2 note W, body sourcedId and path id differ [C]"

    def forgive(self, call: OperationRequest, body: Any) -> Record | None:
        record = body.get(call.operation.body_wrapper) if isinstance(body, dict) else None
        named = record.get("sourcedId") if isinstance(record, dict) else None
        return dict(record) if isinstance(record, dict) and named not in (None, call.sourced_id) else None


class PutTakesDangling(Fault):
    name = "put-takes-dangling"
    does = "takes records that refer to records which are not there"
    breaks = "5.2 GUIDRef.sourcedId in a PUT [C]"

    def forgive(self, call: OperationRequest, body: Any) -> Record | None:
        record = _wrapped(call, body)
        return record if record is not None and _leads_nowhere(call, record) else None


def _unfit(known: Property | None, value: Any) -> bool:
    """Whether an object stands where a plain value should."""
    return isinstance(value, dict) and known is not None and known.kind not in ("reference", "object")


def _leads_nowhere(call: OperationRequest, record: Record) -> bool:
    """Whether a line item's class or a result's line item is not there."""
    for name, element in (("class", "Class"), ("lineItem", "LineItem")):
        reference = record.get(name)
        if isinstance(reference, dict) and call.store.read(element, str(reference.get("sourcedId"))) is None:
            return True
    return False


class OpenWrites(Fault):
    name = "open-writes"
    does = "asks nobody for credentials who comes by PUT or DELETE"
    breaks = "6.1 401 [A]: not authenticated"

    def admit(self, arrival: RawRequest, verdict: Admitted | Denied) -> Admitted | Denied:
        return Admitted() if arrival.method in ("PUT", "DELETE") else verdict


class DeleteSays200(Fault):
    name = "delete-says-200"
    does = "answers a DELETE with 200 and an empty object"
    breaks = "2 note W, DELETE 204 [B]"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        done = _is(call, "DELETE") and answer.status == 204
        return replace(answer, status=200, body=msgspec.json.encode({})) if done else answer


class DeleteForgets(Fault):
    name = "delete-forgets"
    does = "answers a DELETE with 204, and deletes nothing"
    breaks = "2 DELETE operations [A]: delete the record"

    def delete(self, call: OperationRequest) -> bool:
        return False


class DeleteUnknown204(Fault):
    name = "delete-unknown-204"
    does = "answers a DELETE of what was never there with 204"
    breaks = "6.1 404 [A]: nothing stands behind the address"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        return Reply(204) if _is(call, "DELETE") and answer.status == 404 else answer


FAULTS = (
    PutRefused,
    PutNever201,
    PutLosesText,
    PutNotListed,
    PutKeepsFirst,
    PutAlways201,
    PutMerges,
    PutEchoBare,
    ExtraCreditRefused,
    TitleCut,
    PutCrashesOnJunk,
    PutTakesBare,
    PutTakesInvalid,
    PutWritesRefused,
    PutByBodyId,
    PutTakesDangling,
    OpenWrites,
    DeleteSays200,
    DeleteForgets,
    DeleteUnknown204,
)
