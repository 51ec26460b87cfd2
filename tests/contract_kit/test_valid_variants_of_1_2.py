"""No false alarm in OneRoster 1.2: whatever the standard leaves to a server, and what certified servers do.

The limitations of certified servers are no totals and links, no nested collections, pages that are cut, unknown names
that are ignored or refused, status objects without minor codes, and no gradebook.
"""

import itertools
from typing import Final

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.target import Target
from oneroster.contract.result import CheckReport
from oneroster.contract.runner import check
from oneroster.sandbox.variants import VARIANTS
from oneroster.sandbox.version_features import missing_features
from oneroster.standard import Standard
from tests.contract.ways_in import way_into
from tests.contract_kit.test_valid_variants import LAWS, LITTLE_DATA, WARNED, WRITES, combine, silent_cut, warned
from tests.in_process import quick_sandbox

STANDARD: Final = Standard.of("1.2")
CERTIFIED: Final = ("no-total", "no-links", "no-nested", "unknown-names-refused", "no-minor-codes", "no-gradebook")
NAMES: Final = [name for name, each in VARIANTS.items() if not missing_features(each.features, STANDARD.specification)]
ALONE_AND_IN_PAIRS: Final = [
    names for names in (*((name,) for name in NAMES), *itertools.combinations(NAMES, 2)) if combine(names) is not None
]


def judged(names: tuple[str, ...], *, writes: bool = False) -> CheckReport:
    with quick_sandbox(40, standard=STANDARD, variants=combine(names)) as tenant:
        target = Target(tenant.base_url, access=BearerToken(tenant.token), allow_writes=writes, standard=STANDARD)
        return check(target, RunBudget(requests=6000), rules=WRITES if writes else LAWS, seed=1)


def shoulds(names: tuple[str, ...]) -> set[str]:
    return {rule for name in names for rule in WARNED.get(name, ())}


def test_limitations_of_certified_servers_fail_no_must() -> None:
    assert set(CERTIFIED) <= set(NAMES)
    report = judged(CERTIFIED)
    assert report.violations() == []
    assert report.kit_errors() == []
    assert report.exit_code() == 0
    assert warned(report) == shoulds(CERTIFIED)


@pytest.mark.only_with_all
@pytest.mark.parametrize(("size", "most"), [("small", 2500), ("medium", 4000)])
@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_default_check_keeps_to_its_number_of_requests(version: str, size: str, most: int) -> None:
    standard = Standard.of(version)
    with quick_sandbox(size, standard=standard) as tenant:
        target = Target(tenant.base_url, access=way_into(tenant, "oauth2"), standard=standard)
        report = check(target, RunBudget(requests=6000), rules=select(), seed=1)
    assert report.target.requests <= most
    assert report.exit_code() == 0


@pytest.mark.only_with_all
@pytest.mark.parametrize("names", ALONE_AND_IN_PAIRS, ids="+".join)
def test_no_variant_of_1_2_alone_or_with_another_gives_a_false_alarm(names: tuple[str, ...]) -> None:
    report = judged(names)
    assert report.violations() == []
    assert report.kit_errors() == []
    assert report.exit_code() in ({0, 3} if LITTLE_DATA & set(names) else {0})
    # Of few records, the resources and the classes that refer to them are not the same ones.
    cut_off = {"OR-ADD-16"} if LITTLE_DATA & set(names) else set()
    # A refusal without a code is found at operations that no other rule judges.
    refused = {"OR-ERR-16"} if {*names} >= {"gradebook-refused", "no-minor-codes"} else set()
    assert warned(report) <= shoulds(names) | silent_cut(names) | cut_off | refused


@pytest.mark.only_with_all
@pytest.mark.parametrize("name", ["soft-delete", "empty", "no-gradebook", "no-minor-codes", "no-nested"])
def test_every_valid_way_to_write_holds_in_1_2(name: str) -> None:
    report = judged((name,), writes=True)
    assert report.violations() == []
    assert warned(report) == set()
    assert report.leftovers == ()
