"""The base class of all models: missing and unreadable fields, comparison, copies, JSON data."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from oneroster_runtime.errors import MissingFieldError, UnreadableFieldError, WriteError
from oneroster_runtime.fields import EXPECTED_TYPES, Field, FieldProblem, accepts
from oneroster_runtime.json_encoding import deep_copy, is_json, write, write_strictly

if TYPE_CHECKING:
    import attrs

__all__ = ["Record", "validate_field"]

_SHOWN_KINDS = frozenset({"string", "boolean", "integer", "number", "date", "date-time", "enumeration"})


class Record:
    """The base class of all models.

    Reading never fails because of a single field. An attribute that is required and was missing, or that could not be
    read, stays unset, and accessing it raises an error that names model, sourcedId and field. `problems` lists them.

    Attributes:
        additional_properties: The properties that the document does not have, by wire name.
    """

    __slots__ = ("__weakref__", "_unparsed", "additional_properties")

    FIELDS: ClassVar[tuple[Field, ...]] = ()
    """The documented fields, in the order of the document."""
    BY_ATTRIBUTE: ClassVar[dict[str, Field]] = {}
    """The same by Python name."""

    additional_properties: dict[str, Any]
    _unparsed: dict[str, Any] | None
    """The values of unreadable fields, by wire name."""

    if not TYPE_CHECKING:  # to a type checker, an unknown attribute stays an error

        def __getattr__(self, name):
            # Python calls this for unset slots only, so set fields are read at full speed.
            if name == "additional_properties":
                self.additional_properties = {}
                return self.additional_properties
            if name == "_unparsed":
                return None
            field = self.BY_ATTRIBUTE.get(name)
            if field is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            error = UnreadableFieldError if self._is_unparsed(field) else MissingFieldError
            raise error(type(self).__name__, sourced_id_of(self), field.name)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> "Record":
        """Read JSON data, tolerantly; the record shares nothing with `source`. Each model implements it."""
        raise NotImplementedError  # a model without it cannot be generated

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON data by wire name, without absent fields and with unreadable ones unchanged."""
        result: dict[str, Any] = {}
        for field in self.FIELDS:
            try:
                value = object.__getattribute__(self, field.attribute)
            except AttributeError:
                if self._unparsed is not None and field.name in self._unparsed:
                    result[field.name] = deep_copy(self._unparsed[field.name])
                continue
            if value is not None:
                result[field.name] = write(field, value)
        for name, value in self.additional_properties.items():
            result.setdefault(name, deep_copy(value))
        return result

    def to_wire(self) -> dict[str, Any]:
        """Return the record as JSON data that can be sent to a server.

        Raises:
            WriteError: A required field is missing, a field could not be read or has a wrong type, or an enumeration
                does not list its value. The error names the field, dotted into nested records, and not the value.
        """
        result: dict[str, Any] = {}
        for field in self.FIELDS:
            try:
                value = object.__getattribute__(self, field.attribute)
            except AttributeError:
                unparsed = self._is_unparsed(field)
                reason = "could not be read; set it before sending" if unparsed else "is required and missing"
                raise _write_error(self, field.name, reason) from None
            if value is not None or field.required:
                _check_type(self, field, value)
                result[field.name] = write_strictly(type(self).__name__, sourced_id_of(self), field, value)
        known = {field.name for field in self.FIELDS}
        for name, value in self.additional_properties.items():
            if not isinstance(name, str) or name in known:
                reason = "may contain names that the document does not have, and no others"
                raise _write_error(self, "additional_properties", reason)
            if not is_json(value):
                raise _write_error(self, "additional_properties", "contain something that JSON cannot represent")
            result[name] = deep_copy(value)
        return result

    def problems(self) -> list[FieldProblem]:
        """Return the required fields that are missing and the unreadable fields, also those of nested records."""
        return list(self._problems())

    def _problems(self) -> Iterator[FieldProblem]:
        for field in self.FIELDS:
            try:
                value = object.__getattribute__(self, field.attribute)
            except AttributeError:
                yield FieldProblem(field.name, "unreadable" if self._is_unparsed(field) else "missing")
                continue
            nested = value if isinstance(value, list) else [value]
            for index, record in enumerate(nested):
                if isinstance(record, Record):
                    path = f"{field.name}[{index}]" if isinstance(value, list) else field.name
                    yield from (FieldProblem(f"{path}.{found.field}", found.reason) for found in record.problems())

    def keep_unparsed(self, field: Field, value: object) -> None:
        """Keep the value of a field that cannot be read."""
        if self._unparsed is None:
            self._unparsed = {field.name: value}
        else:
            self._unparsed[field.name] = value

    def _is_unparsed(self, field: Field) -> bool:
        return self._unparsed is not None and field.name in self._unparsed

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record) or type(other) is not type(self):
            return NotImplemented
        return self.__getstate__() == other.__getstate__()

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = {}
        unparsed: dict[str, Any] = {}
        for field in self.FIELDS:
            try:
                state[field.attribute] = object.__getattribute__(self, field.attribute)
            except AttributeError:
                if self._unparsed is not None and field.name in self._unparsed:
                    unparsed[field.name] = self._unparsed[field.name]
        if self.additional_properties:
            state["additional_properties"] = self.additional_properties
        if unparsed:
            state["_unparsed"] = unparsed
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        shown = []
        for field in self.FIELDS:
            if field.personal or field.kind not in _SHOWN_KINDS:
                continue
            try:
                value = object.__getattribute__(self, field.attribute)
            except AttributeError:
                continue
            if value is not None:
                text = write(field, value) if isinstance(value, (str, date)) else value
                shown.append(f"{field.attribute}={text!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


def sourced_id_of(record: Record) -> str | None:
    """Return the sourcedId of a record, None if it has no readable one."""
    try:
        found = object.__getattribute__(record, "sourced_id")
    except AttributeError:
        return None
    return found if isinstance(found, str) else None


def _write_error(record: Record, field: str, reason: str) -> WriteError:
    return WriteError(type(record).__name__, field, reason, sourced_id_of(record))


def _check_type(record: Record, field: Field, value: object) -> None:
    if value is None and not field.required:
        return
    if not accepts(field, value):
        raise _write_error(record, field.name, f"must be {EXPECTED_TYPES[field.kind]}, not {type(value).__name__}")


def validate_field(record: Record, attribute: "attrs.Attribute[Any]", value: object) -> None:
    """Raise a WriteError if a value does not have the type of its field; the attrs validator of all fields."""
    _check_type(record, record.BY_ATTRIBUTE[attribute.name], value)
