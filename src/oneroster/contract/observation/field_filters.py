"""Filters on one field that show whether it is compared by its own values, with every kind of operator.

Values of fields that may be personal are never sent. For these a value is made up, or one letter is searched for that
is not a value itself.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from oneroster.contract.http.parsed_response import Record
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.probe_values import (
    OTHER_FORM,
    TEXT,
    WILDCARDS,
    ProbeField,
    compared_as,
    instant_text,
    probe_fields,
    usable_values,
)
from oneroster.contract.observation.snapshot import needs_escaping
from oneroster.contract.oracle.filters import (
    ExpectedClause,
    ExpectedFilter,
    filter_text,
    parse_number,
    parse_timestamp,
    values_at,
)
from oneroster_runtime.specification import Operation, Property

__all__ = ["FieldFilters", "comparable_fields", "field_filters", "paired_filters"]

MADE_UP: Final = {
    TEXT: "oneroster-check",
    "date": "2001-02-03",
    "date-time": "2001-02-03T04:05:06.000Z",
    "number": "0.4",
    "integer": "12345",
    "boolean": "true",
}
"""By kind: a valid value that the tenant does not have; a number that is 0 if its decimals are ignored."""
ID: Final = "sourcedId"
OFTEN_TRIED: Final = frozenset({"status", "dateLastModified"})
"""Other rules filter every collection by the one, and filter and sort every one by the other."""
MOST_BOOLEANS: Final = 2
"""Booleans of one element; those of demographics are all alike."""
RANGED: Final = frozenset({"date", "date-time", "number", "integer"})
"""Kinds that are compared with two bounds."""
UNEQUAL: Final = frozenset({TEXT, "enumeration"})
"""Kinds of which all but one value are asked for as well."""
MIN_VALUES: Final = 3
A_LITTLE: Final = timedelta(seconds=5)
"""A server may store instants with another precision than it sends."""
_HOURS: Final = timedelta(hours=3)
_NEARLY: Final = 0.375
"""A part of a number that few numbers have."""
_WHOLE: Final = re.compile(r"\d+(\.0*)?", re.ASCII)
_DIGIT: Final = re.compile(r"\d", re.ASCII)
_MARKS_OF_TIME: Final = frozenset("TZ")


class FieldFilters(NamedTuple):
    """The filters on one field.

    Attributes:
        equal: A filter by equality, or by a letter if the field may be personal. The first of two clauses has a value
            that a server must know; it may reject the second as malformed.
        other: A filter by another operator; None if no value for it is known.
        further: A filter by bounds with the operators that the other one does not have, or by a letter that equals no
            value; None without one.
    """

    equal: ExpectedFilter
    other: ExpectedFilter | None
    further: ExpectedFilter | None = None


def comparable_fields(tenant: ObservedTenant, operation: Operation) -> dict[str, Property]:
    """Return the fields of an element that hold one value, by name, each with the kind as which it is compared."""
    chosen: dict[str, Property] = {}
    kinds: Counter[str] = Counter()
    rows = tenant.known_rows(operation)
    standard = tenant.standard.specification.elements[operation.element or ""].properties
    for declared in tenant.properties(operation.element).values():
        known = compared_as(declared, standard.get(declared.name), rows.values())
        if known.secret or known.name in OFTEN_TRIED or known.kind not in {*MADE_UP, "enumeration", OTHER_FORM}:
            continue
        kinds[known.kind] += 1
        if known.kind != "boolean" or kinds[known.kind] <= MOST_BOOLEANS:
            chosen[known.name] = known
    return chosen


def field_filters(tenant: ObservedTenant, operation: Operation, known: Property) -> FieldFilters:
    """Return the filters on a field of a collection."""
    rows = tenant.known_rows(operation)
    if known.name == ID:
        # OR-FLT-14 asks for values that a server may decode twice.
        values = sorted((name for name in rows if name.isprintable() and "'" not in name), key=lambda name: "%" in name)
        values = [*sorted(values[1:], key=needs_escaping), *values[:1]]
    else:
        values = _sendable(tenant, operation, known)
    if not values:
        return _without_values(tenant, operation.element, known, rows)
    if known.kind in ("number", "integer"):
        return FieldFilters(_numbers(known, values), _between(known, values))
    # Not the least: that is the first of the sorted rows, also where the filter is ignored.
    equal = _equal_or_nearly(known, values, rows)
    if known.kind == "date":
        return FieldFilters(equal, _between(known, values), _between(known, values, turn=1))
    if known.kind in RANGED:
        return FieldFilters(equal, _between(known, values))
    return FieldFilters(equal, _filter(known, "!=", values[-1]) if known.kind in UNEQUAL else None)


def _equal_or_nearly(known: Property, values: list[str], rows: Mapping[str, Record]) -> ExpectedFilter:
    """Return a filter by a value, or by a text that is nearly another value and that no record has.

    The second clause distinguishes equality from a comparison of beginnings, of days, of months and of numbers.
    """
    equal = _filter(known, "=", values[-1])
    held = {filter_text(value).casefold() for row in rows.values() for value in values_at(row, known.name)}
    others = (each for each in values if each != values[-1])
    near = (text for each in others for text in _nearly(known.kind, each) if text.casefold() not in held)
    text = next(near, None)
    if text is None:
        return equal
    return ExpectedFilter((*equal.clauses, *_filter(known, "=", text).clauses), either=True)


def _nearly(kind: str, text: str) -> Iterator[str]:
    """Yield texts of a kind that are nearly a value."""
    match kind:
        case "string":
            if text.isdecimal():
                yield f"0{text}"
            elif (start := text[:-1].strip()) and start[-1].isalnum():
                yield start
        case "date":
            # In the same month, and every month has these days.
            yield from (f"{text[:-2]}{day}" for day in ("11", "12"))
        case "date-time":
            if (found := parse_timestamp(text)) is not None:
                yield from (instant_text(f"{found + way * _HOURS}") or "" for way in (1, -1) if _on_one_day(found, way))


def _on_one_day(when: datetime, way: int) -> bool:
    return (when + way * _HOURS).date() == when.date()


def paired_filters(tenant: ObservedTenant, operation: Operation) -> list[ExpectedFilter]:
    """Return filters by the ids of references and by lists, two to a request, that one record of a collection matches.

    Of a list, one value of the record and one that it does not have are searched for.
    """
    fields = [
        each
        for kind in ("reference", "strings", "enumerations")
        for each in probe_fields(tenant, kind)
        if each.operation.operation_id == operation.operation_id
    ]
    rows = tenant.known_rows(operation).values()
    pivot = max(rows, key=lambda row: sum(bool(values_at(row, each.path)) for each in fields))
    clauses = [found for each in fields if (found := _clause_of(each, pivot)) is not None]
    return [ExpectedFilter(tuple(clauses[index : index + 2])) for index in range(0, len(clauses), 2)]


def _clause_of(probe: ProbeField, record: Record) -> ExpectedClause | None:
    usable = usable_values(probe)
    held = [text for value in values_at(record, probe.path) if (text := filter_text(value)) in usable]
    if not held:
        return None
    if "." in probe.path:
        return ExpectedClause(probe.path, probe.kind, "=", held[0], probe.many)
    other = next((text for text in usable if text not in held), held[-1])
    return ExpectedClause(probe.path, probe.kind, "~", f"{other},{held[0]}", probe.many)


def _filter(known: Property, operator: str, text: str) -> ExpectedFilter:
    return ExpectedFilter((ExpectedClause(known.name, known.kind, operator, text),))


def _sendable(tenant: ObservedTenant, operation: Operation, known: Property) -> list[str]:
    """Return the values of a field that may be sent, in their order."""
    candidates = (
        each
        for each in probe_fields(tenant, known.kind)
        if each.operation.operation_id == operation.operation_id and each.path == known.name
    )
    return next((usable_values(each) for each in candidates), [])


def _numbers(known: Property, values: list[str]) -> ExpectedFilter:
    """Return a filter by a number that no record has unless its decimals are ignored, or by one that a record has."""
    whole = [value for value in values if known.kind == "number" and _WHOLE.fullmatch(value)]
    if not whole:
        return _filter(known, "=", values[-1])
    cut = whole[-1].partition(".")[0]
    clauses = _filter(known, "=", f"{cut}.4").clauses
    other = next((value.partition(".")[0] for value in whole if value.partition(".")[0] != cut), None)
    return ExpectedFilter((*clauses, *(_filter(known, "=", other).clauses if other else ())), either=other is not None)


def _between(known: Property, values: list[str], turn: int = 0) -> ExpectedFilter | None:
    """Return a filter whose two bounds are values, one included and one not.

    Which of the two is included, the name decides; the other one in the next turn.
    """
    distinct = list(dict.fromkeys(values))
    if len(distinct) < MIN_VALUES:
        return None
    low, high = distinct[len(distinct) // 3], distinct[-1 - len(distinct) // 3]
    if known.kind == "date-time":
        low, high = (
            instant_text(str(found - A_LITTLE)) or "" for each in (low, high) if (found := parse_timestamp(each))
        )
    after, before = (">=", "<") if (sum(map(ord, known.name)) + turn) % 2 else (">", "<=")
    clauses = (*_filter(known, after, low).clauses, *_filter(known, before, high).clauses)
    return ExpectedFilter(clauses) if low < high or known.kind in ("number", "integer") else None


def _without_values(
    tenant: ObservedTenant, element: str | None, known: Property, rows: Mapping[str, Record]
) -> FieldFilters:
    """Return the filters on a field of which no value may be sent, or is known."""
    values = [value for row in rows.values() for value in values_at(row, known.name)]
    texts = (each for each in tenant.properties(element).values() if each.kind == TEXT and not each.secret)
    absent = made_up(tenant, known, values)
    if known.kind == TEXT and (letter := _letter(known, texts, rows.values())) is not None:
        search = _filter(known, "~", letter)
        if all(letter.casefold() in filter_text(value).casefold() for value in values) and len(values) == len(rows):
            # It finds every record, as does a server that ignores the filter.
            return FieldFilters(_filter(known, "=", absent), search)
        # The letter equals no value; values that begin with it distinguish equality from a search.
        equal = _filter(known, "=", _initial(values) or letter)
        return FieldFilters(search, _filter(known, "!=", absent), equal)
    made = {"date": _years, "number": _numbers_between, "integer": _numbers_between}.get(known.kind)
    other = made(known, values) if made is not None else None
    return FieldFilters(_filter(known, "=", absent), other)


def made_up(tenant: ObservedTenant, known: Property, values: Iterable[Any]) -> str:
    """Return a value that the tenant does not have, and that has the form of its values.

    Args:
        tenant: The tenant.
        known: The property.
        values: The values of the field.
    """
    if known.kind == "enumeration":
        words = tenant.specification.enumerations.get(known.enumeration or "", ())
        return words[0] if words else MADE_UP[TEXT]
    if known.kind in (TEXT, OTHER_FORM):
        texts = [filter_text(value) for value in values if not isinstance(value, dict | list)]
        without_words = all(not letter.isalpha() or letter in _MARKS_OF_TIME for text in texts for letter in text)
        shape = next((text for text in texts if "'" not in text and text.isprintable()), "") if without_words else ""
        # 11 is a day, a month, an hour and a minute, and 1111 a year and a number.
        return _DIGIT.sub("1", shape) or MADE_UP[TEXT]
    return MADE_UP[known.kind]


def _letter(known: Property, texts: Iterable[Property], rows: Iterable[Record]) -> str | None:
    """Return a letter that is not a value of a field, and that other records contain in it than in any other field.

    A value that does not begin with it distinguishes a search from a comparison of beginnings. A letter beyond ASCII is
    preferred, in the other case: servers often ignore the case of ASCII letters alone.
    """
    holding: dict[str, dict[str, set[int]]] = {each.name: defaultdict(set) for each in (known, *texts)}
    values: set[str] = set()
    inner: set[str] = set()
    for number, row in enumerate(rows):
        for name, held in holding.items():
            for text in values_at(row, name)[:1]:
                if isinstance(text, str):
                    if name == known.name:
                        values.add(text.strip().casefold())
                        inner |= set(text[1:]) - {text[0], text[0].swapcase()}
                    for letter in set(text) - WILDCARDS:
                        held[letter].add(number)
    mine = holding.pop(known.name)
    possible = [each for each in mine if (each.isalnum() or each == "@") and each.casefold() not in values]

    def rank(letter: str) -> tuple[bool, bool, bool, int, str]:
        apart = min((len(mine[letter] ^ other.get(letter, set())) for other in holding.values()), default=1)
        return not apart, letter not in inner, not _has_two_cases(letter), -apart, letter

    best = min(possible, key=rank, default=None)
    return best.swapcase() if best is not None and _has_two_cases(best) else best


def _initial(values: Iterable[Any]) -> str | None:
    """Return the letter or digit that most texts begin with, and that is not a value itself."""
    texts = [value.strip() for value in values if isinstance(value, str)]
    held = {text.casefold() for text in texts}
    counts = Counter(text[0] for text in texts if text[:1].isalnum() and text[0].casefold() not in held)
    return max(counts, key=lambda each: (counts[each], each), default=None)


def _has_two_cases(letter: str) -> bool:
    return not letter.isascii() and len(letter.swapcase()) == 1 and letter.swapcase().casefold() == letter.casefold()


def _years(known: Property, values: Iterable[Any]) -> ExpectedFilter | None:
    """Return a filter by two days that begin a year between the dates, neither of which is one of them."""
    days = {filter_text(value) for value in values}
    years = sorted({day[:4] for day in days if day[:4].isdecimal()})
    if len(years) < MIN_VALUES:
        return None
    low, high = (f"{year}-01-01" for year in (years[len(years) // 3], years[-1]))
    between = (*_filter(known, ">=", low).clauses, *_filter(known, "<", high).clauses)
    return ExpectedFilter(between) if not days & {low, high} and low < high else None


def _numbers_between(known: Property, values: Iterable[Any]) -> ExpectedFilter | None:
    """Return a filter by two bounds between the numbers of a field, neither of which is one of them."""
    numbers = sorted({found for value in values if (found := parse_number(value)) is not None})
    if len(numbers) < MIN_VALUES:
        return None
    low, high = (int(number) + _NEARLY for number in (numbers[len(numbers) // 3], numbers[-1 - len(numbers) // 3]))
    between = (*_filter(known, ">=", f"{low}").clauses, *_filter(known, "<", f"{high}").clauses)
    return ExpectedFilter(between) if not {low, high} & set(numbers) and low < high else None
