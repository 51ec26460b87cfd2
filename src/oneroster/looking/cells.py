"""Values of a record as one line of text, for tables and quick CSV."""

import json
from typing import Any

__all__ = ["cell", "printable"]


def cell(value: Any) -> str:
    """A value by wire form as text: a reference as its id, a list joined by commas, an object as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(cell(item) for item in value)
    if isinstance(value, dict):
        return str(value["sourcedId"]) if "sourcedId" in value else json.dumps(value)
    return str(value)


def printable(text: str) -> str:
    """The text with what would move a terminal's cursor, or turn its direction of writing, written out."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )
