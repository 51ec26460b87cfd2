"""The status payload of an answer, found in whatever shape a server gives it.

Its shape is uncertain, so rules about what it says do not depend on how it is built.
"""

from collections.abc import Iterator
from typing import Any, Final

from oneroster.contract.reading import Reading

__all__ = ["says", "speaks"]

_MOST_DEPTH: Final = 6


def speaks(payload: Any) -> bool:
    """Whether anywhere in a payload there is a member that carries a code of the standard's error reporting."""
    return any("codeminor" in _plain(name) for name, _ in _members(payload))


def says(reading: Reading, code_minor: str) -> bool:
    """Whether the status payload of an answer, beside its data, carries a minor code.

    Codes are compared without blanks, underscores and case, since servers do not agree on them.
    """
    payload = reading.exchange.json
    if not isinstance(payload, dict):
        return False
    beside = {name: value for name, value in payload.items() if name != reading.operation.wrapper}
    return any(isinstance(text, str) and _plain(text) == _plain(code_minor) for _, text in _members(beside))


def _members(value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    if depth > _MOST_DEPTH:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name), inner
            yield from _members(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _members(inner, depth + 1)


def _plain(text: str) -> str:
    return text.replace("_", "").replace(" ", "").casefold()
