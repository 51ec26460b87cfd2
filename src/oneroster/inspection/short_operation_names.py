"""Short names of the read operations, for the command line."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Final

from oneroster_runtime.specification import Operation, Specification

__all__ = [
    "UnknownReadError",
    "find_operation",
    "named_reads",
    "of_profile",
    "operations_by_short_name",
    "path_parameters",
    "read_operations",
    "short_name",
]

_MAX_SUGGESTIONS: Final = 3


class UnknownReadError(ValueError):
    """No read operation has this name, or takes this number of ids. The message names alternatives."""


def operations_by_short_name(specification: Specification) -> Mapping[str, tuple[Operation, ...]]:
    """Return the read operations by short name. The number of ids selects among operations of one name.

    A short name is the operationId without ``get`` and ``All``: ``students`` is getAllStudents, ``classes-for-school``
    is getClassesForSchool. Followed by an id, the name of a collection reads one record: ``students S-1``.
    """
    found: dict[str, tuple[Operation, ...]] = {}
    for name, operation in named_reads(specification):
        found[name] = (*found.get(name, ()), operation)
    for name, operations in found.items():
        single = operations[0].item_read
        if len(operations) == 1 and single and not path_parameters(operations[0]):
            found[name] = (
                *operations,
                *(each for each in read_operations(specification) if each.operation_id == single),
            )
    return found


def of_profile(specification: Specification, profile: str) -> Specification:
    """Return a specification with the operations of a dialect only, each under the name of the one that it stands for.

    Args:
        specification: The version of the standard.
        profile: The name of a dialect that the document of the version defines.
    """
    served = (each for each in specification.operations.values() if profile in each.profiles)
    return replace(specification, operations={each.stands_for or each.operation_id: each for each in served})


def read_operations(specification: Specification) -> Iterable[Operation]:
    """Return all read operations, in the order of the document."""
    return (operation for operation in specification.operations.values() if operation.method == "GET")


def named_reads(specification: Specification) -> Iterable[tuple[str, Operation]]:
    """Return all read operations with their short names, in the order of the document."""
    return (
        (short_name(name), operation)
        for name, operation in specification.operations.items()
        if operation.method == "GET"
    )


def path_parameters(operation: Operation) -> list[str]:
    """Return the names of the ids that an operation takes, in the order of its path."""
    return [parameter.attribute for parameter in operation.parameters if parameter.location == "path"]


def find_operation(specification: Specification, name: str, ids: int) -> Operation:
    """Return the read operation of a name.

    Args:
        specification: The version of the standard.
        name: A short name or an operationId.
        ids: The number of ids given with it.

    Raises:
        UnknownReadError: The operation is unknown, or it takes a different number of ids.
    """
    known = operations_by_short_name(specification)
    candidates = known.get(name) or tuple(
        operation
        for known_as, operation in specification.operations.items()
        if operation.method == "GET" and name in (known_as, operation.operation_id)
    )
    if not candidates:
        similar = get_close_matches(name, known, n=_MAX_SUGGESTIONS)
        hint = f"did you mean {' or '.join(similar)}?" if similar else "--list shows all names"
        raise UnknownReadError(f"unknown name {name!r}; {hint}")
    for operation in candidates:
        if len(path_parameters(operation)) == ids:
            return operation
    usage = " or ".join(" ".join([name, *map(str.upper, path_parameters(operation))]) for operation in candidates)
    raise UnknownReadError(f"wrong number of ids ({ids}); usage: {usage}")


def short_name(operation_id: str) -> str:
    """Return an operationId without ``get`` and ``All``, as in ``classes-for-school``."""
    words = re.findall(r"[A-Z][a-z0-9]*", operation_id)
    return "-".join(words[1:] if words[0] == "All" else words).lower()
