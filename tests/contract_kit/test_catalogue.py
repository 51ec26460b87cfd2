"""The register of rules: ids that stay, clauses that carry a mark, prerequisites that exist."""

import re
from collections.abc import Iterator

import pytest

from oneroster.contract.catalogue import catalogue, select
from oneroster.contract.families import FAMILIES
from oneroster.contract.levels import Level, level_of, level_of_clause
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.rule import Rule, register, rule
from oneroster_runtime.specification import Operation


def test_ids_are_one_series_for_each_family() -> None:
    series: dict[str, list[int]] = {}
    prefixes: dict[str, set[str]] = {}
    for each in catalogue():
        match = re.fullmatch(r"OR-([A-Z]{3})-(\d\d)", each.id)
        assert match
        series.setdefault(each.family, []).append(int(match[2]))
        prefixes.setdefault(each.family, set()).add(match[1])
    assert list(series) == [family for family in FAMILIES if family in series]
    assert all(sorted(numbers) == list(range(1, len(numbers) + 1)) for numbers in series.values())
    assert all(len(each) == 1 for each in prefixes.values())


def test_prerequisites_exist_and_come_first() -> None:
    place = {each.id: number for number, each in enumerate(catalogue())}
    for each in catalogue():
        for needed in each.needs:
            assert place[needed] < place[each.id], (each.id, needed)


def test_titles_say_what_holds_and_are_unique() -> None:
    titles = [each.title for each in catalogue()]
    assert len(set(titles)) == len(titles)
    assert all(title[0].isupper() and not title.endswith(".") for title in titles)


@pytest.mark.parametrize(("trust", "level"), [("A", Level.MUST), ("B", Level.SHOULD), ("C", Level.OPEN)])
def test_the_level_follows_from_the_trust(trust: str, level: Level) -> None:
    assert level_of(trust) is level
    assert level_of_clause(f"3.1 limit [{trust}]") is level


def test_a_clause_without_a_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="no trust mark"):
        level_of_clause("3.1 limit")


def nothing(_tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    return iter(())


@pytest.mark.parametrize(
    ("rule_id", "family", "clause"),
    [
        ("OR-PAG-01", "paging", "3.1 limit [A]"),
        ("OR-XYZ-01", "nonsense", "3.1 limit [A]"),
        ("OR-PAG-99", "paging", "3.1 limit"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(rule_id: str, family: str, clause: str) -> None:
    before = catalogue()
    with pytest.raises(ValueError, match=r"taken|trust mark"):
        rule(rule_id, family=family, title="T", clause=clause, over=lambda _: (), example="a", fix="b")(nothing)
    assert catalogue() == before


@pytest.mark.parametrize(("breach", "mend"), [("", "count them"), ("a wrong total", "")])
def test_a_rule_that_does_not_say_what_breaks_and_mends_it_is_refused(breach: str, mend: str) -> None:
    with pytest.raises(ValueError, match="an example of a violation and a fix"):
        rule("OR-PAG-99", family="paging", title="T", clause="3.1 [A]", over=lambda _: (), example=breach, fix=mend)


def test_a_rule_of_one_s_own_can_be_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    known = catalogue()
    monkeypatch.setattr("oneroster.contract.rule._RULES", {each.id: each for each in known})
    own = Rule("OR-PAG-99", "paging", "T", "3.1 limit [C]", lambda _: (), (), nothing)
    register(own)
    assert own in catalogue()
    assert own.level is Level.OPEN


def test_rules_are_chosen_by_family_and_id() -> None:
    paging = {each.id for each in catalogue() if each.family == "paging"}
    assert {each.id for each in select(["paging"])} == paging
    assert {each.id for each in select(["paging"], ["OR-PAG-01"])} == paging - {"OR-PAG-01"}
    assert {each.family for each in select(exclude=["engine"])} == {each.family for each in catalogue()} - {"engine"}


def test_a_name_that_is_neither_is_told() -> None:
    with pytest.raises(ValueError, match="no such family or rule: 7; the families are envelope"):
        select(["paging", "7"])
    with pytest.raises(ValueError, match=r"no such family or rule: pagin; did you mean paging\?"):
        select(["pagin"])
