"""What can be checked of a filter before it is sent. Servers answer a filter without quotes with anything."""

import re
from typing import Final

__all__ = ["FilterFormError", "fields_of_filter"]

_QUOTED: Final = re.compile(r"'.*?'(?=\s+(?:AND|OR)\s|\s*$)", re.IGNORECASE | re.DOTALL)
_JUNCTION: Final = re.compile(r"\s+(?:AND|OR)\s+", re.IGNORECASE)
_CLAUSE: Final = re.compile(r"([\w.]+)\s*(?:!=|>=|<=|=|>|<|~)\s*''")
_OPERATOR: Final = re.compile(r"[!=<>~]")


class FilterFormError(ValueError):
    """A filter is not of the form that OneRoster has; the message says where, and holds no value."""


def fields_of_filter(text: str) -> list[str]:
    """Return the field of each clause of a filter, as in ``orgs.sourcedId``.

    Raises:
        FilterFormError: A value is not in single quotes, or there is no clause.
    """
    clauses = [clause.strip() for clause in _JUNCTION.split(_QUOTED.sub("''", text))]
    return [_field_of(clause) for clause in clauses]


def _field_of(clause: str) -> str:
    if (found := _CLAUSE.fullmatch(clause)) is not None:
        return found[1]
    # Up to its operator only: the value may be a child's name.
    shown = _OPERATOR.split(clause, maxsplit=1)[0].strip() or clause[:1]
    raise FilterFormError(
        f"--filter: {shown!r} is not of the form FIELD OPERATOR 'VALUE', as in \"role='student'\";"
        " the value must be in single quotes"
    )
