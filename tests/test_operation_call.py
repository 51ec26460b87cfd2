"""Arguments become requests, and responses become pages."""

import json
from typing import Any

import httpx
import pytest

from oneroster import DecodeError, F, FilterError, ForeignOriginError, Standard
from oneroster.operation_call import OperationCall
from oneroster.pagination.walk import PageRequest
from oneroster.transport.bounded_response import RawResponse

STANDARD = Standard.of("1.1")
FILTER = next(
    parameter.attribute
    for parameter in STANDARD.specification.operations["getAllUsers"].parameters
    if parameter.format == "oneroster-filter"
)
BASE_URL = "https://sis.example/ims/oneroster/v1p1"


def call(operation_id: str = "getAllOrgs", **arguments: Any) -> OperationCall:
    return OperationCall(STANDARD, operation_id, arguments, BASE_URL)


def raw(rows: list[Any], **headers: str) -> RawResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RawResponse(200, httpx.Headers(named), json.dumps({"orgs": rows}).encode(), f"{BASE_URL}/orgs")


def test_a_filter_is_rendered_for_the_element_of_the_operation() -> None:
    assert call("getAllUsers", **{FILTER: F.family_name == "Kid"}).arguments[FILTER] == "familyName='Kid'"
    assert call("getAllUsers", **{FILTER: "as it stands"}).arguments[FILTER] == "as it stands"
    with pytest.raises(FilterError, match="Org has no field 'family_name'"):
        call(**{FILTER: F.family_name == "Kid"})


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        (["given_name", "role"], "givenName,role,sourcedId"),
        ("givenName,sourcedId", "givenName,sourcedId"),
        ("givenName", "givenName,sourcedId"),
        ("", ""),
    ],
)
def test_fields_have_their_json_names_and_the_id_of_each_row(fields: Any, sent: str) -> None:
    assert call("getAllUsers", fields=fields).arguments["fields"] == sent


def test_a_single_read_requests_the_fields_given_alone() -> None:
    assert call("getOrg", id="S-1", fields=["name"]).arguments["fields"] == "name"


def test_a_page_has_its_own_url() -> None:
    assert call().page_url(PageRequest(20, 10)) == f"{BASE_URL}/orgs?limit=10&offset=20"
    assert "sort=sourcedId" in call(sort="name", order_by="desc").page_url(PageRequest(0, 10, sorted=True))
    assert "orderBy" not in call(sort="name", order_by="desc").page_url(PageRequest(0, 10, sorted=True))
    assert call().page_url(PageRequest(0, 10, cursor="after=x")) == f"{BASE_URL}/orgs?after=x"


def test_a_page_is_parsed_with_what_the_walk_needs() -> None:
    page = call().read_page(raw([{"sourcedId": "S-1"}, {}, {"sourcedId": ""}], X_Total_Count=" 7 "))
    assert page.info[:3] == (["S-1", None, None], 7, None)
    assert len(page.records) == 3
    assert page.page([2, 0], 7, repeated=False).records == [page.records[2], page.records[0]]


@pytest.mark.parametrize("total", ["", "-1", "many", "1e3", "9" * 17])
def test_a_total_that_is_no_whole_number_is_ignored(total: str) -> None:
    assert call().page_info(raw([], X_Total_Count=total), []).total is None


def test_a_next_link_with_a_cursor_keeps_the_arguments_that_it_leaves_out() -> None:
    link = f'<{BASE_URL}/orgs?after=x%20y&limit=5>; rel="next"'
    assert call(sort="name", limit=10, offset=0).page_info(raw([], Link=link), []).cursor == (
        "sort=name&after=x%20y&limit=5"
    )


@pytest.mark.parametrize(
    "link",
    [
        f'<{BASE_URL}/orgs?limit=5&offset=5>; rel="next"',
        f'<{BASE_URL}/orgs?after=x>; rel="prev"',
        '<http://[>; rel="next"',
    ],
)
def test_other_links_are_not_followed(link: str) -> None:
    page = call().page_info(raw([], Link=link), [])
    assert (page.cursor, page.names_next) == (None, "next" in link)


def test_a_cursor_at_another_origin_is_refused() -> None:
    with pytest.raises(ForeignOriginError, match="getAllOrgs: the next link leads away"):
        call().page_info(raw([], Link='<https://other.example/orgs?after=x>; rel="next"'), [])


def test_a_body_in_another_encoding_is_named() -> None:
    body = json.dumps({"orgs": [{"sourcedId": "\u00e9"}]}, ensure_ascii=False).encode("latin-1")
    with pytest.raises(DecodeError, match="the body is JSON, but not in UTF-8"):
        call().read_page(RawResponse(200, httpx.Headers(), body, f"{BASE_URL}/orgs"))
