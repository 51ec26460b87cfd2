"""Why a response, a collection or a tenant cannot be judged."""

import httpx
import pytest

from oneroster.contract.errors import (
    ExplainedBy,
    NotEnoughData,
    NotJudged,
    NotOffered,
    OtherAuthentication,
    Refused,
    Unanswered,
)
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.nothing_to_judge import nothing_to_judge
from oneroster.contract.observation.obstacles import obstacle, unread
from oneroster.contract.observation.snapshot import read_all_collections
from tests.contract_kit.hostile import answer, says
from tests.contract_kit.judging import ORG, ORGS, judging


def received(status: int, body: bytes = b"{}") -> ParsedResponse:
    return ParsedResponse(ORGS, {}, {}, Exchange("GET", "/orgs", "", status, httpx.Headers(), body))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Refused),
        (403, Refused),
        (404, NotOffered),
        (501, NotOffered),
        (429, Unanswered),
        (503, Unanswered),
        (500, ExplainedBy),
        (400, ExplainedBy),
        (200, ExplainedBy),
    ],
)
def test_the_status_of_a_response_is_the_cause(status: int, kind: type[NotJudged]) -> None:
    assert type(obstacle(received(status))) is kind
    assert type(unread(ORGS, [received(status)], None)) is kind


def test_a_token_that_lacks_a_scope_is_other_authentication_and_leaves_no_gap() -> None:
    headers = httpx.Headers({"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="a"'})
    response = ParsedResponse(ORGS, {}, {}, Exchange("GET", "/orgs", "", 403, headers, b"{}"))
    for why in (obstacle(response), unread(ORGS, [response], None)):
        assert isinstance(why, OtherAuthentication)
        assert not why.cause.leaves_a_gap


def test_a_finding_comes_before_a_gap_and_a_gap_before_what_is_not_offered() -> None:
    assert isinstance(unread(ORGS, [received(404), received(401), received(500)], None), ExplainedBy)
    assert isinstance(unread(ORGS, [received(404), received(401)], None), Refused)
    assert str(unread(ORGS, [received(404), received(401)], None)) == "getAllOrgs is refused (HTTP 401, HTTP 404)"


def test_an_operation_without_a_known_id_lacks_data() -> None:
    found = unread(ORG, [], None)
    assert isinstance(found, NotEnoughData)
    assert str(found) == "needs 1 id to request getOrg with, found 0"


def test_an_operation_without_a_response_is_unanswered() -> None:
    assert isinstance(unread(ORGS, [], "GET /orgs got no response"), Unanswered)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b'{"orgs": [', ExplainedBy), (b'{"orgs": [], "more": []}', ExplainedBy), (b"[]", NotEnoughData)],
)
def test_a_collection_that_cannot_be_read_may_be_what_a_rule_would_select(body: bytes, kind: type[NotJudged]) -> None:
    with judging(says(answer(body))) as tenant:
        read_all_collections(tenant, lambda _: None)
        assert type(nothing_to_judge(tenant)) is kind


def test_a_tenant_without_rows_lacks_data() -> None:
    with judging(says(answer(b'{"orgs": []}'))) as tenant:
        assert isinstance(nothing_to_judge(tenant), NotEnoughData)
