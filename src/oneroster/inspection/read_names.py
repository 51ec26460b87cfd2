"""The reads of the document under the names that a person types."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from oneroster_v1p1.tables import OPERATIONS, Operation

__all__ = ["UnknownReadError", "find", "names", "path_parameters", "reads", "short_name"]

_SHOWN_NEAR: Final = 3


class UnknownReadError(ValueError):
    """No read has that name, or none takes that many ids; the message says which there are."""


def names() -> Mapping[str, tuple[Operation, ...]]:
    """The short names, each with the reads it may stand for; the number of ids tells them apart.

    A short name is the operationId without ``get`` and ``All``: ``students`` is getAllStudents, ``classes-for-school``
    is getClassesForSchool. With an id behind it, the name of a whole collection reads one record: ``students S-1``.
    """
    found: dict[str, tuple[Operation, ...]] = {}
    for operation in reads():
        name = short_name(operation)
        found[name] = (*found.get(name, ()), operation)
    for name, operations in found.items():
        single = operations[0].item_read
        if len(operations) == 1 and single and not path_parameters(operations[0]):
            found[name] = (*operations, OPERATIONS[single])
    return found


def reads() -> Iterable[Operation]:
    """All operations that read, in the order of the document."""
    return (operation for operation in OPERATIONS.values() if operation.method == "GET")


def path_parameters(operation: Operation) -> list[str]:
    """The names of the ids that an operation takes, in the order of its path."""
    return [parameter.attribute for parameter in operation.parameters if parameter.location == "path"]


def find(name: str, ids: int) -> Operation:
    """The read that a name means.

    Args:
        name: A short name, or an operationId.
        ids: How many ids were given with it.

    Raises:
        UnknownReadError: There is no such read, or it takes another number of ids.
    """
    known = names()
    candidates = known.get(name) or tuple(operation for operation in reads() if operation.operation_id == name)
    if not candidates:
        near = get_close_matches(name, known, n=_SHOWN_NEAR)
        hint = f"did you mean {' or '.join(near)}?" if near else "--list names all reads"
        raise UnknownReadError(f"there is no read named {name!r}; {hint}")
    for operation in candidates:
        if len(path_parameters(operation)) == ids:
            return operation
    wanted = " or ".join(" ".join([name, *map(str.upper, path_parameters(operation))]) for operation in candidates)
    raise UnknownReadError(f"{ids} ids were given; write {wanted}")


def short_name(operation: Operation) -> str:
    """The operationId without ``get`` and ``All``, as in ``classes-for-school``."""
    words = re.findall(r"[A-Z][a-z0-9]*", operation.operation_id)
    return "-".join(words[1:] if words[0] == "All" else words).lower()
