"""The columns of elements, and the schemas that name their element and version."""

import pyarrow as pa

from oneroster.pull.roster.columns import columns_of, element_of, schema_of, specification_of
from oneroster.standard import Standard

SPECIFICATION = Standard.of().specification


def test_references_become_ids_and_unknown_fields_are_last() -> None:
    columns = {column.name: column for column in columns_of(SPECIFICATION, "Class")}
    assert columns["schoolSourcedId"].type == pa.string()
    assert columns["termSourcedIds"].type == pa.list_(pa.string())
    assert list(columns)[-1] == "_extras"
    assert columns["_extras"].property is None


def test_a_date_time_has_a_column_for_its_offset() -> None:
    columns = {column.name: column for column in columns_of(SPECIFICATION, "LineItem")}
    assert columns["dueDateOffset"].offset_of == "dueDate"
    assert "dateLastModifiedOffset" not in columns


def test_a_schema_names_its_element_and_version() -> None:
    schema = schema_of(SPECIFICATION, "Org", {"name", "sourcedId"})
    assert schema.names == ["sourcedId", "name"]
    assert not schema.field("sourcedId").nullable
    assert element_of(schema) == "Org"
    assert specification_of(schema) is SPECIFICATION
