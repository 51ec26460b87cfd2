"""Compile the OpenAPI document for the engine: the dialect's reads, small pages, and ids of the tenant.

Every run compiles its own; nothing is written to disk.
"""

import copy
from collections.abc import Iterable, Mapping
from typing import Any, Final

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.dialects.dialect_specification import DocumentModel
from oneroster.contract.fuzzing.filter_and_sort_strategies import filter_format, sort_format
from oneroster.contract.fuzzing.phases import Phase
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.snapshot import needs_escaping
from oneroster_runtime.specification import Operation

__all__ = ["compile_document"]

Schema = dict[str, Any]

SECURITY_SCHEME: Final = "engine"
LINKED_ROWS: Final = 8
"""Rows of each collection whose links are followed."""
MAX_PAGE: Final = 50
"""Rows; without a maximum the engine would request pages with all rows of a tenant."""
_VALUES: Final[dict[str, Schema]] = {
    "offset": {"type": "integer", "enum": [1]},
    "sort": {"enum": ["dateLastModified"]},
    "orderBy": {"enum": ["desc"]},
}
"""Values that differ from the defaults. Limits are left to the rules, which send them on every collection."""
_BESIDE_A_FILTER: Final = ("sort",)
"""What half of the collections are sent besides a filter; the other half get all of the values."""
_WIDE_VALUES: Final[dict[str, Schema]] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE},
    "offset": {"type": "integer", "minimum": 0, "maximum": 200},
    "orderBy": {"enum": ["asc", "desc"]},
}
_BOUNDED_VALUES: Final[dict[str, Schema]] = {
    "limit": {"type": "integer", "minimum": 1},
    "offset": {"type": "integer", "minimum": 0},
}
"""Parameters with invalid values. A schema cannot describe invalid filters and field names, so rules test those.
Nested collections get invalid ids of their parents."""


def compile_document(
    specification: DocumentModel,
    offered: Iterable[tuple[Operation, list[ParsedResponse]]],
    phase: Phase = Phase.EXAMPLES,
) -> dict[str, Any]:
    """Return an OpenAPI document of the given operations, with path values from their responses.

    The parameter ``fields`` is left out, because a response may then validly lack required properties. Limit and offset
    get a maximum. Security becomes one bearer token, which the gateway replaces. Links lead to these operations only.

    Args:
        specification: The specification of the dialect.
        offered: The operations, each with responses that were received.
        phase: The phase that the document is for.
    """
    compiled: dict[str, Any] = copy.deepcopy(dict(specification.document))
    compiled["components"]["securitySchemes"] = {SECURITY_SCHEME: {"type": "http", "scheme": "bearer"}}
    paths: dict[str, Any] = {}
    names: set[str] = set()
    for operation, responses in offered:
        names.add(operation.operation_id)
        item = compiled["paths"][operation.path]["get"]
        parameters = [_resolved(each, compiled) for each in item["parameters"]]
        values = _values(operation, specification, phase, responses)
        chosen = [*_path(parameters, responses), *_query(parameters, values, phase)]
        paths[operation.path] = {"get": {**item, "security": [{SECURITY_SCHEME: []}], "parameters": chosen}}
    compiled["paths"] = paths
    for response in _responses(compiled):
        links = response.pop("links", {})
        known = {name: link for name, link in links.items() if link.get("operationId") in names}
        if known and phase is Phase.LINKS:
            response["links"] = known
    return compiled


def _resolved(parameter: Schema, compiled: dict[str, Any]) -> Schema:
    reference = parameter.get("$ref")
    found = compiled["components"]["parameters"][reference.rpartition("/")[2]] if reference else parameter
    return {name: value for name, value in found.items() if name != "examples"}


def _responses(compiled: dict[str, Any]) -> list[Schema]:
    own = [response for item in compiled["paths"].values() for response in item["get"]["responses"].values()]
    return [*compiled["components"]["responses"].values(), *own]


def _path(parameters: list[Schema], responses: list[ParsedResponse]) -> Iterable[Schema]:
    # Ids of one response belong together, so unrelated parents are never combined. The rules read by more ids.
    known = max((each.values for each in responses if each.problem is None), key=_escaped, default={})
    for parameter in parameters:
        if parameter["in"] == "path":
            name = parameter["name"]
            yield {**parameter, "schema": {"type": "string", "enum": [known[name]]}} if known else parameter


def _escaped(values: Mapping[str, str]) -> int:
    """Return how many of the ids in a path must be escaped."""
    return sum(map(needs_escaping, values.values()))


def _query(parameters: list[Schema], values: dict[str, Schema], phase: Phase) -> Iterable[Schema]:
    """Yield the query parameters that have a schema in ``values``."""
    for parameter in parameters:
        name = parameter["name"]
        if parameter["in"] == "query" and name in values:
            # The target of a link depends on its page, so the page is always requested.
            yield {**parameter, "schema": values[name], "required": phase is Phase.LINKS}


def _values(
    operation: Operation, specification: DocumentModel, phase: Phase, responses: list[ParsedResponse]
) -> dict[str, Schema]:
    """Return the schemas of the query parameters that are sent."""
    nested = bool(path_parameters(operation))
    if phase is Phase.EXAMPLES:
        # Specialised and nested collections are many; the rules send them the parameters.
        is_part = nested or operation.subset is not None
        names = _VALUES if len(operation.operation_id) % 2 == 0 else _BESIDE_A_FILTER
        values = {name: _VALUES[name] for name in names} | {"filter": _example_of_filter(specification)}
        return {} if is_part else values
    if phase is Phase.NEGATIVE:
        return {} if nested else _BOUNDED_VALUES
    if phase is Phase.LINKS:
        return {
            "limit": {"enum": [1]},
            "offset": {"enum": _spread(max((len(each.rows) for each in responses), default=1))},
        }
    if operation.element is None:
        return _WIDE_VALUES
    return _WIDE_VALUES | {
        "filter": {"type": "string", "format": filter_format(specification, operation.element)},
        "sort": {"type": "string", "format": sort_format(specification, operation.element)},
    }


def _example_of_filter(specification: DocumentModel) -> Schema:
    examples = specification.document["components"]["parameters"]["Filter"]["examples"]
    return {"enum": [each["value"] for each in examples.values()][:1]}


def _spread(rows: int) -> list[int]:
    """Return offsets that are spread evenly over a collection, from its first row to its last."""
    last = max(rows - 1, 0)
    return sorted({last * step // (LINKED_ROWS - 1) for step in range(LINKED_ROWS)})
