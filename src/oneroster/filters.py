"""Filters of OneRoster 1.1, built and checked before anything is sent.

::

    F.role == "student"
    (F.status == "active") & (F.date_last_modified >= when)
    F.orgs.sourced_id == "S-1"
    F.family_name.contains("berg")
    F.metadata["source"] == "import"

Names are those of the models (``family_name``) or of the wire (``F["familyName"]``). The grammar has two clauses at
most, no parentheses and no way to write a quote inside a value (3.2 filter [A]); what it cannot say raises
`FilterError`. A filter given as a string is sent as it stands.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from oneroster.errors import FilterError, UnknownFieldError

if TYPE_CHECKING:
    from oneroster_v1p1.tables import Element, Property

__all__ = ["F", "Field", "Filter", "modified_since", "render"]

_WANTED: Final = {
    "string": "a string",
    "uri": "a string",
    "date": "a date",
    "date-time": "a datetime with a time zone, or a date",
    "boolean": "True or False",
    "number": "a number",
    "integer": "a whole number",
    "strings": "a string or several",
    "enumeration": "a string",
    "enumerations": "a string or several",
    "object": "a string, a number, a boolean or a date",
}
_ORDERED: Final = frozenset({"string", "uri", "date", "date-time", "number", "integer", "object"})
_TEXTUAL: Final = frozenset({"string", "uri", "strings", "enumeration", "enumerations", "object"})
_LISTS: Final = frozenset({"strings", "enumerations"})


class Filter:
    """One clause, or two joined by ``&`` or ``|``; made by `F`, never by hand."""

    __slots__ = ("clauses", "junction")

    def __init__(self, clauses: tuple["Clause", ...], junction: str = "AND") -> None:
        self.clauses = clauses
        self.junction = junction

    def __and__(self, other: "Filter") -> "Filter":
        return self._join("AND", other)

    def __or__(self, other: "Filter") -> "Filter":
        return self._join("OR", other)

    def _join(self, junction: str, other: "Filter") -> "Filter":
        if not isinstance(other, Filter):
            return NotImplemented
        clauses = self.clauses + other.clauses
        if len(clauses) > 2:
            raise FilterError(
                f"A filter of OneRoster 1.1 joins two clauses at most, here are {len(clauses)}. Send the two that leave"
                " out most and check the rest on the records, or send several requests."
            )
        return Filter(clauses, junction)

    def __bool__(self) -> bool:
        raise FilterError("A filter is neither true nor false: join with & and |, not with `and`, `or` or a chain.")

    def render(self, element: str) -> str:
        """The expression for the wire, not yet percent-encoded.

        Args:
            element: The element that the collection holds, as in ``User``.

        Raises:
            UnknownFieldError: The element has no such field.
            FilterError: A value is of the wrong type, or holds what the grammar cannot say.
        """
        return f" {self.junction} ".join(clause.render(element) for clause in self.clauses)

    def __repr__(self) -> str:
        # Values may be a child's name, so only fields and operators show.
        shown = f" {self.junction} ".join(f"{'.'.join(clause.path)}{clause.operator}…" for clause in self.clauses)
        return f"<Filter {shown}>"


class Clause(Filter):
    """``field operator 'value'``."""

    __slots__ = ("operator", "path", "value")

    def __init__(self, path: tuple[str, ...], operator: str, value: object) -> None:
        super().__init__((self,))
        self.path = path
        self.operator = operator
        self.value = value

    def render(self, element: str) -> str:
        names, found = resolve(element, self.path)
        text = literal(".".join(names), found, self.operator, self.value)
        return f"{'.'.join(names)}{self.operator}'{text}'"


class Field:
    """A field to compare; comes from `F`."""

    __slots__ = ("_path",)

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path

    def __getattr__(self, name: str) -> "Field":
        if name.startswith("__"):
            raise AttributeError(name)
        return Field((*self._path, name))

    def __getitem__(self, name: str) -> "Field":
        return Field((*self._path, name))

    def __eq__(self, value: object) -> Clause:  # type: ignore[override]  # a clause, no bool
        return Clause(self._path, "=", value)

    def __ne__(self, value: object) -> Clause:  # type: ignore[override]  # a clause, no bool
        return Clause(self._path, "!=", value)

    def __lt__(self, value: object) -> Clause:
        return Clause(self._path, "<", value)

    def __le__(self, value: object) -> Clause:
        return Clause(self._path, "<=", value)

    def __gt__(self, value: object) -> Clause:
        return Clause(self._path, ">", value)

    def __ge__(self, value: object) -> Clause:
        return Clause(self._path, ">=", value)

    def contains(self, value: object) -> Clause:
        """Strings that hold ``value``; lists that hold any of the values."""
        return Clause(self._path, "~", value)

    __hash__ = None  # type: ignore[assignment]  # equality makes clauses

    def __repr__(self) -> str:
        return f"F.{'.'.join(self._path)}"


class _Fields:
    """All fields of all elements; which of them a collection has is checked when the filter is used."""

    def __getattr__(self, name: str) -> Field:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Field:
        from oneroster_v1p1.tables import ELEMENTS

        if not any(_property(element, name) for element in ELEMENTS.values()):
            known = {found.attribute for element in ELEMENTS.values() for found in element.properties.values()}
            raise UnknownFieldError(f"OneRoster 1.1 has no field {name!r}.{_suggest(name, known)}")
        return Field((name,))

    def __repr__(self) -> str:
        return "F"


F: Final = _Fields()
"""The fields of OneRoster, as in ``F.role == "student"``."""


def modified_since(when: datetime | date) -> Filter:
    """Records changed at ``when`` or later, deleted ones included as far as the server keeps them.

    Args:
        when: A datetime with a time zone, or a date, which stands for its first moment in UTC.

    Raises:
        FilterError: When used, if ``when`` has no time zone.
    """
    return F["dateLastModified"] >= when


def render(given: str | Filter, element: str) -> str:
    """The expression for the wire: strings as they stand, filters checked against the element."""
    return given if isinstance(given, str) else given.render(element)


def resolve(element: str, path: tuple[str, ...]) -> tuple[list[str], "Property"]:
    """The wire names along a dotted path, and the property it ends at.

    Raises:
        UnknownFieldError: There is no such field, or it has no fields inside.
        FilterError: The path ends at a reference or a record, which has no value of its own.
    """
    from oneroster_v1p1.tables import ELEMENTS

    at, names = ELEMENTS[element], []
    for depth, name in enumerate(path):
        found = _property(at, name)
        if found is None:
            known = {other.attribute for other in at.properties.values()}
            raise UnknownFieldError(f"{at.name} has no field {name!r}.{_suggest(name, known)}")
        names.append(found.name)
        rest = path[depth + 1 :]
        if found.kind == "object":
            # Metadata is free: below it any name may stand.
            return [*names, *rest], found
        inside = "GUIDRef" if found.kind in ("reference", "references") else found.record
        if not rest:
            if inside:
                raise FilterError(f"{at.name}.{name} is a record; compare a field of it, as in F.{name}.sourced_id.")
            return names, found
        if inside is None:
            raise UnknownFieldError(f"{at.name}.{name} has no fields inside, so {rest[0]!r} cannot follow.")
        at = ELEMENTS[inside]
    raise FilterError("A filter needs a field.")


def literal(name: str, found: "Property", operator: str, value: object) -> str:
    """A value as it stands between the quotes.

    Raises:
        FilterError: Wrong type for the field, an operator without meaning for it, or a quote in the value.
    """
    if operator in ("<", "<=", ">", ">=") and found.kind not in _ORDERED:
        raise FilterError(f"{name} has no order; compare it with == or !=.")
    if operator == "~" and found.kind not in _TEXTUAL:
        raise FilterError(f"{name} is no text; .contains() has no meaning for it.")
    if found.kind in _LISTS and not isinstance(value, str) and isinstance(value, Iterable):
        values = list(value)
        if not values:
            raise FilterError(f"{name} is compared with no value at all.")
        if any(isinstance(one, str) and "," in one for one in values):
            raise FilterError(f"{name}: a list in a filter is parted by commas, so a value cannot hold one.")
        return ",".join(_scalar(name, found, one) for one in values)
    return _scalar(name, found, value)


def _scalar(name: str, found: "Property", value: object) -> str:
    text = _text(name, found.kind, value)
    if text is None:
        raise FilterError(f"{name} is compared with {_WANTED[found.kind]}, not with {type(value).__name__}.")
    if "'" in text:
        raise FilterError(
            f"{name}: the value holds a single quote, for which OneRoster 1.1 defines no escape; servers cut the value"
            " there or refuse it. Filter by a part without the quote (.contains) and check the records, or give the"
            " whole filter as a string, which is sent as it stands."
        )
    if found.enumeration is not None and isinstance(value, str):
        _check_member(name, found.enumeration, value)
    return text


def _check_member(name: str, enumeration: str, value: str) -> None:
    from oneroster_v1p1.tables import ENUMERATIONS

    members = ENUMERATIONS[enumeration]
    if value not in members:
        raise FilterError(
            f"{name} has the values {', '.join(members)} and no others. To ask for another one all the same, give the"
            " whole filter as a string."
        )


def _text(name: str, kind: str, value: object) -> str | None:
    """The value as text, None when it is of the wrong type."""
    if isinstance(value, bool):
        return str(value).lower() if kind in ("boolean", "object") else None
    if isinstance(value, str):
        return str.__str__(value) if kind in _TEXTUAL else None
    if isinstance(value, datetime):
        return _instant(name, value) if kind in ("date-time", "object") else None
    if isinstance(value, date):
        return _day(kind, value)
    if isinstance(value, int):
        return str(value) if kind in ("number", "integer", "object") else None
    if isinstance(value, float):
        return repr(value) if kind in ("number", "object") and value - value == 0 else None
    return None


def _day(kind: str, value: date) -> str | None:
    if kind == "date-time":
        return f"{value.isoformat()}T00:00:00.000Z"
    return value.isoformat() if kind in ("date", "object") else None


def _instant(name: str, value: datetime) -> str:
    if value.tzinfo is None or value.utcoffset() is None:
        raise FilterError(f"{name}: the datetime has no time zone. OneRoster compares in UTC; give it a tzinfo.")
    in_utc = value.astimezone(UTC)
    # Servers keep milliseconds; a finer fraction would make "since" miss rows, so it is cut, never rounded up.
    in_utc -= timedelta(microseconds=in_utc.microsecond % 1000)
    return in_utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _property(element: "Element", name: str) -> "Property | None":
    found = element.properties.get(name)
    if found is not None:
        return found
    wanted = (name, f"{name}_")
    return next((other for other in element.properties.values() if other.attribute in wanted), None)


def _suggest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, sorted(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
