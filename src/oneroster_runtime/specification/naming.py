"""Python names for the names of a document, the same as those of openapi-python-client."""

import builtins
import re
from functools import cache
from keyword import iskeyword
from typing import Final

__all__ = ["parameter_name", "python_name"]

_DELIMITERS: Final = r"\. _-"
_WORD: Final = re.compile(rf"[^{re.escape(_DELIMITERS)}]+")
_CAPITALISED: Final = re.compile("([A-Z]?[a-z]+)")
_RESERVED: Final = (frozenset(dir(builtins)) | {"self", "true", "false", "datetime"}) - {"id"}
_PREFIX: Final = "field_"


@cache
def python_name(name: str) -> str:
    """Return the Python name of a property, an operation or a model, as in ``sourced_id`` for ``sourcedId``."""
    kept = "".join(each for each in name if each.isidentifier() or each.isdecimal() or each in _DELIMITERS)
    spaced = " ".join(_CAPITALISED.split(kept)) if any(each.isupper() for each in kept) else kept
    snake = "_".join(_WORD.findall(spaced)).lower()
    if snake in _RESERVED or iskeyword(snake):
        snake += "_"
    return snake if snake.isidentifier() and not kept.startswith("_") else f"{_PREFIX}{snake}"


@cache
def parameter_name(name: str) -> str:
    """Return the Python name of a parameter: that of a property, but ``filter`` instead of ``filter_``.

    Only keywords of Python need the underscore; a parameter may have the name of a builtin.
    """
    found = python_name(name)
    return found if iskeyword(found[:-1]) else found.removesuffix("_")
