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

__all__ = ["OVERLAY_KEYS", "Mistake", "form_mistakes", "line_of", "origin_of", "strange_keys", "written_mistakes"]

OVERLAY_KEYS: Final = ("overlay", "info", "extends", "actions", "x-oneroster-profile")
_CHANGES: Final = ("update", "remove", "copy")
_ACTION_KEYS: Final = ("target", "description", *_CHANGES)
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


def strange_keys(overlay: Any) -> Iterator[Mistake]:
    """Yield the keys that an overlay or one of its actions cannot have, and the actions that change nothing."""
    yield from _strange(overlay, OVERLAY_KEYS, "an overlay", ())
    for number, action in enumerate(_actions(overlay)):
        place: Place = ("actions", number)
        found = list(_strange(action, _ACTION_KEYS, "an action", place))
        if not isinstance(action, Mapping):
            found = [Mistake(place, f"an action is a mapping with the keys {', '.join(_ACTION_KEYS)}")]
        elif not found and not action.keys() & set(_CHANGES):
            found = [Mistake(place, f"the action changes nothing; it needs one of {', '.join(_CHANGES)}")]
        yield from found


def _actions(overlay: Any) -> list[Any]:
    found = overlay.get("actions") if isinstance(overlay, Mapping) else None
    return found if isinstance(found, list) else []


def _strange(part: Any, known: tuple[str, ...], what: str, place: Place) -> Iterator[Mistake]:
    for key in part if isinstance(part, Mapping) else ():
        foreign = str(key).startswith(_OTHERS) and not str(key).startswith(_OURS)
        if key not in known and not foreign:
            yield Mistake((*place, key), f"{key} is no known key of {what}{nearest(str(key), list(known))}")


def form_mistakes(overlay: Any) -> Iterator[Mistake]:
    """Yield where an overlay does not have the form that the Overlay specification gives it."""
    import yaml
    from oas_patch.validator import validate

    version = overlay.get("overlay", "") if isinstance(overlay, Mapping) else ""
    if not isinstance(version, str):
        yield Mistake(("overlay",), "overlay is the version of the Overlay specification in quotes, as in '1.0.0'")
        return
    for flaw in yaml.safe_load(validate(overlay, "yaml")).get("errors") or ():
        steps = flaw["path"].split(" -> ") if flaw["path"] else []
        place = tuple(int(step) if step.isdecimal() else step for step in steps)
        where = f" at {'/'.join(steps)}" if steps else ""
        yield Mistake(place, f"this is not an OpenAPI Overlay{where}: {flaw['message'][:300]}")


def written_mistakes(document: Mapping[str, Any], overlay: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield what an overlay wrote into a document and the document cannot have."""
    for path, message in vocabulary_problems(document, OVERLAID):
        yield Mistake(origin_of(overlay, path), message)
    for path, value in _parts(document, ()):
        if path[-1] == "$ref" and isinstance(value, str) and not value.startswith("#/"):
            said = f"{value} refers to another document; only #/… is supported"
            yield Mistake(origin_of(overlay, path), said)


def origin_of(overlay: Mapping[str, Any], path: Place) -> Place:
    """Return the place of an overlay that wrote a part of the document.

    It is the one whose path ends most like that of the part; else the last action whose target names the part.
    """
    steps = tuple(map(str, path))
    best: int = 0
    found: Place = ("actions",)
    for number, action in enumerate(_actions(overlay)):
        for place, _ in _parts(action.get("update"), ("actions", number, "update")):
            alike = _common_end(tuple(map(str, place[3:])), steps)
            if alike > best:
                best, found = alike, place
    for step in () if best else reversed(steps):
        named = [at for at, action in enumerate(_actions(overlay)) if step in str(action.get("target"))]
        if named:
            return ("actions", named[-1], "target")
    return found


def _parts(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Yield everything below a value with its place."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield (*place, key), below
        yield from _parts(below, (*place, key))


def _common_end(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Return how many steps two paths have in common at their ends."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((count for count, (mine, yours) in enumerate(pairs) if mine != yours), min(len(one), len(other)))


def line_of(file: str, place: Place) -> int | None:
    """Return the line of a place in an overlay file; None if it is not a file, or does not have that place."""
    import yaml

    try:
        text = read_at_most(Path(file), MOST_BYTES).decode("utf-8")
        node: Any = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    line = 1
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
