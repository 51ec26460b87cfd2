"""Where an edit of the document does not flow by itself: what is written by hand and no longer fits.

The modules of ``oneroster`` are imported here only: `scripts/generate` also runs where no package is generated yet.
"""

from __future__ import annotations

import ast
import inspect
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from generation.lint_document import properties_of
from oneroster_runtime.specification import Specification, SpecificationError, read_specification

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema import ValidationError

__all__ = ["places_to_change"]

SOURCE = Path(__file__).resolve().parents[2] / "src"
_MOST_PLACES = 6
"""Places that are listed for each name; "type" is named everywhere."""
_USERS = 40
_CONSTRAINTS = {"minLength", "maxLength", "pattern", "format", "minItems", "maxItems", "minimum", "maximum"}
_BOUNDS = {"default", "minimum", "maximum"}
"""What the sandbox reads of a parameter that is a number."""


def places_to_change(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return what to change by hand after an edit, one sentence each.

    Args:
        before: The document before.
        after: The document now.
    """
    try:
        old, new = read_specification(before), read_specification(after)
    except SpecificationError:
        return []
    return [
        *_mapping(new),
        *_csv_rows(new),
        *_made_up(new, _validators(after)),
        *_parameters(before, after),
        *_stale_names(_names(old) - _names(new) - _names_of_others({old.version, new.version})),
    ]


def _mapping(specification: Specification) -> Iterator[str]:
    name = f"mapping_v{specification.version.replace('.', 'p')}.py"
    if not (SOURCE / "oneroster" / "sandbox" / "district" / name).exists():
        where = "src/oneroster/sandbox/district"
        yield f"{where} has no {name}: the sandbox cannot serve OneRoster {specification.version}"


def _csv_rows(specification: Specification) -> Iterator[str]:
    try:
        from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS, stale_rows

        if binding := BINDINGS.get(specification.version):
            where = "src/oneroster/pull/formats/oneroster_csv/file_definitions.py"
            yield from (f"{where}: {each}" for each in stale_rows(binding, specification))
    except (ImportError, OSError):  # there is no generated package yet
        return


def _validators(document: dict[str, Any]) -> dict[tuple[str, str], Draft202012Validator]:
    """Return the validators of properties, by element and property."""
    components = {"components": document["components"]}
    return {
        (element, name): Draft202012Validator(
            {**schema, **components}, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        for element in document["components"]["schemas"]
        for name, schema in properties_of(document, element).items()
    }


def _made_up(specification: Specification, validators: dict[tuple[str, str], Draft202012Validator]) -> Iterator[str]:
    """Yield the properties whose values the sandbox makes up, or whose constraints its values do not keep."""
    try:
        from oneroster.sandbox.district.conforming_records import ConformingRecords
        from oneroster.sandbox.district.generator import district_entities
        from oneroster.sandbox.district.mapping import mapping_for
        from oneroster.sandbox.district.size import Size
        from oneroster.standard import Standard

        map_entity = mapping_for(Standard.of(specification.version))
    except Exception:  # another version, or no generated package yet
        return
    conforming, found, narrow = ConformingRecords(specification), dict[str, None](), dict[str, None]()
    for entity in district_entities(Size(_USERS), seed=1):
        for element, record in map_entity(entity):
            if element not in specification.elements:
                found[f"{element}, which is no element"] = None
                continue
            served = conforming.conform(element, record)
            found |= dict.fromkeys(f"{element}.{name}" for name in served if served[name] != record.get(name))
            found |= dict.fromkeys(f"{element}.{name}" for name in record if name not in served)
            narrow |= dict.fromkeys(
                f"{element}.{name}{_violated(error)}"
                for name, value in served.items()
                for error in validators[element, name].iter_errors(value)
                if error.validator in _CONSTRAINTS  # what else is missing is added when a record is served
            )
    where = Path(inspect.getfile(map_entity)).relative_to(SOURCE.parent)
    if narrow:
        yield f"{where}: the values of the sandbox violate {', '.join(sorted(narrow))}"
    if found:
        yield f"{where}: the sandbox makes up or leaves out {', '.join(found)}"


def _violated(error: ValidationError) -> str:
    """Return the constraint that a value violates, and where in the value."""
    place = "".join("[]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    return f"{place} ({error.validator} {error.validator_value})"


def _parameters(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Yield the parameters whose constraints changed, where the sandbox does not read them."""
    old, new = (document["components"].get("parameters", {}) for document in (before, after))
    for name in old.keys() & new.keys():
        schemas = (old[name].get("schema", {}), new[name].get("schema", {}))
        read = _BOUNDS if schemas[1].get("type") == "integer" else set()
        words = sorted(
            word
            for word in (_CONSTRAINTS | {"default"}) - read
            if schemas[0].get(word) != schemas[1].get(word) and schemas[0].get("type") == schemas[1].get("type")
        )
        if words:
            where = "src/oneroster/sandbox/requests/query_parameters.py"
            yield f"{where}: the sandbox does not read {', '.join(words)} of the parameter {name}"


def _names(specification: Specification) -> set[str]:
    """Return the version, and the names of operations, elements, properties, enumerated values and wrappers."""
    found = {specification.version, *specification.operations, *specification.elements, *specification.profiles}
    found |= {name for element in specification.elements.values() for name in element.properties}
    found |= {value for values in specification.enumerations.values() for value in values}
    found |= {one.wrapper for one in specification.operations.values() if one.wrapper}
    return found | {each.name for one in specification.operations.values() for each in one.parameters}


def _names_of_others(versions: set[str]) -> set[str]:
    """Return the names of the other versions, which the source may go on to use."""
    try:
        from oneroster.errors import ConfigurationError
        from oneroster.standard import Standard
    except ImportError:
        return set()
    found = set[str]()
    for version in set(Standard.versions()) - versions:
        with suppress(ConfigurationError, ImportError, OSError):  # there is no generated package of this version yet
            found |= _names(Standard.of(version).specification)
    return found


def _stale_names(names: set[str]) -> Iterator[str]:
    """Yield where the source names something that the document no longer has."""
    if not names:
        return
    places: dict[str, list[str]] = {name: [] for name in sorted(names)}
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
                places[node.value].append(f"{path.relative_to(SOURCE.parent)}:{node.lineno}")
            elif isinstance(node, ast.keyword) and node.arg in names:
                places[node.arg].append(f"{path.relative_to(SOURCE.parent)}:{node.value.lineno}")
    for name, found in places.items():
        if found:
            more = f" and {len(found) - _MOST_PLACES} more" if len(found) > _MOST_PLACES else ""
            yield f"{name} is no longer in the document, and is named in {', '.join(found[:_MOST_PLACES])}{more}"
