"""Faults of a POST: records are lost, ids are wrong, and what must be refused is taken."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Any, Final

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.auth.oauth2 import TOKEN_PATH
from oneroster.sandbox.faults.access_oauth import GrantsMoreScopes
from oneroster.sandbox.faults.altered_result_sets import FilteredRows
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import WRITE_NEEDS
from oneroster.sandbox.faults.writes import written_elements
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, invalid_data
from oneroster.sandbox.requests.operation_request import OperationRequest, all_records, missing_parents
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet
from oneroster.sandbox.store.store import Store
from oneroster_runtime.specification import Specification

_NEEDS: Final = replace(WRITE_NEEDS, features=frozenset({"POST"}))
_CREATED: Final = 201


def _is_post(request: OperationRequest | None) -> bool:
    return request is not None and request.operation.method == "POST"


def _created(request: OperationRequest | None, reply: Reply) -> bool:
    return _is_post(request) and reply.status == _CREATED


def _records_in(request: OperationRequest, body: Any) -> list[Record] | None:
    """Return the records of a POST body; None if it has none, or is the body of another method."""
    records = body.get(request.operation.body_wrapper) if _is_post(request) and isinstance(body, dict) else None
    return records if isinstance(records, list) and all(isinstance(record, dict) for record in records) else None


class PostRefused(Fault):
    name = "post-refused"
    does = "rejects every POST, even a valid one"
    breaks = "5 POST [A]: the provider stores the records"
    needs = _NEEDS

    def missing_parents(self, request: OperationRequest, missing: list[Problem]) -> list[Problem]:
        refused = _is_post(request) and not missing
        return [invalid_data("new records are not taken", 422)] if refused else missing


class PostSays200(Fault):
    name = "post-says-200"
    does = "responds with 200 to a POST that creates records"
    breaks = "5 POST [A]: 201 with the pairs of ids"
    needs = _NEEDS

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return replace(reply, status=200) if _created(request, reply) else reply


class PostOnePair(Fault):
    name = "post-one-pair"
    does = "returns the ids of the first record of a POST only"
    breaks = "5 POST [A]: one pair for each record"
    needs = _NEEDS

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if not _created(request, reply):
            return reply
        return replace(reply, body={name: pairs[:1] for name, pairs in reply.body.items()})


class PostPairBare(Fault):
    name = "post-pair-bare"
    does = "returns one pair of ids after a POST, in no list"
    breaks = "5 POST [A]: sourcedIdPairs is a list of pairs"
    needs = _NEEDS

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if not _created(request, reply):
            return reply
        return replace(reply, body={name: pairs[0] for name, pairs in reply.body.items()})


class PostCounts(Fault):
    name = "post-counts"
    does = "adds the number of records to the response to a POST"
    breaks = "2.7 wrappers [A]: exactly one property, closed"
    needs = _NEEDS

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        return replace(reply, body=reply.body | {"created": 2}) if _created(request, reply) else reply


class PostLosesObjectives(Fault):
    name = "post-loses-objectives"
    does = "does not store the learning objectives of a record of a POST"
    breaks = "5 POST [A]: the provider stores the records"
    needs = _NEEDS

    def posted_record(self, request: OperationRequest, record: Record, supplied: str) -> Record:
        return {name: value for name, value in record.items() if name != "learningObjectiveSet"}


class PutLosesFlags(Fault):
    name = "put-loses-flags"
    does = "does not store the flags and the learning objectives of results"
    breaks = "5 PUT [A]: the record is stored"
    needs = _NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        lost = ("late", "missing", "incomplete", "inProgress", "learningObjectiveSet", "scorePercentile")
        return {name: value for name, value in record.items() if name not in lost}


class PutScaleCut(Fault):
    name = "put-scale-cut"
    does = "stores the first value of a score scale only"
    breaks = "5 PUT [A]: the record is stored"
    needs = _NEEDS

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        if request.element != "ScoreScale" or not record.get("scoreScaleValue"):
            return record
        return record | {"scoreScaleValue": record["scoreScaleValue"][:1]}


class PostLosesText(Fault):
    name = "post-loses-text"
    does = "does not store the description or the comment of a record of a POST"
    breaks = "5 POST [A]: the provider stores the records"
    needs = _NEEDS

    def posted_record(self, request: OperationRequest, record: Record, supplied: str) -> Record:
        return {name: value for name, value in record.items() if name not in ("description", "comment")}


class PostKeepsSupplied(Fault):
    name = "post-keeps-supplied"
    does = "stores the records of a POST under the ids in its body, and not under those that it returns"
    breaks = "5 POST [A]: the provider allocates the ids"
    needs = _NEEDS

    def posted_record(self, request: OperationRequest, record: Record, supplied: str) -> Record:
        return record | {"sourcedId": supplied}


class PostNotListed(Fault):
    name = "post-not-listed"
    does = "leaves the records of a POST out of the gradebook collections"
    breaks = "5 POST [A]: the provider stores the records"
    needs = _NEEDS

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        return FilteredRows(rows, lambda row: not row["sourcedId"].startswith("given-"))


class PostReusesId(Fault):
    name = "post-reuses-id"
    does = "gives the records of a POST the ids of existing records, which it overwrites"
    breaks = "2.1 sourcedId [A]: unique"
    needs = _NEEDS

    def prepare(self, store: Store) -> None:
        self._known = {
            element: {row["sourcedId"]: row for row in rows.page(0, rows.total)}
            for element in written_elements(store)
            for rows in [all_records(element).select(store)]
        }

    def allocated_id(self, request: OperationRequest, given: str) -> str:
        known = self._known[request.element].items()
        return next((name for name, row in known if request.store.read(request.element, name) == row), given)


def _storable(request: OperationRequest, record: Record) -> Record:
    """Return a record without objects in place of values."""
    known = request.element_definition.properties
    plain = {name for name, each in known.items() if each.kind not in ("reference", "object")}
    return {name: value for name, value in record.items() if name not in plain or not isinstance(value, dict)}


class PostTakesInvalid(Fault):
    name = "post-takes-invalid"
    does = "accepts a POST of records that violate the schema, and drops what it cannot store"
    breaks = "3.6 422 [A]: a body that is wrong in meaning"
    needs = _NEEDS

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        records = _records_in(request, body)
        if records is None or any(_leads_elsewhere(request, record) for record in records):
            return None
        kept = [_storable(request, record) for record in records]
        return {request.operation.body_wrapper or "": kept}


class PostTakesText(Fault):
    name = "post-takes-text"
    does = "responds with 201 and no pairs to a POST whose body is not JSON"
    breaks = "3.6 400 [C]: a body that is not JSON"
    needs = _NEEDS

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        return {request.operation.body_wrapper or "": []} if _is_post(request) and body is None else None


class PostWritesRefused(Fault):
    name = "post-writes-refused"
    does = "rejects a POST of an invalid record but stores it"
    breaks = "3.6 422 [A]: a failed write stores nothing"
    needs = _NEEDS

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        for record in _records_in(request, body) or ():
            if not _leads_elsewhere(request, record) and isinstance(record.get("sourcedId"), str):
                request.store.put(request.element, _storable(request, record) | {"status": "active"})
        return None


class OpenPosts(Fault):
    name = "open-posts"
    does = "accepts a POST without credentials"
    breaks = "3.6 401 [A]: not authorised"
    needs = _NEEDS

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        api = raw_request.method == "POST" and raw_request.raw_path != TOKEN_PATH.encode()
        return Authenticated() if api else outcome


class PostScopesIgnored(GrantsMoreScopes):
    name = "post-scopes-ignored"
    does = "accepts a token of any scope for a POST"
    breaks = "4.2 scopes [A]: createpost is a scope of its own"
    needs = replace(_NEEDS, access="oauth2")

    def scopes(self, specification: Specification) -> frozenset[str]:
        posts = (one for one in specification.operations.values() if one.method == "POST")
        return frozenset(scope for one in posts for scope in one.oauth_scopes)


class PostAnyParent(Fault):
    name = "post-any-parent"
    does = "accepts a POST below a class, school or line item that does not exist"
    breaks = "3.6 404 [A]: the id is unknown"
    needs = _NEEDS

    def missing_parents(self, request: OperationRequest, missing: list[Problem]) -> list[Problem]:
        return [] if _is_post(request) else missing

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        taken = _records_in(request, body) is not None and missing_parents(request)
        return dict(body) if taken else None


class PostOtherParent(Fault):
    name = "post-other-parent"
    does = "accepts records in a POST that refer to another class, school or line item than its path"
    breaks = "5 POST [C]: agreement of body and path"
    needs = _NEEDS

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        records = _records_in(request, body)
        if records is None or missing_parents(request):
            return None
        return dict(body) if any(_leads_elsewhere(request, record) for record in records) else None


class PostStoresCopy(Fault):
    name = "post-stores-copy"
    does = "stores each record of a POST a second time, under an id that it does not return"
    breaks = "5 POST [A]: one pair of ids for each record"
    needs = _NEEDS

    def posted_record(self, request: OperationRequest, record: Record, supplied: str) -> Record:
        request.store.put(request.element, record | {"sourcedId": f"{record['sourcedId']}-copy"})
        return record


class PostDatedEarlier(Fault):
    name = "post-dated-earlier"
    does = "stores the records of a POST with a dateLastModified of the year before"
    breaks = "2.1 dateLastModified [A]: the last change of the record"
    needs = _NEEDS

    def posted_record(self, request: OperationRequest, record: Record, supplied: str) -> Record:
        date = str(record["dateLastModified"])
        return record | {"dateLastModified": f"{int(date[:4]) - 1}{date[4:7]}-01{date[10:]}"}


def _leads_elsewhere(request: OperationRequest, record: Record) -> bool:
    """Return whether a record refers to another parent than the path."""
    for parent in request.operation.scope.parents if request.operation.scope else ():
        reference = record.get(parent.property)
        if isinstance(reference, dict) and reference.get("sourcedId") != request.ids[parent.parameter]:
            return True
    return False
