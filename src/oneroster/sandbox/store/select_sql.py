"""The SELECT statement for the rows of a collection in their order."""

from typing import NamedTuple

from oneroster.sandbox.query.field_paths import resolve_field
from oneroster.sandbox.query.filter_parser import ParsedFilter
from oneroster.sandbox.store.filter_sql import SqlFragment, filter_condition
from oneroster.sandbox.store.scope_sql import ConditionBuilder, all_of
from oneroster.sandbox.store.table_layout import column, instant_column
from oneroster_runtime.specification import Scope, Specification, Subset


class RecordQuery(NamedTuple):
    """A query for records; equal queries have equal results until something is written.

    Attributes:
        element: The name of the element.
        subset: The subset of a specialised collection.
        scope: How rows of a nested collection belong to their parents.
        parents: The ids of these parents with the names of their path parameters.
        filter: The condition on the records.
        sort: The field to sort by, and whether to sort in descending order.
    """

    element: str
    subset: Subset | None
    scope: Scope | None
    parents: tuple[tuple[str, str], ...]
    filter: ParsedFilter | None
    sort: tuple[str, bool] | None

    @property
    def selects_all(self) -> bool:
        """Whether the query is for all records in their default order."""
        return not (self.subset or self.scope or self.filter or self.sort)


def select_statement(query: RecordQuery, builder: ConditionBuilder) -> SqlFragment:
    """Return the statement that selects the positions of the rows.

    Raises:
        ValueError: The records cannot be sorted by the field.
    """
    conditions = [SqlFragment("true", ())]
    if query.subset:
        conditions.append(builder.subset(query.subset, "t"))
    if query.scope:
        conditions.append(builder.scope(query.element, query.scope, dict(query.parents), "t"))
    if query.filter:
        conditions.append(filter_condition(query.filter, "t"))
    where = all_of(conditions)
    table, order = builder.table(query.element), _order(builder.specification, query.element, query.sort)
    return SqlFragment(f"SELECT t.position FROM {table} AS t WHERE {where.text} ORDER BY {order}", where.parameters)


def is_sortable(specification: Specification, element: str, field: str) -> bool:
    """Return whether records can be sorted by a field: any with a single value of a known kind."""
    known = resolve_field(specification, specification.elements[element], field)
    return known is not None and not known.many and known.kind != "free"


def _order(specification: Specification, element: str, sort: tuple[str, bool] | None) -> str:
    # Text in the order of code points, absent values last in both directions, equal values in the default order, so
    # that pages never overlap.
    if sort is None:
        return "t.position"
    name, descending = sort
    field = resolve_field(specification, specification.elements[element], name)
    if field is None or not is_sortable(specification, element, name):
        raise ValueError(f"{element} cannot be sorted by {name}")
    by = f"t.{column(instant_column(name) if field.kind == 'date-time' else name)}"
    return f"{by} IS NULL, {by} {'DESC' if descending else 'ASC'}, t.position"
