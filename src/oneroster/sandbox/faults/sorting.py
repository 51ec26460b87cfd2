"""Faults of sorting: the order asked for is not the order given, or rows go lost on the way."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from dataclasses import replace

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.unfiltered import Only, Reordered
from oneroster.sandbox.http.responses import Problem, Reply, refusal
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery
from oneroster.sandbox.store.result_set import ResultSet
from oneroster_v1p1.tables import ELEMENTS


class SortIgnored(Fault):
    name = "sort-ignored"
    does = "serves rows in its own order whatever sort is asked for"
    breaks = "3.1 sort [A]: providers must support it"

    def plan(self, call: OperationRequest, plan: RowQuery) -> RowQuery:
        return plan._replace(query=replace(plan.query, sort=None))


class NumbersSortedAsText(Fault):
    name = "numbers-sorted-as-text"
    does = "sorts numbers as text, so that 100 stands before 9"
    breaks = "3.1 sort [A]"

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        name, descending = call.query.sort or ("", False)
        known = ELEMENTS[call.element].properties.get(name)
        if known is None or known.kind != "number":
            return selection
        return Reordered(selection, lambda row: str(row.get(name, "")), descending=descending)


class DescIgnored(Fault):
    name = "desc-ignored"
    does = "sorts upwards even when orderBy=desc is asked for"
    breaks = "3.1 orderBy [A]: asc or desc"

    def plan(self, call: OperationRequest, plan: RowQuery) -> RowQuery:
        if plan.query.sort is None:
            return plan
        return plan._replace(query=replace(plan.query, sort=(plan.query.sort[0], False)))


class DescendingByDefault(Fault):
    name = "descending-by-default"
    does = "sorts downwards when orderBy is not given"
    breaks = "3.1 orderBy, default [B]: asc in practice"

    def plan(self, call: OperationRequest, plan: RowQuery) -> RowQuery:
        told = any(name == "orderBy" for name, _ in call.pairs)
        if plan.query.sort is None or told:
            return plan
        return plan._replace(query=replace(plan.query, sort=(plan.query.sort[0], True)))


class UnknownSortRefused(Fault):
    name = "unknown-sort-refused"
    does = "refuses to sort by a field that does not exist"
    breaks = "3.3 sort names an unknown field [A]: 200 with all data"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        problem = Problem(400, "invalid_sort_field", "there is no such field")
        warned = _warned(answer, "invalid_sort_field")
        return refusal(problem, operation_id=call.operation.operation_id) if warned else answer


class UnknownSortSilent(Fault):
    name = "unknown-sort-silent"
    does = "does not say that a field to sort by does not exist"
    breaks = "3.3 sort names an unknown field [B]: a warning beside the data"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        if not _warned(answer, "invalid_sort_field"):
            return answer
        return replace(answer, body={name: data for name, data in answer.body.items() if name != "statusInfoSet"})


class SortDropsAbsent(Fault):
    name = "sort-drops-absent"
    does = "leaves out the rows that lack the field to sort by"
    breaks = "3.1 sort [A]: it orders the rows and takes none away"

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        name = call.query.sort[0] if call.query.sort else None
        return selection if name is None or "." in name else Only(selection, lambda row: name in row)


def _warned(answer: Reply, code_minor: str) -> bool:
    """Whether an answer with data says that something about the request was not understood."""
    told = answer.body.get("statusInfoSet", ()) if isinstance(answer.body, dict) else ()
    return answer.status == 200 and any(entry["imsx_codeMinor"] == code_minor for entry in told)


FAULTS = (
    SortIgnored,
    NumbersSortedAsText,
    DescIgnored,
    DescendingByDefault,
    UnknownSortRefused,
    UnknownSortSilent,
    SortDropsAbsent,
)
