"""The document that openapi-python-client gets.

The generator reads a part of OpenAPI 3.1: it ignores siblings of a reference, makes a class per endpoint for an inline
enumeration, and always sends defaults. Its input is therefore a simpler document with the same operations and models.
The templates take everything beyond names from the package model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oneroster_runtime.specification import python_name
from oneroster_runtime.specification.schemas import REFERENCE

if TYPE_CHECKING:
    from generation.package_model import Model, PackageModel
    from oneroster_runtime.specification import Operation, Property

_SIMPLE: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "uri": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
    "boolean": {"type": "boolean"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    # An inline object would become a class of its own.
    "object": {},
}
_ITEMS = {"strings": "string", "enumerations": "enumeration", "references": "reference", "records": "record"}


def generator_input(package: PackageModel) -> dict[str, Any]:
    """Return the document for the generator."""
    info = package.document.data.get("info", {})
    schemas: dict[str, Any] = {
        name: {
            "type": "string",
            "enum": list(values),
            "x-enum-varnames": [python_name(value).strip("_").upper() for value in values],
            "description": package.document.data["components"]["schemas"][name].get("description", name),
        }
        for name, values in package.specification.enumerations.items()
    }
    schemas |= {name: _schema(model) for name, model in package.models.items()}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in package.endpoints.values():
        operation = endpoint.operation
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, endpoint.response, endpoint.body
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": info.get("title", ""), "version": info.get("version", "")},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schema(model: Model) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name, found in model.properties.items() if found.required],
        "properties": {name: _property(found, found.kind) for name, found in model.properties.items()},
    }


def _property(found: Property, kind: str) -> dict[str, Any]:
    if kind in _ITEMS:
        return {"type": "array", "items": _property(found, _ITEMS[kind])}
    if kind == "reference":
        return _named(REFERENCE)
    return _named(found.enumeration or found.record or "") if found.enumeration or found.record else _SIMPLE[kind]


def _operation(operation: Operation, response: str | None, body: str | None) -> dict[str, Any]:
    result: dict[str, Any] = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [
            {
                "name": parameter.name,
                "in": parameter.location,
                "required": parameter.required,
                "schema": _named(parameter.enumeration) if parameter.enumeration else _SIMPLE[parameter.kind],
            }
            for parameter in operation.parameters
        ],
        "responses": {
            str(status): {"description": "Success", **({"content": _json(response)} if response else {})}
            for status in operation.statuses
        },
    }
    if body is not None:
        result["requestBody"] = {"required": True, "content": _json(body)}
    return result


def _json(model: str) -> dict[str, Any]:
    return {"application/json": {"schema": _named(model)}}
