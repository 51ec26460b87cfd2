"""Sets of faults that do not hide each other, checked in a tenant in which each can show."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Final

from oneroster.contract.catalogue import catalogue, select
from oneroster.contract.clauses_by_version import applicable
from oneroster.contract.grounds import strongest_standing
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.target import DEFAULT_PROFILE, Target
from oneroster.contract.levels import Level
from oneroster.contract.result import CheckReport
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from oneroster.sandbox.faults import FAULTS
from oneroster.sandbox.faults.base import cannot_be_combined
from oneroster.sandbox.variants import VARIANTS, variants_by_name
from oneroster.sandbox.version_features import missing_features
from oneroster.standard import DEFAULT, Standard
from tests.contract.matrix import SEEN_BY_CHANCE, broken_by
from tests.contract.ways_in import way_into
from tests.in_process import quick_sandbox

FAMILIES: Final = {rule.id: rule.family for rule in catalogue()}
COMPANIONS: Final = {"access": "access", "errors": "errors", "privacy": "errors", "http": "errors"}
"""Families whose rules judge responses that rules of another family provoked."""
PROVOKING: Final = {
    "OR-ERR-08": ("access", "OR-FLT-12"),
    "OR-ERR-09": ("OR-ACC-01",),
    "OR-ERR-10": ("OR-HTP-02", "OR-HTP-03", "OR-PAG-07"),
    "OR-HTP-08": ("http", "OR-FLT-16"),
    "OR-ENV-07": ("errors", "http"),
    "OR-ENV-08": ("OR-FLT-01", "OR-FLD-02"),
    "OR-SCH-08": ("OR-FLT-01", "OR-SRT-01", "OR-FLD-02", "OR-CMB-01"),
    "OR-PAG-14": ("OR-FLT-11",),
    "OR-ENV-09": ("OR-PAG-01",),
    "OR-ENV-10": ("OR-ENV-06", "OR-FLT-16"),
    "OR-ERR-16": ("errors", "OR-SEM-11"),
    "OR-ERR-17": ("errors", "OR-SEM-11", "OR-SRT-01"),
    "OR-ERR-18": ("OR-CMB-05",),
    "OR-ADD-08": ("errors", "access"),
    "OR-ADD-22": ("errors", "OR-SEM-11", "OR-ACC-19"),
    "OR-PRV-02": ("errors", "OR-FLT-12"),
    "OR-ADD-09": ("errors", "access"),
}
"""By rule about the whole run: families and rules whose requests it judges."""
CERTAIN: Final = "[A]"
FILTERS: Final = re.compile(r"^3\.2 |filter")
"""What clauses on filters have in them, in both sheets."""
ENGINE: Final = "OR-ENG"
ENOUGH: Final = RunBudget(requests=4000)
WARNED: Final = {"json-booleans": {"OR-SCH-06"}, "no-minor-codes": {"OR-ERR-08", "OR-FLT-12"}}
"""Variants that rules for probable facts warn of."""
NEVER_DRAWN: Final = frozenset({"slow", "oauth1-only", "static-bearer-only", "no-nested"})
"""Variants that only cost time, or leave one kind of access or no nested collections."""


@cache
def levels(version: str = DEFAULT) -> dict[str, Level]:
    """Return the highest level of each rule that applies to a version, by the marks of the document too."""
    specification = Standard.of(version).specification
    operations = specification.operations.values()
    return {
        rule.id: strongest_standing(rule, operations, specification).level for rule in applicable(catalogue(), version)
    }


@cache
def rules_of(version: str = DEFAULT) -> dict[str, str]:
    """Return which rule each fault breaks that a version can have."""
    return broken_by(version)


@cache
def compatible(one: str, other: str) -> bool:
    """Return whether two faults can be seen in one tenant."""
    return not cannot_be_combined(FAULTS[one], FAULTS[other])


def all_compatible(names: Collection[str]) -> bool:
    return all(compatible(one, other) for one, other in combinations(names, 2))


def possible_variants(names: Collection[str], version: str = DEFAULT) -> list[str]:
    """Return the variants under which every fault of a set shows."""
    without = NEVER_DRAWN.union(*(FAULTS[name].needs.without for name in names))
    specification = Standard.of(version).specification
    return [
        name
        for name, variant in VARIANTS.items()
        if name not in without and not missing_features(variant.features, specification)
    ]


def possible_profiles(names: Collection[str], version: str = DEFAULT) -> list[str]:
    """Return the profiles under which every fault of a set shows; only the standard profile has writes."""
    without = frozenset[str]().union(*(FAULTS[name].needs.without for name in names))
    writes = any(FAULTS[name].needs.writes for name in names)
    profiles = Standard.of(version).specification.profiles
    return [each for each in profiles if each == DEFAULT_PROFILE or not (writes or each in without)]


def judged(
    names: Sequence[str],
    variants: Sequence[str] = (),
    size: int = 40,
    rules: Sequence[str] | None = None,
    version: str = DEFAULT,
    profile: str = DEFAULT_PROFILE,
    seed: int = 1,
) -> CheckReport:
    """Return the report on a tenant with some faults; of all rules of reads or writes if none are given."""
    standard = Standard.of(version)
    needs = [FAULTS[name].needs for name in names]
    writes = any(each.writes for each in needs)
    access = next((each.access for each in needs if each.access != "any"), "bearer")
    options = {option for each in needs for option in each.options}
    lifetime = min((each.token_lifetime for each in needs if each.token_lifetime), default=3600)
    engine = any(rules_of(version)[name].startswith(ENGINE) for name in names)
    include = list(rules) if rules is not None else ["writes", *rules_for(names, version)] if writes else []
    exclude = [] if engine or rules is not None else ["engine"]
    users = max([size, *(each.rows for each in needs)])
    plan = RunPlan(negative="negative" in options, stateful="stateful" in options)
    with quick_sandbox(
        users,
        faults=names,
        variants=replace(variants_by_name(variants)),
        token_lifetime=lifetime,
        standard=standard,
        profile=profile,
    ) as tenant:
        way = way_into(tenant, access, writes=writes)
        target = Target(tenant.base_url, profile=profile, access=way, allow_writes=writes, standard=standard)
        return check(target, ENOUGH, rules=select(include, exclude), plan=plan, seed=seed)


def rules_for(names: Collection[str], version: str = DEFAULT) -> list[str]:
    """Return what to include in a check that is to see some faults and nothing else."""
    rules = {rules_of(version)[name] for name in names}
    families = {COMPANIONS.get(FAMILIES[rule_id]) for rule_id in rules} - {None}
    provoking = {each for rule_id in rules for each in PROVOKING.get(rule_id, ())}
    if any(FAULTS[name].needs.writes and FAMILIES[rules_of(version)[name]] != "writes" for name in names):
        provoking.add("writes")
    return sorted(rules | provoking | {str(family) for family in families})


def families_for(names: Collection[str], version: str = DEFAULT) -> list[str]:
    """Return what to include in a check that is to see some faults, and whatever their families say beside."""
    return sorted({*rules_for(names, version), *(FAMILIES[rules_of(version)[name]] for name in names)})


def broken_rules(names: Collection[str], version: str = DEFAULT) -> set[str]:
    """Return the rules that the faults break, without those that the standard leaves open."""
    rules = {rules_of(version)[name] for name in names}
    return {rule_id for rule_id in rules if levels(version)[rule_id] is not Level.OPEN}


def unseen(report: CheckReport, names: Collection[str], version: str = DEFAULT) -> set[str]:
    """Return the rules that faults break and that neither failed nor are explained by a failed rule."""
    failed = {each.id for each in report.violations(Level.SHOULD)}
    explained = {each.id for each in report.checks if each.explained_by in failed}
    instead = {rules_of(version)[name] for name in names if SEEN_BY_CHANCE.get(name) in failed}
    return broken_rules(names, version) - failed - explained - instead


def unexplained(
    report: CheckReport, names: Collection[str], variants: Collection[str] = (), version: str = DEFAULT
) -> set[str]:
    """Return the rules that failed although no fault breaks them, and no variant is probably wrong."""
    known = {table[name] for name in names for table in (rules_of(version), SEEN_BY_CHANCE) if name in table}
    known |= {rule for name in variants for rule in WARNED.get(name, ())}
    return {each.id for each in report.violations(Level.SHOULD)} - known


def is_certain(name: str, version: str = DEFAULT) -> bool:
    """Return whether a fault breaks a certain fact; of filters nothing is more certain than their parameter."""
    operations = Standard.of(version).specification.operations.values()
    of_filters = {each.trust for known in operations for each in known.parameters if each.name == "filter"}
    breaks = FAULTS[name].breaks
    return CERTAIN in breaks and (FILTERS.search(breaks) is None or of_filters == {"A"})


def breaks_a_must(names: Collection[str], version: str = DEFAULT) -> bool:
    """Return whether a fault certainly breaks a must; a must rule reports what is only probable as a should."""
    known, rules = levels(version), rules_of(version)
    return any(known[rules[name]] is Level.MUST and is_certain(name, version) for name in names)
