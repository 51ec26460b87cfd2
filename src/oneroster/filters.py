"""Filter expressions, built from fields and checked before anything is sent.

::

    F.role == "student"
    (F.status == "active") & (F.date_last_modified >= when)
    F.orgs.sourced_id == "S-1"
    F.family_name.contains("berg")
    F.metadata["source"] == "import"

Names are those of the models (``family_name``) or of the JSON (``F["familyName"]``). The filter grammar allows at most
two clauses, no parentheses, and no single quote inside a value (3.2 filter [A]); an expression beyond it raises
`FilterError`. A filter given as a string is sent unchanged.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

from oneroster.errors import FilterError, UnknownFieldError
from oneroster.standard import Standard
from oneroster_runtime.specification import Element, Property, Specification

__all__ = ["F", "Filter", "FilterField", "modified_since", "render_filter"]

_EXPECTED: Final = {
    "string": "a string",
    "uri": "a string",
    "date": "a date",
    "date-time": "a datetime with a time zone, or a date",
    "boolean": "True or False",
    "number": "a number",
    "integer": "an integer",
    "strings": "a string or a list of strings",
    "enumeration": "a string",
    "enumerations": "a string or a list of strings",
    "object": "a string, a number, a boolean or a date",
}
_ORDERED: Final = frozenset({"string", "uri", "date", "date-time", "number", "integer", "object"})
_WITH_CONTAINS: Final = frozenset({"string", "uri", "strings", "enumeration", "enumerations", "object"})
_LISTS: Final = frozenset({"strings", "enumerations"})


class Filter:
    """One clause, or two joined by ``&`` or ``|``; built from `F`, as in ``F.role == "student"``."""

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
                f"A OneRoster filter has at most two clauses, this one has {len(clauses)}. Send the two that exclude"
                " the most records and check the others on the records, or send several requests."
            )
        return Filter(clauses, junction)

    def __bool__(self) -> bool:
        raise FilterError("A filter has no truth value: join clauses with & and |, not with `and`, `or` or a < b < c.")

    def render(self, element: str, specification: Specification | None = None) -> str:
        """Return the filter expression, not yet percent-encoded.

        Args:
            element: The element of the collection, as in ``User``.
            specification: The specification that defines the element; None for that of the default version.

        Raises:
            UnknownFieldError: The element has no such field.
            FilterError: A value has the wrong type, or cannot be written in the filter grammar.
        """
        specification = specification or Standard.of().specification
        return f" {self.junction} ".join(clause.render(element, specification) for clause in self.clauses)

    def __repr__(self) -> str:
        # A value may be a child's name, so only fields and operators are shown.
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

    def render(self, element: str, specification: Specification | None = None) -> str:
        specification = specification or Standard.of().specification
        names, found = _find_property(specification, element, self.path)
        name = ".".join(names)
        _check_operator(name, found, self.operator)
        return f"{name}{self.operator}'{_literal(specification, name, found, self.value)}'"


class FilterField:
    """A field to compare; an attribute of `F`."""

    __slots__ = ("_path",)

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path

    def __getattr__(self, name: str) -> "FilterField":
        if name.startswith("__"):
            raise AttributeError(name)
        return FilterField((*self._path, name))

    def __getitem__(self, name: str) -> "FilterField":
        return FilterField((*self._path, name))

    def __eq__(self, value: object) -> Clause:  # type: ignore[override]  # returns a clause instead of a bool
        return Clause(self._path, "=", value)

    def __ne__(self, value: object) -> Clause:  # type: ignore[override]  # returns a clause instead of a bool
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
        """Match strings that contain ``value``, or lists that contain any of the values."""
        return Clause(self._path, "~", value)

    __hash__ = None  # type: ignore[assignment]  # == builds a clause, so fields cannot be compared

    def __repr__(self) -> str:
        return f"F.{'.'.join(self._path)}"


class _Fields:
    """The fields of all elements. Whether a collection has a field is checked when the filter is used."""

    def __getattr__(self, name: str) -> FilterField:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> FilterField:
        # A misspelt name is reported here, where it is written, rather than where the filter is used.
        if not any(_has_field(Standard.of(version).specification, name) for version in Standard.versions()):
            elements = Standard.of().specification.elements.values()
            known = {found.attribute for element in elements for found in element.properties.values()}
            raise UnknownFieldError(f"OneRoster has no field {name!r}.{_suggestion(name, known)}")
        return FilterField((name,))

    def __repr__(self) -> str:
        return "F"


F: Final = _Fields()
"""The fields of OneRoster, as in ``F.role == "student"``."""


def modified_since(when: datetime | date) -> Filter:
    """Return a filter for records changed at ``when`` or later, including deleted ones that the server still has.

    Args:
        when: A datetime with a time zone, or a date, which means midnight UTC.

    Raises:
        FilterError: When the filter is used, if ``when`` has no time zone.
    """
    return F["dateLastModified"] >= when


class _SupportsRender(Protocol):
    def render(self, element: str) -> str: ...


def render_filter(given: "str | Filter | _SupportsRender", element: str, specification: Specification) -> str:
    """Return a filter expression: a string unchanged, a `Filter` checked against the element.

    Args:
        given: The filter.
        element: The element of the collection.
        specification: The specification that defines the element.

    Raises:
        FilterError: It is no filter.
    """
    if isinstance(given, str):
        return given
    if not hasattr(given, "render"):
        raise FilterError(f"A filter is a str or made of F, not {type(given).__name__}.")
    return given.render(element, specification) if isinstance(given, Filter) else given.render(element)


def _find_property(specification: Specification, element: str, path: tuple[str, ...]) -> tuple[list[str], Property]:
    """Return the JSON names along a dotted path, and the property at its end.

    Raises:
        UnknownFieldError: The element has no such field.
        FilterError: The path ends at a reference or a record, which has no value to compare.
    """
    current, names = specification.elements[element], []
    for depth, name in enumerate(path):
        found = _property(current, name)
        if found is None:
            known = {other.attribute for other in current.properties.values()}
            raise UnknownFieldError(f"{current.name} has no field {name!r}.{_suggestion(name, known)}")
        names.append(found.name)
        rest = path[depth + 1 :]
        if found.kind == "object":
            # The keys of metadata are not specified, so any may follow.
            return [*names, *rest], found
        inside = "GUIDRef" if found.kind in ("reference", "references") else found.record
        if not rest:
            if inside:
                raise FilterError(
                    f"{current.name}.{name} is a record; compare a field of it, as in F.{name}.sourced_id."
                )
            return names, found
        if inside is None:
            raise UnknownFieldError(f"{current.name}.{name} is not a record, so it has no field {rest[0]!r}.")
        current = specification.elements[inside]
    raise FilterError("A filter needs a field.")


def _check_operator(name: str, found: Property, operator: str) -> None:
    if operator in ("<", "<=", ">", ">=") and found.kind not in _ORDERED:
        raise FilterError(f"{name} has no order; compare it with == or !=.")
    if operator == "~" and found.kind not in _WITH_CONTAINS:
        raise FilterError(f"{name} is not a text; .contains() does not apply to it.")


def _literal(specification: Specification, name: str, found: Property, value: object) -> str:
    """Return the text between the quotes.

    Raises:
        FilterError: The value has the wrong type, or holds a character that the grammar cannot express.
    """
    if found.kind in _LISTS and not isinstance(value, str) and isinstance(value, Iterable):
        values = list(value)
        if not values:
            raise FilterError(f"{name} is compared with an empty list.")
        if any(isinstance(one, str) and "," in one for one in values):
            raise FilterError(f"{name}: a list in a filter is separated by commas, so its values cannot contain one.")
        return ",".join(_scalar(specification, name, found, one) for one in values)
    return _scalar(specification, name, found, value)


def _scalar(specification: Specification, name: str, found: Property, value: object) -> str:
    text = _text(name, found.kind, value)
    if text is None:
        raise FilterError(f"{name} must be compared with {_EXPECTED[found.kind]}, not with {type(value).__name__}.")
    if "'" in text:
        raise FilterError(
            f"{name}: the value contains a single quote, for which OneRoster defines no escape; servers end the value"
            " there or reject it. Filter by a part without the quote (.contains) and check the records, or pass the"
            " whole filter as a string, which is sent unchanged."
        )
    if found.enumeration is not None and isinstance(value, str):
        _check_member(name, specification.enumerations[found.enumeration], value)
    return text


def _check_member(name: str, members: tuple[str, ...], value: str) -> None:
    if value not in members:
        raise FilterError(
            f"{name} has the values {', '.join(members)}. To filter by any other value, pass the whole filter as a"
            " string."
        )


def _text(name: str, kind: str, value: object) -> str | None:
    """Return the value as text, or None if it has the wrong type."""
    if isinstance(value, bool):
        return str(value).lower() if kind in ("boolean", "object") else None
    if isinstance(value, str):
        return str.__str__(value) if kind in _WITH_CONTAINS else None
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
        raise FilterError(f"{name}: the datetime has no time zone. OneRoster compares in UTC; set its tzinfo.")
    in_utc = value.astimezone(UTC)
    # Servers store milliseconds. The rest is cut off, never rounded up: a later time would miss rows.
    in_utc -= timedelta(microseconds=in_utc.microsecond % 1000)
    return in_utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _has_field(specification: Specification, name: str) -> bool:
    return any(_property(element, name) for element in specification.elements.values())


def _property(element: Element, name: str) -> Property | None:
    found = element.properties.get(name)
    if found is not None:
        return found
    # An attribute ends in an underscore if its name is a Python keyword, as in `class_`.
    wanted = (name, f"{name}_")
    return next((other for other in element.properties.values() if other.attribute in wanted), None)


def _suggestion(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, sorted(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
