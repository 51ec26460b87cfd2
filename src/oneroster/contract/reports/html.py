"""The report as one self-contained HTML page, without scripts, web fonts or images."""

import re
from collections.abc import Iterable
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from oneroster.contract.catalogue import catalogue
from oneroster.contract.levels import Level
from oneroster.contract.observation.observed_tenant import Offer
from oneroster.contract.reports.summary_model import Exercise, Score, Summary, operation_names
from oneroster.contract.result import OperationSeen
from oneroster.contract.rule import Rule
from oneroster.contract.verdict import Outcome

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["render"]

FIX_FIRST: Final = 5
_BACKTICKS: Final = re.compile("`([^`]+)`")
PARTS: Final = ("passed", "warned", "failed")
_SENTENCES: Final = {
    Outcome.HOLDS: "Every certain requirement of OneRoster {} that this run could check holds.",
    Outcome.WARNED: "The certain requirements of OneRoster {} hold; some of the probable ones do not.",
    Outcome.VIOLATED: "Clients that rely on OneRoster {} will misread this tenant, lose rows, or fail.",
    Outcome.UNJUDGED: "This run could not check enough of OneRoster {} for a verdict on the server.",
    Outcome.INTERRUPTED: "The run was interrupted, so what it did not reach of OneRoster {} is not judged.",
    Outcome.KIT_ERROR: "The kit failed, so this run says nothing about the server and OneRoster {}.",
}


def render(summary: Summary) -> str:
    """Return the page; every text in it is escaped."""
    report = summary.report
    scores = {score.name: score for score in summary.operations}
    return _template().render(
        report=report,
        verdict=summary.verdict,
        sentence=_SENTENCES[summary.verdict.outcome].format(report.target.standard),
        families=summary.families,
        counts=summary.counts,
        sections=[(level, summary.violations_of(level)) for level in (Level.MUST, Level.SHOULD)],
        open_points=summary.open_points,
        fix_first=summary.fix_first,
        most_fixes=FIX_FIRST,
        unread=summary.unread,
        extent=summary.extent,
        operations=sorted(report.operations, key=lambda each: _rank(scores.get(each.operation_id))),
        scores=scores,
        services=_services(report.operations),
        slowest=max((each.slowest or 0.0 for each in report.operations), default=0.0),
        not_judged=summary.not_judged,
        exercised=_by_family(summary.rules),
        cut=summary.cut,
        rules=_rules(),
        operation_names=operation_names,
        comparison=summary.comparison,
        coverage=_coverage(report.operations),
    )


@cache
def _template() -> "Template":
    # A missing name must raise an error, because an empty section would read as "no violations".
    environment = Environment(
        loader=PackageLoader("oneroster.contract.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["milliseconds"] = _milliseconds
    environment.filters["code"] = _code
    environment.globals["PARTS"] = PARTS
    return environment.get_template("page.html.jinja")


@cache
def _rules() -> dict[str, Rule]:
    return {each.id: each for each in catalogue()}


def _code(text: str) -> str:
    """Return a text of a rule as HTML, with what is between backticks as code."""
    return _BACKTICKS.sub(r"<code>\1</code>", escape(text))


def _milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{1000 * seconds:.1f}" if seconds < 0.01 else f"{1000 * seconds:,.0f}"


def _rank(score: Score | None) -> tuple[int, int, bool]:
    """Sort operations with the most violations first, and those without checks last."""
    return (-score.failed, -score.warned, not score.judged) if score else (0, 0, True)


def _services(operations: tuple[OperationSeen, ...]) -> list[dict[str, Any]]:
    """Return which operations the server offers of each part of the standard, such as rostering or gradebook."""
    services: dict[str, list[OperationSeen]] = {}
    for each in operations:
        services.setdefault(each.tag, []).append(each)
    return [
        {
            "name": name,
            "operations": len(members),
            "offered": sum(1 for each in members if each.offer == Offer.YES),
            "absent": [each.operation_id for each in members if each.offer == Offer.NO],
            "refused": [each.operation_id for each in members if each.offer == Offer.REFUSED],
            "unknown": sum(1 for each in members if each.offer == Offer.UNKNOWN),
        }
        for name, members in services.items()
    ]


def _by_family(rules: Iterable[Exercise]) -> dict[str, list[Exercise]]:
    """Return on how many operations the rules of each family were exercised."""
    families: dict[str, list[Exercise]] = {}
    for each in rules:
        families.setdefault(each.family, []).append(each)
    return families


def _coverage(operations: tuple[OperationSeen, ...]) -> dict[str, int]:
    """Return how many operations and query parameters of the document the run used."""
    return {
        "operations": len(operations),
        "offered": sum(1 for each in operations if each.offer == Offer.YES),
        "requested": sum(1 for each in operations if each.requests),
        "parameters": sum(len(each.parameters) for each in operations),
        "exercised": sum(len(each.exercised) for each in operations),
    }
