"""The filters that each field is tried with: its column takes their values, and none of these is personal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.dialects.overlay import dialect_specification
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.observation.field_filters import comparable_fields, field_filters, made_up, paired_filters
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.probe_values import compared_as, known_collections
from oneroster.contract.observation.snapshot import read_all_collections
from oneroster.contract.oracle.filters import expected, values_at
from oneroster.contract.runner import check
from oneroster.standard import Standard
from tests.in_process import quick_sandbox

STANDARD: Final = Standard.of("1.1")
SHORT: Final = 2
"""Characters of what may be searched for in a field that may be personal."""


@pytest.fixture(scope="module")
def tenant() -> Iterator[ObservedTenant]:
    with quick_sandbox() as sandbox, Gateway(Target(sandbox.base_url, access=BearerToken(sandbox.token))) as gateway:
        looked = ObservedTenant(gateway, seed=1)
        read_all_collections(looked, lambda _: None)
        yield looked


def overlay_of(path: Path, standard: Standard) -> str:
    """Write an overlay by which every date, date-time and number is just text."""
    actions: list[dict[str, Any]] = []

    def visit(node: Any, place: str) -> None:
        if isinstance(node, dict):
            if node.get("format") in ("date", "date-time"):
                actions.append({"target": f"{place}.format", "remove": True})
            if node.get("type") == "number":
                actions.append({"target": place, "update": {"type": ["number", "string"]}})
            for key, value in node.items():
                visit(value, f"{place}['{key}']")
        for index, value in enumerate(node if isinstance(node, list) else ()):
            visit(value, f"{place}[{index}]")

    visit(dialect_specification("standard", standard).document["components"]["schemas"], "$.components.schemas")
    overlay = {"overlay": "1.0.0", "info": {"title": "Text", "version": "1"}, "actions": actions}
    path.write_text(json.dumps(overlay), encoding="utf-8")
    assert len(actions) > 10
    return str(path)


def test_a_column_is_asked_for_values_that_it_takes_whatever_an_overlay_says(tmp_path: Path) -> None:
    overlay = overlay_of(tmp_path / "text.json", STANDARD)
    with quick_sandbox() as sandbox:
        target = Target(sandbox.base_url, access=BearerToken(sandbox.token), overlay=overlay)
        report = check(target, rules=select(["filtering", "sorting", "combinations", "fields"], []), seed=1)
    assert "OR-FLT-16" in {each.id for each in report.checks}
    assert not [(each.id, each.message) for each in report.violations(Level.SHOULD)]


def property_of(kind: str) -> Any:
    known = STANDARD.specification.elements["AcademicSession"].properties["startDate"]
    return known._replace(kind=kind)


@pytest.mark.parametrize(
    ("standard", "values", "kind"),
    [
        ("date", ["2025-08-18"], "date"),
        ("date", [], "date"),
        ("date", ["18/08/2025"], "other form"),
        ("number", ["17.5", "3"], "number"),
        ("date-time", ["2025-08-18T00:00:00Z"], "date-time"),
        ("boolean", ["true"], "boolean"),
        ("string", ["2025-08-18"], "string"),
        (None, ["2025-08-18"], "date"),
        (None, ["2025-08-18T10:00:00Z"], "date-time"),
        (None, ["17", "18"], "number"),
        (None, ["17", "eighteen"], "string"),
    ],
)
def test_text_of_an_overlay_is_compared_as_what_it_is(standard: str | None, values: list[str], kind: str) -> None:
    rows = [{"startDate": value} for value in values]
    known = None if standard is None else property_of(standard)
    assert compared_as(property_of("string"), known, rows).kind == kind


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["18/08/2025"], "11/11/1111"),
        (["(555) 0103", "(555) 0104"], "(111) 1111"),
        (["2025-08-18T10:30:00Z"], "1111-11-11T11:11:11Z"),
        (["A-1", "7"], "oneroster-check"),
        ([], "oneroster-check"),
    ],
)
def test_what_is_made_up_has_the_form_of_the_values(tenant: ObservedTenant, values: list[str], text: str) -> None:
    assert made_up(tenant, property_of("other form"), values) == text


def test_a_field_that_may_be_personal_is_asked_for_none_of_its_values(tenant: ObservedTenant) -> None:
    judged = 0
    for operation, rows in known_collections(tenant):
        for known in comparable_fields(tenant, operation).values():
            values = {value for row in rows.values() for value in values_at(row, known.name)}
            if not known.personal or known.kind in ("enumeration", "boolean") or not values:
                continue
            filters = [each for each in field_filters(tenant, operation, known) if each is not None]
            clauses = [clause for each in filters for clause in each.clauses]
            assert not {clause.text for clause in clauses} & set(map(str, values))
            assert all(len(clause.text) < SHORT for clause in clauses if clause.operator == "~")
            judged += 1
    assert judged > 10


def test_each_filter_tells_some_records_from_others(tenant: ObservedTenant) -> None:
    for operation, rows in known_collections(tenant):
        for wanted in paired_filters(tenant, operation):
            assert any(expected(wanted, row).holds for row in rows.values())
