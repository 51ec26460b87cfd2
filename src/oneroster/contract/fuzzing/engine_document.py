"""The document as the engine may use it on a tenant: the dialect's reads, made polite, with the tenant's own ids.

Nothing is written to disk; every run compiles its own.
"""

import copy
from collections.abc import Iterable
from typing import Any, Final

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.dialects.document_model import DocumentModel
from oneroster.contract.fuzzing.phases import Phase
from oneroster.contract.fuzzing.strategies import filter_format, sort_format
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster_v1p1.tables import Operation

__all__ = ["compile_document"]

Schema = dict[str, Any]

ACCESS: Final = "engine"
ID_EXAMPLES: Final = 2
LINKED_ROWS: Final = 8
"""Rows of each collection whose links are followed."""
LARGEST_PAGE: Final = 50
"""Rows. Without an upper bound the engine would ask for pages that dump a whole tenant."""
_VALUES: Final[dict[str, Schema]] = {
    "limit": {"type": "integer", "enum": [LARGEST_PAGE]},
    "offset": {"type": "integer", "enum": [1]},
    "sort": {"enum": ["dateLastModified"]},
    "orderBy": {"enum": ["desc"]},
}
"""Defaults are what a server was surely tried with; what breaks is an order, an offset, and both at once. Every element
has the sort field."""
_NESTED_VALUES: Final[dict[str, Schema]] = {"limit": {"type": "integer", "enum": [LARGEST_PAGE]}}
"""Nested collections get these alone: they are many, and sort and filter are the same code below most servers."""
_WIDE_VALUES: Final[dict[str, Schema]] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE},
    "offset": {"type": "integer", "minimum": 0, "maximum": 200},
    "orderBy": {"enum": ["asc", "desc"]},
}
_BOUNDED_VALUES: Final[dict[str, Schema]] = {
    "limit": {"type": "integer", "minimum": 1},
    "offset": {"type": "integer", "minimum": 0},
}
"""What to break. Any text may be a filter or the name of a field, as far as a schema can tell; those are for the rules.
Nested collections have the ids of their parents to break."""


def compile_document(
    facts: DocumentModel, offered: Iterable[tuple[Operation, list[ParsedResponse]]], manner: Phase = Phase.EXAMPLES
) -> dict[str, Any]:
    """An OpenAPI document of just these operations, with path values taken from their answered readings.

    ``fields`` is left out, because an answer may then lawfully lack what the schema requires; limit and offset get an
    upper bound; the ways in become one bearer token, which the gateway replaces by the real one; links lead to these
    operations only.
    """
    compiled: dict[str, Any] = copy.deepcopy(dict(facts.document))
    compiled["components"]["securitySchemes"] = {ACCESS: {"type": "http", "scheme": "bearer"}}
    paths: dict[str, Any] = {}
    names: set[str] = set()
    for operation, readings in offered:
        names.add(operation.operation_id)
        item = compiled["paths"][operation.path]["get"]
        parameters = [_resolved(each, compiled) for each in item["parameters"]]
        values = _values(operation, facts, manner, readings)
        chosen = [*_path(parameters, readings), *_query(parameters, values, manner)]
        paths[operation.path] = {"get": {**item, "security": [{ACCESS: []}], "parameters": chosen}}
    compiled["paths"] = paths
    for response in _responses(compiled):
        links = response.pop("links", {})
        known = {name: link for name, link in links.items() if link.get("operationId") in names}
        if known and manner is Phase.LINKS:
            response["links"] = known
    return compiled


def _resolved(parameter: Schema, compiled: dict[str, Any]) -> Schema:
    reference = parameter.get("$ref")
    found = compiled["components"]["parameters"][reference.rpartition("/")[2]] if reference else parameter
    return {name: value for name, value in found.items() if name != "examples"}


def _responses(compiled: dict[str, Any]) -> list[Schema]:
    own = [answer for item in compiled["paths"].values() for answer in item["get"]["responses"].values()]
    return [*compiled["components"]["responses"].values(), *own]


def _path(parameters: list[Schema], readings: list[ParsedResponse]) -> Iterable[Schema]:
    known = [reading.values for reading in readings if reading.fault is None][:ID_EXAMPLES]
    for parameter in parameters:
        if parameter["in"] != "path":
            continue
        if known:
            # Ids of one answer belong together, so parents that do not know each other are never combined.
            values = [each[parameter["name"]] for each in (known if len(known[0]) == 1 else known[:1])]
            parameter = {**parameter, "schema": {"type": "string", "enum": list(dict.fromkeys(values))}}
        yield parameter


def _query(parameters: list[Schema], values: dict[str, Schema], manner: Phase) -> Iterable[Schema]:
    """Every query that can be drawn lawful and small, or, to be unlawful, small all the same."""
    for parameter in parameters:
        name = parameter["name"]
        if parameter["in"] == "query" and name in values:
            # What a link leads to depends on the page that it comes from, so that page is always asked for.
            yield {**parameter, "schema": values[name], "required": manner is Phase.LINKS}


def _values(
    operation: Operation, facts: DocumentModel, manner: Phase, readings: list[ParsedResponse]
) -> dict[str, Schema]:
    """What the engine chooses from, by query parameter; those that are not named are never sent."""
    nested = bool(path_parameters(operation))
    if manner is Phase.EXAMPLES:
        return _NESTED_VALUES if nested else _VALUES | {"filter": _example_of_filter(facts)}
    if manner is Phase.UNLAWFUL:
        return {} if nested else _BOUNDED_VALUES
    if manner is Phase.LINKS:
        return {
            "limit": {"enum": [1]},
            "offset": {"enum": _spread(max((len(each.rows) for each in readings), default=1))},
        }
    if operation.element is None:
        return _WIDE_VALUES
    return _WIDE_VALUES | {
        "filter": {"type": "string", "format": filter_format(facts, operation.element)},
        "sort": {"type": "string", "format": sort_format(facts, operation.element)},
    }


def _example_of_filter(facts: DocumentModel) -> Schema:
    examples = facts.document["components"]["parameters"]["Filter"]["examples"]
    return {"enum": [each["value"] for each in examples.values()][:1]}


def _spread(rows: int) -> list[int]:
    """Up to so many offsets of a collection, from its first row to its last."""
    last = max(rows - 1, 0)
    return sorted({last * step // (LINKED_ROWS - 1) for step in range(LINKED_ROWS)})
