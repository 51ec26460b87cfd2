"""What an error says: read in every shape that servers send, and searched for what it should not let out."""

from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.contract.http.exchange import Exchange
from oneroster.contract.oracle.error_leaks import betrayed, texts
from oneroster.contract.oracle.personal_data import given_away, traits
from oneroster.contract.oracle.status_payload import Statement, carries_code, statements, strings

UNKNOWN = Statement("failure", "error", "unknownobject")
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
PLAIN = {"imsx_codeMajor": "failure", "imsx_severity": "error"}
FIELDS = [{"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": "unknownobject"}]


def answered(body: bytes) -> Exchange:
    return Exchange("GET", "/orgs/x", "https://sis.example/orgs/x", 404, httpx.Headers(), body)


def said(text: str) -> Exchange:
    return answered(msgspec.json.encode({"statusInfoSet": [{"imsx_description": text}]}))


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
def test_codes_are_found_in_every_known_shape(payload: Any) -> None:
    assert statements(payload) == [UNKNOWN]
    assert carries_code(payload)


@pytest.mark.parametrize(
    "payload", [None, "failure", [], {}, {"message": "not found"}, {"a": {"b": {"c": {"d": PLAIN}}}}]
)
def test_what_has_no_code_major_says_nothing(payload: Any) -> None:
    assert statements(payload) == []


@given(JSON_VALUES)
def test_no_payload_is_too_strange_to_be_read(payload: Any) -> None:
    for each in statements({"imsx_codeMajor": payload, "imsx_codeMinor": payload, "more": payload}):
        assert all(isinstance(word, str) for word in each)


@given(st.lists(st.text(min_size=1, max_size=5), max_size=5))
def test_every_string_of_a_payload_is_looked_at(words: list[str]) -> None:
    nested: Any = []
    for word in words:
        nested = [word, {"k": nested}]
    assert sorted(set(strings(nested)) - {"k"}) == sorted(set(words) - {"k"})


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a stack trace", 'Traceback (most recent call last):\n  File "x.py", line 3'),
        ("a stack trace", "java.lang.NullPointerException\n\tat com.sis.roster.Orgs.find(Orgs.java:88)"),
        ("a stack trace", "TypeError\n    at find (/srv/orgs.js:88:12)\n    at /srv/app.js:1:1"),
        ("a stack trace", "   at Sis.Roster.Orgs.Find(String id) in C:\\sis\\Orgs.cs:line 88"),
        ("a stack trace", "#0 /srv/orgs.php(88): find()"),
        ("a stack trace", "goroutine 12 [running]:"),
        ("SQL", "SELECT * FROM orgs WHERE id = 'x'"),
        ("SQL", "SQLSTATE[42000]"),
        ("SQL", "ORA-00942: table or view does not exist"),
        ("SQL", 'syntax error at or near "x"'),
        ("markup", "<h1>Not Found</h1>"),
        ("markup", '<p class="error">'),
    ],
)
def test_what_is_nobody_s_business_is_told_by_its_kind(kind: str, text: str) -> None:
    assert betrayed(said(text)) == [kind]
    assert kind in betrayed(answered(text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        "no org has this sourcedId",
        "limit: must be a whole number from 1",
        "select a role from the list",
        "value < 3 or > 5",
        "<sourcedId> is unknown",
        "update your client and set a limit",
        "at least one field (see the documentation)",
    ],
)
def test_a_plain_description_lets_out_nothing(text: str) -> None:
    assert betrayed(said(text)) == []


def test_a_body_that_is_no_json_is_one_text() -> None:
    assert list(texts(answered(b"\xff nothing"))) == ["\ufffd nothing"]


USER = {
    "sourcedId": "u-1",
    "username": "mia2042",
    "givenName": "Mia",
    "familyName": "Sample",
    "email": "mia.sample@school.example",
    "phone": "(555) 0142",
    "userIds": [{"type": "LDAP", "identifier": "cn=204211"}],
    "grades": ["05"],
}


def test_a_person_is_known_by_what_is_long_and_by_the_full_name() -> None:
    assert {trait.field for trait in traits("User", USER)} == {
        "username",
        "email",
        "phone",
        "userIds",
        "givenName and familyName",
    }


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("MIA2042 is locked", ["username"]),
        ("cannot show Sample, Mia", ["givenName and familyName"]),
        ("see mia.sample@school.example.", ["email", "givenName and familyName"]),
        ("no user cn=204211", ["userIds"]),
        ("Mia is not enough", []),
        ("a Sample of Miami", []),
        ("xmia2042", []),
    ],
)
def test_a_text_gives_away_whole_words_only(text: str, fields: list[str]) -> None:
    assert given_away("User", USER, text) == fields


def test_what_is_part_of_the_id_may_be_told() -> None:
    record = USER | {"sourcedId": "mia.sample@school.example"}
    assert "email" not in {trait.field for trait in traits("User", record)}


def test_no_value_of_a_kind_that_is_none_is_taken() -> None:
    assert traits("User", {"username": 5, "userIds": [None, {"identifier": 7}], "email": None}) == []
