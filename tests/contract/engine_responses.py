"""Responses that schemathesis generates from the schema of each operation and status of a document.

schemathesis generates requests only, so a made-up document turns each response into the body of a request.
"""

from functools import cache
from typing import Any, NamedTuple

import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from oneroster.standard import Standard
from oneroster_runtime.specification import Operation

__all__ = ["Documented", "documented", "engine_bodies", "schema_of"]

JSON = "application/json"


class Documented(NamedTuple):
    """One status that a version documents for an operation."""

    version: str
    operation: Operation
    status: str

    @property
    def name(self) -> str:
        return f"{self.version}-{self.operation.operation_id}-{self.status}"


@cache
def documented() -> tuple[Documented, ...]:
    """Return every documented status of every operation of every version."""
    return tuple(
        Documented(version, operation, status)
        for version in Standard.versions()
        for operation in Standard.of(version).specification.operations.values()
        for status in _responses(version, operation)
    )


@cache
def _document(version: str) -> dict[str, Any]:
    return Standard.of(version).document()


def _responses(version: str, operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = _document(version)["paths"][operation.path][operation.method.lower()]["responses"]
    return found


def schema_of(case: Documented) -> dict[str, Any] | None:
    """Return the schema of a response; None for one without a body."""
    response = _responses(case.version, case.operation)[case.status]
    if "$ref" in response:
        response = _document(case.version)["components"]["responses"][response["$ref"].rpartition("/")[2]]
    content: dict[str, Any] | None = response.get("content", {}).get(JSON)
    return None if content is None else content["schema"]


@cache
def _engine(version: str) -> Any:
    paths: dict[str, Any] = {}
    for case in documented():
        schema = schema_of(case) if case.version == version else None
        if schema is not None:
            body = {"required": True, "content": {JSON: {"schema": schema}}}
            part = {"operationId": case.name, "requestBody": body, "responses": {"200": {"description": "taken"}}}
            paths[f"/{case.name}"] = {"post": part}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Responses", "version": version},
        "paths": paths,
        "components": {"schemas": _document(version)["components"]["schemas"]},
    }
    config = SchemathesisConfig.from_dict({"generation": {"database": "none"}, "cache": {"enabled": False}})
    return schemathesis.openapi.from_dict(document, config=config)


def engine_bodies(case: Documented, *, valid: bool) -> st.SearchStrategy[Any]:
    """Return a strategy for the bodies of a response: valid by its schema, or not."""
    mode = GenerationMode.POSITIVE if valid else GenerationMode.NEGATIVE
    operation = _engine(case.version).find_operation_by_id(case.name)
    return operation.as_strategy(generation_mode=mode).map(lambda made: made.body)
