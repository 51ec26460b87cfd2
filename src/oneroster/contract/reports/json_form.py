"""The report as JSON; its form is an interface that other programs read."""

import json
from typing import Any, Final

from oneroster.contract.levels import Level
from oneroster.contract.result import CheckReport

__all__ = ["as_json", "render"]

TOOL: Final = "oneroster-kit"


def as_json(report: CheckReport) -> dict[str, Any]:
    """The report as JSON types: tool, target, summary by status, every check, and what was left behind, if so."""
    target = report.target
    return {
        "tool": {"name": TOOL, "version": report.version},
        "target": {
            "base_url": target.base_url,
            "profile": target.profile,
            "started_at": target.started_at,
            "seconds": target.seconds,
            "requests": target.requests,
        },
        **({"seed": report.seed, "repeat": report.repeat} if report.repeat else {}),
        "summary": report.summary(),
        "checks": [check.as_json() for check in report.checks],
        **({"left_behind": list(report.left_behind)} if report.left_behind else {}),
    }


def render(report: CheckReport, fail_on: Level = Level.MUST) -> str:  # noqa: ARG001  # all forms are called alike
    """The report as JSON text, one member a line, for people and diffs."""
    return json.dumps(as_json(report), indent=2, ensure_ascii=False) + "\n"
