"""Which rows a specialised or nested collection holds, as SQL: read from the tables of the contract (clause 2)."""

from collections.abc import Callable, Mapping

from oneroster.sandbox.store.filter_sql import Sql
from oneroster.sandbox.store.table_mapping import column
from oneroster_v1p1.tables import ELEMENTS, OPERATIONS, Scope, Subset


class Scoping:
    """Writes the conditions of one statement and notes the elements whose tables they look into.

    Attributes:
        elements: the elements met so far; an answer is stale once one of them is written to.
    """

    def __init__(self, table_of: Callable[[str], str]) -> None:
        """`table_of` gives the qualified table of an element, which may have a private copy."""
        self._table_of = table_of
        self.elements: set[str] = set()

    def table(self, element: str) -> str:
        """The table to read the element from."""
        self.elements.add(element)
        return self._table_of(element)

    def subset(self, subset: Subset, alias: str) -> Sql:
        """The row is one of those that the specialised collection picks."""
        marks = ", ".join("?" * len(subset.values))
        return Sql(f"{alias}.{column(subset.property)} IN ({marks})", subset.values)

    def scope(self, element: str, scope: Scope, parents: Mapping[str, str], alias: str) -> Sql:
        """The row belongs to the parents, whose ids stand in the path under the parameters' names."""
        if scope.through is None:
            return self._belongs(element, scope, parents, alias)
        operation = OPERATIONS[scope.through.collection]
        through = str(operation.element)
        referring, source = self._ids(through, scope.through.property)
        conditions = [self._belongs(through, scope, parents, "r")]
        conditions += [Sql(f"r.{column(name)} IN ({', '.join('?' * len(of))})", of) for name, of in scope.through.where]
        if operation.subset:
            conditions.append(self.subset(operation.subset, "r"))
        both = every(conditions)
        return Sql(
            f"{alias}.{column('sourcedId')} IN (SELECT {referring} FROM {source} WHERE {both.text})",
            both.parameters,
        )

    def _belongs(self, element: str, scope: Scope, parents: Mapping[str, str], alias: str) -> Sql:
        return every(
            [self._refers(element, parent.property, parents[parent.parameter], alias) for parent in scope.parents]
        )

    def _refers(self, element: str, path: str, sourced_id: str, alias: str) -> Sql:
        """The row leads to the id along the path, over one reference or, dotted, over several."""
        head, dot, rest = path.partition(".")
        known = ELEMENTS[element].properties[head]
        if known.kind == "references":
            entries = f"json_each({alias}.{column(head)})"
            text = f"EXISTS (SELECT 1 FROM {entries} WHERE json_extract(value, '$.sourcedId') = ?)"
            return Sql(text, (sourced_id,))
        if known.kind != "reference":
            return Sql(f"{alias}.{column(head)} = ?", (sourced_id,))
        reference = f"{alias}.{column(f'{head}.sourcedId')}"
        if not dot:
            return Sql(f"{reference} = ?", (sourced_id,))
        between, next_alias = str(known.refers_to), f"{alias}_{head}"
        further = self._refers(between, rest, sourced_id, next_alias)
        source = f"{self.table(between)} AS {next_alias}"
        text = f"{reference} IN (SELECT {next_alias}.{column('sourcedId')} FROM {source} WHERE {further.text})"
        return Sql(text, further.parameters)

    def _ids(self, element: str, name: str) -> tuple[str, str]:
        """The ids that the records of an element (alias r) refer to by a property, and where to select them from."""
        source = f"{self.table(element)} AS r"
        if ELEMENTS[element].properties[name].kind == "references":
            return "json_extract(listed.value, '$.sourcedId')", f"{source}, json_each(r.{column(name)}) AS listed"
        return f"r.{column(f'{name}.sourcedId')}", source


def every(conditions: list[Sql]) -> Sql:
    """All of the conditions, of which there is at least one."""
    return Sql(
        " AND ".join(f"({condition.text})" for condition in conditions),
        tuple(parameter for condition in conditions for parameter in condition.parameters),
    )


def looked_up(element: str) -> set[str]:
    """The columns of an element by which scopes find rows, worth an index each."""
    columns: set[str] = set()
    for operation in OPERATIONS.values():
        scope = operation.scope
        if scope is None or operation.element is None:
            continue
        through = scope.through
        start = OPERATIONS[through.collection].element if through else operation.element
        for parent in scope.parents:
            columns |= _steps(str(start), parent.property, element)
    return columns


def _steps(start: str, path: str, element: str) -> set[str]:
    """Of the references that a path follows, the columns of those that stand on the element."""
    columns: set[str] = set()
    for name in path.split("."):
        known = ELEMENTS[start].properties[name]
        if start == element and known.kind == "reference":
            columns.add(f"{name}.sourcedId")
        start = known.refers_to or start
    return columns
