"""Prepare a document of the package for ``schemathesis run``: valid filters, sorts and fields, small pages, one token.

By its schema, any text is a filter. The element of an operation decides which filters, sorts and fields are valid, so
each operation gets its own parameters.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from oneroster.contract.fuzzing.filter_and_sort_strategies import fields_format, filter_format, sort_format
from oneroster_runtime.specification import Element, Operation, Specification, read_specification

__all__ = ["is_within_bounds", "prepare_document"]

Schema = dict[str, Any]

SECURITY_SCHEME: Final = "token"
MAX_PAGE: Final = 50
"""Rows; without a maximum a single request could return all rows of a tenant."""
MAX_OFFSET: Final = 200
_BOUNDS: Final[dict[str, Schema]] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE},
    "offset": {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET},
}
_FILTERED: Final = re.compile(r"(?:^| AND | OR )(\w+)(\.?)")
"""The fields that a filter compares, and whether it goes on into them."""
_WITH_FIELDS: Final = frozenset({"reference", "references", "record", "records", "object"})


def prepare_document(document: Schema) -> None:
    """Change a document of one profile in place, before schemathesis reads it.

    Filters, sorts and fields are generated from the properties of the element of each operation; fields always have the
    required ones, without which a response violates its schema. Limit and offset get a maximum. Security becomes one
    bearer token, because schemathesis can leave out or replace only that.

    Args:
        document: A document as in the folder ``documents`` of the generated package.
    """
    (profile,) = document["x-oneroster-profiles"]
    specification = read_specification(document, profile=profile)
    document["components"]["securitySchemes"] = {SECURITY_SCHEME: {"type": "http", "scheme": "bearer"}}
    for operation in specification.operations.values():
        part = document["paths"][operation.path][operation.method.lower()]
        part["security"] = [{SECURITY_SCHEME: []}]
        part["parameters"] = [
            _prepared(_resolved(each, document), operation, specification) for each in part.get("parameters", ())
        ]


def is_within_bounds(query: Mapping[str, Any]) -> bool:
    """Return whether a query has no number above the maxima of this module, which are not those of the standard."""
    return not any(_is_above(query[name], bounds["maximum"]) for name, bounds in _BOUNDS.items() if name in query)


def _is_above(value: Any, maximum: int) -> bool:
    try:
        return float(value) > maximum
    except (TypeError, ValueError):
        return False


def _resolved(parameter: Schema, document: Schema) -> Schema:
    reference = parameter.get("$ref")
    return document["components"]["parameters"][reference.rpartition("/")[2]] if reference else parameter


def _prepared(parameter: Schema, operation: Operation, specification: Specification) -> Schema:
    """Return a parameter of one operation. Examples are kept of filters only, where they hold for its element."""
    name, element = parameter["name"], operation.element
    if parameter["in"] != "query" or element is None:
        return parameter
    formats = {"filter": filter_format, "sort": sort_format, "fields": fields_format}
    if name in formats:
        schema = {"type": "string", "format": formats[name](specification, element)}
    elif name in _BOUNDS:
        schema = _BOUNDS[name]
    else:
        return parameter
    kept = {key: value for key, value in parameter.items() if key != "examples"}
    examples = {
        title: example
        for title, example in parameter.get("examples", {}).items()
        if name == "filter" and _has_fields(specification.elements[element], example["value"])
    }
    return {**kept, "schema": schema} | ({"examples": examples} if examples else {})


def _has_fields(element: Element, filter_: str) -> bool:
    """Return whether an element has the fields of a filter."""
    return all(
        name in element.properties and (not dot or element.properties[name].kind in _WITH_FIELDS)
        for name, dot in _FILTERED.findall(filter_)
    )
