"""Whether the records of a collection have their values in the form of the standard."""

from typing import Final

from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.oracle.filters import (
    BOOLEAN_WORDS,
    ExpectedClause,
    ExpectedFilter,
    filter_text,
    parse_timestamp,
)
from oneroster.contract.rules.semantics_values import day_of
from oneroster_runtime.specification import Operation, Property

__all__ = ["are_as_shown"]

DAY: Final = len("2001-02-03")


def are_as_shown(tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter) -> bool:
    """Return whether records have the values of a field in the form of the standard, which a server surely compares.

    Another value may be shown in another form than it is stored; the rules on values report that.
    """
    declared = tenant.properties(operation.element)
    return all(
        _is_as_shown(row.get(clause.field), clause, _words(tenant, declared.get(clause.field)))
        for clause in wanted.clauses
        for row in tenant.known_rows(operation).values()
    )


def _words(tenant: ObservedTenant, known: Property | None) -> frozenset[str]:
    """Return the vocabulary of a field; without one, the words of a boolean."""
    enumeration = known.enumeration if known is not None else None
    return frozenset(tenant.specification.enumerations.get(enumeration, ())) if enumeration else BOOLEAN_WORDS


def _is_as_shown(value: object, clause: ExpectedClause, words: frozenset[str]) -> bool:
    if value is None:
        return True
    if clause.many:
        return isinstance(value, list)
    match clause.kind:
        case "string":
            return isinstance(value, str)
        case "number" | "integer":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "date":
            return isinstance(value, str) and day_of(value) is not None and len(value) == DAY
        case "date-time":
            return isinstance(value, str) and value.endswith("Z") and parse_timestamp(value) is not None
        case "boolean" | "enumeration":
            return filter_text(value) in words
        case _:
            return False
