"""The documentation of the rules: every rule in full, and docs/rules.md up to date with the code."""

from pathlib import Path

import pytest

import docs_pages
from oneroster.contract.catalogue import catalogue
from oneroster.contract.levels import Level
from oneroster.contract.rule import FAMILIES
from oneroster.contract.rule_docs import FAMILY_TEXTS, LEVEL_TEXTS, rules_as_markdown


def test_every_family_and_level_is_explained() -> None:
    assert list(FAMILY_TEXTS) == list(FAMILIES)
    assert list(LEVEL_TEXTS) == list(Level)


def test_every_rule_has_an_example_of_a_violation_and_a_fix() -> None:
    for rule in catalogue():
        assert rule.example, rule.id
        assert rule.fix, rule.id
        assert not rule.example.endswith("."), rule.id
        assert not rule.fix.endswith("."), rule.id


def test_the_page_has_every_rule_in_full() -> None:
    text = rules_as_markdown(catalogue())
    for rule in catalogue():
        for expected in (f"### {rule.id}: {rule.title}\n", rule.clause, rule.example, rule.fix):
            assert expected in text


def test_the_page_lists_families_with_their_number_of_rules() -> None:
    text = rules_as_markdown(rule for rule in catalogue() if rule.family == "sorting")
    assert "| [sorting](#sorting) | 7 |" in text
    assert "paging](#paging)" not in text


def test_the_pages_in_docs_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert docs_pages.main(["--check"]) == 0, capsys.readouterr().err


def test_a_page_that_is_not_up_to_date_is_named_and_then_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rules.md").write_text("old", encoding="utf-8")
    assert docs_pages.main(["--check"], tmp_path) == 1
    assert "docs/rules.md is not up to date" in capsys.readouterr().err
    assert docs_pages.main([], tmp_path) == 0
    assert docs_pages.main(["--check"], tmp_path) == 0
