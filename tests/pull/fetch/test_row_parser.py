"""Pages as they come: what keeps to the document is read fast, what does not is read all the same, field by field."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pyarrow as pa
import pytest

from oneroster.errors import DecodeError
from oneroster.pull.fetch.arrow_batches import Batcher
from oneroster.pull.fetch.row_parser import RowsCall, RowsPage
from oneroster.pull.roster.columns import reference_column, schema_of
from oneroster.pull.roster.rejects import EMPTY_REFERENCE, MISSING
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from oneroster.transport.bounded_response import RawResponse
from oneroster_v1p1 import specification
from oneroster_v1p1.errors import StatusError
from tests.pull.pulling import ELEMENTS_OF_ALL

ELEMENTS = specification().elements
OPERATIONS = specification().operations

STANDARD = Standard.of()
BASE_URL = "https://sis.example/ims/oneroster/v1p1"
HEADERS = {"X-Total-Count": "7", "Content-Type": "application/json; charset=utf-8"}
USER = {
    "sourcedId": "u1",
    "status": "active",
    "dateLastModified": "2026-01-31T06:00:00.000Z",
    "username": "kim",
    "enabledUser": "true",
    "givenName": "Kim",
    "familyName": "Lund",
    "role": "student",
    "orgs": [{"href": f"{BASE_URL}/orgs/o1", "sourcedId": "o1", "type": "org"}],
}


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox("small", 3) as tenant:
        yield tenant


def call_of(element: str) -> RowsCall:
    return RowsCall(STANDARD, ELEMENTS[element].collection or "", {}, BASE_URL)


def read(call: RowsCall, body: Any, status: int = 200) -> RowsPage:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return call.read_rows(RawResponse(status, httpx.Headers(HEADERS), content, f"{BASE_URL}/users"))


def batcher_of(element: str) -> Batcher:
    return Batcher(STANDARD, schema_of(STANDARD.specification, element))


def batch_of(call: RowsCall, body: Any) -> pa.RecordBatch:
    page = read(call, body)
    return batcher_of(call.element).batch([row for row in page.rows if row is not None])


def users(*changed: dict[str, Any]) -> dict[str, Any]:
    return {"users": [{**USER, **fields} for fields in changed]}


@pytest.mark.parametrize("element", ELEMENTS_OF_ALL)
def test_both_ways_of_reading_give_the_same_columns(tenant: Sandbox, element: str) -> None:
    operation = OPERATIONS[ELEMENTS[element].collection or ""]
    headers = {"Authorization": f"Bearer {tenant.token}"}
    records = httpx.get(f"{tenant.base_url}{operation.path}?limit=1000", headers=headers).json()[operation.wrapper]
    wrapper = operation.wrapper or ""
    strict = batch_of(call_of(element), {wrapper: records})
    assert strict.num_rows == len(records) > 0
    # Under a name that only the tolerant way understands, and beside a record that only it can read.
    assert batch_of(call_of(element), {"stuff": records}).equals(strict)
    assert batch_of(call_of(element), {wrapper: [*records, "odd"]}).equals(strict)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (204, b""),
        (204, b"  "),
        *((200, body) for body in (b"[]", b'{"users": null}', b'{"users": []}', b"\xef\xbb\xbf[]")),
    ],
)
def test_a_page_may_be_empty_in_many_ways(status: int, body: bytes) -> None:
    page = read(call_of("User"), body, status)
    assert page.rows == []
    assert page.info.total == 7


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"7",
        b'{"a": [], "b": []}',
        b'{"users": "none"}',
        '{"users": [{"sourcedId": "u1", "givenName": "Zoë"}]}'.encode("latin-1"),
        b'{"users": [{"sourcedId": "u1", "extra": 1' + b"0" * 5000 + b"}]}",
    ],
)
def test_what_is_no_page_names_the_operation(body: bytes) -> None:
    with pytest.raises(DecodeError, match=r"getAllUsers \(HTTP 200, declared as application/json\)"):
        read(call_of("User"), body)
    with pytest.raises(StatusError):
        read(call_of("User"), body, 500)


def test_a_record_without_an_id_costs_only_itself() -> None:
    page = read(call_of("User"), {"users": [USER, None, 7, {}, {**USER, "sourcedId": ""}, {**USER, "sourcedId": "u2"}]})
    assert page.info.ids == ["u1", None, None, None, None, "u2"]
    assert {index: [one.kept for one in found] for index, found in page.flaws.items()} == {
        1: [False], 2: [False], 3: [False], 4: [False]
    }  # fmt: skip
    assert "u1" not in repr(page)


def test_what_is_missing_or_unreadable_is_told_by_field_and_the_rest_is_kept() -> None:
    odd = {
        "familyName": None,
        "enabledUser": "perhaps",
        "dateLastModified": "soon",
        "orgs": [{"sourcedId": "o1"}, {"href": "nowhere"}, {"sourcedId": ""}, 7],
        "userIds": [{"type": "LDAP"}, {"identifier": "x"}],
        "role": "pupil",
        "metadata": "none",
    }
    call = call_of("User")
    page = read(call, users(odd))
    (row,) = batcher_of("User").batch(page.rows).to_pylist()
    assert {(one.field, one.reason) for one in page.flaws[0]} == {
        ("familyName", "missing"),
        ("enabledUser", "unreadable"),
        ("dateLastModified", "unreadable"),
        ("orgs", "unreadable"),
        ("orgs", EMPTY_REFERENCE),
        ("metadata", "unreadable"),
    }
    assert all(one.kept and one.sourced_id == "u1" and one.collection == "users" for one in page.flaws[0])
    assert row["familyName"] is row["enabledUser"] is row["dateLastModified"] is row["metadata"] is None
    assert row["role"] == "pupil"
    assert row["userIds"] == [{"type": "LDAP", "identifier": None}, {"type": None, "identifier": "x"}]


@pytest.mark.parametrize("came", [{}, [], {"sourcedId": ""}, {"href": None, "sourcedId": None, "type": "org"}], ids=str)
@pytest.mark.parametrize("element", ELEMENTS_OF_ALL)
def test_b10_an_empty_reference_is_none_and_counted_at_every_place(element: str, came: Any) -> None:
    references = [one for one in ELEMENTS[element].properties.values() if one.kind in ("reference", "references")]
    wrapper = OPERATIONS[ELEMENTS[element].collection or ""].wrapper or ""
    values = {one.name: came if one.kind == "reference" else [came] for one in references}
    page = read(call_of(element), {wrapper: [{"sourcedId": "x1", **values}]})
    (row,) = batcher_of(element).batch(page.rows).to_pylist()
    found = {one.field: one.reason for one in page.flaws[0]}
    for one in references:
        assert not row[reference_column(one)]
        required = one.required and one.kind == "reference"
        assert found[one.name] == (MISSING if required else EMPTY_REFERENCE)


def test_text_that_is_no_unicode_is_told_as_unreadable() -> None:
    body = json.dumps(users({"givenName": "\ud800"}, {"sourcedId": "u2"}, {"sourcedId": "u3", "\ud800": 1})).encode()
    call = call_of("User")
    page = read(call, body)
    names = batcher_of("User").batch(page.rows).column("givenName").to_pylist()
    assert names == [None, "Kim", "Kim"]
    assert [(one.field, one.reason) for one in page.flaws[0]] == [("givenName", "unreadable")]
    assert [(one.field, one.reason) for one in page.flaws[2]] == [("_extras", "unreadable")]


@pytest.mark.parametrize("payload", [{"imsx_codeMajor": "Failure"}, {"statusInfoSet": [{"imsx_codeMajor": "failure"}]}])
def test_b1_no_rows_beside_a_failure_are_no_empty_collection(payload: dict[str, Any]) -> None:
    call = call_of("User")
    with pytest.raises(DecodeError, match="its status payload reports a failure"):
        read(call, {"users": [], **payload})
    assert len(read(call, {**users({}), **payload}).rows) == 1
    warning = {"imsx_codeMajor": "success", "imsx_severity": "warning"}
    assert read(call, {"users": [], **warning}).rows == []


def test_unknown_names_are_learned_and_a_flood_of_them_is_borne() -> None:
    call = call_of("User")
    first = batch_of(call, users({"colour": "red"}, {"sourcedId": "u2"}, {"sourcedId": "u3", "colour": None}))
    assert first.column("_extras").to_pylist() == ['{"colour":"red"}', None, '{"colour":null}']
    again = read(call, users({"colour": "red"}, {"sourcedId": "u2"}, {"sourcedId": "u3", "colour": None}))
    assert all(row.extras_ is None for row in again.rows), "known names are read the fast way"
    assert batcher_of("User").batch(again.rows).equals(first)
    flood = users(*({"sourcedId": f"u{number}", f"n{number}": number} for number in range(200)))
    assert batch_of(call, flood).column("_extras").to_pylist() == [f'{{"n{number}":{number}}}' for number in range(200)]


@pytest.mark.parametrize("name", ["lineItems", "stuff"], ids=["strictly", "tolerantly"])
@pytest.mark.parametrize(
    ("written", "offset"),
    [
        ("2026-02-01T23:30:00Z", None),
        ("2026-02-01T23:30:00-08:00", -480),
        ("2026-02-01T23:30:00+05:30", 330),
        ("2026-02-01T23:30:00+00:00", None),
    ],
)
def test_the_zone_that_a_server_wrote_is_kept_beside_the_instant(name: str, written: str, offset: int | None) -> None:
    reference = {"href": "x", "sourcedId": "1"}
    item = {
        "sourcedId": "li1", "status": "active", "dateLastModified": written, "title": "Test", "assignDate": written,
        "dueDate": "2026-02-02T00:00:00Z", "class": {**reference, "type": "class"},
        "category": {**reference, "type": "category"}, "gradingPeriod": {**reference, "type": "gradingPeriod"},
        "resultValueMin": 0, "resultValueMax": 10.5,
    }  # fmt: skip
    (row,) = batch_of(call_of("LineItem"), {name: [item]}).to_pylist()
    assert row["assignDate"] == row["dateLastModified"] == datetime.fromisoformat(written).astimezone(UTC)
    assert row["assignDateOffset"] == offset
    assert row["dueDateOffset"] is None
    assert (row["resultValueMin"], row["resultValueMax"]) == (0.0, 10.5)


def test_passwords_of_nested_records_are_not_kept() -> None:
    newer = Standard.of("1.2")
    credential = {"type": "login", "username": "kim", "password": "pw-1"}
    profile = {"profileId": "https://p", "profileType": "t", "vendorId": "v", "credentials": [credential]}
    org = {"href": "https://sis.example/orgs/o", "sourcedId": "o", "type": "org"}
    record = {**USER, "roles": [{"roleType": "primary", "role": "student", "org": org}], "userProfiles": [profile]}
    base = "https://sis.example/ims/oneroster/rostering/v1p2"
    page = read(RowsCall(newer, "getAllUsers", {}, base), {"users": [record]})
    schema = schema_of(newer.specification, "User", ["sourcedId", "userProfiles"])
    for dropped, kept in (({"userProfiles.credentials.password"}, None), (set(), "pw-1")):
        (row,) = Batcher(newer, schema, frozenset(dropped)).batch([each for each in page.rows if each]).to_pylist()
        assert row["userProfiles"][0]["credentials"] == [{**credential, "password": kept}]


@pytest.mark.parametrize("due", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+00:01"])
def test_an_instant_that_no_calendar_holds_is_noticed_in_a_regular_record(due: str) -> None:
    with Sandbox() as tenant:
        headers = {"Authorization": f"Bearer {tenant.token}"}
        item = httpx.get(f"{tenant.base_url}/lineItems?limit=1", headers=headers).json()["lineItems"][0]
    call = RowsCall(STANDARD, "getAllLineItems", {}, BASE_URL)

    def flaws(**changed: str) -> set[str | None]:
        body = json.dumps({"lineItems": [{**item, **changed}]}).encode()
        page = call.read_rows(RawResponse(200, httpx.Headers(), body, BASE_URL))
        return {flaw.field for found in page.flaws.values() for flaw in found}

    assert flaws() == set()
    assert flaws(dueDate=due) == {"dueDate"}
    assert flaws(dateLastModified=due) == {"dateLastModified"}
