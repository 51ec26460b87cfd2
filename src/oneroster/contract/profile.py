"""The document as the engine may use it on a tenant: the profile's reads, made polite, with the tenant's own ids.

Nothing is written to disk; every run compiles its own.
"""

import copy
from collections.abc import Iterable
from typing import Any, Final

from oneroster.contract.dialect import path_parameters
from oneroster.contract.facts import Facts
from oneroster.contract.reading import Reading
from oneroster_v1p1.tables import Operation

__all__ = ["compile_document"]

_VALUES: Final[dict[str, list[Any]]] = {
    # Without an upper bound the engine would ask for pages that dump a whole tenant.
    "limit": [50, 1],
    "offset": [1, 0],
    "sort": ["dateLastModified"],
    "orderBy": ["desc", "asc"],
}
"""What the engine may choose from; the first of each stands in most requests. Every element has the sort field."""
_NESTED_VALUES: Final[dict[str, list[Any]]] = {"limit": [50], "offset": [1]}
"""Nested collections get these alone: they are many, and sort and filter are the same code below most servers."""
ACCESS: Final = "engine"
ID_EXAMPLES: Final = 2


def compile_document(facts: Facts, offered: Iterable[tuple[Operation, list[Reading]]]) -> dict[str, Any]:
    """An OpenAPI document of just these operations, with path values taken from their answered readings.

    ``fields`` is left out, because an answer may then lawfully lack what the schema requires; limit and offset get an
    upper bound; the ways in become one bearer token, which the gateway replaces by the real one.
    """
    compiled: dict[str, Any] = copy.deepcopy(dict(facts.document))
    compiled["components"]["securitySchemes"] = {ACCESS: {"type": "http", "scheme": "bearer"}}
    _bound(compiled["components"]["parameters"])
    paths: dict[str, Any] = {}
    for operation, readings in offered:
        item = compiled["paths"][operation.path]["get"]
        nested = operation.many and bool(path_parameters(operation))
        paths[operation.path] = {"get": _polite(item, compiled["components"]["parameters"], readings, nested=nested)}
    compiled["paths"] = paths
    return compiled


def _bound(parameters: dict[str, Any]) -> None:
    """Make every query that can be drawn lawful and small, and its usual values other than the defaults.

    Defaults are what a server was surely tried with; what breaks is an order, an offset, and both at once.
    """
    for parameter in parameters.values():
        chosen = _VALUES.get(parameter["name"])
        if chosen is not None:
            parameter["schema"] = {"enum": chosen}
        elif parameter["name"] == "filter":
            parameter["schema"] = {"enum": [each["value"] for each in parameter["examples"].values()]}
        parameter.pop("examples", None)


def _polite(item: dict[str, Any], shared: dict[str, Any], readings: list[Reading], *, nested: bool) -> dict[str, Any]:
    polite = {**item, "security": [{ACCESS: []}], "parameters": []}
    known = [reading.values for reading in readings if reading.fault is None][:ID_EXAMPLES]
    for reference in item["parameters"]:
        parameter = dict(shared[reference["$ref"].rsplit("/", 1)[1]])
        if parameter["name"] == "fields":
            continue
        if parameter["in"] == "query" and nested:
            if parameter["name"] not in _NESTED_VALUES:
                continue
            parameter["schema"] = {"enum": _NESTED_VALUES[parameter["name"]]}
        if parameter["in"] == "path" and known:
            # Ids of one answer belong together, so parents that do not know each other are never combined.
            values = [each[parameter["name"]] for each in (known if len(known[0]) == 1 else known[:1])]
            parameter["schema"] = {"type": "string", "enum": list(dict.fromkeys(values))}
        polite["parameters"].append(parameter)
    return polite
