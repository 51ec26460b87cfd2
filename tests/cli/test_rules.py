"""The command `oneroster rules`: the catalogue by family, one rule in full, and JSON."""

import json

import pytest
from typer.testing import CliRunner, Result

from oneroster.cli import build
from oneroster.contract.catalogue import catalogue
from oneroster.contract.rule import FAMILIES


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["rules", *arguments], env={"COLUMNS": "400", "TERM": "dumb"})


def test_it_lists_every_rule_on_one_line_by_family() -> None:
    lines = run().stdout.splitlines()
    rules = {rule.id: rule for rule in catalogue()}
    assert sorted(line.split()[0] for line in lines) == sorted(rules)
    for line in lines:
        rule = rules[line.split()[0]]
        assert line.split()[1:3] == [str(rule.level), rule.family]
        assert line.endswith(rule.title)
    families = list(dict.fromkeys(line.split()[2] for line in lines))
    assert families == [family for family in FAMILIES if family in families]


def test_a_rule_is_told_in_full() -> None:
    rule = next(rule for rule in catalogue() if rule.needs)
    text = run(rule.id).stdout
    for said in (rule.id, rule.title, rule.clause, rule.example, rule.fix, *rule.needs, str(rule.level)):
        assert said in text


def test_for_programs_it_says_the_same() -> None:
    rules = json.loads(run("paging", "OR-ENV-01", "--format", "json").stdout)
    assert {each["id"] for each in rules} == {
        rule.id for rule in catalogue() if rule.family == "paging" or rule.id == "OR-ENV-01"
    }
    by_id = {rule.id: rule for rule in catalogue()}
    for each in rules:
        rule = by_id[each["id"]]
        assert (each["title"], each["level"], each["clause"]) == (rule.title, rule.level, rule.clause)
        assert (each["example"], each["fix"], each["needs"]) == (rule.example, rule.fix, list(rule.needs))


@pytest.mark.parametrize("name", ["OR-PAG-00", "manners"])
def test_a_name_that_is_no_rule_is_wrong_usage(name: str) -> None:
    result = run(name)
    assert result.exit_code == 2
    assert f"no such family or rule: {name}" in result.stderr
    assert result.stdout == ""


def test_levels_and_exceptions_of_another_version_are_shown() -> None:
    lines = {line.split()[0]: line.split()[1:] for line in run("--standard", "1.2").stdout.splitlines()}
    assert lines["OR-FLD-03"][0] == "open"
    assert lines["OR-ACC-12"][0] == "none"
    assert "does not apply: OneRoster 1.2 has no OAuth 1.0a" in " ".join(lines["OR-ACC-12"])
    (rule,) = json.loads(run("OR-FLD-03", "--standard", "1.2", "--json").stdout)
    assert (rule["level"], rule["versions"]["1.1"]["level"]) == ("open", "must")
    assert "3.3 an unknown name in fields: 400, or all data [C]" in run("OR-FLD-03").stdout
    assert "unit of Category.weight" in run("--uncovered", "--standard", "1.2").stdout
    assert run("--standard", "7").exit_code == 2
