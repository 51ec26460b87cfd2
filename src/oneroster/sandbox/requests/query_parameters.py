"""The six query parameters: read strictly, every problem told (3.1 to 3.4)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from oneroster.sandbox.http.percent_encoding import EncodingError, decode_form
from oneroster.sandbox.http.responses import Problem, invalid_data
from oneroster.sandbox.query.filter_parser import FilterSyntaxError, ParsedFilter, parse
from oneroster.sandbox.store.store import Store
from oneroster_v1p1.tables import ENUMERATIONS, Element, Operation

DEFAULT_LIMIT: Final = 100
"""Rows of a page when the request does not say (3.1)."""

# More than any collection holds and less than the database's integers: a larger number means the same.
_MANY: Final = 10**15
_DIGITS: Final = re.compile(r"[0-9]+", re.ASCII)


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Query:
    """What a request asks of a collection or a record; `fields` is None when all are wanted."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0
    sort: tuple[str, bool] | None = None
    filter: ParsedFilter | None = None
    fields: frozenset[str] | None = None


ALL: Final = Query()
"""What a request without parameters asks for."""


class Pairs(NamedTuple):
    """The names and values of a query string in their order, and what could not be decoded of it."""

    pairs: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]


class QueryParameters(NamedTuple):
    """A query and all problems met on the way; when one of them is fatal, the query is not to be used."""

    query: Query
    problems: tuple[Problem, ...]


def split(query_string: bytes) -> Pairs:
    """Take a query string apart; a broken piece is a problem, whether or not its parameter is known."""
    pairs: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for number, piece in enumerate(filter(None, query_string.split(b"&")), 1):
        name, _, value = piece.partition(b"=")
        try:
            pairs.append((decode_form(name), decode_form(value)))
        except EncodingError as problem:
            problems.append(invalid_data(f"query, piece {number}: {problem}"))
    return Pairs(tuple(pairs), tuple(problems))


def read(pairs: Pairs, operation: Operation, element: Element, store: Store) -> QueryParameters:
    """Read those parameters that the operation has; others are ignored.

    Args:
        pairs: the query string, taken apart.
        operation: says which parameters there are.
        element: what is read, with those properties that this tenant's profile has.
        store: knows what can be sorted by.
    """
    return _Reader(pairs, operation, element, store).reading()


class _Reader:
    def __init__(self, pairs: Pairs, operation: Operation, element: Element, store: Store) -> None:
        self._given = pairs.pairs
        self._problems = list(pairs.problems)
        self._names = {parameter.name for parameter in operation.parameters if parameter.location == "query"}
        self._element = element
        self._store = store

    def reading(self) -> QueryParameters:
        query = Query(
            limit=self._take("limit", self._limit, DEFAULT_LIMIT),
            offset=self._take("offset", self._offset, 0),
            sort=self._sort(),
            filter=self._take("filter", self._filter, None),
            fields=self._take("fields", self._fields, None),
        )
        return QueryParameters(query, tuple(self._problems))

    def _take(self, name: str, read_value: Callable[[str], _T | None], default: _T) -> _T:
        """The value of a parameter, its default when it is absent or cannot be read."""
        values = [value for given, value in self._given if given == name]
        if name not in self._names or not values:
            return default
        if len(values) > 1:
            self._refuse(f"{name}: given {len(values)} times, once is allowed")
            return default
        value = read_value(values[0])
        return default if value is None else value

    def _refuse(self, description: str) -> None:
        self._problems.append(invalid_data(description))

    def _limit(self, value: str) -> int | None:
        return self._integer("limit", value, minimum=1)

    def _offset(self, value: str) -> int | None:
        return self._integer("offset", value, minimum=0)

    def _integer(self, name: str, value: str, minimum: int) -> int | None:
        digits = value.lstrip("0") or "0"
        number = min(int(digits[:16]), _MANY) if _DIGITS.fullmatch(value) else -1
        if number < minimum:
            self._refuse(f"{name}: must be a whole number from {minimum}")
            return None
        return number

    def _sort(self) -> tuple[str, bool] | None:
        descending = self._take("orderBy", self._order_by, False)
        field = self._take("sort", self._sort_field, None)
        return None if field is None else (field, descending)

    def _order_by(self, value: str) -> bool | None:
        if value not in ENUMERATIONS["OrderBy"]:
            self._refuse(f"orderBy: must be one of {', '.join(ENUMERATIONS['OrderBy'])}")
            return None
        return value == "desc"

    def _sort_field(self, value: str) -> str | None:
        known = value.partition(".")[0] in self._element.properties
        if known and self._store.sortable(self._element.name, value):
            return value
        self._problems.append(Problem(200, "invalid_sort_field", value))
        return None

    def _filter(self, value: str) -> ParsedFilter | None:
        try:
            return parse(value, self._element)
        except FilterSyntaxError as error:
            self._problems.append(filter_problem(error))
            return None

    def _fields(self, value: str) -> frozenset[str] | None:
        names = [name.strip() for name in value.split(",")]
        if not all(names):
            problem = Problem(400, "invalid_blank_selection_field", "fields: a name is blank")
            self._problems.append(problem)
            return None
        unknown = [name for name in dict.fromkeys(names) if name not in self._element.properties]
        self._problems += [Problem(200, "invalid_selection_field", name) for name in unknown]
        return None if unknown else frozenset(names)


def filter_problem(error: FilterSyntaxError) -> Problem:
    """What is said of a filter that cannot be used (3.3): an unknown field by its name, else the reason."""
    if error.unknown_field and error.field is not None:
        return Problem(400, "invalid_filter_field", error.field)
    # A value of the wrong type is the field's fault, an expression that cannot be read is no field's at all.
    code_minor = "invalid_filter_field" if error.field is None else "invalid data"
    return Problem(400, code_minor, str(error))
