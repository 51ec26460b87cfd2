"""Check an overlay: its keys are known, its targets exist, and a mistake is named with its line.

The vocabulary of a document is closed, and so is that of what an overlay writes into it, because nothing would read
another key. Keys of others (``x-…`` without ``oneroster``) are let through.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from oneroster.bounded_files import read_at_most
from oneroster.contract.dialects.bounded_yaml import MOST_BYTES
from oneroster_runtime.specification.vocabulary import OVERLAID, nearest, vocabulary_problems

__all__ = ["OVERLAY_KEYS", "Mistake", "line_of", "strange_keys", "written_mistakes"]

OVERLAY_KEYS: Final = ("overlay", "info", "extends", "actions", "x-oneroster-profile")
_ACTION_KEYS: Final = ("target", "description", "update", "remove", "copy")
_OTHERS: Final = "x-"
_OURS: Final = "x-oneroster-"

Place = tuple[str | int, ...]


class Mistake(NamedTuple):
    """A mistake in an overlay.

    Attributes:
        place: Its place in the overlay, as keys and indices.
        message: What is wrong.
    """

    place: Place
    message: str


def strange_keys(overlay: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield the keys that an overlay or one of its actions cannot have."""
    yield from _strange(overlay, OVERLAY_KEYS, "an overlay", ())
    for number, action in enumerate(overlay.get("actions") or ()):
        yield from _strange(action, _ACTION_KEYS, "an action", ("actions", number))


def _strange(part: Any, known: tuple[str, ...], what: str, place: Place) -> Iterator[Mistake]:
    for key in part if isinstance(part, Mapping) else ():
        foreign = str(key).startswith(_OTHERS) and not str(key).startswith(_OURS)
        if key not in known and not foreign:
            yield Mistake((*place, key), f"{key} is no known key of {what}{nearest(str(key), list(known))}")


def written_mistakes(document: Mapping[str, Any], overlay: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield what an overlay wrote into a document and the document cannot have."""
    for path, message in vocabulary_problems(document, OVERLAID):
        yield Mistake(_origin(overlay, path), message)


def _origin(overlay: Mapping[str, Any], path: Place) -> Place:
    """Return the place of an overlay that wrote a part of the document: the one whose path ends most like it."""
    best: int = 0
    found: Place = ("actions",)
    for number, action in enumerate(overlay.get("actions") or ()):
        for place in _places(action.get("update"), ("actions", number, "update")):
            alike = _common_end(place[3:], path)
            if alike > best:
                best, found = alike, place
    return found


def _places(value: Any, place: Place) -> Iterator[Place]:
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield (*place, key)
        yield from _places(below, (*place, key))


def _common_end(one: Place, other: Place) -> int:
    """Return how many steps two paths have in common at their ends."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((count for count, (mine, yours) in enumerate(pairs) if mine != yours), min(len(one), len(other)))


def line_of(file: str, place: Place) -> int | None:
    """Return the line of a place in an overlay file; None if that is no file, or has no such place."""
    import yaml

    try:
        text = read_at_most(Path(file), MOST_BYTES).decode("utf-8")
        node: Any = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    line = None
    for step in place:
        entries = node.value if isinstance(node, yaml.MappingNode | yaml.SequenceNode) else ()
        if isinstance(node, yaml.MappingNode):
            key, node = next(((key, value) for key, value in entries if key.value == str(step)), (None, None))
        else:
            key = node = entries[step] if isinstance(step, int) and step < len(entries) else None
        if key is None:
            break
        line = key.start_mark.line + 1
    return line
