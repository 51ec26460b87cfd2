"""What a person may see of a record without asking for children's data."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from oneroster_v1p1.tables import ELEMENTS, Property

__all__ = ["MASK", "is_masked", "masked", "without_secrets"]

MASK: Final = "***"
"""Stands where a value stood."""

_REFERENCES: Final = frozenset({"reference", "references"})


def masked(element: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record by wire names with `MASK` for every personal value.

    What the document does not know is masked too: nobody can say whose data it is.
    """
    known = ELEMENTS[element].properties
    return {name: _shown(known.get(name), value) for name, value in record.items()}


def without_secrets(element: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record by wire names with `MASK` for passwords alone."""
    known = ELEMENTS[element].properties
    return {name: MASK if name in known and known[name].secret else value for name, value in record.items()}


@cache
def is_masked(element: str, column: str, show_personal: bool) -> bool:
    """Whether the values of a column of a pulled roster are hidden; `oneroster.pull.roster.columns` has the names."""
    from oneroster.pull.roster.columns import columns_of
    from oneroster.standard import Standard

    known = next(
        (found.property for found in columns_of(Standard.of().specification, element) if found.name == column), None
    )
    if show_personal:
        return known is not None and known.secret
    return known is None or known.personal or known.secret


def _shown(found: Property | None, value: Any) -> Any:
    if found is None or found.personal or found.secret:
        return MASK
    if found.kind in _REFERENCES:
        return [_reference(item) for item in value] if isinstance(value, list) else _reference(value)
    return value


def _reference(value: Any) -> Any:
    # Some servers send names along with ids.
    known = ELEMENTS["GUIDRef"].properties
    return {name: part if name in known else MASK for name, part in value.items()} if isinstance(value, dict) else MASK
