"""The report as one page of HTML that needs nothing else: no script, no font, no picture from elsewhere."""

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from oneroster.contract.catalogue import catalogue
from oneroster.contract.levels import Level
from oneroster.contract.observation.tenant import Offer
from oneroster.contract.reports import summary
from oneroster.contract.reports.comparison import Comparison
from oneroster.contract.result import CheckReport, OperationSeen
from oneroster.contract.rule import Rule
from oneroster_v1p1.tables import OPERATIONS

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["render"]

MEND_FIRST: Final = 5
PARTS: Final = ("passed", "warned", "failed")
_SENTENCES: Final = {
    summary.Outcome.HOLDS: "Everything that OneRoster 1.1 demands and that could be judged holds.",
    summary.Outcome.WARNED: "What OneRoster 1.1 surely demands holds; some of what it probably demands does not.",
    summary.Outcome.BROKEN: "Programs that rely on OneRoster 1.1 will misread this tenant, lose rows of it, or fail.",
    summary.Outcome.UNJUDGED: "This is no verdict on the server; the run could not see enough of it.",
}


def render(report: CheckReport, fail_on: Level = Level.MUST, comparison: Comparison | None = None) -> str:
    """The page; every text in it is escaped."""
    scores = {score.name: score for score in summary.by_endpoint(report)}
    last = summary.verdict(report, fail_on)
    return _template().render(
        report=report,
        verdict=last,
        sentence=_SENTENCES[last.outcome],
        families=summary.by_family(report),
        counts=report.summary(),
        sections=[(level, summary.broken(report, level)) for level in (Level.MUST, Level.SHOULD)],
        open_points=summary.open_points(report),
        mend_first=summary.mend_first(report, MEND_FIRST),
        endpoints=sorted(report.operations, key=lambda each: _rank(scores.get(each.operation_id))),
        scores=scores,
        services=_services(report.operations),
        slowest=max((each.slowest or 0.0 for each in report.operations), default=0.0),
        skips=list(summary.skips(report)),
        rules=_rules(),
        operations_of=summary.operations_of,
        comparison=comparison,
        coverage=_coverage(report.operations),
    )


@cache
def _template() -> "Template":
    # A name that is missing must fail, for an empty place in a verdict would read as "nothing to mend".
    environment = Environment(
        loader=PackageLoader("oneroster.contract.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["milliseconds"] = _milliseconds
    environment.globals["PARTS"] = PARTS
    return environment.get_template("page.html.jinja")


@cache
def _rules() -> dict[str, Rule]:
    return {each.id: each for each in catalogue()}


def _milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{1000 * seconds:.1f}" if seconds < 0.01 else f"{1000 * seconds:,.0f}"


def _rank(score: summary.Score | None) -> tuple[int, int, bool]:
    """Endpoints with most broken first; what was never judged last."""
    return (-score.failed, -score.warned, not score.judged) if score else (0, 0, True)


def _services(operations: tuple[OperationSeen, ...]) -> list[dict[str, Any]]:
    """What is served of each service of the standard: rostering, gradebook and so on."""
    services: dict[str, list[OperationSeen]] = {}
    for each in operations:
        services.setdefault(OPERATIONS[each.operation_id].tag, []).append(each)
    return [
        {
            "name": name,
            "operations": len(members),
            "offered": sum(1 for each in members if each.offer == Offer.YES),
            "refused": [each.operation_id for each in members if each.offer == Offer.NO],
        }
        for name, members in services.items()
    ]


def _coverage(operations: tuple[OperationSeen, ...]) -> dict[str, int]:
    """How much of the document the run used: operations asked, and their query parameters exercised."""
    return {
        "operations": len(operations),
        "offered": sum(1 for each in operations if each.offer == Offer.YES),
        "asked": sum(1 for each in operations if each.requests),
        "parameters": sum(len(each.parameters) for each in operations),
        "exercised": sum(len(each.exercised) for each in operations),
    }
