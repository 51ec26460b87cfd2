"""Faults that a tenant can have, by name.

To add one, define a subclass of `Fault` in the module of its family; defining it registers it.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pkgutil import walk_packages
from types import MappingProxyType
from typing import Final

from oneroster.sandbox.faults.base import Fault, registered_faults
from oneroster.sandbox.name_lookup import require_known

__all__ = ["CLIENT_FAULTS", "FAULTS", "Fault", "fault_names_in", "faults_by_name"]

_CLIENT: Final = "client."

for _module in walk_packages(__path__, f"{__name__}."):
    import_module(_module.name)


def _is_client_fault(fault: type[Fault]) -> bool:
    return fault.family.startswith(_CLIENT)


# Sorted by family because the order of definition depends on which module was imported first. Sorting is stable.
FAULTS: Final[Mapping[str, type[Fault]]] = MappingProxyType(
    {
        fault.name: fault
        for fault in sorted(registered_faults().values(), key=lambda fault: (_is_client_fault(fault), fault.family))
    }
)
"""All faults by name, grouped by family; the client faults are last."""

CLIENT_FAULTS: Final = frozenset(name for name, fault in FAULTS.items() if _is_client_fault(fault))
"""The names of the faults that test how a client copes; contract rules need not detect them."""


def fault_names_in(*families: str) -> list[str]:
    """Return the names of the faults of some families, such as "paging" or "client.paging"."""
    return [name for name, fault in FAULTS.items() if fault.family in families]


def faults_by_name(names: Iterable[str]) -> tuple[Fault, ...]:
    """Return new fault objects for these names, each name once.

    Raises:
        UnknownNameError: A name is not the name of a fault.
    """
    return tuple(FAULTS[require_known("fault", name, FAULTS)]() for name in dict.fromkeys(names))
