"""Find the records in a body whose envelope differs from the document.

A reader that looks only in the documented place sees no records, and nothing else about them can be judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Location", "Record", "located_rows"]

Record = dict[str, Any]
Path = tuple[str, ...]

_MESSAGES: Final = ("error", "imsx", "message", "status", "warning")
"""How the names of members begin that hold messages and no records."""
_ID: Final = "sourcedId"
_MAX_DEPTH: Final = 2
"""Objects around the data: some servers put the documented object into another one, such as `data`."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where the records of a body are.

    Attributes:
        path: The keys that lead to the data; empty if the body itself is the data.
        form: ``array``, ``object`` or ``null``: what stands there.
        rows: The records.
    """

    path: Path
    form: str
    rows: tuple[Record, ...]


def located_rows(payload: Any, wrapper: str | None, *, many: bool) -> Location | None:
    """Return where the records of a body are; None without any, or if it is not clear.

    Args:
        payload: The decoded body.
        wrapper: The documented key.
        many: Whether the body holds a collection.
    """
    if isinstance(payload, dict) and wrapper in payload:
        return _documented(payload[wrapper], (str(wrapper),), many=many)
    candidates = list(_candidates(payload, (), many=many))
    sure = [each for each in candidates if any(_ID in row for row in each.rows)]
    # Two arrays may be two collections, and the choice between them would be a guess.
    found = sure or candidates
    return found[0] if len(found) == 1 else None


def _documented(value: Any, path: Path, *, many: bool) -> Location | None:
    """Return the data under the documented key, in any form."""
    if value is None and many:
        return Location(path, "null", ())
    if isinstance(value, dict) and (_ID in value or not many):
        return Location(path, "object", (value,))
    return _array(value, path, many=many)


def _candidates(value: Any, path: Path, *, many: bool) -> Iterator[Location]:
    """Yield every part of a body that may be its data."""
    if isinstance(value, dict) and _ID in value:
        yield Location(path, "object", (value,))
    elif isinstance(value, dict) and len(path) < _MAX_DEPTH:
        for key, inner in value.items():
            if not key.lower().startswith(_MESSAGES):
                yield from _candidates(inner, (*path, key), many=many)
    elif (found := _array(value, path, many=many)) is not None:
        yield found


def _array(value: Any, path: Path, *, many: bool) -> Location | None:
    """Return the objects of an array; for a single read, the first of them."""
    if not isinstance(value, list):
        return None
    rows = tuple(row for row in value if isinstance(row, dict))
    if bool(rows) is not bool(value) or not (many or rows):
        return None
    return Location(path, "array", rows if many else rows[:1])
