"""The report as JSON, an interface for other programs; ``docs/report.md`` describes its keys."""

import json
from typing import Any, Final

from oneroster.contract.levels import Level
from oneroster.contract.result import CheckReport

__all__ = ["FORMAT", "as_json", "render"]

FORMAT: Final = 2
"""The number of the form of the report; a change that breaks readers increases it."""
TOOL: Final = "oneroster-kit"


def as_json(report: CheckReport) -> dict[str, Any]:
    """Return the report as JSON types."""
    target = report.target
    return {
        "format": FORMAT,
        "tool": {"name": TOOL, "version": report.version},
        "target": {
            "base_url": target.base_url,
            "standard": target.standard,
            "profile": target.profile,
            **({"overlay": target.overlay} if target.overlay else {}),
            "started_at": target.started_at,
            "seconds": target.seconds,
            "requests": target.requests,
        },
        "seed": report.seed,
        **({"repeat": report.repeat} if report.repeat else {}),
        "summary": report.summary(),
        "checks": [check.as_json() for check in report.checks],
        **({"leftovers": list(report.leftovers)} if report.leftovers else {}),
    }


def render(report: CheckReport, fail_on: Level = Level.MUST) -> str:  # noqa: ARG001  # all renderers are called alike
    """Return the report as indented JSON text."""
    return json.dumps(as_json(report), indent=2, ensure_ascii=False) + "\n"
