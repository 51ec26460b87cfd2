"""Every difference between two versions of a document, by JSON pointer, without its words.

Items of a list are named instead of counted: a parameter by its component, a value of a list by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from oneroster_runtime.specification.schemas import escape, unescape
from oneroster_runtime.specification.vocabulary import OBJECTS

__all__ = ["Difference", "differences", "moved", "resolved", "without_words"]

_WORDS = frozenset({"description", "summary", "x-oneroster-note", "note"})
_MARKS = ("x-oneroster-trust", "x-oneroster-presence")
_ABSENT: Any = object()


class Difference(NamedTuple):
    """A part that differs; `before` or `after` is None if the part was added or removed."""

    pointer: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.pointer} was added: {_shown(self.after)}"
        if self.after is None:
            return f"{self.pointer} was removed: {_shown(self.before)}"
        return f"{self.pointer}: {_shown(self.before)} → {_shown(self.after)}"


def resolved(document: Mapping[str, Any], pointer: str, *, follow: bool = True) -> Any:
    """Return the part at a pointer without words and marks, with what it refers to in its place if `follow`."""
    part: Any = document
    for step in pointer.split("/")[1:]:
        part = part[int(step)] if isinstance(part, list) else part[unescape(step)]
    target = {"$ref": part["$ref"]} if "$ref" in part else {}
    if target and follow:
        target = resolved(document, part["$ref"][1:])
    form = "parameter" if "/parameters/" in pointer else "property"
    own = without_words({key: value for key, value in part.items() if key not in ("$ref", *_MARKS)}, form)
    return {**target, **own}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return all differences between two documents, which `without_words` returned."""
    return list(_differences(before, after, ""))


def without_words(value: Any, form: str = "document") -> Any:
    """Return a part of a document without descriptions, summaries, notes and examples.

    Args:
        value: The part.
        form: Its form in the vocabulary.
    """
    if form[0] in "[{":
        if isinstance(value, Mapping):
            return {key: without_words(below, form[1:-1]) for key, below in value.items()}
        return [without_words(below, form[1:-1]) for below in value] if isinstance(value, list) else value
    if form not in OBJECTS or not isinstance(value, Mapping):
        return value
    forms = {key.rstrip("!"): below for key, below in OBJECTS[form].items()}
    return {
        key: without_words(below, forms.get(key, "any"))
        for key, below in value.items()
        if key not in _WORDS and forms.get(key) != "{example}"
    }


def moved(document: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """Return a document in which the part at a pointer stands at another one, with the references to it."""
    changed: dict[str, Any] = json.loads(
        json.dumps(document).replace(json.dumps(f"#{old}"), json.dumps(f"#{new}")).replace(f'"#{old}/', f'"#{new}/')
    )
    source, target = _holder(changed, old), _holder(changed, new)
    before, after = (pointer.rpartition("/")[2] for pointer in (old, new))
    target[unescape(after)] = source.pop(unescape(before), {})
    schema, is_property, _ = old.partition("/properties/")
    names = _holder(changed, f"{schema}/required") if is_property else {}
    if before in names.get("required", ()):
        names["required"] = [after if name == before else name for name in names["required"]]
    return changed


def _holder(document: dict[str, Any], pointer: str) -> Any:
    """Return the mapping that holds the part at a pointer; a new one if there is none."""
    part: Any = document
    for step in pointer.split("/")[1:-1]:
        if isinstance(part, list):
            part.extend({} for _ in range(len(part), int(step) + 1))
        part = part[int(step)] if isinstance(part, list) else part.setdefault(unescape(step), {})
    return part


def _differences(before: Any, after: Any, pointer: str) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_mappings(before, after, pointer)
    elif isinstance(before, list) and isinstance(after, list):
        old, new = _named(before), _named(after)
        yield from _of_mappings(old, new, pointer)
        if [name for name in old if name in new] != [name for name in new if name in old]:
            yield Difference(pointer, f"in the order {', '.join(old)}", f"in the order {', '.join(new)}")
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        yield Difference(pointer, before, after)


def _of_mappings(before: Mapping[str, Any], after: Mapping[str, Any], pointer: str) -> Iterator[Difference]:
    for key in [*before, *(key for key in after if key not in before)]:
        old, new, place = before.get(key, _ABSENT), after.get(key, _ABSENT), f"{pointer}/{escape(key)}"
        if pointer == "/paths":
            # What counts is the operation, also where it is the only one of its path.
            yield from _of_mappings(before.get(key, {}), after.get(key, {}), place)
        elif old is _ABSENT or new is _ABSENT:
            yield Difference(place, None if old is _ABSENT else old, None if new is _ABSENT else new)
        else:
            yield from _differences(old, new, place)


def _named(items: list[Any]) -> dict[str, Any]:
    """Return the items of a list by name; one that has the name of an earlier one by name and position."""
    found: dict[str, Any] = {}
    for index, item in enumerate(items):
        name = _name(item, index)
        found[f"{name} ({index})" if name in found else name] = item
    return found


def _name(item: Any, index: int) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    if "$ref" in item:
        return str(item["$ref"]).rpartition("/")[2]
    if item and "enum" not in item and all(isinstance(value, list) for value in item.values()):  # a choice of security
        return " ".join(word for name, scopes in item.items() for word in (name, *scopes))
    return str(item.get("name") or item.get("parameter") or index)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:99]}…"
