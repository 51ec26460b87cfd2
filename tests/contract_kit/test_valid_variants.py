"""No false alarm: whatever the standard leaves to a server, every must holds."""

import itertools
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.target import Target
from oneroster.contract.result import Cause, CheckReport, Status
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox, Variants
from oneroster.sandbox.variants import VARIANTS, variants_by_name
from oneroster.sandbox.version_features import missing_features
from oneroster.settings import Settings
from oneroster.standard import Standard
from tests.in_process import quick_sandbox

LAWS = select(exclude=["engine", "writes"])
WRITES = select(["writes"])
USERS: Final = 40
SEED: Final = 2
"""Another district than the one in which all other tests are at home."""
LATENCY: Final = 0.002
"""Seconds; slow enough to be waited for some hundred times, quick enough for a test."""
SHOWN_BY_WRITES: Final = {"soft-delete", "empty-put-answer"}

WARNED: Final[dict[str, set[str]]] = {
    # What is probable and not certain may be told as a should; a server fails by none of it.
    "json-booleans": {"OR-SCH-06"},
    "no-nested": {"OR-SEM-25"},
    "no-minor-codes": {"OR-ERR-08", "OR-FLT-12"},
    # What a page that was cut does not hold, a reader cannot know without total and next link.
    "silent page-cap": {"OR-PAG-01"},
}
NOT_OFFERED: Final = {"no-gradebook": {"getAllCategories", "getAllLineItems", "getAllResults"}}
TOGETHER: Final = (
    # Choices that have nothing to do with each other meet in one tenant; the three of paging stand apart.
    ("page-cap", "json-booleans"),
    ("no-links", "one-school", "oauth1-only"),
    ("no-total", "no-gradebook", "static-bearer-only"),
    ("empty", "slow"),
    ("one-row", "special-ids"),
    ("two-rows", "no-optional"),
    ("three-rows", "only-deleted"),
    ("all-optional", "gradebook-refused"),
    ("no-nested", "one-token"),
)
VALID_HERE: Final = [
    name for name, variant in VARIANTS.items() if not missing_features(variant.features, Standard.of().specification)
]
"""The variants of OneRoster 1.1; those of 1.2 are in test_valid_variants_of_1_2.py."""
LITTLE_DATA: Final = {"empty", "one-row", "two-rows", "three-rows"}
"""Variants with too few records to exercise every family."""


def combine(names: Collection[str]) -> Variants | None:
    """Return the combination of variants; None if two of them set the same choice."""
    choices = [name for each in names for name in VARIANTS[each].choices]
    little = [name for name in names if name in LITTLE_DATA]
    if len(set(choices)) < len(choices) or len(little) > 1:
        return None
    variants = variants_by_name(names)
    return replace(variants, latency=LATENCY) if variants.latency else variants


ALONE_AND_IN_PAIRS: Final = [
    names
    for names in (*((name,) for name in VALID_HERE), *itertools.combinations(VALID_HERE, 2))
    if combine(names) is not None
]


def judged(tenant: Sandbox, settings: dict[str, str] | None = None, rules: Any = LAWS, **options: Any) -> CheckReport:
    given = Settings(tenant.base_url, **(settings or {"token": tenant.token}))
    target = Target.from_settings(given, allow_writes=rules is WRITES)
    return check(target, rules=rules, seed=1, **options)


def key_of(names: Collection[str], tenant: Sandbox) -> dict[str, str]:
    """What opens a tenant of these variants."""
    if "oauth1-only" in names:
        return {"client_id": tenant.client_id, "client_secret": tenant.client_secret}
    return {"token": tenant.token}


def warned(report: CheckReport) -> set[str]:
    return {each.id for each in report.checks if each.status == "warned"}


def test_every_variant_is_judged() -> None:
    assert {name for names in TOGETHER for name in names} | SHOWN_BY_WRITES == set(VALID_HERE)


@pytest.mark.series(dear=True)
@pytest.mark.parametrize("names", TOGETHER, ids="+".join)
def test_every_lawful_variant_holds(names: tuple[str, ...]) -> None:
    with quick_sandbox(USERS, SEED, variants=combine(names)) as tenant:
        report = judged(tenant, key_of(names, tenant))
    assert report.violations() == []
    assert report.exit_code() in ({0, 3} if LITTLE_DATA & set(names) else {0})
    assert warned(report) == {rule for name in names for rule in WARNED.get(name, ())}
    told = {each.operation_id for each in report.checks if each.cause is Cause.NOT_OFFERED}
    assert told >= {operation for name in names for operation in NOT_OFFERED.get(name, ())}


@pytest.mark.series(by=lambda parameters: len(parameters["names"]), dear=True)
@pytest.mark.parametrize("names", ALONE_AND_IN_PAIRS, ids="+".join)
def test_no_variant_alone_or_with_another_gives_a_false_alarm(names: tuple[str, ...]) -> None:
    with quick_sandbox(USERS, variants=combine(names)) as tenant:
        report = judged(tenant, key_of(names, tenant), limits=RunBudget(requests=3000))
    assert report.violations() == []
    assert report.kit_errors() == []
    assert report.exit_code() in ({0, 3} if LITTLE_DATA & set(names) else {0})
    expected = {rule for name in names for rule in WARNED.get(name, ())} | silent_cut(names)
    # With few records, a warning may have nothing to be seen on.
    assert warned(report) <= expected if LITTLE_DATA & set(names) else warned(report) == expected


def silent_cut(names: tuple[str, ...]) -> set[str]:
    return WARNED["silent page-cap"] if set(names) == {"page-cap", "no-total", "no-links"} else set()


@pytest.mark.series
@pytest.mark.parametrize("name", [*sorted(SHOWN_BY_WRITES), "no-gradebook", "empty", "one-school", "oauth1-only"])
def test_every_lawful_way_to_write_holds(name: str) -> None:
    with quick_sandbox(USERS, variants=variants_by_name([name])) as tenant:
        report = judged(tenant, key_of([name], tenant), WRITES)
    assert report.violations() == []
    assert report.exit_code() == 0
    assert warned(report) == set()
    assert report.leftovers == ()
    tested = {each.operation_id for each in report.checks if each.status is Status.PASSED}
    assert ("putCategory" in tested) is (name != "no-gradebook")


def test_cutting_pages_without_a_word_is_a_should_and_no_must() -> None:
    with quick_sandbox(USERS, variants=Variants(page_cap=10, links=False, total=False)) as tenant:
        report = judged(tenant, rules=select(["paging", "semantics"]))
    assert report.violations() == []
    assert warned(report) == WARNED["silent page-cap"]


def test_the_dialect_of_a_profile_holds_by_its_own_profile() -> None:
    with quick_sandbox(USERS, profile="kimono") as tenant:
        report = judged(tenant, {"token": tenant.token, "profile": "kimono"})
    assert report.summary()["failed"] == report.summary()["warned"] == 0
    assert {each.operation_id for each in report.checks} >= {"getAllAcademicSessionsKimono", "getCategoriesForClass"}


def test_tokens_of_oauth_2_open_every_door() -> None:
    with quick_sandbox(USERS) as tenant:
        settings = {
            "client_id": tenant.client_id,
            "client_secret": tenant.client_secret,
            "token_url": tenant.token_url,
        }
        report = judged(tenant, settings, select(["access", "envelope"]))
    assert report.summary()["failed"] == 0
    assert {each.family for each in report.checks if each.status == "passed"} == {"access", "envelope"}


def test_what_is_not_offered_is_skipped_and_no_failure() -> None:
    """A tenant of the small dialect, judged as one of the standard: what it lacks is told, not held against it."""
    with quick_sandbox(USERS, profile="kimono") as tenant:
        report = judged(tenant)
    lacking = [each for each in report.checks if each.operation_id == "getAllResults"]
    assert {each.message for each in lacking} == {"getAllResults is not offered (HTTP 404)"}
    assert report.violations() == []
    # A valid tenant need not serve demographics, the subject of the only must of privacy.
    assert report.exit_code() == 0
    assert report.verdict().musts.not_tested["not offered"] >= 1


def test_a_budget_that_is_too_small_is_no_pass() -> None:
    with quick_sandbox(USERS) as tenant:
        report = judged(tenant, limits=RunBudget(requests=150))
    assert report.exit_code() == 3
    assert report.target.requests == 150


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_tenant_without_records_ends_with_3(version: str) -> None:
    standard = Standard.of(version)
    with quick_sandbox(USERS, variants=variants_by_name(["empty"]), standard=standard) as tenant:
        target = Target(tenant.base_url, access=BearerToken(tenant.token), standard=standard)
        report = check(target, rules=LAWS, seed=1)
    assert report.violations() == []
    assert report.exit_code() == 3
