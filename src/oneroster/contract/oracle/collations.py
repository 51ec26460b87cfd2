"""The collations by which servers are known to order text; the standard does not specify one."""

import unicodedata
from collections.abc import Callable
from typing import Final

__all__ = ["COLLATIONS", "certainly_after", "fold_text"]


def fold_text(text: str) -> str:
    """Return a text without case, accents and surrounding spaces, as many databases compare it."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).strip()


def _letters(text: str) -> str:
    """Return letters and digits only: dictionary order ignores all other characters."""
    return "".join(letter for letter in fold_text(text) if letter.isalnum())


def _code_points(text: str) -> str:
    return text


COLLATIONS: Final[tuple[Callable[[str], str], ...]] = (_code_points, str.casefold, fold_text, _letters)
"""Sort keys: code points (OneRoster 1.2), without case, without case and accents, dictionary order."""


def certainly_after(one: str, other: str) -> bool:
    """Return whether the first text sorts after the second in every collation."""
    return all(key(one) > key(other) for key in COLLATIONS)
