"""Write the table of what a pull does with each fault and format: `python -m tests.pull.fault_table [NAME …]`.

A name is a fault, a family of faults, or a destination such as ``r.zip``; without any, all of them are tried.

``new`` is a new roster whose every file is within the sanity limits; an error class is a roster that was left as it
was. Anything else is an error of the pull, and ends the script with status 1.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from oneroster import OneRosterError
from oneroster.pull import PullOptions, RosterSelection, pull
from oneroster.sandbox import Sandbox
from oneroster.sandbox.faults import FAULTS
from oneroster.standard import Standard
from tests.pull.pulling import SMALL_PAGES, content_of, impatient, roster_of

PLACES = ("r.zip", "r.csv", "r.parquet", "r.ndjson", "r.ndjson.gz", "r.ndjson.zst", "r.duckdb", "r.sqlite")
SELECTION = RosterSelection(only=["orgs", "academicSessions", "courses", "classes", "users", "enrollments"])


def options(name: str) -> PullOptions:
    return PullOptions(format="csv" if name == "r.csv" else None, selection=SELECTION, paging=SMALL_PAGES)


def outcome(fault: str, name: str, tenant: Sandbox, good: Path, folder: Path) -> str:
    """Pull over a good roster, and return what came of it."""
    for path in good.glob(f"{name}*"):
        if path.name.removeprefix(name) in ("", ".manifest.json", ".rejects.ndjson"):
            (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)
    before = content_of(folder)
    with impatient(tenant, fault) as roster:
        try:
            pull(roster, folder / name, options(name))
        except OneRosterError as error:
            return type(error).__name__ if content_of(folder) == before else f"CHANGED after {type(error).__name__}"
    return "new"


def main(names: list[str]) -> int:
    """Print a row for each fault, and return the exit status."""
    wrong = 0
    places = [name for name in PLACES if name in names] or PLACES
    families = {fault.family for fault in FAULTS.values()}
    chosen = [
        name
        for name, fault in FAULTS.items()
        if not fault.needs.missing_from(Standard.of().specification)
        and (name in names or fault.family in names or not {*FAULTS, *families} & set(names))
    ]
    with tempfile.TemporaryDirectory() as made:
        good = Path(made) / "good"
        good.mkdir()
        with Sandbox("small", 3) as tenant, roster_of(tenant) as roster:
            for name in places:
                pull(roster, good / name, options(name))
        sys.stdout.write("| fault | formats | outcome |\n|---|---|---|\n")
        for fault in chosen:
            found: dict[str, list[str]] = {}
            with Sandbox("small", 3, faults=[fault]) as tenant:
                for name in places:
                    folder = Path(tempfile.mkdtemp(dir=made))
                    found.setdefault(outcome(fault, name, tenant, good, folder), []).append(name.partition(".")[2])
                    shutil.rmtree(folder)
            for what, formats in found.items():
                wrong += what.startswith("CHANGED")
                shown = "all" if len(formats) == len(places) else ", ".join(formats)
                sys.stdout.write(f"| {fault} | {shown} | {what} |\n")
            sys.stdout.flush()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
