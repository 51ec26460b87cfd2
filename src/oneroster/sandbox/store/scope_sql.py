"""SQL conditions for specialised and nested collections, derived from the specification (clause 2)."""

from collections.abc import Callable, Mapping

from oneroster.sandbox.store.filter_sql import SqlFragment
from oneroster.sandbox.store.table_layout import column
from oneroster_runtime.specification import Scope, Specification, Subset


class ConditionBuilder:
    """Builds the conditions of one statement, and collects the elements whose tables they read.

    Args:
        specification: The version of the standard.
        table_of: Returns the qualified table of an element, which may be a private copy.

    Attributes:
        elements: The elements read so far; a cached result is stale once one of them is written.
    """

    def __init__(self, specification: Specification, table_of: Callable[[str], str]) -> None:
        self.specification = specification
        self._table_of = table_of
        self.elements: set[str] = set()

    def table(self, element: str) -> str:
        """Return the table of an element."""
        self.elements.add(element)
        return self._table_of(element)

    def subset(self, subset: Subset, alias: str) -> SqlFragment:
        """Return the condition that a row belongs to the subset of a specialised collection."""
        marks = ", ".join("?" * len(subset.values))
        head, dot, member = subset.property.partition(".")
        if dot:
            entries = f"json_each({alias}.{column(head)})"
            text = f"EXISTS (SELECT 1 FROM {entries} WHERE json_extract(value, '$.{member}') IN ({marks}))"
            return SqlFragment(text, subset.values)
        return SqlFragment(f"{alias}.{column(subset.property)} IN ({marks})", subset.values)

    def scope(self, element: str, scope: Scope, parents: Mapping[str, str], alias: str) -> SqlFragment:
        """Return the condition that a row belongs to the parents; `parents` has their ids by path parameter."""
        if scope.through is None:
            return self._belongs(element, scope, parents, alias)
        operation = self.specification.operations[scope.through.collection]
        through = str(operation.element)
        referring, source = self._ids(through, scope.through.property)
        conditions = [self._belongs(through, scope, parents, "r")]
        conditions += [
            SqlFragment(f"r.{column(name)} IN ({', '.join('?' * len(of))})", of) for name, of in scope.through.where
        ]
        if operation.subset:
            conditions.append(self.subset(operation.subset, "r"))
        both = all_of(conditions)
        return SqlFragment(
            f"{alias}.{column('sourcedId')} IN (SELECT {referring} FROM {source} WHERE {both.text})",
            both.parameters,
        )

    def _belongs(self, element: str, scope: Scope, parents: Mapping[str, str], alias: str) -> SqlFragment:
        return all_of(
            [self._refers(element, parent.property, parents[parent.parameter], alias) for parent in scope.parents]
        )

    def _refers(self, element: str, path: str, sourced_id: str, alias: str) -> SqlFragment:
        """Return the condition that a row refers to an id, by one reference or, dotted, by several in a row."""
        head, dot, rest = path.partition(".")
        known = self.specification.elements[element].properties[head]
        if known.kind == "references":
            entries = f"json_each({alias}.{column(head)})"
            text = f"EXISTS (SELECT 1 FROM {entries} WHERE json_extract(value, '$.sourcedId') = ?)"
            return SqlFragment(text, (sourced_id,))
        if known.kind == "records":  # a list of records, which refer themselves
            entries = f"json_each({alias}.{column(head)})"
            text = f"EXISTS (SELECT 1 FROM {entries} WHERE json_extract(value, '$.{rest}.sourcedId') = ?)"
            return SqlFragment(text, (sourced_id,))
        if known.kind != "reference":
            return SqlFragment(f"{alias}.{column(head)} = ?", (sourced_id,))
        reference = f"{alias}.{column(f'{head}.sourcedId')}"
        if not dot:
            return SqlFragment(f"{reference} = ?", (sourced_id,))
        between, next_alias = str(known.refers_to), f"{alias}_{head}"
        further = self._refers(between, rest, sourced_id, next_alias)
        source = f"{self.table(between)} AS {next_alias}"
        text = f"{reference} IN (SELECT {next_alias}.{column('sourcedId')} FROM {source} WHERE {further.text})"
        return SqlFragment(text, further.parameters)

    def _ids(self, element: str, name: str) -> tuple[str, str]:
        """Return the expression for the ids that rows (alias r) refer to by a property, and its FROM clause."""
        source = f"{self.table(element)} AS r"
        if self.specification.elements[element].properties[name].kind == "references":
            return "json_extract(listed.value, '$.sourcedId')", f"{source}, json_each(r.{column(name)}) AS listed"
        return f"r.{column(f'{name}.sourcedId')}", source


def all_of(conditions: list[SqlFragment]) -> SqlFragment:
    """Join one or more conditions by AND."""
    return SqlFragment(
        " AND ".join(f"({condition.text})" for condition in conditions),
        tuple(parameter for condition in conditions for parameter in condition.parameters),
    )


def indexed_columns(specification: Specification, element: str) -> set[str]:
    """Return the columns of an element that nested collections search by, and that need an index."""
    columns: set[str] = set()
    for operation in specification.operations.values():
        scope = operation.scope
        if scope is None or operation.element is None:
            continue
        through = scope.through
        start = specification.operations[through.collection].element if through else operation.element
        for parent in scope.parents:
            columns |= _reference_columns(specification, str(start), parent.property, element)
    return columns


def _reference_columns(specification: Specification, start: str, path: str, element: str) -> set[str]:
    """Return the columns of those references in a path that belong to the element."""
    columns: set[str] = set()
    for name in path.split("."):
        known = specification.elements[start].properties[name]
        if start == element and known.kind == "reference":
            columns.add(f"{name}.sourcedId")
        start = known.refers_to or known.record or start
    return columns
