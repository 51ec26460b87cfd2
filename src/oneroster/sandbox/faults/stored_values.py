"""Faults of values that a server stores otherwise than they were written, and of ids under which it stores nothing."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import ClassVar, Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import WRITE_NEEDS
from oneroster.sandbox.http.percent_encoding import encode
from oneroster.sandbox.http.responses import Problem, Reply, error_reply, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, all_records
from oneroster.sandbox.serialization import Record

_FIVE_DIGITS: Final = 999.99


class _ClipsNumbers(Fault, abstract=True):
    """A fault that stores numbers in a column of five digits."""

    property: ClassVar[str]

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        value = record.get(self.property)
        return record if value is None else record | {self.property: min(value, _FIVE_DIGITS)}


class PutClipsMaximum(_ClipsNumbers):
    name = "put-clips-maximum"
    does = "stores every resultValueMax above 999.99 as 999.99"
    breaks = "5.8 resultValueMax [A]: a number"
    needs = WRITE_NEEDS
    property = "resultValueMax"


class PutClipsScores(_ClipsNumbers):
    name = "put-clips-scores"
    does = "stores every score above 999.99 as 999.99"
    breaks = "5.12 score [A]: a number, which may exceed resultValueMax"
    needs = WRITE_NEEDS
    property = "score"


class PutRoundsPercentiles(Fault):
    name = "put-rounds-percentiles"
    does = "stores the scorePercentile of a result without its fraction"
    breaks = "2.5 AssessmentResult.scorePercentile [A]: a number"
    needs = replace(WRITE_NEEDS, elements=frozenset({"AssessmentResult"}))

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        value = record.get("scorePercentile")
        return record if value is None else record | {"scorePercentile": float(int(value))}


class PutDigitsAsNumber(Fault):
    name = "put-digits-as-number"
    does = "stores descriptions and comments of digits without the zeros in front"
    breaks = "5.8 and 5.12 description and comment [A]: a string"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        texts = {name: record[name] for name in ("description", "comment") if name in record}
        return record | {name: str(int(text)) for name, text in texts.items() if text.isdigit()}


class PutIdsEncoded(Fault):
    name = "put-ids-encoded"
    does = "finds no resource for a PUT under an id that is percent-encoded in the path"
    breaks = "1 sourcedId [A]: an opaque string"
    needs = WRITE_NEEDS
    hides = frozenset({"api_response of writes"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.method != "PUT" or encode(request.sourced_id) == request.sourced_id:
            return reply
        request.store.delete(request.element, request.sourced_id)
        return error_reply(unknown_object("no resource at this URL"))


class MetadataFlattened(Fault):
    name = "metadata-flattened"
    does = "stores every value of the metadata as a text"
    breaks = "5.1 metadata [B]: values of any type"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        found = record.get("metadata")
        return record | {"metadata": {name: str(value) for name, value in found.items()}} if found else record


class PutCreatesCopy(Fault):
    name = "put-creates-copy"
    does = "stores every line item a second time, under an id of its own"
    breaks = "2 PUT operations [A]: the object in the path"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        if request.element == "LineItem":
            request.store.put("LineItem", record | {"sourcedId": f"copy-of-{request.sourced_id}"})
        return record


class PutIgnoresCase(Fault):
    name = "put-ignores-case"
    does = "replaces the record whose id differs from that of a PUT in the case of letters only"
    breaks = "1 sourcedId [B]: an opaque string"
    needs = WRITE_NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        rows = all_records(request.element).select(request.store)
        ids = [row["sourcedId"] for row in rows.page(0, rows.total)]
        same = (name for name in ids if name != request.sourced_id and name.lower() == request.sourced_id.lower())
        return record | {"sourcedId": next(same, request.sourced_id)}
