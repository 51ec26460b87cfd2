"""Read YAML that others wrote: aliases that multiply and deep nesting are refused before anything is built of them."""

from contextlib import suppress
from typing import Any, Final

import msgspec

__all__ = ["MOST_BYTES", "UnsafeYamlError", "load_yaml"]

MOST_BYTES: Final = 8 << 20
_MOST_NODES: Final = 200_000
"""Values of a document, with those that aliases repeat counted each time."""
_DEEPEST: Final = 100


class UnsafeYamlError(ValueError):
    """A text is not YAML, or is larger than any that is meant to be read."""


def load_yaml(text: str) -> Any:
    """Return the data of a YAML or JSON text.

    Raises:
        UnsafeYamlError: It is neither, or exceeds a bound. The message does not quote it.
    """
    import yaml

    if len(text) > MOST_BYTES:
        raise UnsafeYamlError(f"has more than {MOST_BYTES >> 20} MB")
    try:
        with suppress(msgspec.MsgspecError):
            # JSON cannot multiply. YAML would take the two halves of an escaped character of JSON for two characters.
            return _not_deep(msgspec.json.decode(text))
        _check_bounds(text)
        _refuse_repeated_keys(text)
        return yaml.safe_load(text)
    except UnsafeYamlError:
        raise
    except yaml.MarkedYAMLError as error:
        place = "" if error.problem_mark is None else f" from line {error.problem_mark.line + 1} on"
        raise UnsafeYamlError(f"is neither YAML nor JSON{place}") from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
        raise UnsafeYamlError("is neither YAML nor JSON") from None


def _check_bounds(text: str) -> None:
    """Read the events of a text, which are as many as its bytes allow, and count what they would become.

    Raises:
        UnsafeYamlError: A bound is exceeded.
    """
    import yaml

    sizes: dict[str, int] = {}
    open_nodes: list[list[Any]] = [["", 0]]
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise UnsafeYamlError("has an alias of a value within itself")
            size = sizes[event.anchor]
        elif isinstance(event, yaml.ScalarEvent):
            size = 1
            sizes[event.anchor or ""] = size
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            open_nodes.append([event.anchor or "", 1])
            sizes.pop(event.anchor or "", None)
            size = 0
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            anchor, size = open_nodes.pop()
            sizes[anchor] = size
        else:
            continue
        open_nodes[-1][1] += size
        if open_nodes[-1][1] > _MOST_NODES:
            raise UnsafeYamlError(f"has more than {_MOST_NODES:,} values, aliases included")
        if len(open_nodes) > _DEEPEST:
            raise UnsafeYamlError(f"is nested more than {_DEEPEST} levels deep")


def _refuse_repeated_keys(text: str) -> None:
    """Refuse a mapping that has a key twice, of which the first would be lost.

    Raises:
        UnsafeYamlError: A key is repeated.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    waiting, seen = [yaml.compose(text, Loader=loader)], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))
        if not isinstance(node, yaml.MappingNode):
            waiting += node.value
            continue
        keys = set[tuple[str, str]]()
        for key, value in node.value:
            waiting.append(value)
            if isinstance(key, yaml.ScalarNode) and (key.tag, key.value) in keys:
                raise UnsafeYamlError(f"has a key a second time on line {key.start_mark.line + 1}")
            keys.add((key.tag, str(key.value)))


def _not_deep(value: Any) -> Any:
    """Return a value of JSON.

    Raises:
        UnsafeYamlError: It is nested too deep.
    """
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return value
    raise UnsafeYamlError(f"is nested more than {_DEEPEST} levels deep")
