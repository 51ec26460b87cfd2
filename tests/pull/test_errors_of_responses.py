"""What errors say of a response, whether it is read as records or as rows of a pull."""

import httpx
import pytest

from oneroster import DecodeError, OneRosterError, Standard, StatusError
from oneroster.operation_call import OperationCall
from oneroster.pagination.walk import PageRequest
from oneroster.pull.fetch.row_parser import RowsCall
from oneroster.transport.bounded_response import RawResponse

STANDARD = Standard.of("1.1")
BASE_URL = "https://sis.example/ims/oneroster/v1p1"


def call() -> OperationCall:
    return OperationCall(STANDARD, "getAllOrgs", {}, BASE_URL)


@pytest.mark.parametrize("pulled", [False, True])
@pytest.mark.parametrize(
    ("status", "limit", "said"), [(400, 1000, True), (422, 101, True), (400, 100, False), (500, 1000, False)]
)
def test_a_refused_limit_is_named(status: int, limit: int, said: bool, pulled: bool) -> None:
    refused = RawResponse(status, httpx.Headers(), b"{}", f"{BASE_URL}/orgs")
    read = RowsCall(STANDARD, "getAllOrgs", {}, BASE_URL).read_requested_rows if pulled else call().read_requested
    with pytest.raises(StatusError) as caught:
        read(PageRequest(0, limit), refused)
    assert (f"asked for {limit} rows" in str(caught.value) and "--page-size" in str(caught.value)) == said


@pytest.mark.parametrize("pulled", [False, True])
@pytest.mark.parametrize(("status", "advice"), [(400, "filter"), (422, "filter"), (413, "--page-size"), (500, "")])
def test_a_refused_filter_is_not_taken_for_a_refused_limit(status: int, advice: str, pulled: bool) -> None:
    refused = RawResponse(status, httpx.Headers(), b"{}", f"{BASE_URL}/orgs")
    made = (RowsCall if pulled else OperationCall)(STANDARD, "getAllOrgs", {"filter": "type='school'"}, BASE_URL)
    read = made.read_requested_rows if isinstance(made, RowsCall) else made.read_requested
    with pytest.raises(StatusError) as caught:
        read(PageRequest(0, 1000), refused)
    said = caught.value.advice
    assert ("filter" in said, "--page-size" in said) == (advice == "filter", advice == "--page-size")


ROW = '{"sourcedId": "%s", "name": "orgs", "type": "school", "status": "active"}'


@pytest.mark.parametrize("pulled", [False, True])
@pytest.mark.parametrize("second", ["[]", f"[{ROW % 'b'}]", "null"])
def test_rows_under_a_key_that_occurs_twice_are_not_lost(second: str, pulled: bool) -> None:
    read = RowsCall(STANDARD, "getAllOrgs", {}, BASE_URL).read_rows if pulled else call().read_page
    body = f'{{"orgs": [{ROW % "a"}], "orgs": {second}}}'.encode()
    with pytest.raises(DecodeError, match="the key 'orgs' more than once"):
        read(RawResponse(200, httpx.Headers(), body, f"{BASE_URL}/orgs"))


@pytest.mark.parametrize("pulled", [False, True])
def test_the_name_of_the_key_may_be_a_value(pulled: bool) -> None:
    read = RowsCall(STANDARD, "getAllOrgs", {}, BASE_URL).read_rows if pulled else call().read_page
    body = f'{{"orgs": [{ROW % "a"}, {ROW % "b"}]}}'.encode()
    assert list(read(RawResponse(200, httpx.Headers(), body, f"{BASE_URL}/orgs")).info.ids) == ["a", "b"]


PAGE = "<html><h1>Erreur interne</h1>r\u00e9essayez plus tard, =HYPERLINK()"


@pytest.mark.parametrize("status", [200, 404, 500, 503])
@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "cp1252", "utf-16"])
@pytest.mark.parametrize("media_type", ["text/html", "application/json", "", "text/<script>"])
@pytest.mark.parametrize("pulled", [False, True])
def test_an_error_page_is_named_and_never_quoted_c13(status: int, encoding: str, media_type: str, pulled: bool) -> None:
    headers = httpx.Headers({"Content-Type": f"{media_type}; charset={encoding}"})
    response = RawResponse(status, headers, PAGE.encode(encoding), f"{BASE_URL}/orgs")
    with pytest.raises(OneRosterError) as caught:
        RowsCall(STANDARD, "getAllOrgs", {}, BASE_URL).read_rows(response) if pulled else call().read_page(response)
    said = f"{caught.value} {caught.value!r}"
    assert "getAllOrgs" in said
    assert str(status) in said
    shown = {"text/html": True, "": True, "application/json": status == 200, "text/<script>": False}
    assert (media_type in said) is shown[media_type]
    assert not [word for word in ("html>", "Erreur", "essayez", "HYPERLINK", "script") if word in said]
