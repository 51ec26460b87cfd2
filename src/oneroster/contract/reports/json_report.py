"""The report as JSON, an interface for other programs; ``docs/report.md`` describes its keys."""

import json
from typing import Any, Final

from oneroster.contract.reports.summary_model import Summary
from oneroster.contract.result import REPORT_FORMAT

__all__ = ["as_json", "render"]

TOOL: Final = "oneroster-kit"


def as_json(summary: Summary) -> dict[str, Any]:
    """Return the report as JSON types."""
    report, verdict = summary.report, summary.verdict
    target = report.target
    return {
        "format": REPORT_FORMAT,
        "tool": {"name": TOOL, "version": report.version},
        "target": {
            "base_url": target.base_url,
            "standard": target.standard,
            "profile": target.profile,
            **({"overlay": target.overlay} if target.overlay else {}),
            "started_at": target.started_at,
            "seconds": target.seconds,
            "requests": target.requests,
            **({"unanswered": dict(target.unanswered)} if target.unanswered else {}),
        },
        "seed": report.seed,
        **({"interrupted": True} if report.interrupted else {}),
        **({"repeat": report.repeat} if report.repeat else {}),
        "verdict": {
            "exit_status": verdict.exit_status,
            "outcome": str(verdict.outcome),
            "headline": verdict.headline,
            "gaps": list(verdict.gaps),
            "musts": verdict.musts.as_json(),
            "shoulds": verdict.shoulds.as_json(),
        },
        "summary": dict(summary.counts),
        "causes": dict(summary.causes),
        "operations": [
            {"operation": each.operation_id, "offer": each.offer, "requests": each.requests}
            for each in report.operations
        ],
        "rules": [
            {"rule": each.rule, "exercised": each.operations, "not_judged": each.not_judged, "cut": each.cut}
            for each in summary.rules
        ],
        "checks": [check.as_json() for check in report.checks],
        **({"leftovers": list(report.leftovers)} if report.leftovers else {}),
    }


def render(summary: Summary) -> str:
    """Return the report as indented JSON text."""
    return json.dumps(as_json(summary), indent=2, ensure_ascii=False) + "\n"
