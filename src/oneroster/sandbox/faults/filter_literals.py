"""Faults of the values in filters: bounds of a part of the collections, numbers, texts of digits, encodings."""

# ruff: noqa: ARG002  # hooks have a fixed signature

import re
from dataclasses import replace
from typing import ClassVar, Final

from oneroster.sandbox.faults.altered_result_sets import FilteredRows
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.faults.filtering import FilterFault
from oneroster.sandbox.faults.unfiltered_replies import unfiltered_rows
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Reply, error_reply, invalid_data
from oneroster.sandbox.query.filter_parser import Literal, ParsedClause
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery
from oneroster.sandbox.store.result_sets import ResultSet

_LOWER_CASE: Final = re.compile(rb"%(?:[0-9][a-f]|[a-f][0-9a-f])")
_MINUTE: Final = 60 * 1_000_000
_IN_SECONDS: Final = re.compile(r"T\d\d:\d\d:\d\dZ'")


class NestedBoundsExcluded(FilterFault):
    name = "nested-bounds-excluded"
    does = "treats >= as > and <= as < in nested collections"
    breaks = "3.2 > < on date-times [B]: >= and <= include the bound"
    needs = Needs(without=SMALL_DATA | {"one-school", "page-cap"})

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        return row_query if request.operation.scope is None else super().row_query(request, row_query)

    def clause(self, clause: ParsedClause) -> ParsedClause:
        return replace(clause, operator=clause.operator[0]) if clause.operator in (">=", "<=") else clause


class SpecialBoundsIncluded(FilterFault):
    name = "special-bounds-included"
    does = "treats > as >= and < as <= in specialised collections"
    breaks = "3.2 > < on date-times [B]: > and < exclude the bound"
    needs = Needs(without=SMALL_DATA | {"one-school", "page-cap"})

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        special = request.operation.subset is not None and request.operation.scope is None
        return super().row_query(request, row_query) if special else row_query

    def clause(self, clause: ParsedClause) -> ParsedClause:
        return replace(clause, operator=f"{clause.operator}=") if clause.operator in (">", "<") else clause


class NumbersCut(FilterFault):
    name = "numbers-cut"
    does = "cuts the decimals of a number in a filter with <, <=, > or >="
    breaks = "3.2 > < on numbers [B]: numbers are compared by value"
    needs = Needs(elements=frozenset({"LineItem", "Result"}), without=SMALL_DATA | NO_GRADEBOOK)

    def clause(self, clause: ParsedClause) -> ParsedClause:
        ordered = clause.field.kind == "number" and clause.operator not in ("=", "!=")
        return replace(clause, literal=_cut(clause.literal)) if ordered else clause


class NumbersEqualWhenCut(FilterFault):
    name = "numbers-equal-when-cut"
    does = "cuts the decimals of a number in a filter with ="
    breaks = "3.2 operator = [A]: equal"
    needs = Needs(elements=frozenset({"LineItem", "Result"}), without=SMALL_DATA | NO_GRADEBOOK)

    def clause(self, clause: ParsedClause) -> ParsedClause:
        equal = clause.field.kind == "number" and clause.operator == "="
        return replace(clause, literal=_cut(clause.literal)) if equal else clause


def _cut(literal: Literal) -> Literal:
    return float(int(literal)) if isinstance(literal, float) else literal


class DigitsAsNumbers(Fault):
    name = "digits-as-numbers"
    does = "compares texts of digits as numbers, so that 02026 is 2026"
    breaks = "3.2 operator = [A]: the value as written"
    hides = frozenset({"texts of digits"})

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        asked = request.query.filter
        clause = asked.clauses[0] if asked is not None and len(asked.clauses) == 1 else None
        if clause is None or clause.operator != "=" or clause.field.kind != "string" or not clause.text.isdecimal():
            return rows
        wanted = clause.text.lstrip("0")

        def same(row: dict[str, object]) -> bool:
            value = row.get(clause.field.property)
            return isinstance(value, str) and value.lstrip("0") == wanted

        return FilteredRows(unfiltered_rows(request), same)


class InstantsAMinuteLate(FilterFault):
    name = "instants-a-minute-late"
    does = "reads a date-time in a filter as a minute later"
    breaks = "5.1 dateLastModified [A]: filterable, the basis of delta synchronisation"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        instant = clause.field.kind == "date-time" and isinstance(clause.literal, int)
        return replace(clause, literal=int(clause.literal) + _MINUTE) if instant else clause


class MatchesNothing(FilterFault, abstract=True):
    """Returns no record for a filter by one field.

    Attributes:
        field: The field.
        literal: A value that no record has.
    """

    field: ClassVar[str]
    literal: ClassVar[str]

    def clause(self, clause: ParsedClause) -> ParsedClause:
        named = clause.field.property == self.field and clause.operator == "="
        return replace(clause, literal=self.literal, text=self.literal) if named else clause


class EndDateMatchesNothing(MatchesNothing):
    name = "end-date-matches-nothing"
    does = "returns no record for a filter by endDate"
    breaks = "3.2 what can be filtered [A]: any data element"
    field = "endDate"
    literal = "1800-01-01"


class TrueMatchesNothing(MatchesNothing):
    name = "true-matches-nothing"
    does = "returns no record for a filter by enabledUser='true'"
    breaks = "3.2 booleans compared as their text [B]"
    needs = Needs(elements=frozenset({"User"}))
    field = "enabledUser"
    literal = "1"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        return super().clause(clause) if clause.text == "true" else clause


class ClassTypeMatchesNothing(MatchesNothing):
    name = "class-type-matches-nothing"
    does = "returns no class for a filter that asks for one classType"
    breaks = "3.2 what can be filtered [A]: any data element"
    needs = Needs(elements=frozenset({"Class"}))
    field = "classType"
    literal = "oneroster"


class PlusAsSpace(FilterFault):
    name = "plus-as-space"
    does = "reads a plus sign in the value of a filter as a space, although it is percent-encoded"
    breaks = "3.2 encoding [A]: percent-encoded"

    def clause(self, clause: ParsedClause) -> ParsedClause:
        if clause.field.kind != "string" or not isinstance(clause.literal, str):
            return clause
        return replace(clause, literal=clause.literal.replace("+", " "), text=clause.text.replace("+", " "))


class SecondsRefused(Fault):
    name = "seconds-refused"
    does = "rejects a date-time without a fraction of a second in a filter"
    breaks = "3.2 date-time literals [B]: ISO 8601"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if not any(name == "filter" and _IN_SECONDS.search(value) for name, value in request.pairs):
            return reply
        return error_reply(invalid_data("no date-time"), operation_id=request.operation.operation_id)


class EncodedLettersRefused(Fault):
    name = "encoded-letters-refused"
    does = "rejects a query whose percent-encoding is in lower case"
    breaks = "3.2 encoding [A]: percent-encoded"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        refused = reply.status == 200 and _LOWER_CASE.search(raw_request.query_string)
        return error_reply(invalid_data("not percent-encoded")) if refused else reply
