"""What changed between two versions of a document, in words: for callers, in what is shown, and for servers.

Changes with a name of their own cover the differences that they name. A difference that no change covers is named by
its pointer, so that nothing changes without a word.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from generation.differences import differences, moved, resolved, without_words
from generation.document import Document, DocumentError
from generation.package_model import Endpoint, Model, PackageModel, read_package_model
from generation.struct_fields import nested_schema
from generation.verdicts import moved_levels, moved_verdicts
from oneroster_runtime.specification.schemas import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generation.differences import Difference
    from oneroster_runtime.specification import Operation, Parameter, Property

T = TypeVar("T")

CALLERS = "For callers"
SHOWN = "In reprs, logs and reports"
SERVERS = "For servers, whose verdicts may move"
HEADINGS = (CALLERS, SHOWN, SERVERS)
ONLY_WORDS = "only words changed: descriptions, summaries, notes or examples"
ONLY_ORDER = "only the order of keys changed"
_NOT_FOR_CALLERS = re.compile(r".*/(x-oneroster-trust|x-oneroster-presence|x-oneroster-oauth-scopes|trust)(/.*)?")
_OF_NO_CALLER = re.compile(
    r"/(info(?!/version)|tags|x-oneroster-conventions|components/examples|components/responses/[^/]+/links)\b.*"
)
"""What the lint reads, and what tests of servers follow."""
_NARROWS = frozenset({"minLength", "minItems", "minimum"})
_WIDENS = frozenset({"maxLength", "maxItems", "maximum"})
_RESTRICTS = _NARROWS | _WIDENS | {"pattern", "format", "required", "default", "x-oneroster-secret"}


class Change(NamedTuple):
    """One change.

    Args:
        breaking: Whether code that worked may fail now: code that calls, reads or writes.
        text: What changed, in words.
        covers: The pointers of the differences that it names, with everything below them.
        moves: The old and the new pointer of a part that has another name or place now.
        heading: For whom it changed: `CALLERS`, `SHOWN` or `SERVERS`.
    """

    breaking: bool
    text: str
    covers: tuple[str, ...] = ()
    heading: str = CALLERS
    moves: tuple[str, str] | None = None

    def __str__(self) -> str:
        if self.heading != CALLERS:
            return self.text
        return f"{'breaking' if self.breaking else 'compatible'}: {self.text}"


def between(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Return the changes from one document to another by heading, breaking ones first; none if they are equal."""
    if json.dumps(before) == json.dumps(after):
        return []
    old_parts, new_parts = without_words(before), without_words(after)
    if old_parts == new_parts and json.dumps(old_parts) != json.dumps(new_parts):
        return [Change(False, ONLY_ORDER)]
    try:
        old, new = read_package_model(Document(before, {})), read_package_model(Document(after, {}))
        # What refers to a renamed operation goes on to refer to it.
        if renamed := dict(_operation_pairs(old, new).renamed):
            old_parts = _with_names(old_parts, renamed)
            old = read_package_model(Document(_with_names(before, renamed, ids=False), {}))
    except DocumentError as error:
        return [Change(True, f"the versions cannot be compared: {error}")]
    found = list(dict.fromkeys([*_operations(old, new), *_models(old, new), *_enumerations(old, new)]))
    verdicts = [moved_verdicts(each) for each in differences(old_parts, new_parts)]
    verdicts += moved_levels(differences(old_parts, new_parts), old.specification, new.specification)
    found += [Change(False, said, heading=SERVERS) for said in verdicts if said is not None]
    for change in found:
        if change.moves is not None:
            old_parts = moved(old_parts, *change.moves)
    covered = {pointer for change in found for pointer in change.covers}
    for each in differences(old_parts, new_parts):
        if not (_NOT_FOR_CALLERS.fullmatch(each.pointer) or _is_covered(each.pointer, covered)):
            found.append(Change(_breaks(each), str(each)))
    found = found or [Change(False, ONLY_WORDS)]
    return sorted(found, key=lambda change: (HEADINGS.index(change.heading), not change.breaking))


def _is_covered(pointer: str, covered: set[str]) -> bool:
    """Return whether a pointer, or one above it, is covered."""
    while pointer and pointer not in covered:
        pointer = pointer.rpartition("/")[0]
    return pointer in covered


def _breaks(difference: Difference) -> bool:
    """Return whether a difference without a name of its own may break a caller."""
    key = difference.pointer.rpartition("/")[2]
    if _OF_NO_CALLER.fullmatch(difference.pointer):
        return False
    if key in _RESTRICTS and difference.after is None:
        return key == "default"
    if key == "required" and difference.after is False:
        return False
    if key in _NARROWS | _WIDENS and difference.before is not None:
        return bool((difference.after > difference.before) is (key in _NARROWS))
    return difference.before is not None or key in _RESTRICTS


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


def _operation_pairs(old: PackageModel, new: PackageModel) -> _Pairs:
    return _pair(
        old.specification.operations,
        new.specification.operations,
        lambda one, other: (one.method, one.path) == (other.method, other.path),
    )


def _with_names(part: Any, renamed: Mapping[str, str], *, ids: bool = True) -> Any:
    """Return a part of a document with the new names of operations, with `ids` also where they are given."""
    if isinstance(part, dict):
        return {
            key: value if key == "operationId" and not ids else _with_names(value, renamed, ids=ids)
            for key, value in part.items()
        }
    if isinstance(part, list):
        return [_with_names(each, renamed, ids=ids) for each in part]
    return renamed.get(part, part) if isinstance(part, str) else part


def _operations(old: PackageModel, new: PackageModel) -> Iterator[Change]:
    pairs = _operation_pairs(old, new)
    places = {name: _place(each) for model in (new, old) for name, each in model.specification.operations.items()}
    yield from (Change(True, f"operation {name} was removed", (places[name],)) for name in pairs.removed)
    yield from (Change(False, f"operation {name} was added", (places[name],)) for name in pairs.added)
    for name, other in pairs.renamed:
        yield Change(True, f"operation {name} was renamed to {other}", (f"{places[name]}/operationId",))
    for name, other in [*((name, name) for name in pairs.kept), *pairs.renamed]:
        yield from _operation(old, new, old.specification.operations[name], new.specification.operations[other])


def _operation(old: PackageModel, new: PackageModel, one: Operation, other: Operation) -> Iterator[Change]:
    where, place = f"operation {other.operation_id}", _place(other)
    if (one.method, one.path) != (other.method, other.path):
        said = f"{where} moved from {one.method} {one.path} to {other.method} {other.path}"
        yield Change(True, said, moves=(_place(one), place))
    if one.tag != other.tag:
        yield Change(True, f"{where} moved from the tag {one.tag} to {other.tag}", (f"{place}/tags",))
    responses = (old.endpoints[one.operation_id].response, new.endpoints[other.operation_id].response)
    if responses[0] != responses[1]:
        said = f"{where} answers with {responses[1] or 'nothing'} instead of {responses[0] or 'nothing'}"
        yield Change(True, said, tuple(f"{place}/responses/{status}/$ref" for status in (200, 201)))
    bodies = (old.endpoints[one.operation_id].body, new.endpoints[other.operation_id].body)
    if bodies[0] != bodies[1]:
        said = f"{where} is sent {bodies[1] or 'nothing'} instead of {bodies[0] or 'nothing'}"
        yield Change(True, said, (f"{place}/requestBody",))
    if _rows(one) != _rows(other):
        subsets = [f"{each}/x-oneroster-subset" for each in _successes(new.document.data, place)]
        yield Change(True, f"{where} serves other rows", (f"{place}/x-oneroster-scope", *subsets))
    yield from _set(where, "success status", one.statuses, other.statuses, f"{place}/responses")
    yield from _set(where, "OAuth scope", one.oauth_scopes, other.oauth_scopes, f"{place}/security/oauth2 ")
    yield from _set(where, "profile", one.profiles, other.profiles, f"{place}/x-oneroster-profiles")
    endpoints = (old.endpoints[one.operation_id], new.endpoints[other.operation_id])
    yield from _parameters(where, *endpoints, (old.document.data, new.document.data))


def _place(operation: Operation) -> str:
    return f"/paths/{escape(operation.path)}/{operation.method.lower()}"


def _successes(document: dict[str, Any], place: str) -> list[str]:
    """Return the pointers of the components that an operation answers with."""
    responses = resolved(document, place)["responses"]
    return [part["$ref"].removeprefix("#") for status, part in responses.items() if status < "300" and "$ref" in part]


def _rows(operation: Operation) -> tuple[Any, ...]:
    """Return what decides on the rows of a collection, without the marks."""
    scope, subset = operation.scope, operation.subset
    return (subset and subset[:-1], scope and scope[:-1])


def _set(where: str, what: str, old: tuple[Any, ...], new: tuple[Any, ...], place: str) -> Iterator[Change]:
    for item in (*old, *(item for item in new if item not in old)):
        pointer = f"{place}{'' if place.endswith(' ') else '/'}{escape(str(item))}"
        if item not in new:
            yield Change(True, f"{where}: {what} {item} was removed", (pointer,))
        elif item not in old:
            yield Change(False, f"{where}: {what} {item} was added", (pointer,))


def _parameters(
    where: str, one: Endpoint, other: Endpoint, documents: tuple[dict[str, Any], dict[str, Any]]
) -> Iterator[Change]:
    old = {parameter.name: parameter for parameter in one.operation.parameters}
    new = {parameter.name: parameter for parameter in other.operation.parameters}
    pairs = _pair(old, new, _same_parameter)
    for name in pairs.removed:
        yield Change(True, f"{where}: parameter {name} was removed", _parameter_covers(one, name, "name"))
    for name, to in pairs.renamed:
        covers = (*_parameter_covers(one, name, "name"), *_parameter_covers(other, to, "name"))
        yield Change(True, f"{where}: parameter {name} was renamed to {to}", covers)
    for name in pairs.added:
        word = "required" if new[name].required else "optional"
        covers = _parameter_covers(other, name, "name")
        yield Change(new[name].required, f"{where}: {word} parameter {name} was added", covers)
    for name in pairs.kept:
        places = (one.parameter_places[name], other.parameter_places[name])
        if places[0] != places[1] and resolved(documents[0], places[0]) == resolved(documents[1], places[1]):
            said = f"parameter {name} is written at {places[1]} instead of {places[0]}, and the same"
            covers = (*_parameter_covers(one, name), *_parameter_covers(other, name))
            yield Change(False, f"{where}: {said}", covers)
        elif not _same_parameter(old[name], new[name]):
            said = f"parameter {name} changed from {_type_name(old[name])} to {_type_name(new[name])}"
            covers = _parameter_covers(other, name, "in", "schema/type", "schema/format", "schema/$ref")
            yield Change(True, f"{where}: {said}", covers)
        if old[name].required != new[name].required:
            word = "required" if new[name].required else "optional"
            covers = _parameter_covers(other, name, "required")
            yield Change(new[name].required, f"{where}: parameter {name} became {word}", covers)


def _parameter_covers(endpoint: Endpoint, name: str, *keys: str) -> tuple[str, ...]:
    """Return the pointers of a parameter in its operation, and of keys of its component."""
    place = endpoint.parameter_places[name]
    component = place.startswith("/components/")
    own = f"{_place(endpoint.operation)}/parameters/{place.rpartition('/')[2] if component else name}"
    return (own, *(f"{place}/{key}" for key in keys if component))


def _same_parameter(one: Parameter, other: Parameter) -> bool:
    return (one.location, one.kind, one.format, one.enumeration) == (
        other.location,
        other.kind,
        other.format,
        other.enumeration,
    )


def _type_name(found: Parameter | Property) -> str:
    named = found.enumeration or getattr(found, "record", None) or getattr(found, "refers_to", None)
    named = named or getattr(found, "format", None)
    return f"{found.kind} ({named})" if named else found.kind


# Models


def _models(old: PackageModel, new: PackageModel) -> Iterator[Change]:
    pairs = _pair(old.models, new.models, lambda one, other: list(one.properties) == list(other.properties))
    yield from _of_schemas("model", pairs)
    written = _written(new)
    for name, other in [*((name, name) for name in pairs.kept), *pairs.renamed]:
        documents = (old.document.data, new.document.data)
        yield from _properties(old.models[name], new.models[other], other in written, documents)


def _of_schemas(what: str, pairs: _Pairs) -> Iterator[Change]:
    yield from (Change(True, f"{what} {name} was removed", (_schema(name),)) for name in pairs.removed)
    yield from (Change(False, f"{what} {name} was added", (_schema(name),)) for name in pairs.added)
    for name, other in pairs.renamed:
        yield Change(True, f"{what} {name} was renamed to {other}", moves=(_schema(name), _schema(other)))


def _schema(name: str) -> str:
    return f"/components/schemas/{escape(name)}"


def _written(package: PackageModel) -> set[str]:
    """Return the models that callers send, with nested ones."""
    found: set[str] = set()
    waiting = {endpoint.body for endpoint in package.endpoints.values()} - {None}
    while waiting:
        name = waiting.pop()
        if name is None or name in found or name not in package.models:  # of another type, it is no model
            continue
        found.add(name)
        for entry in package.models[name].properties.values():
            waiting.add(nested_schema(entry))
    return found


def _properties(
    old: Model, new: Model, written: bool, documents: tuple[dict[str, Any], dict[str, Any]]
) -> Iterator[Change]:
    pairs = _pair(old.properties, new.properties, _same_property)
    for name in pairs.removed:
        yield Change(True, f"{_owner(old, name)}: property {name} was removed", _covers(old, name))
    for name, to in pairs.renamed:
        where = f"{_owner(new, to)}: property {name}"
        yield Change(True, f"{where} was renamed to {to}", moves=(old.places[name], new.places[to]))
        yield from _property(where, old.properties[name], new.properties[to], written, new.places[to])
        yield from _profiles(where, old.properties[name], new.properties[to], documents, new.places[to])
    for name in pairs.added:
        where, covers = f"{_owner(new, name)}:", _covers(new, name)
        if new.properties[name].required:
            who = "writers must give it" if written else "it is only read"
            yield Change(written, f"{where} required property {name} was added; {who}", covers)
        else:
            yield Change(False, f"{where} optional property {name} was added", covers)
    for name in pairs.kept:
        where = f"{_owner(new, name)}: property {name}"
        yield from _property(where, old.properties[name], new.properties[name], written, new.places[name])
        yield from _profiles(where, old.properties[name], new.properties[name], documents, new.places[name])
        if _same_type(old.properties[name], new.properties[name]):
            yield from _rewritten(where, old, new, name, documents)
        # A property may move between a schema and the one that it inherits from.
        if old.places[name] != new.places[name]:
            moves = (old.places[name], new.places[name])
            yield Change(False, f"{where} moved from {moves[0]} to {moves[1]}", moves=moves)


def _rewritten(
    where: str, old: Model, new: Model, name: str, documents: tuple[dict[str, Any], dict[str, Any]]
) -> Iterator[Change]:
    """Yield the change of a property that refers to a component now, or no longer, and says the same."""
    place = new.places[name]
    before, after = resolved(documents[0], old.places[name]), resolved(documents[1], place)
    as_written = (resolved(each, place, follow=False) for each in documents)
    if old.places[name] == place and before == after and len({json.dumps(each) for each in as_written}) > 1:
        covers = tuple(f"{place}/{key}" for key in ("$ref", *after))
        yield Change(False, f"{where} is written in another way, and the same", covers)


def _owner(model: Model, name: str) -> str:
    """Return the schema in which a property of a model stands."""
    return model.places[name].split("/")[3]


def _covers(model: Model, name: str) -> tuple[str, ...]:
    """Return the pointers of a property: its own, and that of its name among the required ones."""
    place = model.places[name]
    return (place, _required(place))


def _required(place: str) -> str:
    schema, _, name = place.rpartition("/properties/")
    return f"{schema}/required/{name}"


def _property(where: str, one: Property, other: Property, written: bool, place: str) -> Iterator[Change]:
    if not _same_type(one, other):
        covers = tuple(f"{place}/{key}" for key in ("type", "$ref", "items", "x-oneroster-reference"))
        covers += (f"{place}/format",) if one.kind != other.kind else ()
        yield Change(True, f"{where} changed its type from {_type_name(one)} to {_type_name(other)}", covers)
    if one.required and not other.required:
        yield Change(True, f"{where} became optional; readers may get None", (_required(place),))
    if other.required and not one.required:
        who = "writers must give it" if written else "it is only read"
        yield Change(written, f"{where} was narrowed to required; {who}", (_required(place),))
    if one.refers_to == other.refers_to:
        types = f"{place}/x-oneroster-reference/types"
        yield from _set(where, "reference type", one.reference_types, other.reference_types, types)
    before, after = one.personal or one.secret, other.personal or other.secret
    if (one.personal, one.secret) != (other.personal, other.secret):
        hidden = "is hidden from now on" if after else "is shown from now on"
        said = "is marked otherwise, and stays hidden" if before and after else hidden
        covers = (f"{place}/x-oneroster-personal", f"{place}/x-oneroster-secret")
        yield Change(True, f"{where} {said}", covers, SHOWN)


def _profiles(
    where: str, one: Property, other: Property, documents: tuple[dict[str, Any], dict[str, Any]], place: str
) -> Iterator[Change]:
    """Yield the profiles that have a property now, or no longer. One that names no profiles belongs to all."""
    if one.profiles == other.profiles:
        return
    every = [tuple(document["x-oneroster-profiles"]) for document in documents]
    pointer = f"{place}/x-oneroster-profiles"
    found = _set(where, "profile", one.profiles or every[0], other.profiles or every[1], pointer)
    yield from (change._replace(covers=(*change.covers, pointer)) for change in found)


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
    yield from _of_schemas("enumeration", pairs)
    for name in pairs.kept:
        values = _pair(
            {value: value for value in old.specification.enumerations[name]},
            {value: value for value in new.specification.enumerations[name]},
            lambda one, other: _letters_and_digits(one) == _letters_and_digits(other),
        )
        place = f"{_schema(name)}/{'anyOf/0/' if name in new.specification.extensions else ''}enum"
        for value in values.removed:
            yield Change(True, f"{name}: value {value!r} was removed", (f"{place}/{escape(value)}",))
        for value, to in values.renamed:
            covers = (f"{place}/{escape(value)}", f"{place}/{escape(to)}")
            yield Change(True, f"{name}: value {value!r} was renamed to {to!r}", covers)
        for value in values.added:
            yield Change(False, f"{name}: value {value!r} was added; readers meet it", (f"{place}/{escape(value)}",))


def _letters_and_digits(value: str) -> str:
    return "".join(letter for letter in value.lower() if letter.isalnum())
