"""The pages of docs/ that show a document with its marks and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oneroster_runtime.specification import read_specification

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from oneroster_runtime.specification import Operation, Property, Specification

__all__ = ["reference_as_markdown"]

_HEAD = """\
# OneRoster {version}: operations and properties

<!-- Made by scripts/docs from the document. -->

Version {contract} of the contract. A mark says how certain a fact is: A certain, B probable, C uncertain or
contradictory. A server fails only for facts marked A.
"""


def reference_as_markdown(document: Mapping[str, Any]) -> str:
    """Return the page of a document."""
    specification = read_specification(document)
    head = _HEAD.format(version=specification.version, contract=specification.contract_version)
    parts = (
        _operations(specification, document),
        _shared(document),
        _scopes(specification),
        _elements(specification, document),
    )
    return head + "".join(line + "\n" for part in (*parts, _enumerations(document)) for line in part)


def _table(title: str, *columns: str) -> Iterator[str]:
    yield f"\n{title}\n"
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)


def _row(*cells: object) -> str:
    return f"| {' | '.join(' '.join(str(cell).split()).replace('|', chr(92) + '|') for cell in cells)} |"


def _operations(specification: Specification, document: Mapping[str, Any]) -> Iterator[str]:
    yield from _table("## Operations", "operation", "request", "mark", "rows", "statuses", "note")
    for each in specification.operations.values():
        part = document["paths"][each.path][each.method.lower()]
        statuses = ", ".join(f"{code} {mark}" if mark != "A" else str(code) for code, mark in each.status_trust)
        yield _row(
            f"`{each.operation_id}`", f"{each.method} `{each.path}`", each.trust, _rows(each), statuses, _note(part)
        )


def _rows(operation: Operation) -> str:
    if operation.subset is not None:
        values = ", ".join(operation.subset.values)
        return f"`{operation.subset.property}` {values} ({operation.subset.trust})"
    return (
        ""
        if operation.scope is None
        else f"of {', '.join(each.read for each in operation.scope.parents)} ({operation.scope.trust})"
    )


def _note(part: Mapping[str, Any]) -> str:
    """Return the notes of a part, also that of its presence."""
    presence = part.get("x-oneroster-presence", {}).get("note", "")
    rows = part.get("x-oneroster-scope", {}).get("x-oneroster-note", "")
    return " ".join(filter(None, (part.get("x-oneroster-note", ""), presence, rows)))


def _shared(document: Mapping[str, Any]) -> Iterator[str]:
    for section, title, name in (
        ("parameters", "## Parameters", "name"),
        ("headers", "## Headers", ""),
        ("responses", "## Responses", ""),
    ):
        yield from _table(title, "name", "mark", "description", "note")
        for key, part in document["components"].get(section, {}).items():
            yield _row(
                f"`{part.get(name, key)}`", part.get("x-oneroster-trust", ""), part.get("description", ""), _note(part)
            )


def _scopes(specification: Specification) -> Iterator[str]:
    yield from _table("## OAuth 2 scopes", "scope", "mark of what it gives")
    for scope, mark in specification.scope_trust.items():
        yield _row(f"`{scope.rpartition('/')[2]}`", mark)


def _elements(specification: Specification, document: Mapping[str, Any]) -> Iterator[str]:
    yield "\n## Elements"
    for element in specification.elements.values():
        yield from _table(f"### {element.name}", "property", "type", "required", "mark", "description", "note")
        parts = _property_parts(document, element.name)
        for known in element.properties.values():
            part = parts[known.name]
            presence = known.presence if known.presence != known.trust else ""
            required = f"{'yes' if known.required else 'no'} {presence}"
            yield _row(f"`{known.name}`", _kind(known), required, known.trust, part.get("description", ""), _note(part))


def _property_parts(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    schema = document["components"]["schemas"][name]
    found: dict[str, Any] = {}
    for part in schema.get("allOf", ()):
        found |= (
            _property_parts(document, part["$ref"].rpartition("/")[2]) if "$ref" in part else part.get("properties", {})
        )
    found |= schema.get("properties", {})
    return found


def _kind(known: Property) -> str:
    named = known.enumeration or known.refers_to or known.record
    private = " (secret)" if known.secret else " (personal)" if known.personal else ""
    return f"{known.kind}{f' {named}' if named else ''}{private}"


def _enumerations(document: Mapping[str, Any]) -> Iterator[str]:
    yield from _table("## Enumerations", "name", "mark", "values", "note")
    specification = read_specification(document)
    for name, values in specification.enumerations.items():
        part = document["components"]["schemas"][name]
        yield _row(
            f"`{name}`", part.get("x-oneroster-trust", ""), ", ".join(f"`{value}`" for value in values), _note(part)
        )
