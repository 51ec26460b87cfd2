"""A total is compared with the rows of a page only where the page shows all rows that follow."""

import json

import httpx
import pytest

from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.page_totals import parameters_of_odd_total
from oneroster_v1p1 import specification

ORGS = specification().operations["getAllOrgs"]


def page(query: str, rows: int, total: str | None) -> ParsedResponse:
    headers = httpx.Headers({} if total is None else {"X-Total-Count": total})
    body = json.dumps({"orgs": [{"sourcedId": f"o-{number}"} for number in range(rows)]}).encode()
    url = f"https://sis.example/ims/oneroster/v1p1/orgs?{query}"
    return ParsedResponse(ORGS, {}, {}, Exchange("GET", f"/orgs?{query}", url, 200, headers, body))


@pytest.mark.parametrize(
    ("query", "rows", "total", "names"),
    [
        ("limit=10", 3, "4", "limit"),
        ("filter=a%3D%27b%27&limit=10", 3, "2", "filter,limit"),
        ("sort=name", 3, "9", "sort"),
        ("limit=10&offset=20", 3, "3", "limit,offset"),
        ("limit=10", 0, "1", "limit"),
        # The total is right, or unknown.
        ("limit=10", 3, "3", None),
        ("limit=10&offset=20", 3, "23", None),
        ("limit=10", 3, None, None),
        ("limit=10", 3, "many", None),
        # Other rows may follow, or lie before.
        ("limit=3", 3, "40", None),
        ("limit=3&offset=900", 0, "40", None),
        ("", 100, "140", None),
        # Which page it is cannot be known.
        ("limit=10&limit=2", 2, "40", None),
        ("limit=1e1", 10, "40", None),
        ("limit=10&offset=-1", 3, "40", None),
        ("limit=", 3, "40", None),
    ],
)
def test_only_a_page_that_shows_all_rows_that_follow(
    query: str, rows: int, total: str | None, names: str | None
) -> None:
    assert parameters_of_odd_total(page(query, rows, total)) == names
