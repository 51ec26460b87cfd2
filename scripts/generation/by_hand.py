"""Where an edit of the document does not flow by itself: what is written by hand and no longer fits.

The modules of ``oneroster`` are imported here only: `scripts/generate` also runs where no package is generated yet.
"""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from generation.document import Document, DocumentError
from generation.package_model import read_package_model
from oneroster_runtime.specification import Specification, SpecificationError, read_specification

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["places_to_change"]

SOURCE = Path(__file__).resolve().parents[2] / "src"
_MOST_PLACES = 6
"""Places that are listed for each name; "type" is named everywhere."""
_USERS = 40


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
        *_csv_rows(new),
        *_made_up(new, _constraints(after)),
        *_stale_names(_names(old) - _names(new) - _names_of_others(new)),
    ]


def _csv_rows(specification: Specification) -> Iterator[str]:
    try:
        from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS, stale_rows

        if binding := BINDINGS.get(specification.version):
            where = "src/oneroster/pull/formats/oneroster_csv/file_definitions.py"
            yield from (f"{where}: {each}" for each in stale_rows(binding, specification))
    except (ImportError, OSError):  # there is no generated package yet
        return


def _constraints(document: dict[str, Any]) -> dict[tuple[str, str], Draft202012Validator]:
    """Return the validators of the properties that have constraints beyond their type, by element and property."""
    try:
        models = read_package_model(Document(document, {})).models
    except DocumentError:
        return {}
    return {
        (element, name): Draft202012Validator(words, format_checker=Draft202012Validator.FORMAT_CHECKER)
        for element, model in models.items()
        for name, words in model.constraints.items()
        if words
    }


def _made_up(specification: Specification, constraints: dict[tuple[str, str], Draft202012Validator]) -> Iterator[str]:
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
            for name in served.keys() & {known for owner, known in constraints if owner == element}:
                errors = constraints[element, name].iter_errors(served[name])
                narrow |= {f"{element}.{name} ({error.validator} {error.validator_value})": None for error in errors}
    where = Path(inspect.getfile(map_entity)).relative_to(SOURCE.parent)
    if narrow:
        yield f"{where}: the values of the sandbox violate {', '.join(sorted(narrow))}"
    if found:
        yield f"{where}: the sandbox makes up or leaves out {', '.join(found)}"


def _names(specification: Specification) -> set[str]:
    """Return the names of operations, elements, properties, enumerated values and wrappers."""
    found = {*specification.operations, *specification.elements, *specification.profiles}
    found |= {name for element in specification.elements.values() for name in element.properties}
    found |= {value for values in specification.enumerations.values() for value in values}
    found |= {one.wrapper for one in specification.operations.values() if one.wrapper}
    return found | {each.name for one in specification.operations.values() for each in one.parameters}


def _names_of_others(specification: Specification) -> set[str]:
    """Return the names of the other versions, which the source may go on to use."""
    try:
        from oneroster.standard import Standard

        others = [Standard.of(each) for each in Standard.versions() if each != specification.version]
        return {name for other in others for name in _names(other.specification)}
    except (ImportError, OSError):  # there is no generated package yet
        return set()


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
