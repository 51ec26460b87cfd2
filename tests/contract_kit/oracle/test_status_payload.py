"""Status payloads are parsed in every form that servers send."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.contract.oracle.status_payload_parser import StatusEntry, has_code_major, json_strings, status_entries

UNKNOWN = StatusEntry("failure", "error", "unknownobject")
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
PLAIN = {"imsx_codeMajor": "failure", "imsx_severity": "error"}
FIELDS = [{"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": "unknownobject"}]


@pytest.mark.parametrize(
    "payload",
    [
        {"statusInfoSet": [{**PLAIN, "imsx_codeMinor": "unknown object"}]},
        {**PLAIN, "imsx_CodeMinor": {"imsx_codeMinorField": FIELDS}},
        {**PLAIN, "imsx_codeMinor": "unknown_object"},
        {"imsx_StatusInfo": {**PLAIN, "imsx_codeMinor": "unknownobject"}},
        {"errors": [{"codeMajor": "failure", "severity": "error", "codeMinor": "unknown object"}]},
        {"CodeMajor": "Failure", "Severity": "Error", "CodeMinor": "Unknown Object"},
        [{**PLAIN, "imsx_codeMinor": "unknown object"}],
    ],
)
def test_codes_are_found_in_every_known_form(payload: Any) -> None:
    assert status_entries(payload) == [UNKNOWN]
    assert has_code_major(payload)


@pytest.mark.parametrize(
    "payload", [None, "failure", [], {}, {"message": "not found"}, {"a": {"b": {"c": {"d": PLAIN}}}}]
)
def test_a_payload_without_code_major_has_no_entries(payload: Any) -> None:
    assert status_entries(payload) == []


@given(JSON_VALUES)
def test_any_json_can_be_parsed(payload: Any) -> None:
    for each in status_entries({"imsx_codeMajor": payload, "imsx_codeMinor": payload, "more": payload}):
        assert all(isinstance(word, str) for word in each)


@given(st.lists(st.text(min_size=1, max_size=5), max_size=5))
def test_all_strings_of_a_payload_are_found(words: list[str]) -> None:
    nested: Any = []
    for word in words:
        nested = [word, {"k": nested}]
    assert sorted(set(json_strings(nested)) - {"k"}) == sorted(set(words) - {"k"})
