"""One document for each profile, complete in itself, for readers and generators that do not know our keys.

A profile has its own operations and properties, and its notation of booleans; components that nothing refers to any
more are left out. The keys of this project stay, as extensions that others ignore.
"""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any

import yaml

from generation.lint_document import walk
from generation.lint_examples import unknown_properties
from oneroster_runtime.specification.schemas import BOOLEAN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["SUMS", "profile_document", "write_standalone"]

SUMS = "SHA256SUMS"
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_BOOLEANS = {"true": True, "false": False}


def write_standalone(document: Mapping[str, Any], folder: Path, marker: str) -> None:
    """Write the documents of all profiles as JSON and YAML, and their SHA-256 digests.

    Args:
        document: The document.
        folder: The folder, created if necessary.
        marker: The first line of each YAML file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sums = ""
    for profile in document.get("x-oneroster-profiles", {}):
        found = profile_document(document, profile)
        as_yaml = yaml.dump(found, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=120)
        for suffix, text in (
            ("json", json.dumps(found, ensure_ascii=False, indent=1) + "\n"),
            ("yaml", f"{marker}\n{as_yaml}"),
        ):
            (folder / f"{profile}.{suffix}").write_text(text, encoding="utf-8", newline="\n")
            sums += f"{hashlib.sha256(text.encode()).hexdigest()}  {profile}.{suffix}\n"
    (folder / SUMS).write_text(sums, encoding="utf-8", newline="\n")


def profile_document(document: Mapping[str, Any], profile: str) -> dict[str, Any]:
    """Return the document of one profile."""
    found: dict[str, Any] = json.loads(json.dumps(document))
    chosen = found["x-oneroster-profiles"][profile]
    found["info"]["title"] += f" ({profile})"
    found["x-oneroster-profiles"] = {profile: chosen}
    found["paths"] = {path: item for path, part in found["paths"].items() if (item := _served(part, profile))}
    for _, part in walk(found["components"]["schemas"]):
        if isinstance(part, dict) and isinstance(part.get("properties"), dict):
            _keep_properties(part, profile)
    if chosen.get("booleans") == "json":
        schema = found["components"]["schemas"][BOOLEAN]
        found["components"]["schemas"][BOOLEAN] = {
            "type": "boolean",
            **{key: schema[key] for key in schema if key.startswith(("description", "x-"))},
        }
        for example in found["components"].get("examples", {}).values():
            example["value"] = _with_booleans(example["value"])
    _remove_foreign_values(found)
    _remove_unused(found)
    operations = {one["operationId"] for item in found["paths"].values() for one in item.values()}
    tags = {tag for item in found["paths"].values() for one in item.values() for tag in one["tags"]}
    found["tags"] = [tag for tag in found.get("tags", []) if tag["name"] in tags]
    for response in found["components"].get("responses", {}).values():
        links = {name: link for name, link in response.pop("links", {}).items() if link["operationId"] in operations}
        response.update({"links": links} if links else {})
    return found


def _served(item: dict[str, Any], profile: str) -> dict[str, Any]:
    found = {}
    for method, operation in item.items():
        if profile in operation.get("x-oneroster-profiles", [profile]):
            found[method] = operation | {"x-oneroster-profiles": [profile]}
    return found


def _keep_properties(schema: dict[str, Any], profile: str) -> None:
    foreign = [
        name
        for name, known in schema["properties"].items()
        if isinstance(known, dict) and profile not in known.pop("x-oneroster-profiles", [profile])
    ]
    for name in foreign:
        del schema["properties"][name]
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name not in foreign]


def _remove_foreign_values(document: dict[str, Any]) -> None:
    """Remove the values of other profiles' properties from the examples."""
    for path in [path for path, _ in unknown_properties(document)]:
        holder: Any = document
        for step in path[:-1]:
            holder = holder[step]
        holder.pop(path[-1], None)


def _with_booleans(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_booleans(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_with_booleans(below) for below in value]
    return _BOOLEANS.get(value, value) if isinstance(value, str) else copy.copy(value)


def _remove_unused(document: dict[str, Any]) -> None:
    """Remove the components to which nothing refers, until each is referred to."""
    size = None
    while size != (size := sum(map(len, document["components"].values()))):
        used = {*_references(document)}
        for section, parts in document["components"].items():
            if section != "securitySchemes":
                kept = {name: part for name, part in parts.items() if f"#/components/{section}/{name}" in used}
                document["components"][section] = kept
    document["components"] = {section: parts for section, parts in document["components"].items() if parts}


def _references(document: dict[str, Any]) -> Iterator[str]:
    for path, part in walk(document):
        if path and path[-1] == "$ref" and isinstance(part, str):
            yield part
