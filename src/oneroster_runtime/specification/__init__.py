"""What an OpenAPI document with ``x-oneroster-*`` keys specifies, as one value.

``shapes`` has the types, ``reader`` reads a document, ``naming`` has the Python names of its parts.
"""

from oneroster_runtime.specification.naming import parameter_name, python_name
from oneroster_runtime.specification.reader import read_specification
from oneroster_runtime.specification.shapes import (
    Element,
    Operation,
    Parameter,
    Parent,
    Profile,
    Property,
    Scope,
    Specification,
    SpecificationError,
    Subset,
    Through,
)

__all__ = [
    "Element",
    "Operation",
    "Parameter",
    "Parent",
    "Profile",
    "Property",
    "Scope",
    "Specification",
    "SpecificationError",
    "Subset",
    "Through",
    "parameter_name",
    "python_name",
    "read_specification",
]
