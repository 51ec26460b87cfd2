"""The document in the words that openapi-python-client understands.

The generator reads a part of OpenAPI 3.1: siblings of a reference are lost on it, an inline enumeration becomes a class
for each endpoint, a default is always sent. So it is given the facts anew, said in its own way. The templates take
everything beyond names from the facts themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generation.facts import Facts, Model, python_name

if TYPE_CHECKING:
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


def lowered(facts: Facts, reference: str) -> dict[str, Any]:
    """The document for the generator.

    Args:
        facts: What the document means.
        reference: The schema behind the kinds ``reference`` and ``references``.
    """
    info = facts.document.data.get("info", {})
    schemas: dict[str, Any] = {
        name: {
            "type": "string",
            "enum": list(values),
            "x-enum-varnames": [python_name(value).strip("_").upper() for value in values],
            "description": facts.document.data["components"]["schemas"][name].get("description", name),
        }
        for name, values in facts.enumerations.items()
    }
    schemas |= {name: _schema(model, reference) for name, model in facts.models.items()}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in facts.endpoints.values():
        operation = endpoint.operation
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, endpoint.answer, endpoint.body
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": info.get("title", ""), "version": info.get("version", "")},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schema(model: Model, reference: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name, found in model.properties.items() if found.required],
        "properties": {name: _property(found, found.kind, reference) for name, found in model.properties.items()},
    }


def _property(found: Property, kind: str, reference: str) -> dict[str, Any]:
    if kind in _ITEMS:
        return {"type": "array", "items": _property(found, _ITEMS[kind], reference)}
    if kind == "reference":
        return _named(reference)
    return _named(found.enumeration or found.record or "") if found.enumeration or found.record else _SIMPLE[kind]


def _operation(operation: Operation, answer: str | None, body: str | None) -> dict[str, Any]:
    lowered: dict[str, Any] = {
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
            str(status): {"description": "Success", **({"content": _json(answer)} if answer else {})}
            for status in operation.statuses
        },
    }
    if body is not None:
        lowered["requestBody"] = {"required": True, "content": _json(body)}
    return lowered


def _json(model: str) -> dict[str, Any]:
    return {"application/json": {"schema": _named(model)}}
