"""The SELECT statement of a collection, and the columns that it searches by."""

import pytest

from oneroster.sandbox.query.filter_parser import parse_filter
from oneroster.sandbox.store.filter_sql import filter_condition
from oneroster.sandbox.store.scope_sql import ConditionBuilder, indexed_columns
from oneroster.sandbox.store.select_sql import RecordQuery, select_statement
from oneroster.standard import Standard

SPECIFICATION = Standard.of().specification


def test_a_nested_collection_reads_the_tables_of_its_scope() -> None:
    scope = SPECIFICATION.operations["getStudentsForClass"].scope
    assert scope is not None
    builder = ConditionBuilder(SPECIFICATION, lambda element: f"main.{element}")
    ids = tuple((parent.parameter, "c1") for parent in scope.parents)
    statement = select_statement(RecordQuery("User", None, scope, ids, None, None), builder)
    assert builder.elements == {"User", "Enrollment"}
    assert "c1" in statement.parameters
    assert "class.sourcedId" in indexed_columns(SPECIFICATION, "Enrollment")


def test_a_field_that_cannot_be_sorted_by_is_an_error() -> None:
    builder = ConditionBuilder(SPECIFICATION, str)
    with pytest.raises(ValueError, match="User cannot be sorted by grades"):
        select_statement(RecordQuery("User", None, None, (), None, ("grades", False)), builder)


def test_values_are_parameters_and_never_part_of_the_statement() -> None:
    parsed = parse_filter("familyName='x; DROP TABLE'", SPECIFICATION.elements["User"], SPECIFICATION)
    condition = filter_condition(parsed, "t")
    assert "DROP" not in condition.text
    assert condition.parameters == ("x; drop table",)
