"""The clauses of a filter as SQL over the columns of a layout.

What the standard's readable transcriptions leave open (clause 3.2 [B] and [C]) is settled so:

- Text is equal without regard to case (Unicode case folding); enumerations and booleans are text. `<` and `>` follow
  Unicode code points among texts that are not equal, so that exactly one of `<`, `=`, `>` holds.
- Date-times are compared as instants, dates and numbers by value. `~` looks at the text of any of them.
- A list equals a value, or several joined by commas, when it holds them all; `~` is true when it holds any; the
  order operators are true when they are for one of its entries.
- Nothing is true of an absent value but `!=`.
"""

from typing import Final, NamedTuple

import msgspec

from oneroster.sandbox.query.filter_parser import Literal, ParsedClause, ParsedFilter
from oneroster.sandbox.store.table_mapping import column, moment_of


class Sql(NamedTuple):
    """A piece of a statement and the parameters for its question marks, in their order."""

    text: str
    parameters: tuple[Literal, ...]


_PRESENT_TEXT: Final = "instr(casefold({0}), ?) > 0"

# A JSON value as the text that a client sees; an object has none.
_TEXT_OF_JSON: Final = (
    "CASE {type} WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'object' THEN NULL WHEN 'array' THEN NULL"
    " ELSE CAST({value} AS TEXT) END"
)


def holds(filter: ParsedFilter, alias: str) -> Sql:  # noqa: A002 -- the parameter of the standard has this name
    """The condition under which a row of that alias passes the filter."""
    clauses = [_clause(clause, alias) for clause in filter.clauses]
    conjunction = " OR " if filter.either else " AND "
    return Sql(
        conjunction.join(f"({clause.text})" for clause in clauses),
        tuple(parameter for clause in clauses for parameter in clause.parameters),
    )


def _clause(clause: ParsedClause, alias: str) -> Sql:
    field = clause.field
    if field.kind == "free":
        return _metadata(clause, f"{alias}.{column(field.property)}", str(field.member))
    if field.many:
        value = "value" if field.member is None else f"json_extract(value, '$.{field.member}')"
        return _list(clause, f"json_each({alias}.{column(field.property)})", value)
    name = field.property if field.member is None else f"{field.property}.{field.member}"
    if field.kind == "date-time" and clause.operator != "~":
        name = moment_of(name)
    return _single(clause.operator, clause.literal, f"{alias}.{column(name)}", folded=_is_text(field.kind))


def _is_text(kind: str) -> bool:
    return kind not in {"date", "date-time", "number", "integer"}


def _single(operator: str, literal: Literal, value: str, *, folded: bool) -> Sql:
    """One value against one literal; an absent value is NULL, for which every comparison but this `!=` is not true."""
    if operator == "~":
        return Sql(_PRESENT_TEXT.format(value), (str(literal).casefold(),))
    if folded:
        return _folded(operator, str(literal), value)
    if operator == "!=":
        return Sql(f"{value} IS NOT ?", (literal,))
    return Sql(f"{value} {operator} ?", (literal,))


def _folded(operator: str, literal: str, value: str) -> Sql:
    folded, same = literal.casefold(), f"casefold({value})"
    match operator:
        case "=":
            return Sql(f"{same} = ?", (folded,))
        case "!=":
            return Sql(f"{same} IS NOT ?", (folded,))
        case "<" | ">":
            return Sql(f"{same} != ? AND {value} {operator} ?", (folded, literal))
        case _:
            return Sql(f"{same} = ? OR {value} {operator[0]} ?", (folded, literal))


def _list(clause: ParsedClause, entries: str, value: str) -> Sql:
    """A table-valued function gives the entries, of which `value` is what is compared."""
    if clause.operator in {"=", "!=", "~"}:
        wanted = {entry.strip().casefold() for entry in clause.text.split(",")}
        # One parameter for them all: a condition for each could be more than SQLite takes.
        listed = (msgspec.json.encode(sorted(wanted)).decode(),)
        held = f"FROM {entries} WHERE casefold({value}) IN (SELECT value FROM json_each(?))"
        if clause.operator == "~":
            return Sql(f"EXISTS (SELECT 1 {held})", listed)
        comparison = "!=" if clause.operator == "!=" else "="
        return Sql(f"(SELECT count(DISTINCT casefold({value})) {held}) {comparison} {len(wanted)}", listed)
    any_of_them = _folded(clause.operator, clause.text, value)
    text = f"EXISTS (SELECT 1 FROM {entries} WHERE {any_of_them.text})"
    return Sql(text, any_of_them.parameters)


def _metadata(clause: ParsedClause, values: str, key: str) -> Sql:
    """Keys and values are the vendor's: a list is treated as a list, anything else by its text."""
    path = _quoted(f'$."{key}"')
    kind = f"json_type({values}, {path})"
    value = _TEXT_OF_JSON.format(type=kind, value=f"json_extract({values}, {path})")
    single = _single(clause.operator, clause.literal, f"({value})", folded=True)
    several = _list(clause, f"json_each({values}, {path})", f"({_TEXT_OF_JSON.format(type='type', value='value')})")
    text = f"CASE {kind} WHEN 'array' THEN {several.text} ELSE {single.text} END"
    return Sql(text, (*several.parameters, *single.parameters))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
