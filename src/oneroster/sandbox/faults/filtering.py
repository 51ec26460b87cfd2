"""Faults of filters: read wrongly, not at all, or too willingly."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.unfiltered import Only, everything, unfiltered
from oneroster.sandbox.handlers.serialization import Record
from oneroster.sandbox.http.responses import Problem, Reply, refusal
from oneroster.sandbox.query.filter_parser import FilterSyntaxError, ParsedClause, ParsedFilter, parse
from oneroster.sandbox.query.timestamps import instant
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery
from oneroster.sandbox.store.result_set import ResultSet
from oneroster_v1p1.tables import ELEMENTS

_DAY: Final = 24 * 60 * 60 * 1_000_000
_OFFSET: Final = re.compile(r"[+-]\d\d:\d\d$")
_ALWAYS_TRUE: Final = re.compile(r"\bOR\b\W*'?1'?\W*(=|LIKE)", re.IGNORECASE)
_REMARK: Final = "the filter is not one that this tenant reads"


class FilterFault(Fault):
    """A fault that reads some clauses as others, before the rows are chosen."""

    def clause(self, clause: ParsedClause) -> ParsedClause:
        """The clause as it is misread."""
        return clause

    def plan(self, call: OperationRequest, plan: RowQuery) -> RowQuery:
        asked = plan.query.filter
        if asked is None:
            return plan
        misread = ParsedFilter(tuple(map(self.clause, asked.clauses)), asked.either)
        return plan._replace(query=replace(plan.query, filter=misread))


class FilterIgnored(Fault):
    name = "filter-ignored"
    does = "serves all rows of a collection whatever filter is given"
    breaks = "3.2 what can be filtered [A]: every collection"

    def plan(self, call: OperationRequest, plan: RowQuery) -> RowQuery:
        return plan._replace(query=replace(plan.query, filter=None))


class UnequalAsEqual(FilterFault):
    name = "unequal-as-equal"
    does = "reads != as = on text and enumerated values"
    breaks = "3.2 operator != [A]"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        textual = clause.field.kind in ("string", "enumeration") and clause.operator == "!="
        return replace(clause, operator="=") if textual else clause


class ContainsAsPrefix(Fault):
    name = "contains-as-prefix"
    does = "reads ~ as begins with"
    breaks = "3.2 operator ~ [A]: contains"

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        return _matching(call, selection, lambda clause, text: text.casefold().startswith(clause.text.casefold()))


class BoundsExcluded(FilterFault):
    name = "bounds-excluded"
    does = "reads >= as > and <= as < on dates"
    breaks = "3.2 > < on dates [B]"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        return replace(clause, operator=clause.operator.rstrip("=") or "=") if _is_bound(clause, "date") else clause


class MomentsAsDays(FilterFault):
    name = "moments-as-days"
    does = "cuts the time off the date-time that a filter compares with"
    breaks = "5.1 dateLastModified [A]: filterable, the base of delta synchronisation"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        if clause.field.kind != "date-time" or not isinstance(clause.literal, int):
            return clause
        return replace(clause, literal=clause.literal // _DAY * _DAY)


class OffsetDropped(FilterFault):
    name = "offset-dropped"
    does = "takes a date-time with an offset for one in UTC"
    breaks = "3.2 date-time literals [B]: ISO 8601"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        if clause.field.kind != "date-time" or not _OFFSET.search(clause.text):
            return clause
        return replace(clause, literal=instant(_OFFSET.sub("Z", clause.text)))


class NumbersComparedAsText(Fault):
    name = "numbers-compared-as-text"
    does = "compares numbers in a filter as text, so that 100 stands before 9"
    breaks = "3.2 > < on numbers [B]"

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        asked = call.query.filter
        if asked is None or not all(_is_bound(each, "number", ">", "<", ">=", "<=") for each in asked.clauses):
            return selection
        (clause,) = asked.clauses[:1]
        tests: dict[str, Callable[[str, str], bool]] = {">": str.__gt__, "<": str.__lt__, ">=": str.__ge__}
        test = tests.get(clause.operator, str.__le__)
        return Only(unfiltered(call), lambda row: test(str(row.get(clause.field.property, "")), clause.text))


class BooleansAsNumbers(FilterFault):
    name = "booleans-as-numbers"
    does = "finds booleans only as 1 and 0"
    breaks = "3.2 booleans compared as their text [B]"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        return replace(clause, literal=f"{clause.text}?") if clause.field.kind == "boolean" else clause


class ListEqualsAny(FilterFault):
    name = "list-equals-any"
    does = "lets a list equal several values when it holds one of them"
    breaks = "3.2 list fields [B]: = asks for all the listed values"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        several = clause.field.many and clause.operator == "=" and "," in clause.text
        return replace(clause, operator="~") if several else clause


class DottedRefused(Fault):
    name = "dotted-refused"
    does = "refuses a filter by a field of a reference"
    breaks = "3.2 nested fields [B]"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        asked = call.query.filter
        dotted = [each for each in asked.clauses if each.field.member is not None] if asked else []
        if not dotted:
            return answer
        problem = Problem(400, "invalid_filter_field", f"{dotted[0].field.property}.{dotted[0].field.member}")
        return refusal(problem, operation_id=call.operation.operation_id)


class OrAsAnd(Fault):
    name = "or-as-and"
    does = "joins two clauses by AND even where OR is asked for"
    breaks = "3.2 logic AND and OR [A]"

    def plan(self, call: OperationRequest, plan: RowQuery) -> RowQuery:
        asked = plan.query.filter
        if asked is None:
            return plan
        return plan._replace(query=replace(plan.query, filter=replace(asked, either=False)))


class UnknownFilterIgnored(Fault):
    name = "unknown-filter-ignored"
    does = "serves all rows when the filter names a field that does not exist"
    breaks = "3.3 filter names an unknown field [A]: 400 and no data"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        error = _unreadable(call, answer)
        return everything(call) if call and error and error.unknown_field else answer


class MalformedFilterIgnored(Fault):
    name = "malformed-filter-ignored"
    does = "serves all rows when it cannot read the filter"
    breaks = "6.1 status 400 [A]: malformed parameter"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        error = _unreadable(call, answer)
        return everything(call) if call and error and error.field is None else answer


class MalformedFilterCrashes(Fault):
    name = "malformed-filter-crashes"
    does = "ends in a server error when it cannot read the filter"
    breaks = "6.1 status 500 [A]: only for a catastrophe"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        error = _unreadable(call, answer)
        problem = Problem(500, "invalid data", _REMARK)
        return refusal(problem) if error and error.field is None else answer


class LikeWildcards(Fault):
    name = "like-wildcards"
    does = "hands the text of ~ on as a pattern, in which % and _ stand for anything"
    breaks = "3.2 operator ~ [A]: contains the text as it is written"

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        def alike(clause: ParsedClause, text: str) -> bool:
            pattern = re.escape(clause.text).replace("%", ".*").replace("_", ".")
            return re.search(pattern, text, re.IGNORECASE | re.DOTALL) is not None

        return _matching(call, selection, alike)


class InjectableFilter(Fault):
    name = "injectable-filter"
    does = "pastes the filter into its query, so that a condition that is always true brings every row"
    breaks = "6.1 status 400 [A]: malformed parameter"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        asked = dict(call.pairs).get("filter", "") if call else ""
        return everything(call) if call and call.operation.many and _ALWAYS_TRUE.search(asked) else answer


def _is_bound(clause: ParsedClause, kind: str, *operators: str) -> bool:
    return clause.field.kind == kind and clause.operator in (operators or (">=", "<="))


def _matching(call: OperationRequest, selection: ResultSet, passes: Callable[[ParsedClause, str], bool]) -> ResultSet:
    """The rows of a filter with ~ on text by another test than the right one; other filters keep theirs."""
    asked = call.query.filter
    if asked is None or len(asked.clauses) > 1:
        return selection
    (clause,) = asked.clauses
    if clause.operator != "~" or clause.field.many or clause.field.member is not None:
        return selection

    def holds(row: Record) -> bool:
        value: Any = row.get(clause.field.property)
        return isinstance(value, str) and passes(clause, value)

    return Only(unfiltered(call), holds)


def _unreadable(call: OperationRequest | None, answer: Reply) -> FilterSyntaxError | None:
    """What is wrong with the filter of a request that was refused."""
    if call is None or answer.status != 400 or not call.operation.many:
        return None
    try:
        parse(dict(call.pairs).get("filter", "status='active'"), ELEMENTS[call.element])
    except FilterSyntaxError as error:
        return error
    return None


FAULTS = (
    FilterIgnored,
    UnequalAsEqual,
    ContainsAsPrefix,
    BoundsExcluded,
    MomentsAsDays,
    OffsetDropped,
    NumbersComparedAsText,
    BooleansAsNumbers,
    ListEqualsAny,
    DottedRefused,
    OrAsAnd,
    UnknownFilterIgnored,
    MalformedFilterIgnored,
    MalformedFilterCrashes,
    LikeWildcards,
    InjectableFilter,
)
