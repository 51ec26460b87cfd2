"""Fields to filter and sort specialised and nested collections by: each collection gets others, in turn."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from oneroster.contract.errors import NotJudged
from oneroster.contract.http.parsed_response import Record
from oneroster.contract.observation.field_filters import comparable_fields, field_filters
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import turn_of
from oneroster.contract.observation.probe_values import probe_fields, usable_values
from oneroster.contract.oracle.filters import ExpectedClause, ExpectedFilter, expected, filter_text, values_at
from oneroster.contract.oracle.sorting import sort_values
from oneroster_runtime.specification import Operation, Property

__all__ = ["BASE_FIELD", "clause_outside_of_subset", "clauses_in_turn", "filter_by_a_field", "sort_in_turn"]

CERTAIN_KINDS: Final = frozenset({"string", "enumeration", "date", "number", "integer"})
"""Kinds of fields that every filter can name, and whose equality is certain."""
CERTAIN_OPERATORS: Final = frozenset({"=", "!=", "~"})
SORTED_KINDS: Final = frozenset({"string", "date", "date-time", "number", "integer"})
ID: Final = "sourcedId"
STATUS: Final = "status"
BASE_FIELD: Final = "dateLastModified"
MIN_VALUES: Final = 3
"""Values of a field with which an order shows."""


def clauses_in_turn(
    tenant: ObservedTenant, operation: Operation, rows: dict[str, Record], *, but: Sequence[str] = ()
) -> list[ExpectedClause]:
    """Return clauses by fields that certainly match some records of a collection and not others, at most one for each.

    Args:
        tenant: The tenant.
        operation: The collection.
        rows: Its records, by id.
        but: The filters of other requests; their fields are left out.
    """
    general = tenant.dialect.collection_of(operation.element)
    try:
        fields = comparable_fields(tenant, general) if general is not None else {}
    except NotJudged:
        return []
    names = [
        name
        for name, known in fields.items()
        if name != ID and known.kind in CERTAIN_KINDS and not any(re.match(rf"{name}\b", each) for each in but)
    ]
    turn = turn_of(tenant, operation)
    start = turn % len(names) if names else 0
    found: list[ExpectedClause] = []
    for name in (*names[start:], *names[:start]):
        # Operators in turn as well, so that each comes to several collections.
        possible = [each for each in _clauses(tenant, general, fields[name], rows, turn) if _tells(each, rows)]
        found += possible[turn % len(possible) :][:1] if possible else []
    return found


def _clauses(
    tenant: ObservedTenant, general: Operation | None, known: Property, rows: dict[str, Record], turn: int
) -> Iterator[ExpectedClause]:
    """Yield clauses by a field: by a value of the records, or by a letter if its values must not be sent."""
    held = {filter_text(value) for row in rows.values() for value in values_at(row, known.name)}
    for probe in probe_fields(tenant, known.kind):
        if probe.operation == general and probe.path == known.name:
            texts = [text for text in usable_values(probe) if text in held]
            if texts:
                yield ExpectedClause(known.name, known.kind, "=", texts[turn % len(texts)])
                yield ExpectedClause(known.name, known.kind, "!=", texts[-1 - turn % len(texts)])
            return
    if general is not None:
        filters = field_filters(tenant, general, known)
        for each in (filters.equal, filters.other, filters.further):
            yield from each.clauses if each is not None else ()


def _tells(clause: ExpectedClause, rows: dict[str, Record]) -> bool:
    """Return whether it is certain that a clause matches some records and not others."""
    matches = [expected(ExpectedFilter((clause,)), row) for row in rows.values()]
    certain = {each.holds for each in matches if each.trust == "A"}
    return clause.operator in CERTAIN_OPERATORS and certain == {True, False}


def clause_outside_of_subset(
    tenant: ObservedTenant, operation: Operation, rows: dict[str, Record]
) -> ExpectedClause | None:
    """Return a clause that other records of the general collection match, and none of a specialised one.

    A server that builds both conditions from one field may lose its own.
    """
    subset = operation.subset
    general = tenant.dialect.operation(subset.of) if subset is not None else None
    if subset is None or general is None:
        return None
    try:
        others = tenant.known_rows(general)
    except NotJudged:
        return None
    within = {filter_text(value) for row in rows.values() for value in values_at(row, subset.property)}
    outside = [filter_text(value) for row in others.values() for value in values_at(row, subset.property)]
    words = [text for text in outside if text not in within and "'" not in text and text.isprintable()]
    if not words:
        return None
    return ExpectedClause(
        subset.property,
        "enumeration",
        "=",
        max(set(words), key=lambda text: (words.count(text), text)),
        "." in subset.property,
    )


def sort_in_turn(
    tenant: ObservedTenant, operation: Operation, rows: dict[str, Record], place: int = 0
) -> tuple[str, str] | None:
    """Return a field with several values in a collection, and its kind; None if there is none.

    Args:
        tenant: The tenant.
        operation: The collection.
        rows: Its records, by id.
        place: How many fields further than the one whose turn it is.
    """
    found = list(rows.values())
    possible = [
        (each.name, each.kind)
        for each in tenant.properties(operation.element).values()
        if each.kind in SORTED_KINDS
        and each.name not in (ID, BASE_FIELD)
        and not each.secret
        and len(set(sort_values(found, each.name, each.kind)) - {None}) >= MIN_VALUES
    ]
    return possible[(turn_of(tenant, operation) + place) % len(possible)] if possible else None


def filter_by_a_field(
    tenant: ObservedTenant, operation: Operation, rows: dict[str, Record], operators: Mapping[str, tuple[str, ...]]
) -> ExpectedFilter | None:
    """Return a filter by a field that only this element has, if one has different values in the collection.

    The operations get the fields and the operators in turn.
    """
    number = sum(map(ord, operation.operation_id))
    possible: list[ExpectedClause] = []
    for kind, allowed in operators.items():
        for probe in probe_fields(tenant, kind):
            if probe.operation.element != operation.element or probe.path in (ID, STATUS, BASE_FIELD):
                continue
            held = {filter_text(value) for row in rows.values() for value in values_at(row, probe.path)}
            texts = [text for text in usable_values(probe) if text in held]
            if len(held) > 1 and texts:
                possible.append(
                    ExpectedClause(probe.path, kind, allowed[number % len(allowed)], texts[len(texts) // 2])
                )
    return ExpectedFilter((possible[number % len(possible)],)) if possible else None
