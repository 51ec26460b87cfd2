"""What changed for callers between two versions of the document, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from generation.document import Document, DocumentError
from generation.facts import Facts, Model, gather

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from oneroster_runtime.specification import Operation, Parameter, Property

T = TypeVar("T")


class Change(NamedTuple):
    """One change.

    Args:
        breaking: Whether code that worked may fail now: code that calls, that reads, or that writes.
        text: What changed, in words.
    """

    breaking: bool
    text: str

    def __str__(self) -> str:
        return f"{'breaking' if self.breaking else 'compatible'}: {self.text}"


def between(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """All changes from one document to another, breaking ones first; none when they are equal."""
    if before == after:
        return []
    try:
        old, new = gather(Document(before, {})), gather(Document(after, {}))
    except DocumentError as error:
        return [Change(True, f"the versions cannot be compared: {error}")]
    found = [*_operations(old, new), *_models(old, new), *_enumerations(old, new)]
    if not found:
        found = [Change(False, "only words changed: descriptions, examples, notes or marks")]
    return sorted(found, key=lambda change: not change.breaking)


class _Pairs(NamedTuple):
    """The names of two versions, matched."""

    kept: list[str]
    renamed: list[tuple[str, str]]
    removed: list[str]
    added: list[str]


def _pair(old: Mapping[str, T], new: Mapping[str, T], alike: Callable[[T, T], bool]) -> _Pairs:
    """Match names; one that vanished where a single one alike appeared was renamed."""
    removed = [name for name in old if name not in new]
    added = [name for name in new if name not in old]
    renamed = []
    for name in list(removed):
        candidates = [other for other in added if alike(old[name], new[other])]
        rivals = [other for other in removed if candidates and alike(old[other], new[candidates[0]])]
        if len(candidates) == 1 and len(rivals) == 1:
            renamed.append((name, candidates[0]))
            removed.remove(name)
            added.remove(candidates[0])
    return _Pairs([name for name in old if name in new], renamed, removed, added)


# Operations


def _operations(old: Facts, new: Facts) -> Iterator[Change]:
    pairs = _pair(
        old.operations, new.operations, lambda one, other: (one.method, one.path) == (other.method, other.path)
    )
    yield from (Change(True, f"operation {name} was removed") for name in pairs.removed)
    yield from (Change(False, f"operation {name} was added") for name in pairs.added)
    yield from (Change(True, f"operation {name} was renamed to {other}") for name, other in pairs.renamed)
    for name, other in [*((name, name) for name in pairs.kept), *pairs.renamed]:
        yield from _operation(old, new, old.operations[name], new.operations[other])


def _operation(old: Facts, new: Facts, one: Operation, other: Operation) -> Iterator[Change]:
    where = f"operation {other.operation_id}"
    if (one.method, one.path) != (other.method, other.path):
        yield Change(True, f"{where} moved from {one.method} {one.path} to {other.method} {other.path}")
    if one.tag != other.tag:
        yield Change(True, f"{where} moved from the tag {one.tag} to {other.tag}")
    answers = (old.endpoints[one.operation_id].answer, new.endpoints[other.operation_id].answer)
    if answers[0] != answers[1]:
        yield Change(True, f"{where} answers with {answers[1] or 'nothing'} instead of {answers[0] or 'nothing'}")
    bodies = (old.endpoints[one.operation_id].body, new.endpoints[other.operation_id].body)
    if bodies[0] != bodies[1]:
        yield Change(True, f"{where} is sent {bodies[1] or 'nothing'} instead of {bodies[0] or 'nothing'}")
    if (one.subset, one.scope) != (other.subset, other.scope):
        yield Change(True, f"{where} serves other rows")
    yield from _set(where, "success status", one.statuses, other.statuses)
    yield from _set(where, "OAuth scope", one.oauth_scopes, other.oauth_scopes)
    yield from _set(where, "profile", one.profiles, other.profiles)
    yield from _parameters(where, one, other)


def _set(where: str, what: str, old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[Change]:
    yield from (Change(True, f"{where}: {what} {item} was removed") for item in old if item not in new)
    yield from (Change(False, f"{where}: {what} {item} was added") for item in new if item not in old)


def _parameters(where: str, one: Operation, other: Operation) -> Iterator[Change]:
    old = {parameter.name: parameter for parameter in one.parameters}
    new = {parameter.name: parameter for parameter in other.parameters}
    pairs = _pair(old, new, _same_parameter)
    yield from (Change(True, f"{where}: parameter {name} was removed") for name in pairs.removed)
    yield from (Change(True, f"{where}: parameter {name} was renamed to {to}") for name, to in pairs.renamed)
    for name in pairs.added:
        word = "required" if new[name].required else "optional"
        yield Change(new[name].required, f"{where}: {word} parameter {name} was added")
    for name in pairs.kept:
        if not _same_parameter(old[name], new[name]):
            yield Change(True, f"{where}: parameter {name} changed from {_typed(old[name])} to {_typed(new[name])}")
        if old[name].required != new[name].required:
            word = "required" if new[name].required else "optional"
            yield Change(new[name].required, f"{where}: parameter {name} became {word}")


def _same_parameter(one: Parameter, other: Parameter) -> bool:
    return one[2:3] + one[4:] == other[2:3] + other[4:]


def _typed(found: Parameter | Property) -> str:
    named = found.enumeration or getattr(found, "record", None) or getattr(found, "refers_to", None)
    return f"{found.kind} ({named})" if named else found.kind


# Models


def _models(old: Facts, new: Facts) -> Iterator[Change]:
    pairs = _pair(old.models, new.models, lambda one, other: list(one.properties) == list(other.properties))
    yield from (Change(True, f"model {name} was removed") for name in pairs.removed)
    yield from (Change(False, f"model {name} was added") for name in pairs.added)
    yield from (Change(True, f"model {name} was renamed to {other}") for name, other in pairs.renamed)
    written = _written(new)
    for name, other in [*((name, name) for name in pairs.kept), *pairs.renamed]:
        yield from _properties(old.models[name], new.models[other], other in written)


def _written(facts: Facts) -> set[str]:
    """The models that callers send, those inside others included."""
    found: set[str] = set()
    waiting = {endpoint.body for endpoint in facts.endpoints.values()} - {None}
    while waiting:
        name = waiting.pop()
        if name is None or name in found:
            continue
        found.add(name)
        for entry in facts.models[name].properties.values():
            waiting.add("GUIDRef" if entry.kind in {"reference", "references"} else entry.record)
    return found


def _properties(old: Model, new: Model, written: bool) -> Iterator[Change]:
    where = f"{new.name}"
    pairs = _pair(old.properties, new.properties, _same_property)
    yield from (Change(True, f"{where}: property {name} was removed") for name in pairs.removed)
    yield from (Change(True, f"{where}: property {name} was renamed to {to}") for name, to in pairs.renamed)
    for name in pairs.added:
        if new.properties[name].required:
            who = "writers must give it" if written else "it is only read"
            yield Change(written, f"{where}: required property {name} was added; {who}")
        else:
            yield Change(False, f"{where}: optional property {name} was added")
    for name in pairs.kept:
        yield from _property(f"{where}: property {name}", old.properties[name], new.properties[name], written)


def _property(where: str, one: Property, other: Property, written: bool) -> Iterator[Change]:
    if not _same_type(one, other):
        yield Change(True, f"{where} changed its type from {_typed(one)} to {_typed(other)}")
    if one.required and not other.required:
        yield Change(True, f"{where} became optional; readers may get None")
    if other.required and not one.required:
        who = "writers must give it" if written else "it is only read"
        yield Change(written, f"{where} was narrowed to required; {who}")
    if one.refers_to == other.refers_to:
        yield from _set(where, "reference type", one.reference_types, other.reference_types)
    if other.personal != one.personal or other.secret != one.secret:
        hidden = "is hidden from repr" if other.personal or other.secret else "may be shown in repr"
        yield Change(False, f"{where} {hidden}")


def _same_type(one: Property, other: Property) -> bool:
    return (one.kind, one.enumeration, one.record, one.refers_to) == (
        other.kind,
        other.enumeration,
        other.record,
        other.refers_to,
    )


def _same_property(one: Property, other: Property) -> bool:
    return _same_type(one, other) and one.required == other.required


# Enumerations


def _enumerations(old: Facts, new: Facts) -> Iterator[Change]:
    pairs = _pair(old.enumerations, new.enumerations, lambda one, other: one == other)
    yield from (Change(True, f"enumeration {name} was removed") for name in pairs.removed)
    yield from (Change(False, f"enumeration {name} was added") for name in pairs.added)
    yield from (Change(True, f"enumeration {name} was renamed to {other}") for name, other in pairs.renamed)
    for name in pairs.kept:
        values = _pair(
            {value: value for value in old.enumerations[name]},
            {value: value for value in new.enumerations[name]},
            lambda one, other: _letters(one) == _letters(other),
        )
        yield from (Change(True, f"{name}: value {value!r} was removed") for value in values.removed)
        yield from (Change(True, f"{name}: value {value!r} was renamed to {to!r}") for value, to in values.renamed)
        yield from (Change(False, f"{name}: value {value!r} was added; readers meet it") for value in values.added)


def _letters(value: str) -> str:
    return "".join(letter for letter in value.lower() if letter.isalnum())
