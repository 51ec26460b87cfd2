"""Learning how a tenant writes its records: from breaches of the strict document to changes of it."""

import copy
import re
from collections.abc import Iterator
from typing import Any, Final

from oneroster.contract.dialects.document_model import DocumentModel
from oneroster.contract.oracle.record_schema import Aspect, Breach, breaches
from oneroster_v1p1.tables import Property

__all__ = ["Learner"]

Action = dict[str, Any]
Place = tuple[str, str]
"""An element and one of its properties."""

SCHEMAS: Final = "$.components.schemas"
_REFERENCE: Final = "#/components/schemas/"
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9:_.-]{0,39}", re.ASCII)
_TYPES: Final = {bool: "boolean", str: "string", int: "number", float: "number", dict: "object", list: "array"}
_FORMS: Final[dict[Aspect, dict[str, Any]]] = {
    Aspect.NULL: {"type": "null"},
    Aspect.EMPTY: {"type": "string", "maxLength": 0},
    Aspect.DATE: {"type": "string"},
    Aspect.DATE_TIME: {"type": "string"},
}
"""What is allowed besides, by what was met."""
_SHORTEST_NAME: Final = 3
"""Letters; shorter personal values stand by chance in other words."""


class Learner:
    """Collects what is strange about records, and says what in the document would make it lawful."""

    def __init__(self, facts: DocumentModel) -> None:
        self._facts = facts
        self._optional: dict[Place, None] = {}
        self._forms: dict[Place, list[dict[str, Any]]] = {}
        self._values: dict[Place, dict[str, None]] = {}
        self._booleans: set[type] = set()
        self._odd_booleans = False
        self._personal: set[str] = set()
        self._moved: set[str] = set()

    def see(self, element: str, record: dict[str, Any]) -> None:
        """Take one record into account."""
        self._look(element, record)
        for breach in breaches(element, record, self._facts):
            place, value = self._at(element, record, breach.pointer)
            if place is not None:
                self._note(breach, place, value)

    def actions(self) -> list[Action]:
        """The changes of the document, in the order in which they must be made."""
        return [
            *self._of_booleans(),
            *self._of_values(),
            *(each for place in dict.fromkeys((*self._optional, *self._forms)) for each in self._of_property(place)),
        ]

    # What was met

    def _look(self, element: str, record: dict[str, Any]) -> None:
        """Remember how booleans are written, and the personal values, which must not be learnt anywhere."""
        for name, known in self._facts.elements[element].properties.items():
            value = record.get(name)
            if known.kind == "boolean" and isinstance(value, bool | str):
                self._booleans.add(type(value))
            if known.personal:
                self._personal |= {each.casefold() for each in _texts(value) if len(each) >= _SHORTEST_NAME}

    def _at(self, element: str, record: Any, pointer: str) -> tuple[Place | None, list[Any]]:
        """The property to which a pointer leads, and the values there; ``...`` where it is missing."""
        values: list[Any] = [record]
        *before, last = pointer.split(".")
        for part in before:
            name = part.removesuffix("[]")
            values = [inner for each in values for inner in _inner(each, name)]
            known = self._facts.elements[element].properties[name]
            element = "GUIDRef" if known.kind in ("reference", "references") else known.record or ""
        name = last.removesuffix("[]")
        if element not in self._facts.elements:
            return None, []
        return (element, name), [each.get(name, ...) for each in values if isinstance(each, dict)]

    def _note(self, breach: Breach, place: Place, values: list[Any]) -> None:
        if breach.aspect in _FORMS:
            self._allow(place, _FORMS[breach.aspect])
        elif breach.aspect is Aspect.PRESENCE:
            self._optional[place] = None
            if None in values:
                self._allow(place, _FORMS[Aspect.NULL])
        elif breach.aspect is Aspect.BOOLEAN:
            self._odd_booleans = True
        elif breach.aspect is Aspect.ENUMERATION:
            known = self._facts.elements[place[0]].properties[place[1]]
            for word in (each for value in values for each in (value if isinstance(value, list) else [value])):
                self._name(place, known, word)
        else:
            for kind in dict.fromkeys(_TYPES[type(value)] for value in values if type(value) in _TYPES):
                self._allow(place, {"type": kind})

    def _allow(self, place: Place, form: dict[str, Any]) -> None:
        forms = self._forms.setdefault(place, [])
        if form not in forms:
            forms.append(form)

    def _name(self, place: Place, known: Property, word: Any) -> None:
        if not isinstance(word, str) or word in self._facts.enumerations[known.enumeration or ""]:
            return
        if known.personal or not _WORD.fullmatch(word):
            self._allow(place, {"type": "string"} if known.kind == "enumeration" else {"type": "array"})
        else:
            self._values.setdefault(place, {})[word] = None

    # What makes it lawful

    def _of_booleans(self) -> Iterator[Action]:
        if not self._odd_booleans or self._facts.booleans == "either":
            return
        place = f"{SCHEMAS}.TrueFalse"
        if self._booleans == {bool}:
            yield {"target": f"{place}.enum", "remove": True}
            yield {"target": place, "update": {"type": "boolean"}}
        elif self._booleans == {bool, str}:
            yield {"target": f"{place}.enum", "remove": True}
            yield {"target": f"{place}.type", "remove": True}
            both = [{"type": "string", "enum": ["true", "false"]}, {"type": "boolean"}]
            yield {"target": place, "update": {"anyOf": both}}

    def _of_values(self) -> Iterator[Action]:
        added: dict[str, dict[str, None]] = {}
        for place, words in self._values.items():
            known = self._facts.elements[place[0]].properties[place[1]]
            if any(self._is_personal(word) for word in words):
                # A name where a role should stand: that anything may stand there is learnt, and not the name.
                self._allow(place, {"type": "string"} if known.kind == "enumeration" else {"type": "array"})
            elif known.enumeration is not None:
                added.setdefault(known.enumeration, {}).update(words)
        for name, words in added.items():
            yield {"target": f"{SCHEMAS}.{name}.enum", "update": list(words)}

    def _is_personal(self, word: str) -> bool:
        folded = word.casefold()
        return any(value in folded or folded in value for value in self._personal)

    def _of_property(self, place: Place) -> Iterator[Action]:
        element, name = place
        where, schema, prelude = self._home(element, name)
        yield from prelude
        if place in self._optional:
            yield {"target": f"{where}.required[?(@ == '{name}')]", "remove": True}
        if place in self._forms:
            told = {key: value for key, value in schema.items() if key.startswith("x-") or key == "description"}
            plain = {key: value for key, value in schema.items() if key not in told}
            forms = [*plain.get("anyOf", [plain]), *self._forms[place]]
            # An update would add to the schema of before, which must not go on to hold by itself.
            yield {"target": f"{where}.properties.{name}", "remove": True}
            yield {"target": f"{where}.properties", "update": {name: {"anyOf": copy.deepcopy(forms), **told}}}

    def _home(self, element: str, name: str) -> tuple[str, dict[str, Any], list[Action]]:
        """Where in the document a property stands, its schema, and what gives the element a place of its own.

        What all elements inherit is copied first, so that a change is made for the one element alone.
        """
        schemas = self._facts.document["components"]["schemas"]
        own = f"{element}Base"
        # Whatever its place among them: taking one part away moves the others.
        where = f"{SCHEMAS}.{element}.allOf"
        for number, part in enumerate(schemas[element].get("allOf", ())):
            if name in part.get("properties", {}):
                return f"{where}[*]", part["properties"][name], []
            inherited = str(part.get("$ref", "")).removeprefix(_REFERENCE)
            if name in schemas.get(inherited, {}).get("properties", {}):
                prelude: list[Action] = []
                if inherited != own and own not in self._moved:
                    prelude.append({"target": SCHEMAS, "update": {own: copy.deepcopy(schemas[inherited])}})
                    prelude.append({"target": f"{where}[{number}]", "remove": True})
                    prelude.append({"target": where, "update": [{"$ref": _REFERENCE + own}]})
                self._moved.add(own)
                return f"{SCHEMAS}.{own}", schemas[inherited]["properties"][name], prelude
        return f"{SCHEMAS}.{element}", schemas[element]["properties"][name], []


def _inner(value: Any, name: str) -> Iterator[Any]:
    found = value.get(name) if isinstance(value, dict) else None
    yield from found if isinstance(found, list) else [found]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
