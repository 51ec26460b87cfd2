"""The orders in which servers are known to put text; the standard, as far as it is known, names none for certain."""

import unicodedata
from collections.abc import Callable
from typing import Final

__all__ = ["COLLATIONS", "certainly_after", "loosely"]


def loosely(text: str) -> str:
    """The text without case, accents and surrounding blanks, as many databases compare it."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).strip()


def _letters(text: str) -> str:
    """Letters and digits alone: dictionaries pass over everything else."""
    return "".join(letter for letter in loosely(text) if letter.isalnum())


def _in_code_points(text: str) -> str:
    return text


COLLATIONS: Final[tuple[Callable[[str], str], ...]] = (_in_code_points, str.casefold, loosely, _letters)
"""Code points, which version 1.2 names; without case; without accents; dictionaries."""


def certainly_after(one: str, other: str) -> bool:
    """Whether the first text stands behind the second in every one of these orders."""
    return all(key(one) > key(other) for key in COLLATIONS)
