"""Filtered responses compared with the rows of the unfiltered collection."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from oneroster.contract.errors import NotJudged
from oneroster.contract.levels import Level
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.walk import walk
from oneroster.contract.oracle.filters import ExpectedClause, ExpectedFilter
from oneroster.contract.rules.filter_comparison import compare_filter, compare_filters, filtered_walk, is_rejected
from tests.contract_kit.hostile import Behaviour, answer, says
from tests.contract_kit.judging import EMPTY, ORGS, judging, levels

DELETED = ExpectedFilter((ExpectedClause("status", "enumeration", "=", "tobedeleted"),))
OPPOSITE = "these are exactly the rows that do not match"
NAMED = ExpectedFilter((ExpectedClause("name", "string", "=", "north school"),))
ROWS: dict[str, dict[str, Any]] = {
    "o-1": {"sourcedId": "o-1", "status": "active", "name": "North School"},
    "o-2": {"sourcedId": "o-2", "status": "tobedeleted", "name": "South School"},
    "o-3": {"sourcedId": "o-3", "status": "tobedeleted", "name": "West School"},
}


def filtering(select: Callable[[str], list[str]]) -> Behaviour:
    """Serve all orgs without a filter, and those that ``select`` names with one."""

    def behave(connection: socket.socket, head: bytes) -> None:
        query = parse_qs(urlsplit(head.split(b" ")[1].decode()).query)
        ids = select(query["filter"][0]) if "filter" in query else list(ROWS)
        page = [ROWS[name] for name in ids][int(query.get("offset", ["0"])[0]) :]
        connection.sendall(answer(msgspec.json.encode({"orgs": page}), X_Total_Count=str(len(ids))))

    return behave


@contextmanager
def walked(behave: Behaviour) -> Iterator[ObservedTenant]:
    """A tenant whose orgs were read to their end."""
    with judging(behave) as tenant:
        tenant.add_walk(walk(tenant.ask, ORGS, {}, limit=10, max_rows=10, max_pages=3))
        yield tenant


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (["o-2", "o-3"], None),
        (["o-3", "o-2"], None),
        (["o-2"], "the filter status=… returned 1 row: 1 row missing (o-3)"),
        ([], "the filter status=… returned 0 rows: 2 rows missing (o-2, o-3)"),
        (
            ["o-1", "o-2", "o-3"],
            "the filter status=… returned 3 rows: 1 row not expected (o-1); these are all rows",
        ),
        (
            ["o-1"],
            f"the filter status=… returned 1 row: 1 row not expected (o-1), 2 rows missing (o-2, o-3); {OPPOSITE}",
        ),
        (["o-1", "o-2"], "the filter status=… returned 2 rows: 1 row not expected (o-1), 1 row missing (o-3)"),
    ],
)
def test_unexpected_and_missing_rows_are_counted_and_named(returned: list[str], message: str | None) -> None:
    with walked(filtering(lambda _: returned)) as tenant:
        findings = list(compare_filter(tenant, ORGS, DELETED))
    assert [each.message for each in findings] == ([message] if message else [])


def test_findings_name_no_value_of_a_record() -> None:
    name = ExpectedFilter((ExpectedClause("name", "string", "=", "North School"),))
    with walked(filtering(lambda _: ["o-2"])) as tenant:
        (finding,) = compare_filter(tenant, ORGS, name)
    assert "School" not in finding.message
    assert "o-2" in finding.message


def test_a_difference_that_a_recheck_does_not_show_is_no_finding() -> None:
    answers = iter([["o-2"]])
    with walked(filtering(lambda _: next(answers, ["o-2", "o-3"]))) as tenant:
        assert list(compare_filter(tenant, ORGS, DELETED)) == []


@pytest.mark.parametrize("level", [None, Level.OPEN])
def test_a_rejected_filter_is_a_finding_of_the_given_level(level: Level | None) -> None:
    page = answer(msgspec.json.encode({"orgs": list(ROWS.values())}), X_Total_Count="3")

    def behave(connection: socket.socket, head: bytes) -> None:
        connection.sendall(answer(b"{}", "400 Bad Request") if b"filter=" in head else page)

    with walked(behave) as tenant:
        findings = list(compare_filter(tenant, ORGS, DELETED, rejection_level=level))
    assert [each.message for each in findings] == ["the filter status=… is rejected with HTTP 400"]
    assert levels(findings) == [level]


@pytest.mark.parametrize(
    ("status", "rejected"),
    [("200 OK", False), ("400 Bad Request", True), ("404 Not Found", True)],
)
def test_a_client_error_is_a_rejection(status: str, rejected: bool) -> None:
    with judging(says(EMPTY, answer(b'{"orgs": []}', status))) as tenant:
        assert is_rejected(tenant.ask(ORGS, {}, {"filter": str(DELETED)})) is rejected


@pytest.mark.parametrize(("report_undefined", "expected"), [(False, []), (True, [Level.OPEN])])
def test_rows_without_a_defined_result_are_reported_on_request(report_undefined: bool, expected: list[Level]) -> None:
    # The sources do not say whether = ignores case.
    with walked(filtering(lambda _: ["o-1"])) as tenant:
        findings = list(compare_filter(tenant, ORGS, NAMED, report_undefined=report_undefined))
    assert levels(findings) == expected
    assert all(each.message.endswith("matches 1 row; the tenant returned 1 of them") for each in findings)


def test_the_walk_over_a_filtered_collection_sends_the_filter_with_every_page() -> None:
    with walked(filtering(lambda _: ["o-3"])) as tenant:
        found = filtered_walk(tenant, ORGS, str(DELETED))
    assert found.ids == ["o-3"]
    assert {page.query["filter"] for page in found.pages} == {"status='tobedeleted'"}


def test_without_a_complete_walk_nothing_is_compared() -> None:
    with judging(says(EMPTY)) as tenant, pytest.raises(NotJudged, match="getAllOrgs was not read"):
        list(compare_filter(tenant, ORGS, DELETED))


def test_several_filters_are_not_exercised_only_if_none_could_be_compared() -> None:
    with walked(filtering(lambda _: ["o-2", "o-3"])) as tenant:
        assert list(compare_filters(tenant, ORGS, [DELETED])) == []
        with pytest.raises(NotJudged, match="value to filter by"):
            list(compare_filters(tenant, ORGS, []))
