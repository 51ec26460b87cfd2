"""No false alarm: whatever the standard leaves to a server, every must holds."""

from typing import Any

import pytest

from oneroster.contract.result import Report
from oneroster.contract.rule import select
from oneroster.contract.runner import check
from oneroster.contract.target import Limits, Target
from oneroster.sandbox import Sandbox, Variants

LAWS = select(exclude=["engine"])


def judged(settings: dict[str, str], tenant: Sandbox, **options: Any) -> Report:
    target = Target.from_settings({"base_url": tenant.base_url, **settings}, {})
    assert target is not None
    return check(target, rules=LAWS, seed=1, **options)


@pytest.mark.parametrize(
    "variants",
    [
        Variants(page_cap=10),
        Variants(links=False),
        Variants(total=False),
        Variants(links=False, total=False),
        Variants(page_cap=7, total=False),
    ],
    ids=repr,
)
def test_every_lawful_way_to_page_holds(variants: Variants) -> None:
    with Sandbox(variants=variants) as tenant:
        report = judged({"token": tenant.token}, tenant)
    assert report.breaches() == []
    assert report.exit_code() == 0


def test_cutting_pages_without_a_word_is_a_should_and_no_must() -> None:
    with Sandbox(variants=Variants(page_cap=10, links=False, total=False)) as tenant:
        report = judged({"token": tenant.token}, tenant)
    assert report.breaches() == []
    assert {each.id for each in report.checks if each.status == "warned"} == {"OR-PAG-01"}


@pytest.mark.parametrize("seed", [2, 3])
def test_every_district_holds(seed: int) -> None:
    with Sandbox(seed=seed) as tenant:
        assert judged({"token": tenant.token}, tenant).exit_code() == 0


def test_the_dialect_of_a_profile_holds_by_its_own_profile() -> None:
    with Sandbox(profile="kimono") as tenant:
        report = judged({"token": tenant.token, "profile": "kimono"}, tenant)
    assert report.summary()["failed"] == report.summary()["warned"] == 0
    assert {each.operation_id for each in report.checks} >= {"getAllAcademicSessionsKimono", "getCategoriesForClass"}


@pytest.mark.parametrize("way", ["oauth1", "oauth2"])
def test_every_way_in_holds(way: str) -> None:
    with Sandbox() as tenant:
        settings = {"client_id": tenant.client_id, "client_secret": tenant.client_secret}
        if way == "oauth2":
            settings["token_url"] = tenant.token_url
        report = judged(settings, tenant)
    assert report.summary()["failed"] == 0
    assert {each.family for each in report.checks if each.status == "passed"} >= {"access", "paging"}


def test_what_is_not_offered_is_skipped_and_no_failure() -> None:
    """A tenant of the small dialect, judged as one of the standard: what it lacks is told, not held against it."""
    with Sandbox(profile="kimono") as tenant:
        report = judged({"token": tenant.token}, tenant)
    lacking = [each for each in report.checks if each.operation_id == "getAllResults"]
    assert {each.message for each in lacking} == {"not offered (HTTP 404)"}
    assert report.exit_code() == 0


def test_a_budget_that_is_too_small_is_no_pass() -> None:
    with Sandbox() as tenant:
        report = judged({"token": tenant.token}, tenant, limits=Limits(requests=150))
    assert report.exit_code() == 3
    assert report.target.requests == 150
