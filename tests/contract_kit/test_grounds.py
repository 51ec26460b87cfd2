"""The marks of the document lower the level of the rules that stand on them, and of no other."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from oneroster.contract.catalogue import catalogue, select
from oneroster.contract.clauses_by_version import applicable
from oneroster.contract.grounds import GROUND_KINDS, ground_marks, grounds_of, standing_on, strongest_standing
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level, level_of, weakest
from oneroster.contract.result import Status
from oneroster.contract.rule import Rule
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox
from oneroster.settings import resolve_settings
from oneroster.standard import Standard
from oneroster_runtime.specification import Specification, read_specification

STANDARD = Standard.of("1.1")
RULES = {rule.id: rule for rule in catalogue()}
GROUNDS = sorted({ground for rule in RULES.values() for ground in grounds_of(rule)})
MARKED = ("x-oneroster-trust", "trust")
Pointer = tuple[str | int, ...]


def a_rule(*stands_on: str, family: str = "http", clause: str = "1 something [A]") -> Rule:
    return Rule("OR-HTP-99", family, "T", clause, lambda _: (), (), lambda *_: (), stands_on=stands_on)


def marks_of(specification: Specification) -> dict[tuple[str, str], str]:
    """The mark of each ground that any rule has, on each operation."""
    rule = a_rule(*(ground for ground in GROUNDS if ground not in ("operation", "token endpoint")))
    return {
        (ground, name): mark
        for name, operation in specification.operations.items()
        for ground, mark in ground_marks(rule, operation, specification).items()
    }


def places(document: dict[str, Any]) -> Iterator[Pointer]:
    """The places of the marks on operations, parameters, responses, headers, schemes, scopes, subsets and parents."""

    def walk(part: Any, path: Pointer) -> Iterator[Pointer]:
        for key, below in part.items() if isinstance(part, dict) else ():
            if key in MARKED or path[-1:] == ("x-oneroster-oauth-scopes",):
                yield (*path, key)
            elif key not in ("examples", "x-oneroster-presence"):
                yield from walk(below, (*path, key))

    yield from walk(document["paths"], ("paths",))
    for section in ("parameters", "responses", "headers", "securitySchemes"):
        yield from walk(document["components"][section], ("components", section))


def put(document: dict[str, Any], path: Pointer, mark: str) -> str:
    """Write a mark, and return the one that was there."""
    holder: Any = document
    for step in path[:-1]:
        holder = holder[step]
    before = str(holder[path[-1]])
    holder[path[-1]] = mark
    return before


OUTSIDE = {
    ("components", "securitySchemes", "bearer"): "a bearer token is given to the run",
    ("components", "headers", "Retry-After"): "no page has it",
    ("components", "responses", "TooManyRequests"): "a 429 is no response to judge",
}
"""Marks on which no rule stands, and why."""


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_every_mark_is_that_of_a_ground_and_of_no_other(version: str, request: pytest.FixtureRequest) -> None:
    """Of all marks a sample without --all."""
    document = Standard.of(version).document()
    before = marks_of(read_specification(document))
    found = list(places(document))
    assert len(found) > 150
    whole, chance = request.config.option.all, random.Random(request.config.option.seed)  # noqa: S311  # a sample
    for path in found if whole else chance.sample(found, 12):
        mark = put(document, path, "C")
        after = marks_of(read_specification(document))
        put(document, path, mark)
        different = {key for key in before if before[key] != after[key]}
        assert after.keys() == before.keys()
        assert {after[key] for key in different} <= {"C"}, path
        assert bool(different) is (mark != "C" and path[:3] not in OUTSIDE), path


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_stands_on_parts_that_the_document_has(rule: Rule) -> None:
    marked: set[str] = set()
    first = STANDARD if applicable([rule], STANDARD.version) else Standard.of("1.2")
    for operation in first.specification.operations.values():
        marks = ground_marks(rule, operation, first.specification)
        marked |= marks.keys()
        standing = standing_on(rule, operation, first.specification)
        assert standing.level is weakest(rule.level, *map(level_of, marks.values()))
        assert (standing.clause == rule.clause) is (standing.level is rule.level)
    assert set(grounds_of(rule)) == marked
    assert {ground.partition(" ")[0] for ground in grounds_of(rule)} <= GROUND_KINDS


def test_a_rule_of_the_token_endpoint_does_not_stand_on_an_operation() -> None:
    assert grounds_of(RULES["OR-ACC-06"]) == ("token endpoint",)
    assert grounds_of(a_rule("status 404", family="filtering")) == ("operation", "parameter filter", "status 404")


def test_without_an_operation_a_rule_has_the_highest_of_its_levels() -> None:
    specification = STANDARD.specification
    operations = specification.operations.values()
    assert strongest_standing(a_rule("wrapper"), operations, specification).level is Level.MUST
    assert strongest_standing(a_rule("scopes"), operations, specification).level is Level.SHOULD
    one = [specification.operations["getDemographics"]]
    assert strongest_standing(a_rule("wrapper"), one, specification).level is Level.OPEN
    assert strongest_standing(a_rule("header Age"), operations, specification).level is Level.MUST


UNCERTAIN = {
    "operation": ("$.paths['/orgs'].get", "getAllOrgs", "wrong-total", "OR-PAG-05"),
    "parameter": ("$.components.parameters.Limit", "getAllOrgs", "limit-ignored", "OR-PAG-01"),
    "response": ("$.components.responses.Users", "getAllUsers", "unknown-role", "OR-SCH-03"),
    "status": ("$.components.responses.Unauthorized", "getAllOrgs", "open-door", "OR-ACC-01"),
    "header": ("$.components.headers['X-Total-Count']", "getAllOrgs", "wrong-total", "OR-PAG-05"),
    "wrapper": ("$.components.schemas.UserPage.properties.users", "getAllStudents", "path-named-wrapper", "OR-ENV-01"),
}


@pytest.mark.parametrize("what", UNCERTAIN)
def test_no_rule_fails_a_server_on_an_uncertain_point(what: str, tmp_path: Path) -> None:
    target, operation_id, fault, rule_id = UNCERTAIN[what]
    update = {"x-oneroster-trust": "C", "x-oneroster-note": "Sources differ."}
    info = {"title": "T", "version": "1"}
    path = tmp_path / "uncertain.yaml"
    path.write_text(
        yaml.safe_dump({"overlay": "1.0.0", "info": info, "actions": [{"target": target, "update": update}]}),
        encoding="utf-8",
    )
    with Sandbox(size=41, faults=[fault]) as tenant:
        given = {"base_url": tenant.base_url, "token": tenant.token, "overlay": str(path)}
        report = check(
            Target.from_settings(resolve_settings(given, {})),
            rules=[rule for rule in select() if rule.id == rule_id],
            plan=RunPlan(operations=frozenset({operation_id}), named=frozenset({rule_id})),
            seed=1,
        )
    (found,) = (each for each in report.checks if each.operation_id == operation_id and each.id == rule_id)
    assert (found.status, found.level) == (Status.OPEN, Level.OPEN)
    why = "open here, because the standard is less certain [C] about "
    assert found.clause.startswith(f"{RULES[rule_id].clause}; {why}")
    assert report.violations(Level.SHOULD) == []
