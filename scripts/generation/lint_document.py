"""What the rules of the lint share: the registry, and ways through a document that is valid OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from oneroster_runtime.specification.reader import METHODS
from oneroster_runtime.specification.vocabulary import nearest

Path = tuple[str | int, ...]
Document = Mapping[str, Any]
Found = Iterator[tuple[Path, str]]

DATA_KEYS = ("x-oneroster-wrapper", "x-oneroster-element", "x-oneroster-many")
TRUST = ("A", "B", "C")


class Rule(NamedTuple):
    """A rule of the document."""

    name: str
    text: str
    check: Callable[[Document], Found]


def register_in(rules: list[Rule]) -> Callable[[str, str], Callable[[Callable[[Document], Found]], Any]]:
    """Return the decorator that adds a rule to a list, with the sentence that docs/document.md lists."""

    def rule(name: str, text: str) -> Callable[[Callable[[Document], Found]], Any]:
        def register(check: Callable[[Document], Found]) -> Callable[[Document], Found]:
            rules.append(Rule(name, text, check))
            return check

        return register

    return rule


def convention(document: Document, name: str) -> list[str] | None:
    found: list[str] | None = document.get("x-oneroster-conventions", {}).get(name)
    return found


def status_payload(document: Document) -> str | None:
    found: str | None = document.get("x-oneroster-status", {}).get("payload")
    return found


def unknown_names(
    uses: Iterable[tuple[Path, str]], known: Mapping[str, Path], said: Callable[[str], str], *, rarely: bool = False
) -> Found:
    """Yield each use of a name that is not known. A part that was renamed alone is one problem, at its new name.

    Args:
        uses: The places that use a name, and the name.
        known: The places of the known names.
        said: The message for an unknown name.
        rarely: Whether many known names have no use.
    """
    places: dict[str, list[Path]] = {}
    for path, name in uses:
        places.setdefault(name, []).append(path)
    if places and not known:
        (first, *_), count = next(iter(places.values())), sum(map(len, places.values()))
        yield first, f"{said(next(iter(places)))}; the document has no such part, and {count} places refer to one"
        return
    # What nothing uses is likely the part whose name changed.
    unused = [name for name in known if name not in places]
    for name in [name for name in places if name not in known]:
        folded = {each.casefold(): each for each in unused}
        alike = get_close_matches(name.casefold(), folded, n=1)
        new = folded[alike[0]] if alike else unused[0] if len(unused) == 1 and not rarely else None
        if new is not None and len(places[name]) > 1:
            yield known[new], f"nothing refers to {new}, and {len(places[name])} places refer to {name}: is it renamed?"
        else:
            instead = f"; did you mean {new}?" if new else nearest(name, list(known))
            yield from ((path, f"{said(name)}{instead}") for path in places[name])


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from walk(below, (*path, key))


def target(document: Document, reference: str) -> Any:
    value: Any = document
    for step in reference.removeprefix("#/").split("/"):
        value = value.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(value, Mapping) else None
    return value


def followed(document: Document, value: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = target(document, value["$ref"]) if "$ref" in value else value
    return found


def parameters(document: Document, operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [followed(document, parameter) for parameter in operation.get("parameters", [])]


def name_of(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def operations(document: Document) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield ("paths", path, method), item[method]


def by_operation_id(document: Document) -> dict[str, dict[str, Any]]:
    return {operation.get("operationId", ""): operation for _, operation in operations(document)}


def responses(document: Document) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for name, response in document["components"].get("responses", {}).items():
        yield ("components", "responses", name), response


def pages(document: Document) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the responses that are pages of a collection."""
    for path, response in read_responses(document):
        if data_schema(document, response).get("x-oneroster-many"):
            yield path, response


def read_responses(document: Document) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the responses without those to a POST, whose data are no records."""
    posts = [operation for path, operation in operations(document) if path[-1] == "post"]
    created = {name_of(each.get("$ref", "")) for one in posts for each in one["responses"].values()}
    for path, response in responses(document):
        if path[-1] not in created:
            yield path, response


def success(document: Document, operation: Mapping[str, Any]) -> Mapping[str, Any]:
    return followed(document, operation["responses"].get("200", {}))


def data_schema(document: Document, part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of the JSON of a response or a body; empty if it has none."""
    schema = part.get("content", {}).get("application/json", {}).get("schema", {})
    found: Mapping[str, Any] = followed(document, schema)
    return found


def element_of(document: Document, operation: Mapping[str, Any]) -> str:
    """Return the element in the successful response of an operation."""
    return str(data_schema(document, success(document, operation)).get("x-oneroster-element", ""))


def stored_element(document: Document, operation: Mapping[str, Any]) -> str:
    """Return the element in the body of an operation; empty if it has none."""
    body = followed(document, operation.get("requestBody", {}))
    return str(data_schema(document, body).get("x-oneroster-element", ""))


def is_page(document: Document, operation: Mapping[str, Any]) -> bool:
    return bool(data_schema(document, success(document, operation)).get("x-oneroster-many"))


def object_schemas(document: Document) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield every schema with properties: components, and the parts of their allOf."""
    for name, schema in document["components"]["schemas"].items():
        here: Path = ("components", "schemas", name)
        for index, part in enumerate(schema.get("allOf", [])):
            if "properties" in part:
                yield (*here, "allOf", index), part
        if "properties" in schema:
            yield here, schema


def properties_of(document: Document, name: str) -> dict[str, Any]:
    """Return the properties of a component schema, with those of its allOf."""
    schema = document["components"]["schemas"].get(name, {})
    found: dict[str, Any] = {}
    for part in schema.get("allOf", []):
        found |= properties_of(document, name_of(part["$ref"])) if "$ref" in part else part.get("properties", {})
    found |= schema.get("properties", {})
    return found


def referred_element(field: Mapping[str, Any]) -> str | None:
    """Return the element that a reference property refers to."""
    refers = field.get("x-oneroster-reference") or {}
    found: str | None = refers.get("to")
    return found


class ConventionPart(NamedTuple):
    """A part that must follow a convention: its path, what it must have, whether it lacks it, and the message."""

    path: Path
    name: str
    missing: bool
    message: str


def convention_problems(document: Document, convention_name: str, found: list[ConventionPart]) -> Found:
    """Yield what is missing; where no part at all follows a convention, the convention is the mistake."""
    single: dict[tuple[Path, str], list[str]] = {}
    for name in dict.fromkeys(each.name for each in found):
        parts = [each for each in found if each.name == name]
        missing = [each for each in parts if each.missing]
        if len(missing) > 1 and missing == parts:
            index = (convention(document, convention_name) or []).index(name)
            yield ("x-oneroster-conventions", convention_name, index), f"nothing follows the convention {name}"
        else:
            for each in missing:
                single.setdefault((each.path, each.message), []).append(name)
    yield from ((path, message.format(", ".join(names))) for (path, message), names in single.items())
