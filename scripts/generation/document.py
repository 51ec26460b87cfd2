"""Read a YAML document: its data, and the line of each part."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, cast

import yaml

from oneroster_runtime.specification.schemas import escape

__all__ = ["Document", "DocumentError", "read"]

# The C loader is ten times as fast, and missing where PyYAML was built without it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAP, _SEQUENCE, _STRING = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:str"
_SCALARS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value")}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


class DocumentError(Exception):
    """The document cannot be used; the message has the place and what to fix.

    Args:
        message: What is wrong.
        pointer: The JSON pointer of the place, "" for the whole document.
        line: The line of the place, counted from 1.
        column: The column, counted from 1; only known for syntax errors.
    """

    def __init__(self, message: str, *, pointer: str = "", line: int | None = None, column: int | None = None) -> None:
        self.message, self.pointer, self.line, self.column = message, pointer, line, column
        super().__init__(message)

    def __str__(self) -> str:
        place = [f"line {self.line}"] if self.line else []
        place += [f"column {self.column}"] if self.column else []
        place += [self.pointer] if self.pointer else []
        return f"{', '.join(place)}: {self.message}" if place else self.message


class Document(NamedTuple):
    """The document as data.

    Args:
        data: The data; mappings keep their order.
        lines: The line, counted from 1, of every JSON pointer in the document.
    """

    data: dict[str, Any]
    lines: dict[str, int]

    def line(self, pointer: str) -> int | None:
        """Return the line of the part at a pointer, or of the nearest part around it."""
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer)

    def error(self, pointer: str, message: str) -> DocumentError:
        """Return an error at a pointer, with its line."""
        return DocumentError(message, pointer=pointer, line=self.line(pointer))


def read(text: str) -> Document:
    """Read a YAML document.

    Scalars follow YAML 1.2 as JSON knows it: only ``true`` and ``false`` are booleans, and a date is a string.

    Raises:
        DocumentError: The syntax is wrong, a mapping has a key twice, or the document is not a mapping.
    """
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        # What is not closed is reported where it begins, not where the reader gave up.
        begins = any(word in (error.context or "") for word in ("flow", "quoted"))
        mark = error.context_mark if begins and error.context_mark else error.problem_mark
        line, column = (None, None) if mark is None else (mark.line + 1, mark.column + 1)
        message = f"this is not YAML: {_said(error)}{_indented(text, line or 1)}"
        raise DocumentError(message, line=line, column=column) from None
    except yaml.YAMLError as error:
        raise DocumentError(f"this is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(root, yaml.MappingNode):
        raise DocumentError("an OpenAPI document is a mapping; found something else", line=1)
    reader = _Reader()
    return Document(cast("dict[str, Any]", reader.value(root, "")), reader.lines)


def _said(error: yaml.MarkedYAMLError) -> str:
    return f"{f'{error.context}, ' if error.context else ''}{error.problem or 'unreadable'}"


def _indented(text: str, number: int) -> str:
    """Return a remark if a line is indented otherwise than the first line of the block that it continues."""
    lines = [(at, line, line.lstrip(" ")) for at, line in enumerate(text.split("\n")[:number], 1)]
    indentations = [(at, len(line) - len(said)) for at, line, said in lines if said and not said.startswith("#")]
    own, first = indentations[-1][1] if indentations else 0, None
    for at, indentation in reversed(indentations):
        if indentation < own:
            remark = f"; the block below line {at} is indented by {first}, and this line by {own}"
            return "" if first == own else remark
        first = indentation
    return ""


class _Reader:
    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self._open: list[yaml.Node] = []

    def value(self, node: yaml.Node, pointer: str) -> object:
        self.lines.setdefault(pointer, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node, pointer)
        if any(node is other for other in self._open):
            raise DocumentError("an alias leads back into itself", pointer=pointer, line=node.start_mark.line + 1)
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
                return self._mapping(node, pointer)
            if isinstance(node, yaml.SequenceNode) and node.tag == _SEQUENCE:
                return [self.value(item, f"{pointer}/{index}") for index, item in enumerate(node.value)]
        finally:
            self._open.pop()
        raise DocumentError(f"the tag {node.tag} is not known here", pointer=pointer, line=node.start_mark.line + 1)

    def _mapping(self, node: yaml.MappingNode, pointer: str) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            mark = key_node.start_mark
            if not isinstance(key_node, yaml.ScalarNode) or key_node.value == "<<":
                message = "a key must be plain text; merge keys are not used here"
                raise DocumentError(message, pointer=pointer, line=mark.line + 1, column=mark.column + 1)
            key = key_node.value
            below = f"{pointer}/{escape(key)}"
            if key in result:
                message = f"the key {key!r} is given twice, first on line {self.lines[below]}"
                raise DocumentError(message, pointer=below, line=mark.line + 1, column=mark.column + 1)
            self.lines[below] = mark.line + 1
            result[key] = self.value(value_node, below)
        return result


def _scalar(node: yaml.ScalarNode, pointer: str) -> object:
    text: str = node.value
    if node.tag not in _SCALARS:
        raise DocumentError(f"the tag {node.tag} is not known here", pointer=pointer, line=node.start_mark.line + 1)
    if node.style or node.tag == _STRING:  # quoted, or plain text
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _NUMBER.match(text) else text
