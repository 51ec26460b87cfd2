"""Records in the form of another version than the one that is spoken: some servers mix them under one base URL."""

import warnings
from collections.abc import Collection

from oneroster.standard import Standard

__all__ = ["OtherVersionWarning", "version_of_record", "warn_of_other_version"]


class OtherVersionWarning(UserWarning):
    """The server answers in the form of another version; nothing is switched, because its URL is of this one."""


def version_of_record(standard: Standard, element: str, names: Collection[str]) -> str | None:
    """Return another version that a record has the form of; None without one.

    The record lacks a property that this version requires and the other one does not have, and has one that only the
    other one has.

    Args:
        standard: The version that is spoken.
        element: The element of the record.
        names: The properties that the record has.
    """
    known = standard.specification.elements[element].properties
    missing = {name for name, each in known.items() if each.required and name not in names}
    further = {name for name in names if name not in known}
    if not missing or not further:
        return None
    for version in Standard.versions():
        other = Standard.of(version)
        found = other.specification.elements.get(element) if other is not standard else None
        if found is not None and further & found.properties.keys() and missing - found.properties.keys():
            return version
    return None


def warn_of_other_version(standard: Standard, element: str, names: Collection[str]) -> None:
    """Warn if a record has the form of another version.

    Warns:
        OtherVersionWarning: It has.
    """
    if (version := version_of_record(standard, element, names)) is not None:
        warnings.warn(
            f"The server answers as OneRoster {standard.version}, and its {element} records have the form of {version}."
            f" If the tenant has a base URL of {version}, set that and standard = {version} (--standard {version}).",
            OtherVersionWarning,
            stacklevel=2,
        )
