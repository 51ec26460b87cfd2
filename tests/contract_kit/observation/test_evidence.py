"""Findings name their request, a few ids, and counts."""

import httpx
import pytest

from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import (
    CauseCount,
    count_of,
    counted_finding,
    exchange_finding,
    finding,
    id_list,
)
from oneroster.contract.result import Evidence
from tests.contract_kit.judging import ORGS

URL = "https://sis.example/v1p1/orgs?limit=2"
EXCHANGE = Exchange("GET", "/orgs?limit=2", URL, 200, httpx.Headers(), b'{"orgs": []}')
RESPONSE = ParsedResponse(ORGS, {}, {"limit": 2}, EXCHANGE)
CURL = f"curl -sS '{URL}'"


def test_a_finding_has_the_request_and_a_command_that_repeats_it() -> None:
    found = finding("wrong", RESPONSE, ["a", "b"], Level.SHOULD)
    assert found.evidence == (Evidence(request="GET /orgs?limit=2", ids=("a", "b"), curl=CURL),)
    assert found.level is Level.SHOULD
    assert exchange_finding("wrong", EXCHANGE).evidence == (Evidence(request="GET /orgs?limit=2", curl=CURL),)


def test_a_finding_may_have_no_response() -> None:
    assert finding("wrong", None).evidence == (Evidence(),)


def test_a_cause_is_counted_with_each_id_once() -> None:
    cause = CauseCount(RESPONSE)
    for sourced_id in ("a", "a", None, "b"):
        cause.add(sourced_id)
    (evidence,) = counted_finding("wrong", cause, "orgs[].name", 9).evidence
    assert (evidence.count, evidence.of, evidence.ids, evidence.pointer) == (4, 9, ("a", "b"), "orgs[].name")


@pytest.mark.parametrize(
    ("ids", "text"), [([], ""), (["a", "b"], "a, b"), (list("abcdefg"), "a, b, c, d, e and 2 more")]
)
def test_a_list_of_ids_is_short(ids: list[str], text: str) -> None:
    assert id_list(ids) == text


def test_a_noun_follows_its_number() -> None:
    assert [count_of(number, "row") for number in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
