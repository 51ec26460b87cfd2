"""The sanity limits of `oneroster pull`, from percentages for all collections, for one, or for one property."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from oneroster.errors import ConfigurationError
from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS
from oneroster.pull.roster.columns import columns_of
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.sanity_checks import SanityLimits
from oneroster.standard import Standard
from oneroster_runtime.specification import Specification

__all__ = ["sanity_limits"]

_PERCENT: Final = 100.0


def sanity_limits(given: Mapping[str, Sequence[str]]) -> SanityLimits:
    """Return the limits that options name.

    Args:
        given: The values of each option, as in ``5``, ``users=5`` or ``users.email=5``, by the name of the limit.

    Raises:
        ConfigurationError: A value is not a percentage, or names nothing that is pulled.
    """
    shares: dict[str, float] = {}
    exceptions: dict[str, dict[str, float]] = {}
    for limit, values in given.items():
        option = f"--max-{limit.replace('_', '-')}"
        for text in values:
            name, equals, percent = text.rpartition("=")
            if equals:
                exceptions.setdefault(limit, {})[_checked(name.strip(), option)] = _share(percent, option)
            else:
                shares[limit] = _share(percent, option)
    return SanityLimits(**shares, exceptions=exceptions)


def _share(text: str, option: str) -> float:
    try:
        percent = float(text)
    except ValueError:
        percent = math.nan
    if not 0 <= percent <= _PERCENT:
        raise ConfigurationError(
            f"{option} {text!r} is not a percentage from 0 to 100; write 5, users=5 or users.email=5."
        )
    return percent / _PERCENT


def _checked(name: str, option: str) -> str:
    """Return a name with the property in place of a column of another name."""
    collection, _, field = name.partition(".")
    fields = dict(_fields(collection))
    if not fields:
        known = ", ".join(sorted(_collections()))
        raise ConfigurationError(f"{option}: collection {collection!r} does not exist; choose from {known}.")
    if not field:
        return collection
    if field not in fields:
        known = ", ".join(dict.fromkeys(fields.values()))
        raise ConfigurationError(f"{option}: {collection} has no property {field!r}; choose from {known}.")
    return f"{collection}.{fields[field]}"


def _collections() -> set[str]:
    """Return the collections of all versions."""
    return {
        collection_name(specification, name)
        for specification in _specifications()
        for name, element in specification.elements.items()
        if element.collection is not None
    }


def _specifications() -> list[Specification]:
    return [Standard.of(version).specification for version in Standard.versions()]


def _fields(collection: str) -> Iterator[tuple[str, str]]:
    """Yield properties and columns of a collection, or of a file of another name, each with its property.

    Which version a tenant speaks is not known yet, so those of all versions are yielded.
    """
    for specification in _specifications():
        for name, element in specification.elements.items():
            if element.collection is not None and collection_name(specification, name) == collection:
                yield from _fields_of(specification, name)
    for binding in BINDINGS.values():
        if collection in binding.files and collection not in _collections():
            yield from ((name, name) for name in binding.files[collection].columns)


def _fields_of(specification: Specification, element: str) -> Iterator[tuple[str, str]]:
    for column in columns_of(specification, element):
        if column.property is not None:
            yield column.property.name, column.property.name
            yield column.name, column.property.name
            nested = specification.elements[column.property.record].properties if column.property.record else {}
            for inner in nested:
                yield f"{column.property.name}.{inner}", f"{column.property.name}.{inner}"
