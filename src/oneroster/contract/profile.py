"""The document as the engine may use it on a tenant: the profile's reads, made polite, with the tenant's own ids.

Nothing is written to disk; every run compiles its own.
"""

from collections.abc import Iterable
from typing import Any, Final

from oneroster.contract.reading import Reading
from oneroster_v1p1.tables import PROFILES, Operation, document

__all__ = ["compile_document"]

LARGEST_LIMIT: Final = 50
"""Rows; without an upper bound the engine would ask for pages that dump a whole tenant."""
LARGEST_OFFSET: Final = 1000
ACCESS: Final = "engine"
ID_EXAMPLES: Final = 2


def compile_document(profile: str, offered: Iterable[tuple[Operation, list[Reading]]]) -> dict[str, Any]:
    """An OpenAPI document of just these operations, with path values taken from their answered readings.

    ``fields`` is left out, because an answer may then lawfully lack what the schema requires; limit and offset get an
    upper bound; the ways in become one bearer token, which the gateway replaces by the real one; booleans take the
    form of the profile.
    """
    compiled = document()
    compiled["components"]["securitySchemes"] = {ACCESS: {"type": "http", "scheme": "bearer"}}
    _bound(compiled["components"]["parameters"])
    if PROFILES[profile].booleans == "json":
        compiled["components"]["schemas"]["TrueFalse"] = {"type": "boolean"}
    paths: dict[str, Any] = {}
    for operation, readings in offered:
        item = compiled["paths"][operation.path]["get"]
        paths[operation.path] = {"get": _polite(item, compiled["components"]["parameters"], readings)}
    compiled["paths"] = paths
    return compiled


def _bound(parameters: dict[str, Any]) -> None:
    for parameter in parameters.values():
        if parameter["name"] == "limit":
            parameter["schema"]["maximum"] = LARGEST_LIMIT
        elif parameter["name"] == "offset":
            parameter["schema"]["maximum"] = LARGEST_OFFSET


def _polite(item: dict[str, Any], shared: dict[str, Any], readings: list[Reading]) -> dict[str, Any]:
    polite = {**item, "security": [{ACCESS: []}], "parameters": []}
    known = [reading.values for reading in readings if reading.fault is None][:ID_EXAMPLES]
    for reference in item["parameters"]:
        parameter = dict(shared[reference["$ref"].rsplit("/", 1)[1]])
        if parameter["name"] == "fields":
            continue
        if parameter["in"] == "path" and known:
            # Ids of one answer belong together, so parents that do not know each other are never combined.
            values = [each[parameter["name"]] for each in (known if len(known[0]) == 1 else known[:1])]
            parameter["schema"] = {"type": "string", "enum": list(dict.fromkeys(values))}
        polite["parameters"].append(parameter)
    return polite
