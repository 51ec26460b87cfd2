"""Faults that a tenant can be made to have, by name.

To add one: a class in the module of its family, named in the `FAULTS` at the end of that module.
"""

from collections.abc import Iterable, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Final

from oneroster.sandbox.faults import (
    access,
    engine,
    envelope,
    errors,
    fields,
    filtering,
    http,
    paging,
    privacy,
    schema,
    semantics,
    sorting,
    writes,
)
from oneroster.sandbox.faults import access_oauth as oauth
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.client_resilience import paging as walking
from oneroster.sandbox.faults.client_resilience import tokens, transport
from oneroster.sandbox.name_lookup import check

__all__ = ["FAULTS", "Fault", "by_name"]

_FAMILIES: Final = (
    envelope,
    schema,
    paging,
    sorting,
    fields,
    filtering,
    semantics,
    access,
    oauth,
    errors,
    privacy,
    http,
    engine,
    writes,
    walking,
    transport,
    tokens,
)

FAULTS: Final[Mapping[str, type[Fault]]] = MappingProxyType(
    {fault.name: fault for fault in chain.from_iterable(family.FAULTS for family in _FAMILIES)}
)
"""All faults by name, in the order of their families."""


def by_name(names: Iterable[str]) -> tuple[Fault, ...]:
    """The faults of these names, each once.

    Raises:
        UnknownNameError: one of them is not the name of a fault.
    """
    return tuple(FAULTS[check("fault", name, FAULTS)]() for name in dict.fromkeys(names))
