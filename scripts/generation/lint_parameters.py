"""Rules of the parameters of operations: those in their paths, and those of pages and single reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from generation.lint_document import (
    ConventionPart,
    Document,
    Found,
    Path,
    Rule,
    convention,
    convention_problems,
    followed,
    is_page,
    name_of,
    operations,
    register_in,
    target,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PARAMETER_RULES: list[Rule] = []
rule = register_in(PARAMETER_RULES)


@rule(
    "path-parameters", "Every placeholder of a path is declared by its operations, and nothing else is declared as one."
)
def path_parameters(document: Document) -> Found:
    uses = [_path_use(document, path, operation) for path, operation in operations(document)]
    yield from dict.fromkeys(place for use in uses for place in _of_another_place(document, use))
    renamed = _misnamed(uses)
    yield from renamed.values()
    for use in uses:
        if use.missing and not renamed.keys() & set(use.surplus.values()):
            instead = f"; the operation has {', '.join(use.surplus)} instead" if use.surplus else ""
            place = use.path[:2] if use.surplus else use.path  # then it is likely the name in the path
            yield place, f"the operation has no path parameter {', '.join(use.missing)}{instead}"
        elif use.surplus and not use.missing:
            yield use.path, f"the path has no parameter {', '.join(use.surplus)}"


class _PathUse(NamedTuple):
    """An operation, with the placeholders of its path that it does not declare.

    `surplus` has what it declares and the path does not have, `elsewhere` the placeholders that a parameter with
    another `in` has the name of; both with their components. `fitting` has the components of the others.
    """

    path: Path
    missing: list[str]
    fitting: set[str]
    surplus: dict[str, str]
    elsewhere: dict[str, str]


def _path_use(document: Document, path: Path, operation: Mapping[str, Any]) -> _PathUse:
    placeholders = {part[1:-1] for part in str(path[1]).split("/") if part.startswith("{")}
    named: dict[bool, dict[str, str]] = {True: {}, False: {}}
    for part in operation.get("parameters", []):
        found = followed(document, part)
        named[found["in"] == "path"][found["name"]] = name_of(part.get("$ref", ""))
    surplus = {name: component for name, component in sorted(named[True].items()) if name not in placeholders}
    elsewhere = {name: component for name, component in named[False].items() if component and name in placeholders}
    missing = sorted(placeholders - named[True].keys() - elsewhere.keys())
    return _PathUse(path, missing, {*named[True].values()} - {*surplus.values()}, surplus, elsewhere)


def _of_another_place(document: Document, use: _PathUse) -> Found:
    """Yield the components that have the name of a placeholder and are no path parameters."""
    for component in use.elsewhere.values():
        here: Path = ("components", "parameters", component, "in")
        yield here, f"a path has the parameter {component}, whose in is {target(document, '/'.join(map(str, here)))}"


def _misnamed(uses: list[_PathUse]) -> dict[str, tuple[Path, str]]:
    """Return the components whose name no path has, where several paths have one and the same other name instead."""
    instead: dict[str, list[str]] = {}
    fitting = {component for use in uses for component in use.fitting}
    for use in uses:
        for component in {*use.surplus.values()} - fitting:
            instead.setdefault(component, []).append(",".join(use.missing) if len(use.surplus) == 1 else "")
    return {
        component: (
            ("components", "parameters", component, "name"),
            f"no path has the parameter {component} under this name; {len(names)} paths have {{{names[0]}}} instead",
        )
        for component, names in instead.items()
        if len(names) > 1 and len(set(names)) == 1 and names[0] and "," not in names[0]
    }


@rule(
    "query-parameters",
    "A page and a single read take the query parameters of the conventions; a write takes none of them. No two "
    "parameters of an operation have the same name.",
)
def query_parameters(document: Document) -> Found:
    repeated = dict.fromkeys(each for found in operations(document) for each in _repeated_parameters(document, *found))
    yield from repeated
    of_page, of_read = convention(document, "page-parameters"), convention(document, "read-parameters")
    if of_page is None or of_read is None:
        return
    known = {*of_page, *of_read}
    lacks: dict[str, list[ConventionPart]] = {"page-parameters": [], "read-parameters": []}
    for path, operation in operations(document):
        places = {
            name_of(each["$ref"]): at for at, each in enumerate(operation.get("parameters", [])) if "$ref" in each
        }
        key = "page-parameters" if is_page(document, operation) else "read-parameters"
        if "parameters" not in operation and "{" in str(path[1]):
            continue  # the rule path-parameters names it
        wanted = set(convention(document, key) or ()) if path[-1] == "get" else set()
        for name in sorted(wanted):
            here = (*path, "parameters")
            lacks[key].append(ConventionPart(here, name, name not in places, "query parameter {} is missing"))
        for name in sorted((places.keys() & known) - wanted):
            yield (*path, "parameters", places[name]), f"query parameter {name} does not belong here"
    for key, found in lacks.items():
        yield from convention_problems(document, key, found)


def _repeated_parameters(document: Document, path: Path, operation: Mapping[str, Any]) -> Found:
    """Yield the parameters of an operation that have the name of an earlier one."""
    seen: dict[tuple[str, str], str] = {}
    for index, part in enumerate(operation.get("parameters", [])):
        name, found = name_of(part.get("$ref", "")), followed(document, part)
        key = (found["name"], found["in"])
        if key in seen and seen[key] != name:
            said = f"the parameters {seen[key]} and {name} of an operation have the same name, {found['name']}"
            yield ("components", "parameters", name, "name"), said
        elif key in seen:
            yield (*path, "parameters", index), f"the operation has the parameter {name} twice"
        seen[key] = name
