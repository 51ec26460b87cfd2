"""Docstrings as the documentation site needs them: Markdown, which has no colons before an indented block of code."""

import re
from typing import Final

import griffe

__all__ = ["Docstrings", "without_colons"]

_CODE_FOLLOWS: Final = re.compile(r"^([ \t]*)(.*?)::[ \t]*$", re.MULTILINE)


def without_colons(docstring: str) -> str:
    """Return a docstring with one colon or none before a block of code, in place of two."""
    return _CODE_FOLLOWS.sub(lambda found: f"{found[1]}{found[2]}:" if found[2] else "", docstring)


class Docstrings(griffe.Extension):
    """Prepares all docstrings for the generator of the site."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Change the docstring of an object that was just loaded."""
        if obj.docstring is not None:
            obj.docstring.value = without_colons(obj.docstring.value)
