"""Faults of the machinery: crashes and statuses that nobody foresaw."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from dataclasses import replace

from oneroster.sandbox.answers import Answer
from oneroster.sandbox.call import Call
from oneroster.sandbox.faults.frame import Fault
from oneroster.sandbox.records import Record


class Rare500(Fault):
    name = "rare-500"
    does = "crashes with 500 when sorted backwards from an offset other than 0"
    breaks = "6.1 status 500 [A]: only for a catastrophe"

    def page(self, call: Call, answer: Answer, total: int) -> Answer:
        backwards = ("orderBy", "desc") in call.pairs and call.query.offset > 0
        if not backwards:
            return answer
        status = {"imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": "unexpected failure"}
        return Answer(500, {"statusInfoSet": [status]})


class UndocumentedStatus(Fault):
    name = "undocumented-status"
    does = "answers a page that is not the whole collection with 206"
    breaks = "6.1 status 200 [A]: success"

    def page(self, call: Call, answer: Answer, total: int) -> Answer:
        partial = answer.status == 200 and call.query.limit < total
        return replace(answer, status=206) if partial else answer


class ThinWhenFiltered(Fault):
    name = "thin-when-filtered"
    does = "leaves dateLastModified out of the records of a filtered collection"
    breaks = "5.1 dateLastModified [A]: required"

    def record(self, call: Call, record: Record) -> Record:
        if any(name == "filter" for name, _ in call.pairs):
            record.pop("dateLastModified", None)
        return record


FAULTS = (Rare500, UndocumentedStatus, ThinWhenFiltered)
