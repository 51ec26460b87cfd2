"""The explanation of one check: requests, the form of responses, and the reasoning, without any value."""

import json
from typing import Any

import httpx
import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.target import Target
from oneroster.contract.reports.explanation import explanation, shape_of
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from tests.in_process import quick_sandbox

WORDS = frozenset({"orgs", "sourcedId", "children", "name"})
SECRET = "Zaphod Beeblebrox"


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ({"orgs": []}, "{orgs: array of 0}"),
        ({"orgs": [{"sourcedId": SECRET}, {"sourcedId": 1}]}, "{orgs: array of 2 [{sourcedId: number | string}]}"),
        ({"orgs": [{SECRET: 1}]}, "{orgs: array of 1 [{1 other name}]}"),
        ({"orgs": [{"children": [{"name": SECRET}]}]}, "{orgs: array of 1 [{children: array of 1 [object]}]}"),
        ({"orgs": None}, "{orgs: null}"),
        ([True, SECRET], "array of 2 [boolean | string]"),
        (SECRET, "string"),
    ],
)
def test_a_shape_has_names_of_the_document_and_types(value: Any, shape: str) -> None:
    assert shape_of(value, WORDS) == shape
    assert SECRET not in shape


def test_only_headers_that_hold_no_data_show_their_values() -> None:
    headers = httpx.Headers({"X-Total-Count": "7", "Set-Cookie": SECRET, "Link": SECRET})
    exchange = Exchange("GET", "/orgs", "https://sis.example/orgs", 200, headers, json.dumps({"orgs": []}).encode())
    with quick_sandbox(faults=["wrong-total"]) as tenant:
        seen: list[Exchange] = []
        target, rules = Target(tenant.base_url, access=BearerToken(tenant.token)), select(["OR-PAG-05"])
        plan = RunPlan(frozenset({"getAllOrgs"}), named=frozenset({"OR-PAG-05"}))
        report = check(target, RunBudget(), rules=rules, plan=plan, seed=1, observe=seen.append)
    text = explanation(rules[0], report, [exchange, *seen], WORDS)
    assert "x-total-count: 7" in text
    assert "set-cookie: (not shown)" in text
    assert SECRET not in text
    assert "OR-PAG-05 getAllOrgs: failed: X-Total-Count is" in text
    assert text.strip().endswith("0 of 1 tested must rule passed; 1 failed")
    assert len(seen) == report.target.requests
