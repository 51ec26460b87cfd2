"""The status payload in the form of a version of the standard.

The sandbox reports problems in the flat entries of 1.1, and a list of them. A version whose payload is one object with
nested minor codes gets that object, and no warnings beside data (clause 3.5 of 1.2 [A]).
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

from oneroster.sandbox.http.responses import Reply
from oneroster.standard import Standard

__all__ = ["in_form_of", "without_minor_codes"]

_SET: Final = "statusInfoSet"
_MINOR: Final = "imsx_CodeMinor"
_FIELD_NAME: Final = "TargetEndSystem"
_OTHER_WORDS: Final = {"unauthorized": "unauthorisedrequest", "invalidblankselectionfield": "invalidselectionfield"}
"""Codes of 1.1 that have another word in 1.2."""
_DEFAULT: Final = "invaliddata"


def in_form_of(standard: Standard, reply: Reply) -> Reply:
    """Return a reply whose status payload, if it has one, has the form of a version."""
    body = reply.body
    if not isinstance(body, dict) or _SET not in body or not _is_nested(standard):
        return reply
    entries = body[_SET]
    others = {name: value for name, value in body.items() if name != _SET}
    if reply.status < 400 or not isinstance(entries, list) or not all(isinstance(each, Mapping) for each in entries):
        return replace(reply, body=others)
    return replace(reply, body=others | _nested(standard, entries))


def without_minor_codes(reply: Reply) -> Reply:
    """Return a reply whose status object has no minor codes, which are optional."""
    if not isinstance(reply.body, dict) or _MINOR not in reply.body:
        return reply
    return replace(reply, body={name: value for name, value in reply.body.items() if name != _MINOR})


@cache
def _is_nested(standard: Standard) -> bool:
    document = standard.document()
    payload = document.get("x-oneroster-status", {}).get("payload", "")
    return _SET not in document["components"]["schemas"].get(payload, {}).get("properties", {_SET: None})


@cache
def _codes(standard: Standard) -> dict[str, str]:
    name = standard.document()["x-oneroster-status"]["codes"]
    return {_spelling(code): code for code in standard.specification.enumerations[name]}


def _nested(standard: Standard, entries: list[Mapping[str, Any]]) -> dict[str, Any]:
    failed = [entry for entry in entries if entry.get("imsx_codeMajor") != "success"] or entries
    first, codes = failed[0], _codes(standard)
    fields = []
    for entry in failed:
        word = _spelling(str(entry.get("imsx_codeMinor", "")))
        code = codes.get(_OTHER_WORDS.get(word, word), _DEFAULT)
        fields.append({"imsx_codeMinorFieldName": _FIELD_NAME, "imsx_codeMinorFieldValue": code})
    kept = ("imsx_codeMajor", "imsx_severity", "imsx_description")
    found: dict[str, Any] = {name: first[name] for name in kept if name in first}
    return found | {_MINOR: {"imsx_codeMinorField": fields}}


def _spelling(code: str) -> str:
    return code.replace("_", "").replace(" ", "").lower()
