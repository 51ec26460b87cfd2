"""A tenant of OneRoster 1.2 that answers each operation with the example of the document."""

import json
from collections.abc import Callable
from typing import Any

from oneroster.standard import Standard
from oneroster_runtime.specification import Operation
from tests.web import Answer, Seen

STANDARD = Standard.of("1.2")
SPECIFICATION = STANDARD.specification
_COMPONENTS: dict[str, Any] = STANDARD.document()["components"]
_PATHS: dict[str, Any] = STANDARD.document()["paths"]


def example_of(operation: Operation, part: str = "responses") -> Any:
    """Return the example of an operation's response or request body; None if it has none."""
    found = _PATHS[operation.path][operation.method.lower()]
    if part == "requestBody":
        reference = found["requestBody"]["$ref"]
    else:
        reference = next(each["$ref"] for status, each in found["responses"].items() if status.startswith("2"))
    content = _COMPONENTS[reference.split("/")[2]][reference.rpartition("/")[2]].get("content")
    if content is None:
        return None
    example = content["application/json"]["examples"]["synthetic"]["$ref"].rpartition("/")[2]
    return _COMPONENTS["examples"][example]["value"]


def ids_of(operation: Operation) -> dict[str, str]:
    """Return arguments for the path of an operation; the last one is the id in the example of a single read."""
    names = [each.attribute for each in operation.parameters if each.location == "path"]
    ids = {name: f"{name}-1" for name in names}
    if operation.element and not operation.many:
        ids[names[-1]] = example_of(operation)[operation.wrapper]["sourcedId"]
    return ids


def tenant(prefix: str = "") -> Callable[[Seen], Answer]:
    """Return what answers the requests, with paths below a prefix."""
    routes = {
        (one.method, segments_of(prefix + SPECIFICATION.base_path(one) + one.path)): one
        for one in SPECIFICATION.operations.values()
    }

    def answer(seen: Seen) -> Answer:
        found = segments_of(seen.path.partition("?")[0])
        for (method, segments), operation in routes.items():
            same = len(found) == len(segments) and all(
                mine.startswith("{") or mine == other for mine, other in zip(segments, found, strict=True)
            )
            if method == seen.method and same:
                value = example_of(operation)
                body = b"" if value is None else json.dumps(value).encode()
                return Answer(max(operation.statuses), body, _HEADERS)
        return Answer(404)

    return answer


_HEADERS = (("Content-Type", "application/json"), ("X-Total-Count", "1"))


def segments_of(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))
