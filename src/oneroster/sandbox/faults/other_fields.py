"""Faults of one field to filter or sort by in specialised and nested collections, and of selections in single reads."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, SMALL_DATA, Needs
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery, all_records
from oneroster.sandbox.serialization import Record

_NESTED: Final = SMALL_DATA | KIMONO | {"page-cap", "one-school"}


def _names(row_query: RowQuery, field: str) -> bool:
    """Return whether the filter of a query names a field."""
    asked = row_query.query.filter
    return asked is not None and any(each.field.property == field for each in asked.clauses)


class SubsetLostBesideFilter(Fault):
    name = "subset-lost-beside-filter"
    does = "forgets which records a specialised collection holds if a filter names the field that decides it"
    breaks = "3.2 filter [A]: of the records of the collection"
    needs = Needs(without=SMALL_DATA | {"page-cap"})

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        subset = row_query.subset
        lost = subset is not None and _names(row_query, subset.property.partition(".")[0])
        return row_query._replace(subset=None) if lost else row_query


class PartIdentifierIgnored(Fault):
    name = "part-identifier-ignored"
    does = "ignores a filter by identifier in specialised and nested collections of users"
    breaks = "3.2 what can be filtered [A]: any data element"
    needs = Needs(without=_NESTED)

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        part = request.element == "User" and (row_query.subset is not None or row_query.scope is not None)
        ignored = part and _names(row_query, "identifier")
        return row_query._replace(query=replace(row_query.query, filter=None)) if ignored else row_query


class SchoolEnrollmentsUnsorted(Fault):
    name = "school-enrollments-unsorted"
    does = "ignores a sort by beginDate of the enrollments of a school"
    breaks = "3.1 sort [A]: a single field"
    needs = Needs(without=_NESTED)

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        sort = row_query.query.sort
        ignored = request.operation.operation_id == "getEnrollmentsForSchool" and sort is not None
        if not ignored or sort is None or sort[0] != "beginDate":
            return row_query
        return row_query._replace(query=replace(row_query.query, sort=None))


class SelectedSingleIsFirst(Fault):
    name = "selected-single-is-first"
    does = "returns the first record of all if a single read selects fields"
    breaks = "2 single reads [B]: with fields as well, the record of the path"
    needs = Needs(without=SMALL_DATA)

    def single_record(self, request: OperationRequest, record: Record) -> Record:
        if request.query.fields is None:
            return record
        return all_records(request.element).select(request.store).page(0, 1)[0]


class NestedTitlesUnsorted(Fault):
    name = "nested-titles-unsorted"
    does = "ignores a sort by title in nested collections"
    breaks = "3.1 sort [A]: a single field"
    needs = Needs(without=_NESTED)

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        sort = row_query.query.sort
        ignored = row_query.scope is not None and sort is not None and sort[0] == "title"
        return row_query._replace(query=replace(row_query.query, sort=None)) if ignored else row_query
