"""The report as JSON; its form is an interface that other programs read."""

import json
from pathlib import Path
from typing import Any, Final

from oneroster.contract.result import Report

__all__ = ["as_json", "render", "write"]

TOOL: Final = "oneroster-kit"


def as_json(report: Report) -> dict[str, Any]:
    """The report as JSON types: tool, target, summary by status, and every check."""
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
        "summary": report.summary(),
        "checks": [check.as_json() for check in report.checks],
    }


def render(report: Report) -> str:
    """The report as JSON text, one member a line, for people and diffs."""
    return json.dumps(as_json(report), indent=2, ensure_ascii=False) + "\n"


def write(report: Report, path: Path) -> None:
    """Write the report to a file, whole or not at all.

    Raises ``OSError`` when it cannot be written there.
    """
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(render(report), encoding="utf-8")
    unfinished.replace(path)
