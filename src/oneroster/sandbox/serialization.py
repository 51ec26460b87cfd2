"""Records in the JSON form of a profile: references with URLs, booleans, and the properties that the profile has."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from oneroster.sandbox.http.percent_encoding import encode
from oneroster.sandbox.http.routes import operations_of
from oneroster_runtime.specification import Element, Property, Specification

Record = dict[str, Any]
"""One record as JSON."""

_TRUE: Final = "true"


class RecordSerializer:
    """Turns stored records into the JSON of one profile.

    Args:
        specification: The version of the standard that is served.
        profile: The name of one of its profiles.
        json_booleans: Whether booleans are JSON booleans, whichever form the profile has.
    """

    def __init__(self, specification: Specification, profile: str, *, json_booleans: bool = False) -> None:
        self.profile = profile
        self._elements = specification.elements
        self._json_booleans = json_booleans or specification.profiles[profile].booleans == "json"
        self._paths = _single_read_paths(specification, profile)
        self._converters = lru_cache(maxsize=None)(self._build_converters)

    def element(self, name: str) -> Element:
        """Return an element with the properties that this profile has."""
        full = self._elements[name]
        return full._replace(properties={key: known for key, known in full.properties.items() if self._has(known)})

    def serialize(self, element: str, record: Mapping[str, Any], origin: str) -> Record:
        """Return the full record as JSON; keys that the standard does not know are kept unchanged.

        Args:
            element: The name of the element.
            record: The record as the store holds it.
            origin: Scheme and host of the tenant, with which every href begins (5.2).
        """
        converters = self._converters(element)
        serialized: Record = {}
        for name, value in record.items():
            convert = converters.get(name, _unchanged)
            if convert is not None:
                serialized[name] = convert(value, origin)
        return serialized

    def href(self, element: str, sourced_id: str, origin: str) -> str:
        """Return the absolute URL of a record."""
        before, after = self._paths.get(element, ("/", ""))
        return f"{origin}{before}{encode(sourced_id)}{after}"

    def _has(self, known: Property) -> bool:
        return not known.profiles or self.profile in known.profiles

    def _build_converters(self, element: str) -> dict[str, Callable[[Any, str], Any] | None]:
        """Return for each property how its value changes, and None where the profile lacks the property."""
        converters: dict[str, Callable[[Any, str], Any] | None] = {}
        for name, known in self._elements[element].properties.items():
            if not self._has(known):
                converters[name] = None
            elif known.refers_to is not None:
                converters[name] = self._reference_converter(known, known.refers_to)
            elif known.record is not None:
                converters[name] = self._record_converter(known.record)
            elif known.kind == "boolean":
                converters[name] = _json_boolean if self._json_booleans else _string_boolean
        return converters

    def _record_converter(self, element: str) -> Callable[[Any, str], Any]:
        def convert(value: Any, origin: str) -> Any:
            if isinstance(value, list):
                return [convert(each, origin) for each in value]
            return self.serialize(element, value, origin) if isinstance(value, Mapping) else value

        return convert

    def _reference_converter(self, known: Property, element: str) -> Callable[[Any, str], Any]:
        def complete(reference: Mapping[str, Any], origin: str) -> Record:
            # A stored reference may lack type and never has an href; a response has all three (5.2).
            sourced_id = reference["sourcedId"]
            return {
                "href": self.href(element, sourced_id, origin),
                "sourcedId": sourced_id,
                "type": reference.get("type", known.reference_types[0]),
            }

        def complete_all(references: list[Mapping[str, Any]], origin: str) -> list[Record]:
            return [complete(reference, origin) for reference in references]

        return complete_all if known.kind == "references" else complete


def select_fields(record: Record, fields: frozenset[str] | None) -> Record:
    """Return exactly the requested fields, also when required ones are dropped (3.4)."""
    if fields is None:
        return record
    return {name: value for name, value in record.items() if name in fields}


def _unchanged(value: Any, _origin: str) -> Any:
    return value


def _json_boolean(value: Any, _origin: str) -> Any:
    return value == _TRUE if isinstance(value, str) else value


def _string_boolean(value: Any, _origin: str) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _single_read_paths(specification: Specification, profile: str) -> dict[str, tuple[str, str]]:
    """Return for each element what precedes and what follows the id in the path of its single read.

    A profile's own operation replaces the corresponding one of the standard. If a profile serves no single read
    of an element, the path of the standard is used: a reference needs an href, and the href need not be served.
    """
    replacements = {one.stands_for: one for one in operations_of(specification, profile) if one.stands_for}
    paths = {}
    for name, element in specification.elements.items():
        if element.read is not None:
            operation = replacements.get(element.read) or specification.operations[element.read]
            before, _, rest = (specification.base_path(operation) + operation.path).partition("{")
            paths[name] = (before, rest.partition("}")[2])
    return paths
