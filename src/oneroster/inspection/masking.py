"""Mask personal data and passwords in records and in columns of rosters."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from oneroster_runtime.specification import Property, Specification

__all__ = ["MASK", "is_column_masked", "mask_personal", "mask_secrets"]

MASK: Final = "***"
"""Replaces a masked value."""

_REFERENCES: Final = frozenset({"reference", "references"})
_REFERENCE_FIELDS: Final = frozenset({"href", "sourcedId", "type"})


def mask_personal(specification: Specification, element: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Replace every personal value of a record with `MASK`.

    Properties that the standard does not define are masked too, because they may be personal.
    """
    known = specification.elements[element].properties
    return {name: _masked_value(known.get(name), value) for name, value in record.items()}


def mask_secrets(specification: Specification, element: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Replace passwords in a record, and in the records nested in it, with `MASK`."""
    known = specification.elements[element].properties
    return {name: _without_secrets(specification, known.get(name), value) for name, value in record.items()}


def _without_secrets(specification: Specification, found: Property | None, value: Any) -> Any:
    if found is None:
        return value
    if found.secret:
        return MASK
    if found.record is None:
        return value
    if isinstance(value, list):
        return [_without_secrets(specification, found, item) for item in value]
    return mask_secrets(specification, found.record, value) if isinstance(value, dict) else value


@cache
def is_column_masked(specification: Specification, element: str, column: str, show_personal: bool) -> bool:
    """Return whether the values of a column of a pulled roster are masked.

    Args:
        specification: The version of the standard.
        element: The schema name.
        column: The name of the column, see `oneroster.pull.roster.columns`.
        show_personal: Mask passwords only.
    """
    from oneroster.pull.roster.columns import columns_of

    known = next((found.property for found in columns_of(specification, element) if found.name == column), None)
    if show_personal:
        return known is not None and _holds_secret(specification, known)
    return known is None or known.personal or known.secret


def _holds_secret(specification: Specification, known: Property) -> bool:
    nested = () if known.record is None else specification.elements[known.record].properties.values()
    return known.secret or any(_holds_secret(specification, each) for each in nested)


def _masked_value(found: Property | None, value: Any) -> Any:
    if found is None or found.personal or found.secret:
        return MASK
    if found.kind in _REFERENCES:
        return [_masked_reference(item) for item in value] if isinstance(value, list) else _masked_reference(value)
    return value


def _masked_reference(value: Any) -> Any:
    # Some servers add names to references.
    if not isinstance(value, dict):
        return MASK
    return {name: part if name in _REFERENCE_FIELDS else MASK for name, part in value.items()}
