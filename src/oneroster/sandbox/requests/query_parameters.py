"""The six query parameters, parsed strictly; every problem is reported (3.1 to 3.4)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from oneroster.sandbox.http.percent_encoding import EncodingError, decode_form
from oneroster.sandbox.http.responses import Problem, invalid_data
from oneroster.sandbox.query.filter_parser import FilterSyntaxError, ParsedFilter, parse_filter
from oneroster.sandbox.store.store import Store
from oneroster_runtime.specification import Element, Operation

DEFAULT_LIMIT: Final = 100
"""Rows on a page when the request has no limit (3.1)."""

# More rows than any collection has, and within SQLite's integers: larger numbers mean the same.
_LARGEST_NUMBER: Final = 10**15
_DIGITS: Final = re.compile(r"[0-9]+", re.ASCII)
_DIRECTIONS: Final = ("asc", "desc")


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Query:
    """The parsed query parameters of a request.

    Attributes:
        limit: The number of rows on the page.
        offset: The index of the first row.
        sort: The field to sort by, and whether to sort in descending order.
        filter: The condition on the rows.
        fields: The requested fields; None requests all.
    """

    limit: int = DEFAULT_LIMIT
    offset: int = 0
    sort: tuple[str, bool] | None = None
    filter: ParsedFilter | None = None
    fields: frozenset[str] | None = None


NO_PARAMETERS: Final = Query()
"""The query of a request without parameters."""


class QueryString(NamedTuple):
    """The names and values of a query string in their order, and the problems of decoding it."""

    pairs: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]


class ParsedQuery(NamedTuple):
    """A query and all its problems; the query must not be used if one of them is fatal."""

    query: Query
    problems: tuple[Problem, ...]


def parse_query_string(query_string: bytes) -> QueryString:
    """Split and decode a query string; a malformed piece is a problem even if no operation knows its parameter."""
    pairs: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for number, piece in enumerate(filter(None, query_string.split(b"&")), 1):
        name, _, value = piece.partition(b"=")
        try:
            pairs.append((decode_form(name), decode_form(value)))
        except EncodingError as problem:
            problems.append(invalid_data(f"query, piece {number}: {problem}"))
    return QueryString(tuple(pairs), tuple(problems))


def parse_query(query_string: QueryString, operation: Operation, element: Element, store: Store) -> ParsedQuery:
    """Parse the parameters that the operation has; others are ignored.

    Args:
        query_string: The decoded query string.
        operation: Defines which parameters exist.
        element: The element that is read, with the properties of the tenant's profile.
        store: Knows which fields can be sorted by.
    """
    return _Parser(query_string, operation, element, store).parse()


class _Parser:
    def __init__(self, query_string: QueryString, operation: Operation, element: Element, store: Store) -> None:
        self._pairs = query_string.pairs
        self._problems = list(query_string.problems)
        self._operation = operation
        self._parameters = {one.name: one for one in operation.parameters if one.location == "query"}
        self._element = element
        self._store = store

    def parse(self) -> ParsedQuery:
        query = Query(
            limit=self._value("limit", self._limit, self._operation.default_limit),
            offset=self._value("offset", self._offset, 0),
            sort=self._sort(),
            filter=self._value("filter", self._filter, None),
            fields=self._value("fields", self._fields, None),
        )
        return ParsedQuery(query, tuple(self._problems))

    def _value(self, name: str, parse: Callable[[str], _T | None], default: _T) -> _T:
        """Return the value of a parameter, or its default when it is absent or invalid."""
        values = [value for given, value in self._pairs if given == name]
        if name not in self._parameters or not values:
            return default
        if len(values) > 1:
            self._reject(f"{name}: given {len(values)} times, once is allowed")
            return default
        value = parse(values[0])
        return default if value is None else value

    def _reject(self, description: str) -> None:
        self._problems.append(invalid_data(description))

    def _limit(self, value: str) -> int | None:
        return self._integer("limit", value, least=1)

    def _offset(self, value: str) -> int | None:
        return self._integer("offset", value, least=0)

    def _integer(self, name: str, value: str, least: int) -> int | None:
        """Return a number within the bounds of its parameter, which never allow less than `least`."""
        bounds = self._parameters[name]
        minimum, maximum = max(least, bounds.minimum or 0), bounds.maximum
        digits = value.lstrip("0") or "0"
        number = min(int(digits[:16]), _LARGEST_NUMBER) if _DIGITS.fullmatch(value) else -1
        if number < minimum or (maximum is not None and number > maximum):
            self._reject(f"{name}: must be a whole number from {minimum}{'' if maximum is None else f' to {maximum}'}")
            return None
        return number

    def _sort(self) -> tuple[str, bool] | None:
        descending = self._value("orderBy", self._order_by, False)
        field = self._value("sort", self._sort_field, None)
        return None if field is None else (field, descending)

    def _order_by(self, value: str) -> bool | None:
        allowed = self._store.specification.enumerations.get(self._parameters["orderBy"].enumeration or "", _DIRECTIONS)
        if value not in allowed:
            self._reject(f"orderBy: must be one of {', '.join(allowed)}")
            return None
        return value == "desc"

    def _sort_field(self, value: str) -> str | None:
        known = value.partition(".")[0] in self._element.properties
        if known and self._store.is_sortable(self._element.name, value):
            return value
        self._problems.append(Problem(200, "invalid_sort_field", value))
        return None

    def _filter(self, value: str) -> ParsedFilter | None:
        try:
            return parse_filter(value, self._element, self._store.specification)
        except FilterSyntaxError as error:
            self._problems.append(filter_problem(error))
            return None

    def _fields(self, value: str) -> frozenset[str] | None:
        names = [name.strip() for name in value.split(",")]
        if not all(names):
            self._problems.append(Problem(400, "invalid_blank_selection_field", "fields: a name is blank"))
            return None
        unknown = [name for name in dict.fromkeys(names) if name not in self._element.properties]
        self._problems += [Problem(200, "invalid_selection_field", name) for name in unknown]
        return None if unknown else frozenset(names)


def filter_problem(error: FilterSyntaxError) -> Problem:
    """Return the problem for an invalid filter (3.3): the name of an unknown field, else the reason."""
    if error.unknown_field and error.field is not None:
        return Problem(400, "invalid_filter_field", error.field)
    # A value of the wrong type concerns a field; a syntax error concerns none.
    code_minor = "invalid_filter_field" if error.field is None else "invalid data"
    return Problem(400, code_minor, str(error))
