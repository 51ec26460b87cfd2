"""What changed for callers between two versions of a document, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from generation.document import Document, DocumentError
from generation.package_model import Model, PackageModel, read_package_model
from generation.struct_fields import nested_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from oneroster_runtime.specification import Operation, Parameter, Property

T = TypeVar("T")


class Change(NamedTuple):
    """One change.

    Args:
        breaking: Whether code that worked may fail now: code that calls, reads or writes.
        text: What changed, in words.
    """

    breaking: bool
    text: str

    def __str__(self) -> str:
        return f"{'breaking' if self.breaking else 'compatible'}: {self.text}"


def between(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Return the changes from one document to another, breaking ones first; none if they are equal."""
    if before == after:
        return []
    try:
        old, new = read_package_model(Document(before, {})), read_package_model(Document(after, {}))
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
    """Match names. A removed name counts as renamed if exactly one added name is like it."""
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


def _operations(old: PackageModel, new: PackageModel) -> Iterator[Change]:
    pairs = _pair(
        old.specification.operations,
        new.specification.operations,
        lambda one, other: (one.method, one.path) == (other.method, other.path),
    )
    yield from (Change(True, f"operation {name} was removed") for name in pairs.removed)
    yield from (Change(False, f"operation {name} was added") for name in pairs.added)
    yield from (Change(True, f"operation {name} was renamed to {other}") for name, other in pairs.renamed)
    for name, other in [*((name, name) for name in pairs.kept), *pairs.renamed]:
        yield from _operation(old, new, old.specification.operations[name], new.specification.operations[other])


def _operation(old: PackageModel, new: PackageModel, one: Operation, other: Operation) -> Iterator[Change]:
    where = f"operation {other.operation_id}"
    if (one.method, one.path) != (other.method, other.path):
        yield Change(True, f"{where} moved from {one.method} {one.path} to {other.method} {other.path}")
    if one.tag != other.tag:
        yield Change(True, f"{where} moved from the tag {one.tag} to {other.tag}")
    responses = (old.endpoints[one.operation_id].response, new.endpoints[other.operation_id].response)
    if responses[0] != responses[1]:
        yield Change(True, f"{where} answers with {responses[1] or 'nothing'} instead of {responses[0] or 'nothing'}")
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
            yield Change(
                True, f"{where}: parameter {name} changed from {_type_name(old[name])} to {_type_name(new[name])}"
            )
        if old[name].required != new[name].required:
            word = "required" if new[name].required else "optional"
            yield Change(new[name].required, f"{where}: parameter {name} became {word}")


def _same_parameter(one: Parameter, other: Parameter) -> bool:
    return one[2:3] + one[4:] == other[2:3] + other[4:]


def _type_name(found: Parameter | Property) -> str:
    named = found.enumeration or getattr(found, "record", None) or getattr(found, "refers_to", None)
    return f"{found.kind} ({named})" if named else found.kind


# Models


def _models(old: PackageModel, new: PackageModel) -> Iterator[Change]:
    pairs = _pair(old.models, new.models, lambda one, other: list(one.properties) == list(other.properties))
    yield from (Change(True, f"model {name} was removed") for name in pairs.removed)
    yield from (Change(False, f"model {name} was added") for name in pairs.added)
    yield from (Change(True, f"model {name} was renamed to {other}") for name, other in pairs.renamed)
    written = _written(new)
    for name, other in [*((name, name) for name in pairs.kept), *pairs.renamed]:
        yield from _properties(old.models[name], new.models[other], other in written)


def _written(package: PackageModel) -> set[str]:
    """Return the models that callers send, with nested ones."""
    found: set[str] = set()
    waiting = {endpoint.body for endpoint in package.endpoints.values()} - {None}
    while waiting:
        name = waiting.pop()
        if name is None or name in found:
            continue
        found.add(name)
        for entry in package.models[name].properties.values():
            waiting.add(nested_schema(entry))
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
        yield Change(True, f"{where} changed its type from {_type_name(one)} to {_type_name(other)}")
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


def _enumerations(old: PackageModel, new: PackageModel) -> Iterator[Change]:
    pairs = _pair(old.specification.enumerations, new.specification.enumerations, lambda one, other: one == other)
    yield from (Change(True, f"enumeration {name} was removed") for name in pairs.removed)
    yield from (Change(False, f"enumeration {name} was added") for name in pairs.added)
    yield from (Change(True, f"enumeration {name} was renamed to {other}") for name, other in pairs.renamed)
    for name in pairs.kept:
        values = _pair(
            {value: value for value in old.specification.enumerations[name]},
            {value: value for value in new.specification.enumerations[name]},
            lambda one, other: _letters_and_digits(one) == _letters_and_digits(other),
        )
        yield from (Change(True, f"{name}: value {value!r} was removed") for value in values.removed)
        yield from (Change(True, f"{name}: value {value!r} was renamed to {to!r}") for value, to in values.renamed)
        yield from (Change(False, f"{name}: value {value!r} was added; readers meet it") for value in values.added)


def _letters_and_digits(value: str) -> str:
    return "".join(letter for letter in value.lower() if letter.isalnum())
