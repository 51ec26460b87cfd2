"""What a status payload says, in any shape in which servers send it, without its free text.

The names of the four elements are certain, their place in the JSON is not: an array under ``statusInfoSet``, a single
object, an object around it, other prefixes and capitals were all seen. So they are looked for anywhere near the top.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

__all__ = ["STATUS_KEY", "Statement", "carries_code", "says_minor", "statements", "strings"]

STATUS_KEY: Final = "statusInfoSet"
DEPTH: Final = 3
"""Levels of the JSON at which a code major is looked for."""
_IGNORED: Final = str.maketrans("", "", " _")


class Statement(NamedTuple):
    """One entry of the payload: its codes in lower case without blanks and underscores; empty where there is none."""

    code_major: str
    severity: str
    code_minor: str


def statements(payload: Any, depth: int = DEPTH) -> list[Statement]:
    """The entries of a payload: whatever object has a code major."""
    if isinstance(payload, list):
        return [found for item in payload for found in statements(item, depth)]
    if not isinstance(payload, dict) or depth == 0:
        return []
    named = {str(name).lower().removeprefix("imsx_"): value for name, value in payload.items()}
    if "codemajor" not in named:
        return [found for value in payload.values() for found in statements(value, depth - 1)]
    return [Statement(_word(named["codemajor"]), _word(named.get("severity")), _minor(named.get("codeminor")))]


def carries_code(payload: Any) -> bool:
    """Whether a code major stands anywhere near the top of a payload, whatever its shape and spelling."""
    return bool(statements(payload))


def says_minor(payload: Any, code_minor: str) -> bool:
    """Whether an entry of a payload has this minor code, in any spelling."""
    return any(each.code_minor == _word(code_minor) for each in statements(payload))


def _word(value: Any) -> str:
    return value.lower().translate(_IGNORED) if isinstance(value, str) else ""


def _minor(value: Any) -> str:
    """The code minor; later versions wrap it into a list of fields, each with a name and a value."""
    if isinstance(value, dict):
        fields = value.get("imsx_codeMinorField")
        first = fields[0] if isinstance(fields, list) and fields else fields
        return _word(first.get("imsx_codeMinorFieldValue")) if isinstance(first, dict) else ""
    return _word(value)


def strings(payload: Any) -> Iterator[str]:
    """Every string of a JSON document, names of members included."""
    waiting = [payload]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
