"""Runs sandbox, check and pulls with the generated package on the path, and prints the outcome as JSON.

`test_edits` starts it in a process of its own, whose package is that of an edited document.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from oneroster import OneRoster
from oneroster.contract.catalogue import select
from oneroster.contract.http.target import Target
from oneroster.contract.result import Status
from oneroster.contract.runner import check
from oneroster.pull import DestinationError, pull
from oneroster.sandbox import Sandbox
from oneroster.settings import resolve_settings


def run(profile: str, families: list[str]) -> dict[str, Any]:
    """Return the failed rules of the sandbox, and what became of the pulls."""
    with Sandbox(size=41, profile=profile) as tenant, tempfile.TemporaryDirectory() as folder:
        settings = resolve_settings({"base_url": tenant.base_url, "token": tenant.token, "profile": profile}, {})
        rules = [rule for rule in select() if rule.family in families]
        report = check(Target.from_settings(settings), seed=1, rules=rules)
        failed = {
            f"{one.id} {one.operation_id}" for one in report.checks if one.status in (Status.FAILED, Status.WARNED)
        }
        passed = sum(one.status is Status.PASSED for one in report.checks)
        outcome: dict[str, Any] = {"failed": sorted(failed), "passed": passed}
        for name in ("roster.zip", "roster.duckdb"):
            with OneRoster(base_url=tenant.base_url, token=tenant.token) as roster:
                try:
                    outcome[name] = pull(roster, Path(folder) / name).manifest.collections["users"].rows
                except DestinationError as error:
                    outcome[name] = str(error)
        return outcome


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(sys.argv[1], sys.argv[2:])))
