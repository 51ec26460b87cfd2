"""The ruleset of Spectral: it finds nothing in our documents, and each of its rules finds a mistake of its kind."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jsonpath_ng import parse
from jsonschema import Draft202012Validator

from generation.lint_rules import RULES
from generation.spectral_ruleset import RULE_PREFIX, ruleset
from oneroster.standard import Standard

Part = dict[str, Any]
FOUND = ruleset()["rules"]


def found_by(rule: Part, document: Part) -> Iterator[str]:
    """What Spectral reports: the function `schema` on the parts at the paths of a rule."""
    checker = Draft202012Validator(rule["then"]["functionOptions"]["schema"])
    for path in rule["given"]:
        for match in parse(path).find(document):
            yield from (f"{match.full_path}: {error.message}" for error in checker.iter_errors(match.value))


def orgs(document: Part) -> Part:
    operation: Part = document["paths"]["/orgs"]["get"]
    return operation


def name_of_org(document: Part) -> Part:
    name: Part = document["components"]["schemas"]["Org"]["allOf"][1]["properties"]["name"]
    return name


MISTAKES: dict[str, Callable[[Part], object]] = {
    "vocabulary": lambda d: name_of_org(d).update({"x-oneroster-persnal": True}),
    "operation-id": lambda d: orgs(d).pop("operationId"),
    "operation-form": lambda d: orgs(d)["tags"].append("resources"),
    "shared-parts": lambda d: orgs(d)["parameters"].append({"name": "a", "in": "query"}),
    "shared-parts/components": lambda d: d["components"]["examples"].update(
        Copy={"$ref": "#/components/examples/Orgs"}
    ),
    "errors": lambda d: orgs(d)["responses"].update({"4XX": {"$ref": "#/components/responses/NotFound"}}),
    "properties": lambda d: name_of_org(d).pop("type"),
    "marks": lambda d: d["components"]["parameters"]["Limit"].pop("x-oneroster-trust"),
    "uncertain": lambda d: name_of_org(d).update({"x-oneroster-trust": "C"}),
    "enumerations": lambda d: d["components"]["schemas"]["OrgType"]["enum"].append("school"),
    "enumerations/inline": lambda d: name_of_org(d).update(enum=["a"]),
    "constraints": lambda d: name_of_org(d).update(format="datetime"),
}
"""A mistake for each rule of the ruleset."""


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_no_rule_finds_anything_in_our_documents(version: str) -> None:
    documents = [Standard.of(version).document()]
    documents += [Standard.of(version).profile_document(name) for name in Standard.of(version).specification.profiles]
    for document in documents:
        assert {name: found for name, rule in FOUND.items() if (found := list(found_by(rule, document)))} == {}


@pytest.mark.parametrize("name", FOUND)
def test_each_rule_finds_a_mistake_of_its_kind(name: str) -> None:
    document = Standard.of("1.1").document()
    MISTAKES[name.removeprefix(RULE_PREFIX)](document)
    assert list(found_by(FOUND[name], document))


@pytest.mark.parametrize("mistake", ["x-oneroster-persnal", "requird", "minItmes"])
def test_a_misspelt_key_is_found_on_every_kind_of_object(mistake: str) -> None:
    for pointer in ("info", "components.parameters.Limit", "components.schemas.User", "paths./orgs.get"):
        document = Standard.of("1.1").document()
        part = document
        for step in pointer.split("."):
            part = part[step]
        part[mistake] = True
        assert any(mistake in each for each in found_by(FOUND[f"{RULE_PREFIX}vocabulary"], document)), pointer


def test_a_rule_is_part_of_the_rule_of_the_lint_that_has_its_name() -> None:
    known = {rule.name for rule in RULES} | {"vocabulary"}
    assert {name.removeprefix(RULE_PREFIX).partition("/")[0] for name in FOUND} <= known
