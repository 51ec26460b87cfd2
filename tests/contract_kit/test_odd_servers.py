"""One odd thing about a server is reported once, and everything else is judged all the same."""

import json
import socket
from collections.abc import Mapping
from functools import cache
from urllib.parse import parse_qs, urlsplit

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken, OAuth2Credentials
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.observation.near_credentials import token_in_use
from oneroster.contract.observation.observed_tenant import ObservedTenant, Offer
from oneroster.contract.observation.snapshot import read_all_collections
from oneroster.contract.observation.token_endpoint import TokenEndpoint
from oneroster.contract.reports import html
from oneroster.contract.reports.summary_model import Summary
from oneroster.contract.result import Cause, CheckReport, Status
from oneroster.contract.rules.access_oauth2_tokens import (
    OTHER_GRANTS,
    UNKNOWN_GRANT,
    UNKNOWN_SCOPE,
    expired_token,
    unknown_grant,
)
from oneroster.contract.rules.errors_status_codes import MALFORMED_QUERIES
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from oneroster.sandbox.variants import variants_by_name
from tests.contract_kit.hostile import answer, serving
from tests.contract_kit.judging import EMPTY, ORGS, judging
from tests.in_process import quick_sandbox

USERS = 40
WITHOUT_PAGING = ("offset-ignored", "limit-ignored", "filter-ignored", "sort-ignored", "fields-ignored")


@cache
def judged(include: tuple[str, ...], faults: tuple[str, ...], variants: tuple[str, ...] = ()) -> CheckReport:
    with quick_sandbox(USERS, faults=faults, variants=variants_by_name(variants)) as tenant:
        target = Target(tenant.base_url, access=BearerToken(tenant.token))
        return check(target, RunBudget(requests=2500), rules=select(include), seed=1)


def failed(report: CheckReport) -> set[str]:
    return {each.id for each in report.violations()}


def messages(report: CheckReport, rule_id: str) -> list[str]:
    return [each.message for each in report.checks if each.id == rule_id and each.evidence]


@pytest.mark.parametrize("variants", [(), ("no-total",)])
def test_a1_a_server_that_ignores_the_offset_fails_whether_it_sends_totals_or_not(variants: tuple[str, ...]) -> None:
    report = judged(("OR-PAG-01", "OR-PAG-02", "OR-PAG-05"), ("offset-ignored",), variants)
    assert failed(report) == {"OR-PAG-02"}
    assert report.exit_code() == 1


def test_a2_what_a_server_ignores_is_reported_each_for_itself() -> None:
    report = judged(IGNORED, WITHOUT_PAGING, ("no-total",))
    assert failed(report) == {"OR-PAG-01", "OR-PAG-02", "OR-FLT-01", "OR-SRT-01"}
    assert {each.id for each in report.checks if each.status is Status.WARNED} == {"OR-FLD-01"}


def test_a6_odd_limits_that_bring_all_rows_and_others_that_fail_are_both_reported() -> None:
    report = judged(("OR-ERR-04", "OR-ERR-05"), ("minus-one-is-all", "crash-on-fractions"))
    assert failed(report) == {"OR-ERR-04"}
    assert {each.id for each in report.checks if each.status is Status.OPEN} == {"OR-ERR-05"}


def test_a8_writes_that_are_absent_are_a_should_and_not_just_not_offered() -> None:
    with quick_sandbox(USERS, faults=["writes-absent"]) as tenant:
        target = Target(tenant.base_url, access=BearerToken(tenant.token), allow_writes=True)
        report = check(target, RunBudget(requests=2500), rules=select(["OR-WRT-01", "OR-WRT-21"]), seed=1)
    assert {each.id for each in report.violations(Level.SHOULD)} == {"OR-WRT-21"}
    assert report.exit_code() == 0


def test_a13_a_token_request_differs_from_a_good_one_in_one_thing() -> None:
    asked: list[str] = []
    with quick_sandbox(USERS) as tenant:
        access = OAuth2Credentials(tenant.token_url, tenant.client_id, tenant.client_secret, SCOPES)
        target = Target(tenant.base_url, access=access)
        with Gateway(target) as gateway:
            desk = TokenEndpoint(gateway, access)
            post = gateway.post_form

            def recorded(headers: Mapping[str, str], form: bytes, curl_access: str) -> Exchange:
                asked.append(form.decode())
                return post(headers, form, curl_access)

            gateway.post_form = recorded  # type: ignore[method-assign]  # to record what is sent
            judged_tenant = ObservedTenant(gateway, 1)
            judged_tenant.memo(TokenEndpoint, lambda: desk)
            findings = list(unknown_grant(judged_tenant, ORGS))
    assert findings == []
    scopes = [parse_qs(form)["scope"][0] for form in asked]
    assert scopes == [" ".join(SCOPES)] * (len(asked) - 1) + [UNKNOWN_SCOPE]
    grants = [parse_qs(form, keep_blank_values=True).get("grant_type", ["-"])[0] for form in asked]
    assert grants == [
        "client_credentials",
        UNKNOWN_GRANT,
        *(each if each is not None else "-" for each in OTHER_GRANTS.values()),
        "client_credentials",
    ]


@pytest.mark.parametrize("query", ["limit=1e3", "limit=10abc", "limit=1.5", "limit=1&limit=2"])
def test_a16_limits_that_are_no_numbers_are_asked_for_by_default(query: str) -> None:
    assert query in MALFORMED_QUERIES


def test_a7_a_wrong_envelope_is_reported_once_and_everything_else_is_judged() -> None:
    families = ("envelope", "schema", "OR-SRT-01", "OR-FLT-02", "OR-ACC-01")
    plain = judged(families, ("open-door",))
    report = judged(families, ("bare-array", "single-in-list", "open-door"))
    assert failed(plain) == {"OR-ACC-01"}
    assert failed(report) == {"OR-ACC-01", "OR-ENV-01", "OR-ENV-02"}
    # A warning has no place beside a bare array, and an empty array has no key.
    assert {rule_id for rule_id, _ in exercised(plain) - exercised(report)} <= {"OR-ENV-04", "OR-ENV-06"}


def exercised(report: CheckReport) -> set[tuple[str, str | None]]:
    return {(each.id, each.operation_id) for each in report.checks if each.status is not Status.NOT_JUDGED}


def test_a5_an_injection_is_found_on_a_server_that_fails_on_malformed_filters() -> None:
    report = judged(("OR-FLT-13", "OR-FLT-15"), ("malformed-filter-crashes", "injectable-filter"))
    assert failed(report) == {"OR-FLT-13", "OR-FLT-15"}


@pytest.mark.parametrize(
    ("faults", "rules"),
    [
        # The second fault of each pair shows otherwise than the first, on the same operation.
        (("filter-finds-hidden", "unequal-as-equal"), ("OR-FLT-01", "OR-FLT-02")),
        (("filter-ignored", "malformed-filter-crashes"), ("OR-FLT-01", "OR-FLT-13")),
        (("any-token", "status-without-payload"), ("OR-ACC-02", "OR-ACC-03")),
    ],
    ids="+".join,
)
def test_a5_a_failed_rule_explains_only_what_looks_the_same(faults: tuple[str, ...], rules: tuple[str, ...]) -> None:
    report = judged((*rules, "OR-ACC-01"), faults)
    assert {each.id for each in report.violations(Level.SHOULD)} == set(rules)


def test_a5_what_looks_the_same_is_one_finding() -> None:
    report = judged(("OR-FLT-01", "OR-FLT-02", "OR-FLT-12", "OR-FLT-14", "OR-ERR-11"), ("filter-ignored",))
    assert failed(report) == {"OR-FLT-01"}
    assert {each.explained_by for each in report.checks if each.cause is Cause.EXPLAINED} == {"OR-FLT-01"}


def test_a9_instants_are_asked_for_in_utc() -> None:
    report = judged(("OR-FLT-05",), ("local-times", "moments-as-days"))
    assert failed(report) == {"OR-FLT-05"}
    assert "the time of day is ignored" in messages(report, "OR-FLT-05")[0]


FILTERS = ("OR-FLT-02", "OR-FLT-03", "OR-FLT-10", "OR-SRT-01")


def test_a10_special_characters_in_all_ids_hide_nothing() -> None:
    faults = ("unequal-as-equal", "contains-as-prefix", "dotted-refused", "sort-ignored")
    report = judged(FILTERS, faults, ("special-ids",))
    assert {each.id for each in report.violations(Level.SHOULD)} == set(FILTERS)


@pytest.mark.parametrize(
    ("fault", "rule"),
    [("tombstones-lost", "OR-SEM-24"), ("encoded-letters-lost", "OR-SEM-30"), ("ids-ignore-case", "OR-SEM-29")],
)
def test_a10_special_characters_in_all_ids_hide_no_fault_of_single_reads(fault: str, rule: str) -> None:
    report = judged(("semantics",), (fault,), ("special-ids",))
    assert {each.id for each in report.violations(Level.SHOULD)} == {rule}


def test_a12_operations_that_are_refused_are_not_offered_and_not_exercised() -> None:
    report = judged(("OR-ENV-01", "OR-FLT-01"), (), ("gradebook-refused",))
    refused = {each.operation_id for each in report.operations if each.offer == str(Offer.REFUSED)}
    assert {"getAllResults", "getAllCategories", "getAllLineItems"} <= refused
    assert {each.status for each in report.checks if each.operation_id in refused} == {Status.NOT_JUDGED}
    assert "refused with these credentials: " in html.render(Summary.of(report))


def test_a14_references_of_another_shape_are_named_and_followed() -> None:
    report = judged(("schema", "OR-SEM-04", "OR-SEM-05"), ("flat-references",))
    assert [text.partition(" in ")[0] for text in messages(report, "OR-SCH-01")] == [
        "user is missing (there is userSourcedId instead)"
    ] * len(messages(report, "OR-SCH-01"))
    assert failed(report) == {"OR-SCH-01"}
    assert {each.status for each in report.checks if each.operation_id == "getClassesForStudent"} == {Status.PASSED}
    bare = judged(("schema", "OR-SEM-05"), ("ids-for-references",))
    assert messages(bare, "OR-SCH-02")[0].startswith("orgs[] is a string instead of an object in ")


SCOPES = ("https://purl.imsglobal.org/spec/or/v1p1/scope/roster.readonly",)
IGNORED = ("OR-PAG-01", "OR-PAG-02", "OR-FLT-01", "OR-SRT-01", "OR-FLD-01")
NUMBERS = ("OR-SRT-01", "OR-FLT-07")


@pytest.mark.parametrize(
    ("include", "faults", "rule_id", "said"),
    [
        (NUMBERS, ("sort-reversed", "numbers-compared-as-text"), "OR-SRT-01", "the order is exactly reversed"),
        (NUMBERS, ("sort-reversed", "numbers-compared-as-text"), "OR-FLT-07", "the numbers are compared as text"),
        (NUMBERS, ("numbers-sorted-as-text",), "OR-SRT-01", "the numbers are compared as text"),
        (IGNORED, WITHOUT_PAGING, "OR-SRT-01", "it is the order without a sort"),
        (IGNORED, WITHOUT_PAGING, "OR-FLT-01", "these are all rows"),
    ],
)
def test_a15_the_kind_of_error_is_named(
    include: tuple[str, ...], faults: tuple[str, ...], rule_id: str, said: str
) -> None:
    variants = ("no-total",) if faults == WITHOUT_PAGING else ()
    found = messages(judged(include, faults, variants), rule_id)
    assert any(said in text for text in found), found


def test_a14_null_in_place_of_a_later_page_is_called_null() -> None:
    report = judged(("OR-PAG-02",), ("null-page",))
    assert failed(report) == {"OR-PAG-02"}
    assert all(" holds null, not an array" in text for text in messages(report, "OR-PAG-02"))


def test_a_value_of_another_type_is_no_fault_of_the_filter_or_the_sort() -> None:
    report = judged(("OR-SCH-02", "OR-FLT-01", "OR-SRT-01"), ("broken-record",))
    assert failed(report) == {"OR-SCH-02"}


def test_a17_a_relative_href_is_a_should() -> None:
    report = judged(("OR-SCH-06", "OR-SCH-07"), ("relative-href",))
    assert failed(report) == set()
    assert all("href is a relative URI" in text for text in messages(report, "OR-SCH-06"))
    assert messages(report, "OR-SCH-06")


def test_a19_rows_that_the_whole_collection_does_not_hold_are_reported() -> None:
    rules = ("OR-FLT-01", "OR-SEM-03")
    report = judged(rules, ("filter-finds-hidden", "nested-finds-hidden"))
    assert {each.id for each in report.violations(Level.SHOULD)} == set(rules)
    assert all("returned 1 row that getAll" in text for rule_id in rules for text in messages(report, rule_id))


@pytest.mark.parametrize("key", ["sourcedId", "guid"])
def test_a11_parents_come_from_every_collection_that_was_read(key: str) -> None:
    """Records without references: no row says which parents have rows."""
    asked: set[str] = set()

    def behave(connection: socket.socket, head: bytes) -> None:
        path = head.split(b"?")[0].split(b" ")[1].decode().partition("/v1p1/")[2]
        asked.add(path)
        name = path.rpartition("/")[2]
        rows = [{"sourcedId": f"{name}-1", key: f"{name}-1"}] if b"offset=0" in head else []
        body = json.dumps({WRAPPERS.get(name, name): rows}).encode()
        connection.sendall(answer(body, X_Total_Count="1"))

    with judging(behave) as tenant:
        read_all_collections(tenant, lambda _: None)
        for operation in tenant.dialect.nested:
            assert tenant.readings(operation), operation.operation_id
    assert "schools/schools-1/classes/classes-1/students" in asked


WRAPPERS = {"students": "users", "teachers": "users", "schools": "orgs", "terms": "academicSessions"}


def test_a_collection_that_cannot_be_read_to_its_end_is_judged_by_the_rows_that_are_known() -> None:
    report = judged(("OR-FLT-01", "OR-SRT-01"), ("offset-ignored", "filter-ignored", "sort-ignored"), ("page-cap",))
    assert failed(report) == {"OR-FLT-01", "OR-SRT-01"}


OWN_PAGES = ("OR-PAG-02", "OR-PAG-05", "OR-SRT-01", "OR-SRT-04", "OR-FLT-01", "OR-SEM-01", "OR-SEM-03", "OR-SEM-15")
"""Rules on paging, and those that compare with a whole collection."""


@pytest.mark.parametrize(
    ("faults", "rules"),
    [
        (("total-of-page",), ("OR-PAG-05",)),
        (("total-of-page", "offset-ignored"), ("OR-PAG-02", "OR-PAG-05")),
    ],
    ids="+".join,
)
def test_a_total_of_the_page_does_not_make_a_cut_collection_whole(
    faults: tuple[str, ...], rules: tuple[str, ...]
) -> None:
    report = judged(OWN_PAGES, faults, ("page-cap",))
    assert {each.id for each in report.violations(Level.SHOULD)} == set(rules)


def test_a_total_of_collections_that_do_not_page_is_not_said_to_be_absent() -> None:
    report = judged(("OR-PAG-02", "OR-PAG-05"), ("offset-ignored", "wrong-total"), ("page-cap",))
    assert not [each for each in report.checks if each.id == "OR-PAG-05" and each.cause is Cause.NOT_OFFERED]


def test_server_errors_of_other_filters_than_malformed_ones_are_reported_beside_them() -> None:
    include = ("OR-FLT-13", "OR-ERR-10", "OR-ERR-11")
    report = judged(include, ("malformed-filter-crashes", "impossible-value-crashes"))
    assert failed(report) == {"OR-FLT-13", "OR-ERR-10"}


def test_an_id_in_another_case_is_seen_in_single_reads_that_are_arrays() -> None:
    report = judged(("OR-ENV-02", "OR-SEM-29"), ("single-in-list", "ids-ignore-case"))
    assert {each.id for each in report.violations(Level.SHOULD)} == {"OR-ENV-02", "OR-SEM-29"}


def test_a_server_that_revokes_earlier_tokens_is_judged_with_tokens_that_are_valid() -> None:
    include = ("OR-ACC-11", "OR-ACC-16", "OR-ACC-19", "OR-PRV-05")
    for faults, rules in (((), set()), (("scopes-ignored",), {"OR-ACC-11"}), (("token-with-more",), {"OR-ACC-16"})):
        with quick_sandbox(USERS, faults=faults, variants=variants_by_name(["one-token"])) as tenant:
            access = OAuth2Credentials(tenant.token_url, tenant.client_id, tenant.client_secret)
            report = check(
                Target(tenant.base_url, access=access), RunBudget(requests=2500), rules=select(include), seed=1
            )
        assert {each.id for each in report.violations(Level.SHOULD)} == rules


def test_an_expired_token_is_waited_for_as_long_as_its_own_response_says() -> None:
    waited: list[float] = []
    lifetimes = iter([2, 5, 7])

    def behave(connection: socket.socket, head: bytes) -> None:
        if head.startswith(b"POST"):
            token = {"access_token": "t", "token_type": "bearer", "expires_in": next(lifetimes)}
            connection.sendall(answer(json.dumps(token).encode()))
        elif waited:
            connection.sendall(answer(b"", "401 Unauthorized"))
        else:
            connection.sendall(EMPTY)

    with serving(behave) as server:
        access = OAuth2Credentials(f"{server.base_url}/token", "me", "s3cret")
        with Gateway(Target(server.base_url, access=access), RunBudget(timeout=5), pause=waited.append) as gateway:
            tenant = ObservedTenant(gateway)
            tenant.ask(ORGS, query={"limit": 1})
            assert list(expired_token(tenant, ORGS)) == []
    assert max(waited) > 7


def test_a_token_that_expired_meanwhile_is_renewed_before_it_is_varied() -> None:
    granted = 0

    def behave(connection: socket.socket, head: bytes) -> None:
        nonlocal granted
        if head.startswith(b"POST"):
            granted += 1
            token = {"access_token": f"t{granted}", "token_type": "bearer", "expires_in": 0}
            connection.sendall(answer(json.dumps(token).encode()))
        else:
            connection.sendall(EMPTY)

    with judging(behave, lambda server: OAuth2Credentials(f"{server.base_url}/token", "me", "s3cret")) as tenant:
        assert token_in_use(tenant) == f"t{granted}"


def test_a_filter_of_the_page_is_seen_on_a_server_whose_sorted_pages_are_wrong_as_well() -> None:
    report = judged(("OR-SRT-01", "OR-CMB-01"), ("sort-ignored", "filter-within-page"))
    assert failed(report) == {"OR-SRT-01", "OR-CMB-01"}


def test_what_the_kit_wrote_to_see_it_rejected_is_no_record_of_the_tenant() -> None:
    with quick_sandbox(USERS, faults=["put-takes-invalid"]) as tenant:
        target = Target(tenant.base_url, access=BearerToken(tenant.token), allow_writes=True)
        report = check(target, RunBudget(requests=2500), rules=select(["OR-WRT-13", "OR-ENG-03"]), seed=1)
    assert {each.id for each in report.violations(Level.SHOULD)} == {"OR-WRT-13"}


class Growing:
    """A collection that gets one more row whenever some requests were answered."""

    def __init__(self, every: int) -> None:
        self._every = every
        self.requests = 0

    def rows(self) -> list[dict[str, str]]:
        self.requests += 1
        changed = [f"2026-01-{1 + number % 28:02d}T10:{number % 60:02d}:00Z" for number in range(300)]
        return [
            {
                "sourcedId": f"o{number}",
                "status": "active",
                "dateLastModified": changed[number],
                "name": f"Org {number}",
            }
            for number in range(30 + self.requests // self._every)
        ]

    def __call__(self, connection: socket.socket, head: bytes) -> None:
        query = parse_qs(urlsplit(head.split(b" ")[1].decode()).query)
        rows = self.rows()
        if "sort" in query:
            rows.sort(key=lambda row: row.get(query["sort"][0], ""), reverse=query.get("orderBy") == ["desc"])
        start, limit = int(query.get("offset", ["0"])[0]), int(query.get("limit", ["100"])[0])
        page = json.dumps({"orgs": rows[start : start + limit]}).encode()
        connection.sendall(answer(page, X_Total_Count=str(len(rows))))


@pytest.mark.parametrize("every", [7, 12, 40])
def test_a_collection_that_grows_during_the_run_violates_no_must(every: int) -> None:
    rules = select(
        ["OR-PAG-02", "OR-PAG-03", "OR-PAG-05", "OR-PAG-08", "OR-PAG-09", "OR-PAG-10", "OR-SRT-01", "OR-SRT-02"]
    )
    with serving(Growing(every)) as server:
        target = Target(server.base_url, access=BearerToken("t"))
        report = check(target, RunBudget(requests=2500), rules=rules, plan=RunPlan(frozenset({"getAllOrgs"})), seed=1)
    assert failed(report) == set()
