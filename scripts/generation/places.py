"""Where in the text of a YAML document a value stands."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

Path = tuple[str | int, ...]
# The reader in C is ten times as fast, and missing where PyYAML was built without it.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Places:
    """Lines of a YAML document by the path of keys and indices that leads there."""

    def __init__(self, text: str) -> None:
        """Read `text`; raises yaml.YAMLError with a mark when it is not YAML."""
        self._root = yaml.compose(text, Loader=LOADER)

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line, from 1, of the value at `path`, or of the nearest value above it that exists."""
        node, line = self._root, 1
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            node, line = found
        return line

    def repeated_keys(self) -> Iterator[tuple[Path, int]]:
        """Yield path and line of every key that its mapping has already; YAML readers silently keep the last."""
        yield from _repeated(self._root, ())


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        value = node.value[step]
        return value, value.start_mark.line + 1
    return None


def _repeated(node: yaml.Node | None, path: Path) -> Iterator[tuple[Path, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            here = (*path, key.value)
            if key.value in seen:
                yield here, key.start_mark.line + 1
            seen.add(key.value)
            yield from _repeated(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _repeated(value, (*path, index))


def pointer(path: Sequence[str | int]) -> str:
    """Return `path` as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
