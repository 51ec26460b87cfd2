"""Answers unwrapped strictly, with words for what is in the place of the data."""

import httpx
import pytest

from oneroster.contract.dialects.dialect import document_words
from oneroster.contract.http.exchange import UNREADABLE, Exchange, encoded_path, encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse, identity
from oneroster.standard import Standard

SPECIFICATION = Standard.of("1.1").specification


def reading(body: bytes, operation_id: str = "getAllStudents", status: int = 200, **headers: str) -> ParsedResponse:
    pairs = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    fields = httpx.Headers(pairs)
    url = "https://sis.example/v1p1/students?limit=2"
    exchange = Exchange("GET", "/students?limit=2", url, status, fields, body)
    return ParsedResponse(SPECIFICATION.operations[operation_id], {}, {}, exchange, document_words(SPECIFICATION))


def test_records_are_found_under_the_documented_key() -> None:
    page = reading(b'{"users": [{"sourcedId": "u-1"}, {"sourcedId": 2}]}')
    assert page.problem is None
    assert page.ids == ["u-1", None]
    single = reading(b'{"user": {"sourcedId": "u-1"}}', "getStudent")
    assert single.rows == [{"sourcedId": "u-1"}]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "the body is not JSON"),
        (b"", "the body is not JSON"),
        (b'{"users": NaN}', "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"\xff\xfe", "the body is not JSON"),
        (b"[]", "the body is an array, not an object with the key 'users'"),
        (b"12", "the body is a number, not an object with the key 'users'"),
        (b'{"students": []}', "the key 'users' is missing; there is 'students'"),
        (b'{"Kim Lund": [], "students": []}', "the key 'users' is missing; there is 'students' and 1 other"),
        (b'{"Kim Lund": []}', "the key 'users' is missing; there is no key of the document and 1 other"),
        (b'{"users": null}', "the key 'users' holds null, not an array"),
        (b'{"users": {}}', "the key 'users' holds an object, not an array"),
        (b'{"users": ["Kim Lund"]}', "the array 'users' holds items that are not objects, but a string"),
    ],
)
def test_what_stands_elsewhere_is_told_without_its_values(body: bytes, said: str) -> None:
    page = reading(body)
    assert page.envelope_problem == said
    assert page.rows == []


def test_data_in_their_place_are_read_with_any_status_of_success() -> None:
    assert reading(b'{"users": [{"sourcedId": "u-1"}]}', status=206).ids == ["u-1"]
    assert reading(b'[{"sourcedId": "u-1"}]', status=206).problem == "HTTP 206 instead of 200"


@pytest.mark.parametrize("status", [199, 300, 404, 500])
def test_another_status_is_a_problem_whatever_the_body(status: int) -> None:
    assert reading(b'{"users": []}', status=status).problem == f"HTTP {status} instead of 200"


def test_a_single_read_holds_an_object() -> None:
    assert reading(b'{"user": []}', "getStudent").problem == "the key 'user' holds an array, not an object"


@pytest.mark.parametrize(
    ("body", "operation_id"),
    [
        (b'{"students": [{"sourcedId": "u-1"}]}', "getAllStudents"),
        (b'[{"sourcedId": "u-1"}]', "getAllStudents"),
        (b'{"users": {"sourcedId": "u-1"}}', "getAllStudents"),
        (b'{"data": {"users": [{"sourcedId": "u-1"}]}}', "getAllStudents"),
        (b'{"users": [{"sourcedId": "u-1"}, "u-2"]}', "getAllStudents"),
        (b'{"errors": [{"code": 1}], "items": [{"sourcedId": "u-1"}]}', "getAllStudents"),
        (b'{"sourcedId": "u-1", "orgs": [{"sourcedId": "o-1"}]}', "getStudent"),
        (b'{"user": [{"sourcedId": "u-1"}]}', "getStudent"),
        (b'{"users": [{"sourcedId": "u-1"}]}', "getStudent"),
        (b'[{"sourcedId": "u-1"}]', "getStudent"),
    ],
)
def test_a7_records_in_a_wrong_envelope_are_read_from_where_they_are(body: bytes, operation_id: str) -> None:
    found = reading(body, operation_id)
    assert found.envelope_problem is not None
    assert found.problem is None
    assert found.ids == ["u-1"]


def test_a14_null_in_place_of_an_array_is_called_null_and_read_as_no_rows() -> None:
    page = reading(b'{"users": null}')
    assert page.envelope_problem == "the key 'users' holds null, not an array"
    assert (page.problem, page.rows) == (None, [])


@pytest.mark.parametrize(
    "body", [b'{"a": [{"sourcedId": "1"}], "b": [{"sourcedId": "2"}]}', b'{"errors": [{"code": 1}]}']
)
def test_records_are_not_guessed(body: bytes) -> None:
    assert reading(body).problem is not None


@pytest.mark.parametrize(
    ("sent", "total"), [("12", 12), (" 12 ", 12), ("", None), ("many", None), ("-1", None), ("1.0", None), ("²", None)]
)
def test_the_total_is_a_whole_number_or_none(sent: str, total: int | None) -> None:
    assert reading(b'{"users": []}', X_Total_Count=sent).total == total


@pytest.mark.parametrize(
    ("header", "link"),
    [
        ('</students?offset=2>; rel="next"', "/students?offset=2"),
        ('<https://a/x,y>; rel="last", <https://a/z>; rel="next"', "https://a/z"),
        ('<https://a/z>; rel="last"', None),
        ("nonsense", None),
        ('</caf\u00e9?offset=2>; rel="next"', "/caf\u00e9?offset=2"),
    ],
)
def test_the_next_link_is_found_in_the_header(header: str, link: str | None) -> None:
    assert reading(b'{"users": []}', Link=header).next_link == link


def test_no_header_no_link() -> None:
    assert reading(b'{"users": []}').next_link is None


def test_an_id_that_is_no_text_identifies_nothing() -> None:
    assert identity({"sourcedId": 5}) is None
    assert identity({"sourcedId": ""}) is None


def test_ids_go_into_the_path_as_one_segment() -> None:
    assert encoded_path("/schools/{id}/courses", {"id": "a/b|c d%2F"}) == "/schools/a%2Fb%7Cc%20d%252F/courses"
    assert encoded_query({"filter": "a='b c'", "limit": 2}) == "filter=a%3D%27b%20c%27&limit=2"


def test_null_is_json_and_no_json_is_told_apart_from_it() -> None:
    assert reading(b"null").exchange.json is None
    assert reading(b"nul").exchange.json is UNREADABLE
    assert repr(UNREADABLE) == "UNREADABLE"
