"""One run for all processes of a pytest session, however many workers it has.

The workers of pytest-xdist share a database file. The first that needs the report locks it, runs the check and stores
the report; the others wait for the lock and read it. The lock ends with the process that holds it, and a run that was
interrupted is not repeated, because it may have written to the tenant.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from oneroster.contract.result import CheckReport

__all__ = ["InterruptedRunError", "SharedRun", "run_once"]

LONGEST_WAIT: Final = 7 * 24 * 3600.0
"""Seconds; a run ends by its own limits, or with its process."""


class InterruptedRunError(RuntimeError):
    """The process that judged the tenant ended before it had a report."""


class SharedRun(NamedTuple):
    """The report of a run, and whether this process made it."""

    report: CheckReport
    judged_here: bool


def run_once(judge: Callable[[], CheckReport], shared: Path | None) -> SharedRun:
    """Return the report of the session's only run.

    Args:
        judge: Runs the check.
        shared: The file that the workers of the session share; None without workers.

    Raises:
        InterruptedRunError: Another process began the run and did not end it.
    """
    if shared is None:
        return SharedRun(judge(), judged_here=True)
    with closing(sqlite3.connect(shared, timeout=LONGEST_WAIT, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        database.execute("CREATE TABLE IF NOT EXISTS run (report BLOB NOT NULL)")
        stored = database.execute("SELECT report FROM run").fetchone()
        if stored is not None:
            database.execute("ROLLBACK")
            return SharedRun(msgspec.json.decode(stored[0], type=CheckReport), judged_here=False)
        try:
            shared.with_suffix(".begun").touch(exist_ok=False)
        except FileExistsError:
            raise InterruptedRunError(
                "the worker that judged the tenant stopped before it had a report; the run is not repeated, because "
                "requests would be sent a second time"
            ) from None
        report = judge()
        database.execute("INSERT INTO run VALUES (?)", (msgspec.json.encode(report),))
        database.execute("COMMIT")
    return SharedRun(report, judged_here=True)
