"""Which rows a request wants and in what order, as one statement."""

from typing import NamedTuple

from oneroster.sandbox.query.field_paths import resolve
from oneroster.sandbox.query.filter_parser import ParsedFilter
from oneroster.sandbox.store.filter_sql import Sql, holds
from oneroster.sandbox.store.scope_sql import Scoping, every
from oneroster.sandbox.store.table_mapping import column, moment_of
from oneroster_v1p1.tables import ELEMENTS, Scope, Subset


class Wanted(NamedTuple):
    """What is asked of the store; equal questions have equal answers until something is written.

    Attributes:
        element: the schema name.
        subset: which records a specialised collection holds.
        scope: to which parents a nested collection is bound.
        parents: the ids of these parents with the names of their path parameters.
        filter: what the records must satisfy.
        sort: a field and whether to descend.
    """

    element: str
    subset: Subset | None
    scope: Scope | None
    parents: tuple[tuple[str, str], ...]
    filter: ParsedFilter | None
    sort: tuple[str, bool] | None

    @property
    def everything(self) -> bool:
        """Whether all records are wanted in their default order."""
        return not (self.subset or self.scope or self.filter or self.sort)


def statement(wanted: Wanted, scoping: Scoping) -> Sql:
    """The statement that gives the positions of the wanted rows.

    Raises:
        ValueError: the sort field is not sortable.
    """
    conditions = [Sql("true", ())]
    if wanted.subset:
        conditions.append(scoping.subset(wanted.subset, "t"))
    if wanted.scope:
        conditions.append(scoping.scope(wanted.element, wanted.scope, dict(wanted.parents), "t"))
    if wanted.filter:
        conditions.append(holds(wanted.filter, "t"))
    where = every(conditions)
    table, order = scoping.table(wanted.element), _order(wanted.element, wanted.sort)
    return Sql(f"SELECT t.position FROM {table} AS t WHERE {where.text} ORDER BY {order}", where.parameters)


def sortable(element: str, field: str) -> bool:
    """Whether records can be sorted by a field: any that holds one value of a known kind, also a reference's id."""
    known = resolve(ELEMENTS[element], field)
    return known is not None and not known.many and known.kind != "free"


def _order(element: str, sort: tuple[str, bool] | None) -> str:
    """Text by code points, absent values last either way, equals in the default order: so pages never overlap."""
    if sort is None:
        return "t.position"
    name, descending = sort
    field = resolve(ELEMENTS[element], name)
    if field is None or not sortable(element, name):
        raise ValueError(f"{element} cannot be sorted by {name}")
    by = f"t.{column(moment_of(name) if field.kind == 'date-time' else name)}"
    return f"{by} IS NULL, {by} {'DESC' if descending else 'ASC'}, t.position"
