"""Parse the status payload of an error or warning, in any form that servers send, without its free text.

The names of its four elements are certain, their position in the JSON is not: known servers send an array under
``statusInfoSet``, a single object, a nested object, other prefixes and other capitalization. So the elements are
searched in the upper levels of the JSON.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple

from oneroster_runtime.specification import Specification

__all__ = [
    "STATUS_KEY",
    "StatusEntry",
    "contradicts",
    "has_code_major",
    "has_code_minor",
    "has_status_form",
    "json_strings",
    "odd_elements",
    "status_entries",
    "status_form",
    "wrong_warning",
]

STATUS_KEY: Final = "statusInfoSet"
MAX_DEPTH: Final = 3
"""Levels of the JSON in which a code major is searched."""
_OF_ONE_CASE: Final = frozenset(
    {"fullsuccess", "unknownobject", "unauthorized", "invalidsortfield", "invalidselectionfield", "invalidfilterfield"}
)
"""Code minors that stand for one case each; `invalid data` may stand for any bad request."""
_TEXTS: Final = frozenset({"codemajor", "severity", "description"})
_IGNORED: Final = str.maketrans("", "", " _")


class StatusEntry(NamedTuple):
    """One entry of the payload: its codes in lower case without spaces and underscores, empty if missing."""

    code_major: str
    severity: str
    code_minor: str


def status_entries(payload: Any, depth: int = MAX_DEPTH) -> list[StatusEntry]:
    """Return the entries of a payload: all objects with a code major."""
    if isinstance(payload, list):
        return [found for item in payload for found in status_entries(item, depth)]
    if not isinstance(payload, dict) or depth == 0:
        return []
    named = {str(name).lower().removeprefix("imsx_"): value for name, value in payload.items()}
    if "codemajor" not in named:
        return [found for value in payload.values() for found in status_entries(value, depth - 1)]
    return [StatusEntry(_word(named["codemajor"]), _word(named.get("severity")), _minor(named.get("codeminor")))]


def odd_elements(payload: Any) -> list[str]:
    """Return the names of code majors, severities and descriptions in the entries of a list that are no text.

    Code minors are left out, because the versions have them in different forms.
    """
    lists = payload.values() if isinstance(payload, dict) else ()
    entries = [entry for found in lists if isinstance(found, list) for entry in found if isinstance(entry, dict)]
    return [
        str(name)
        for entry in entries
        for name, value in entry.items()
        if str(name).lower().removeprefix("imsx_") in _TEXTS and value is not None and not isinstance(value, str)
    ]


def has_status_form(specification: Specification, payload: Any) -> bool:
    """Return whether a payload has the form of a version: a list under its key, or one object."""
    key = specification.status_list
    if not isinstance(payload, dict):
        return False
    return isinstance(payload.get(key), list) if key else any("codemajor" in str(name).lower() for name in payload)


def status_form(specification: Specification) -> str:
    """Return the form of the payload in words, for messages."""
    key = specification.status_list
    return f"an array under '{key}'" if key else "one object with imsx_codeMajor"


def has_code_major(payload: Any) -> bool:
    """Return whether a payload has a code major, in any form and spelling."""
    return bool(status_entries(payload))


def has_code_minor(payload: Any, code_minor: str) -> bool:
    """Return whether an entry of a payload has a code minor, in any spelling."""
    return any(each.code_minor == _word(code_minor) for each in status_entries(payload))


def wrong_warning(payload: Any, code_minor: str) -> str | None:
    """Return which code of a warning differs from success and warning; None if none does, or there is no warning."""
    for each in status_entries(payload):
        if each.code_minor != _word(code_minor):
            continue
        if each.code_major != "success":
            return "codeMajor is not success"
        if each.severity and each.severity != "warning":
            return "severity is not warning"
    return None


def contradicts(said: Iterable[StatusEntry], expected: Collection[str]) -> bool:
    """Return whether entries have code minors of the standard, each that of another case than the expected one.

    A code minor of another vocabulary contradicts nothing, nor does a general one.

    Args:
        said: The entries.
        expected: The expected code minor, in any spelling.
    """
    found = {each.code_minor for each in said} - {""}
    return bool(found) and found <= _OF_ONE_CASE - set(map(_word, expected))


def _word(value: Any) -> str:
    return value.lower().translate(_IGNORED) if isinstance(value, str) else ""


def _minor(value: Any) -> str:
    """Return the code minor; version 1.2 wraps it in a list of fields with a name and a value."""
    if isinstance(value, dict):
        fields = value.get("imsx_codeMinorField")
        first = fields[0] if isinstance(fields, list) and fields else fields
        return _word(first.get("imsx_codeMinorFieldValue")) if isinstance(first, dict) else ""
    return _word(value)


def json_strings(payload: Any) -> Iterator[str]:
    """Yield every string of a JSON document, including the names of members."""
    pending = [payload]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, dict):
            pending += [*value, *value.values()]
