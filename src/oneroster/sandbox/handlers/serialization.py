"""Records as they go over the wire: references with addresses, booleans and properties as the profile has them."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from oneroster.sandbox.http.percent_encoding import encode
from oneroster.sandbox.http.routes import operations_of
from oneroster_v1p1.tables import ELEMENTS, OPERATIONS, PROFILES, Element, Property

Record = dict[str, Any]

_TRUE: Final = "true"


class Presenter:
    """Turns stored records into those of one profile; `json_booleans` overrules how it writes booleans."""

    def __init__(self, profile: str, *, json_booleans: bool = False) -> None:
        self.profile = profile
        self._json_booleans = json_booleans or PROFILES[profile].booleans == "json"
        self._reads = _read_paths(profile)
        self._shape = lru_cache(maxsize=None)(self._build_shape)

    def element(self, name: str) -> Element:
        """An element with those properties that this profile has."""
        whole = ELEMENTS[name]
        return whole._replace(properties={key: known for key, known in whole.properties.items() if self._has(known)})

    def present(self, element: str, record: Mapping[str, Any], base_url: str) -> Record:
        """The whole record for the wire; keys that the standard does not know stay as they were stored.

        Args:
            element: the schema name.
            record: as the store holds it.
            base_url: the address of the tenant up to the version segment, put before every href (5.2).
        """
        shape = self._shape(element)
        presented: Record = {}
        for name, value in record.items():
            change = shape.get(name, _as_it_is)
            if change is not None:
                presented[name] = change(value, base_url)
        return presented

    def address(self, element: str, sourced_id: str, base_url: str) -> str:
        """The absolute URL under which a record is read."""
        before, after = self._reads[element]
        return f"{base_url}{before}{encode(sourced_id)}{after}"

    def _has(self, known: Property) -> bool:
        return not known.profiles or self.profile in known.profiles

    def _build_shape(self, element: str) -> dict[str, Callable[[Any, str], Any] | None]:
        """For each property: how its value changes, None when the profile lacks it."""
        shape: dict[str, Callable[[Any, str], Any] | None] = {}
        for name, known in ELEMENTS[element].properties.items():
            if not self._has(known):
                shape[name] = None
            elif known.refers_to is not None:
                shape[name] = self._referring(known, known.refers_to)
            elif known.kind == "boolean":
                shape[name] = _json_boolean if self._json_booleans else _string_boolean
        return shape

    def _referring(self, known: Property, element: str) -> Callable[[Any, str], Any]:
        def complete(reference: Mapping[str, Any], base_url: str) -> Record:
            # Whatever of a GUIDRef was stored, a whole one goes out (5.2).
            sourced_id = reference["sourcedId"]
            return {
                "href": self.address(element, sourced_id, base_url),
                "sourcedId": sourced_id,
                "type": reference.get("type", known.reference_types[0]),
            }

        def complete_all(references: list[Mapping[str, Any]], base_url: str) -> list[Record]:
            return [complete(reference, base_url) for reference in references]

        return complete_all if known.kind == "references" else complete


def select_fields(record: Record, fields: frozenset[str] | None) -> Record:
    """Exactly the requested fields, even when required ones are lost by it (3.4)."""
    if fields is None:
        return record
    return {name: value for name, value in record.items() if name in fields}


def _as_it_is(value: Any, _base_url: str) -> Any:
    return value


def _json_boolean(value: Any, _base_url: str) -> Any:
    return value == _TRUE if isinstance(value, str) else value


def _string_boolean(value: Any, _base_url: str) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _read_paths(profile: str) -> dict[str, tuple[str, str]]:
    """For each element what stands before and behind the id in the path of its single read.

    A dialect's own read takes the place of the standard's. Where a dialect serves no read of an element, the address
    of the standard is given: a reference must have one, and nobody promises that it answers.
    """
    stands_in = {operation.stands_for: operation for operation in operations_of(profile) if operation.stands_for}
    paths = {}
    for name, element in ELEMENTS.items():
        if element.read is not None:
            path = (stands_in.get(element.read) or OPERATIONS[element.read]).path
            before, _, rest = path.partition("{")
            paths[name] = (before, rest.partition("}")[2])
    return paths
