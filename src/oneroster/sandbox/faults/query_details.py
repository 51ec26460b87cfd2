"""Faults of queries that show with one kind of value, on one kind of collection, or in the values of the records."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.faults.filtering import FilterFault
from oneroster.sandbox.http.link_header import LinkSet, PageWindow
from oneroster.sandbox.query.filter_parser import ParsedClause, ParsedFilter
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery
from oneroster.sandbox.serialization import Record

_LINKS: Final = SMALL_DATA | {"no-links", "page-cap"}


class NumberUnequalAsEqual(FilterFault):
    name = "number-unequal-as-equal"
    does = "treats != as = for numbers"
    breaks = "3.2 operator != [A]: not equal"
    needs = Needs(without=SMALL_DATA | NO_GRADEBOOK)

    def clause(self, clause: ParsedClause) -> ParsedClause:
        negated = clause.field.kind == "number" and clause.operator == "!="
        return replace(clause, operator="=") if negated else clause


class ReferenceUnequalAsEqual(FilterFault):
    name = "reference-unequal-as-equal"
    does = "treats != as = for the ids of references"
    breaks = "3.2 nested fields [B]: operator !="

    def clause(self, clause: ParsedClause) -> ParsedClause:
        reference = clause.field.member == "sourcedId" and not clause.field.many
        return replace(clause, operator="=") if reference and clause.operator == "!=" else clause


class NestedContainsAsEqual(FilterFault):
    name = "nested-contains-as-equal"
    does = "treats ~ as = in nested collections"
    breaks = "3.2 operator ~ [A]: contains"

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        return super().row_query(request, row_query) if request.operation.scope is not None else row_query

    def clause(self, clause: ParsedClause) -> ParsedClause:
        return replace(clause, operator="=") if clause.operator == "~" else clause


class IdentifierFilterIgnored(Fault):
    name = "identifier-filter-ignored"
    does = "ignores a filter by the identifier of an org or a user"
    breaks = "3.2 what can be filtered [A]: any data element"
    needs = Needs(without=SMALL_DATA | {"no-optional"})

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        asked = row_query.query.filter
        if asked is None:
            return row_query
        kept = tuple(each for each in asked.clauses if each.field.property != "identifier")
        other = ParsedFilter(kept, asked.either) if kept else None
        return row_query._replace(query=replace(row_query.query, filter=other))


class CoursesSortedById(Fault):
    name = "courses-sorted-by-id"
    does = "sorts by sourcedId if courses are sorted by their courseCode"
    breaks = "3.1 sort [A]: a single field"
    needs = Needs(without=SMALL_DATA | {"no-optional"})

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        sort = row_query.query.sort
        if sort is None or sort[0] != "courseCode":
            return row_query
        return row_query._replace(query=replace(row_query.query, sort=("sourcedId", sort[1])))


class FilteredWithoutReferences(Fault):
    name = "filtered-without-references"
    does = "leaves the school out of classes that are filtered"
    breaks = "5.4 Class.school [A]: required"

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.element != "Class" or not request.operation.many or request.query.filter is None:
            return record
        return {name: value for name, value in record.items() if name != "school"}


class LaterPagesThin(Fault):
    name = "later-pages-thin"
    does = "leaves the dateLastModified out of records on pages with an offset"
    breaks = "5.1 dateLastModified [A]: required"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def record(self, request: OperationRequest, record: Record) -> Record:
        later = request.operation.many and request.operation.scope is None and request.query.offset > 0
        return {name: value for name, value in record.items() if name != "dateLastModified"} if later else record


class SelectedDatesCut(Fault):
    name = "selected-dates-cut"
    does = "sends dateLastModified without its time if it is selected"
    breaks = "3.4 field selection [B]: the requested fields"

    def record(self, request: OperationRequest, record: Record) -> Record:
        asked = request.query.fields
        if asked is None or len(asked) <= _FEW or "dateLastModified" not in record:
            return record
        return record | {"dateLastModified": record["dateLastModified"][:10] + "T00:00:00.000Z"}


_FEW: Final = 2


class NextLimitRaised(Fault):
    name = "next-limit-raised"
    does = "sends a next link with the limit 100 if the limit is smaller"
    breaks = "4 Link rules [B]: the parameters of the request"
    needs = Needs(without=_LINKS)

    def links(self, request: OperationRequest, links: LinkSet) -> LinkSet:
        if "next" not in links.pages or request.operation.scope is not None:
            return links
        following = links.pages["next"]
        raised = PageWindow(following.offset, max(following.limit, 100))
        return links._replace(pages={**links.pages, "next": raised})


class PrevIsFirst(Fault):
    name = "prev-is-first"
    does = "sends a prev link that leads to the first page"
    breaks = "4 Link rules [B]: prev is the page before"
    needs = Needs(without=_LINKS)

    def links(self, request: OperationRequest, links: LinkSet) -> LinkSet:
        if "prev" not in links.pages or request.operation.scope is not None:
            return links
        return links._replace(pages={**links.pages, "prev": links.pages["first"]})
