"""The status payload: the forms of version 1.2 and the codes that messages may repeat."""

import copy
import pickle

import pytest

from oneroster_runtime.errors import MissingFieldError
from oneroster_runtime.status import known_codes, parse_status_info

FIELDS = [
    {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": "unknownobject"},
    {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": "forbidden"},
]
OBJECT = {
    "imsx_codeMajor": "failure",
    "imsx_severity": "error",
    "imsx_description": "No class c-99.",
    "imsx_CodeMinor": {"imsx_codeMinorField": FIELDS},
}


def test_the_object_of_version_1p2_is_read_as_an_entry() -> None:
    (entry,) = parse_status_info(OBJECT)
    assert (entry.imsx_code_major, entry.imsx_severity, entry.imsx_code_minor) == ("failure", "error", "unknownobject")
    assert entry.imsx_description == "No class c-99."
    assert "No class" not in repr(entry)


def test_entries_are_records() -> None:
    (entry,) = parse_status_info({"errors": [{"sort": "text"}]})
    assert entry.additional_properties == {"sort": "text"}
    assert entry.imsx_code_minor is None
    with pytest.raises(MissingFieldError, match="imsx_codeMajor"):
        _ = entry.imsx_code_major
    for other in (copy.deepcopy(entry), pickle.loads(pickle.dumps(entry))):  # noqa: S301 - our own
        assert other == entry


@pytest.mark.parametrize(
    ("code", "expected"), [("Unknown_Object", ["unknown object"]), ("Erika Example", []), (None, []), (7, [])]
)
def test_only_codes_of_the_vocabulary_are_repeated(code: object, expected: list[str]) -> None:
    entries = parse_status_info({"imsx_codeMajor": "failure", "imsx_codeMinor": code})
    assert list(known_codes(entries, ["unknown object", "forbidden"])) == expected
    assert list(known_codes(entries, ())) == []
