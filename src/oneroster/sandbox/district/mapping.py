"""The mapping from the entities of the district to the elements of one version of OneRoster."""

import inspect
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from oneroster.sandbox.district.entity_types import Entity
from oneroster.standard import Standard

DistrictMapping = Callable[[Entity], Iterable[tuple[str, dict[str, Any]]]]
"""Returns the records of one entity, each with the name of its element; no record if the version has no such element.

A record is in the JSON form of the version. Its references have `sourcedId` and `type` and no href, which is added when
the record is served.
"""


def mapping_for(standard: Standard) -> DistrictMapping:
    """Return the mapping that the sandbox has for a version of OneRoster.

    It is the function `map_entity` of the module `mapping_v1p1` for version 1.1, and so on.

    Raises:
        ValueError: The sandbox has no mapping for this version.
    """
    name = f"{__name__}_v{standard.version.replace('.', 'p')}"
    if find_spec(name) is None:
        raise ValueError(
            f"the sandbox has no mapping from its district to OneRoster {standard.version}; pass one as mapping="
        )
    mapping: DistrictMapping = import_module(name).map_entity
    return mapping


def source_of(mapping: DistrictMapping) -> bytes:
    """Return the source of the module that defines a mapping; a cached district is outdated if it changes."""
    defined = mapping if inspect.isroutine(mapping) else type(mapping)
    name = f"{defined.__module__}.{defined.__qualname__}".encode()
    try:
        return name + Path(inspect.getfile(defined)).read_bytes()
    except (OSError, TypeError):  # defined in an interactive session
        return name
