"""Translate filters to SQL.

Where the available transcriptions of the standard leave a question open (clause 3.2 [B] and [C]), these rules apply:

- Text is compared case-insensitively (Unicode case folding); enumerations and booleans are text. `<` and `>` compare
  the code points of unequal texts, so that exactly one of `<`, `=`, `>` is true.
- Date-times are compared as instants, dates and numbers by value. `~` searches the text of any value.
- A list equals a value, or several values separated by commas, if it holds all of them; `~` is true if it holds any of
  them; `<`, `<=`, `>` and `>=` are true if they are true for one of its entries.
- For an absent value, `!=` is true and every other operator is false.
"""

from typing import Final, NamedTuple

import msgspec

from oneroster.sandbox.query.filter_parser import Literal, ParsedClause, ParsedFilter
from oneroster.sandbox.store.table_layout import column, instant_column


class SqlFragment(NamedTuple):
    """A part of a statement, and the parameters for its question marks in order."""

    text: str
    parameters: tuple[Literal, ...]


_CONTAINS: Final = "instr(casefold({0}), ?) > 0"

# A JSON value as text; objects and arrays have none.
_TEXT_OF_JSON: Final = (
    "CASE {type} WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'object' THEN NULL WHEN 'array' THEN NULL"
    " ELSE CAST({value} AS TEXT) END"
)


def filter_condition(filter: ParsedFilter, alias: str) -> SqlFragment:  # noqa: A002 -- the parameter of the standard has this name
    """Return the condition that a row with this alias passes the filter."""
    clauses = [_clause(clause, alias) for clause in filter.clauses]
    conjunction = " OR " if filter.either else " AND "
    return SqlFragment(
        conjunction.join(f"({clause.text})" for clause in clauses),
        tuple(parameter for clause in clauses for parameter in clause.parameters),
    )


def _clause(clause: ParsedClause, alias: str) -> SqlFragment:
    field = clause.field
    if field.kind == "free":
        return _metadata(clause, f"{alias}.{column(field.property)}", str(field.member))
    if field.many:
        value = "value" if field.member is None else f"json_extract(value, '$.{field.member}')"
        return _list(clause, f"json_each({alias}.{column(field.property)})", value)
    name = field.property if field.member is None else f"{field.property}.{field.member}"
    if field.kind == "date-time" and clause.operator != "~":
        name = instant_column(name)
    return _single(clause.operator, clause.literal, f"{alias}.{column(name)}", folded=_is_text(field.kind))


def _is_text(kind: str) -> bool:
    return kind not in {"date", "date-time", "number", "integer"}


def _single(operator: str, literal: Literal, value: str, *, folded: bool) -> SqlFragment:
    """Compare one value with one literal; for NULL, an absent value, only this `!=` is true."""
    if operator == "~":
        return SqlFragment(_CONTAINS.format(value), (str(literal).casefold(),))
    if folded:
        return _folded(operator, str(literal), value)
    if operator == "!=":
        return SqlFragment(f"{value} IS NOT ?", (literal,))
    return SqlFragment(f"{value} {operator} ?", (literal,))


def _folded(operator: str, literal: str, value: str) -> SqlFragment:
    folded, same = literal.casefold(), f"casefold({value})"
    match operator:
        case "=":
            return SqlFragment(f"{same} = ?", (folded,))
        case "!=":
            return SqlFragment(f"{same} IS NOT ?", (folded,))
        case "<" | ">":
            return SqlFragment(f"{same} != ? AND {value} {operator} ?", (folded, literal))
        case _:
            return SqlFragment(f"{same} = ? OR {value} {operator[0]} ?", (folded, literal))


def _list(clause: ParsedClause, entries: str, value: str) -> SqlFragment:
    """Compare the entries of a list; `entries` is a table-valued function and `value` the compared expression."""
    if clause.operator in {"=", "!=", "~"}:
        wanted = {entry.strip().casefold() for entry in clause.text.split(",")}
        # One parameter for all values: one condition per value could exceed the limits of SQLite.
        listed = (msgspec.json.encode(sorted(wanted)).decode(),)
        held = f"FROM {entries} WHERE casefold({value}) IN (SELECT value FROM json_each(?))"
        if clause.operator == "~":
            return SqlFragment(f"EXISTS (SELECT 1 {held})", listed)
        comparison = "!=" if clause.operator == "!=" else "="
        return SqlFragment(f"(SELECT count(DISTINCT casefold({value})) {held}) {comparison} {len(wanted)}", listed)
    any_of_them = _folded(clause.operator, clause.text, value)
    text = f"EXISTS (SELECT 1 FROM {entries} WHERE {any_of_them.text})"
    return SqlFragment(text, any_of_them.parameters)


def _metadata(clause: ParsedClause, values: str, key: str) -> SqlFragment:
    """Compare a value in metadata, which has no declared type: a list as a list, any other value as text."""
    path = _quoted(f'$."{key}"')
    kind = f"json_type({values}, {path})"
    value = _TEXT_OF_JSON.format(type=kind, value=f"json_extract({values}, {path})")
    single = _single(clause.operator, clause.literal, f"({value})", folded=True)
    several = _list(clause, f"json_each({values}, {path})", f"({_TEXT_OF_JSON.format(type='type', value='value')})")
    text = f"CASE {kind} WHEN 'array' THEN {several.text} ELSE {single.text} END"
    return SqlFragment(text, (*several.parameters, *single.parameters))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
