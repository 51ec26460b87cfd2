"""The catalogue as a page: every rule in full, and the page in docs/ is the one that the rules make."""

from pathlib import Path

import pytest

import docs_pages
from oneroster.contract.catalogue import catalogue
from oneroster.contract.levels import Level
from oneroster.contract.rule import FAMILIES
from oneroster.contract.rule_docs import FAMILY_TEXTS, LEVEL_TEXTS, page


def test_every_family_and_level_is_explained() -> None:
    assert list(FAMILY_TEXTS) == list(FAMILIES)
    assert list(LEVEL_TEXTS) == list(Level)


def test_every_rule_says_what_breaks_it_and_how_that_is_mended() -> None:
    for rule in catalogue():
        assert rule.example, rule.id
        assert rule.fix, rule.id
        assert not rule.example.endswith("."), rule.id
        assert not rule.fix.endswith("."), rule.id


def test_the_page_holds_every_rule_in_full() -> None:
    text = page(catalogue())
    for rule in catalogue():
        for said in (f"### {rule.id}: {rule.title}\n", rule.clause, rule.example, rule.fix):
            assert said in text


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
