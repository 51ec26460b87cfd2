"""The status payload of a response: what a server reports about a request, beside data or instead of it.

OneRoster 1.1 has an array of flat objects, 1.2 one object with nested minor codes, and servers have further forms. All
are read into one type, so that callers need not know the version.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from oneroster_runtime import tolerant_decoding
from oneroster_runtime.fields import Field
from oneroster_runtime.records import Record

__all__ = ["StatusInfo", "is_status_key", "known_codes", "parse_status_info"]

_LIST_KEYS: Final = frozenset({"statusinfoset", "statusinfo", "errors", "warnings"})


class StatusInfo(Record):
    """One entry of a status payload.

    Attributes:
        imsx_code_major: ``success``, ``processing``, ``failure`` or ``unsupported``.
        imsx_severity: ``status``, ``warning`` or ``error``.
        imsx_message_ref_identifier: An id of the message.
        imsx_operation_ref_identifier: The operation that the server names.
        imsx_description: Text for people; it may repeat parts of the request.
        imsx_code_minor: The code; the first one where version 1.2 lists several.
        additional_properties: The properties that the standard does not have, by wire name.
    """

    __slots__ = (
        "imsx_code_major",
        "imsx_code_minor",
        "imsx_description",
        "imsx_message_ref_identifier",
        "imsx_operation_ref_identifier",
        "imsx_severity",
    )

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("imsx_codeMajor", "imsx_code_major", "enumeration", required=True),
        Field("imsx_severity", "imsx_severity", "enumeration", required=True),
        Field("imsx_messageRefIdentifier", "imsx_message_ref_identifier", "string"),
        Field("imsx_operationRefIdentifier", "imsx_operation_ref_identifier", "string"),
        # Servers repeat values of the request in it.
        Field("imsx_description", "imsx_description", "string", personal=True),
        Field("imsx_codeMinor", "imsx_code_minor", "enumeration"),
    )
    BY_ATTRIBUTE: ClassVar[dict[str, Field]] = {field.attribute: field for field in FIELDS}

    imsx_code_major: str
    imsx_severity: str
    imsx_message_ref_identifier: str | None
    imsx_operation_ref_identifier: str | None
    imsx_description: str | None
    imsx_code_minor: str | None

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> "StatusInfo":
        """Read an entry in the 1.1 form, tolerantly."""
        copy = tolerant_decoding.copied_object(cls.__name__, source)
        entry = cls()
        for field in cls.FIELDS:
            value = copy.get(field.name)
            if value is not None:
                tolerant_decoding.read_tolerantly(entry, field, value)
            elif not field.required:
                setattr(entry, field.attribute, None)
        tolerant_decoding.keep_additional(entry, copy, _NAMES)
        return entry


_NAMES: Final = frozenset(field.name for field in StatusInfo.FIELDS)


def parse_status_info(body: object) -> list[StatusInfo]:
    """Return the entries of a status payload in any known form.

    These are the array of version 1.1, the object of version 1.2, objects under ``imsx_StatusInfo``, ``errors`` or
    ``warnings``, names without prefix or in another case, and an OAuth error.

    Args:
        body: The JSON data of a response.
    """
    if not isinstance(body, dict):
        return []
    found = [
        entry
        for name, value in body.items()
        if _bare(name) in _LIST_KEYS
        for item in (value if isinstance(value, list) else [value])
        if (entry := _entry(item, "warning" if name == "warnings" else "error"))
    ]
    if found:
        return found
    if isinstance(body.get("error"), str):
        body = {"codeMajor": "failure", "codeMinor": body["error"], "description": body.get("error_description")}
    entry = _entry(body, "error") if "codemajor" in map(_bare, body) else None
    return [entry] if entry else []


def is_status_key(name: str) -> bool:
    """Return whether a key of a response body belongs to a status payload."""
    return _bare(name) in _LIST_KEYS or _bare(name) in _DOCUMENTED


def known_codes(entries: Iterable[StatusInfo], vocabulary: Iterable[str]) -> Iterator[str]:
    """Yield the minor codes that a vocabulary lists, in the spelling of the vocabulary.

    Other codes are left out: a server may repeat values of the request in them, and these may be a child's.
    """
    known = {_spelling(code): str(code) for code in vocabulary}
    for entry in entries:
        code = known.get(_spelling(entry.to_dict().get("imsx_codeMinor", "")))
        if code:
            yield code


def _spelling(code: object) -> str:
    return str(code).replace("_", "").replace(" ", "").lower()


def _bare(name: object) -> str:
    return str(name).removeprefix("imsx_").replace("_", "").lower()


_DOCUMENTED: Final[Mapping[str, str]] = MappingProxyType({_bare(field.name): field.name for field in StatusInfo.FIELDS})


def _entry(item: object, severity: str) -> StatusInfo | None:
    if not isinstance(item, dict):
        return None
    source = {_DOCUMENTED.get(_bare(name), str(name)): value for name, value in item.items()}
    severity_name, minor_name = _DOCUMENTED["severity"], _DOCUMENTED["codeminor"]
    source.setdefault(severity_name, severity)
    if isinstance(source.get(minor_name), dict):
        source[minor_name] = _first_minor_code(source[minor_name])
    return StatusInfo.from_dict(source)


def _first_minor_code(minor: dict[str, Any]) -> object:
    """Return the first value of the list of minor codes of version 1.2."""
    fields = next((value for value in minor.values() if isinstance(value, (list, dict))), None)
    first = fields[0] if isinstance(fields, list) and fields else fields
    if not isinstance(first, dict):
        return None
    return next((value for name, value in first.items() if name.lower().endswith("value")), None)
