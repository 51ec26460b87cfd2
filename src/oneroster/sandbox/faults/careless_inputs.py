"""Faults that show with queries that careless clients send: impossible values, many clauses, odd sorts, HEAD."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import SMALL_DATA, Needs
from oneroster.sandbox.faults.unfiltered_replies import unfiltered_reply
from oneroster.sandbox.http.broken_responses import TruncatedReply
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, error_reply, status_info_set
from oneroster.sandbox.requests.operation_request import OperationRequest, parameter_of

_CRASH: Final = {"statusInfoSet": status_info_set([Problem(500, "invalid data", "unexpected failure")])}
_IMPOSSIBLE_WORDS: Final = ("'oneroster", "'yesterday'", "'2025-02-30'", "'perhaps'")
_JUNCTIONS: Final = (" AND ", " OR ")


class HeadCrashes(Fault):
    name = "head-crashes"
    does = "responds with 500 to HEAD of a single record"
    breaks = "6.1 status 500 [A]: unexpected failures only"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        single = isinstance(reply.body, dict) and any(isinstance(value, dict) for value in reply.body.values())
        return Reply(500, _CRASH) if raw_request.method == "HEAD" and single else reply


class BeyondTheEndCrashes(Fault):
    name = "end-crashes"
    does = "responds with 500 to an offset beyond the last row of classes"
    breaks = "6.1 status 500 [A]: unexpected failures only"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        beyond = request.element == "Class" and request.operation.scope is None and request.query.offset > total
        return Reply(500, _CRASH) if beyond else reply


class MinusOneIsAll(Fault):
    name = "minus-one-is-all"
    does = "returns all rows for limit=-1"
    breaks = "3.3 limit [C]: not defined, most servers send 400"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or reply.status != 400 or ("limit", "-1") not in request.pairs:
            return reply
        return unfiltered_reply(replace(request, query=replace(request.query, limit=10**6)))


class CrashOnEmptyNumber(Fault):
    name = "crash-on-empty-number"
    does = "responds with 500 if limit or offset is empty"
    breaks = "6.1 status 500 [A]: unexpected failures only"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        empty = reply.status == 400 and "" in (parameter_of(request, "limit"), parameter_of(request, "offset"))
        return Reply(500, _CRASH) if empty else reply


class ImpossibleValueIgnored(Fault):
    name = "impossible-value-ignored"
    does = "ignores a filter by a value that the field cannot have"
    breaks = "3.2 operators [A]: = is equality"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        text = parameter_of(request, "filter") or ""
        name, _, value = text.partition("=")
        known = request.element_definition.properties.get(name) if request is not None else None
        if request is None or known is None or known.kind == "string" or any(word in text for word in _JUNCTIONS):
            return reply
        return unfiltered_reply(request) if value.startswith(_IMPOSSIBLE_WORDS) else reply


class ImpossibleValueCrashes(Fault):
    name = "impossible-value-crashes"
    does = "responds with 500 to a filter by a value that the field cannot have"
    breaks = "6.1 status 500 [A]: unexpected failures only"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        name, _, value = (parameter_of(request, "filter") or "").partition("=")
        known = request.element_definition.properties.get(name) if request is not None else None
        crashes = known is not None and known.kind != "string" and value.startswith(_IMPOSSIBLE_WORDS)
        return error_reply(Problem(500, "invalid data", "the value cannot be converted")) if crashes else reply


class PercentCrashes(Fault):
    name = "percent-crashes"
    does = "responds with 500 to a filter of orgs with a percent sign in its value"
    breaks = "6.1 status 500 [A]: unexpected failures only"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        crashes = request is not None and request.element == "Org" and "%" in (parameter_of(request, "filter") or "")
        return error_reply(Problem(500, "invalid data", "the statement cannot be built")) if crashes else reply


class ThirdClauseIgnored(Fault):
    name = "third-clause-ignored"
    does = "returns all rows for a filter with three clauses"
    breaks = "3.2 logic [B]: at most two clauses"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        text = parameter_of(request, "filter") or ""
        three = reply.status == 400 and sum(text.count(word) for word in _JUNCTIONS) == 2 and text.count("'") == 6
        return unfiltered_reply(request) if request is not None and three and " AND OR " not in text else reply


class OddSortEmpties(Fault):
    name = "odd-sort-empties"
    does = "returns no rows when sorted by a list"
    breaks = "3.3 sort [A]: all data, in the default order"
    needs = Needs(without=SMALL_DATA | {"unknown-names-refused"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        known = request.element_definition.properties.get(parameter_of(request, "sort") or "")
        if known is None or known.kind != "strings" or reply.status != 200:
            return reply
        return Reply(200, {request.operation.wrapper: []}, {"X-Total-Count": "0"})


class RepeatedFieldsIgnored(Fault):
    name = "repeated-fields-ignored"
    does = "returns whole records when a field is selected twice"
    breaks = "3.4 field selection [B]: exactly the requested fields"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        names = (parameter_of(request, "fields") or "").split(",")
        twice = len(set(names)) < len(names) and reply.status == 200
        return unfiltered_reply(request) if request is not None and twice else reply


class OptionsCutOff(Fault):
    name = "options-cut-off"
    does = "ends the response to OPTIONS before the length that it declares"
    breaks = "RFC 9112, 6.3 [A]: the body is as long as declared"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if raw_request.method != "OPTIONS":
            return reply
        return TruncatedReply(200, b"{}", dict(reply.headers), sent_bytes=2, declared_bytes=200)


class FilterHangsUp(Fault):
    name = "filter-hangs-up"
    does = "closes the connection without a response if a filter of orgs names a field of a reference"
    breaks = "RFC 9112, 9.6 [B]: a response to every request"
    needs = Needs(without=SMALL_DATA | {"one-school"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        dotted = (
            "parent." in (parameter_of(request, "filter") or "") and request is not None and request.element == "Org"
        )
        return TruncatedReply(200, silent=True) if dotted else reply
