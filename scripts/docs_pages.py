"""The pages of docs/ that are made from the code, and whether they are up to date."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from generation.document_docs import document_as_markdown
from oneroster.contract.catalogue import catalogue
from oneroster.contract.clauses import CLAUSES
from oneroster.contract.rule_docs import clauses_as_markdown, rules_as_markdown

__all__ = ["PAGES", "main"]

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
PAGES: Final[dict[str, Callable[[], str]]] = {
    "document.md": document_as_markdown,
    "rules.md": lambda: rules_as_markdown(catalogue()),
    "clauses.md": lambda: clauses_as_markdown(CLAUSES),
}
"""What is written, by file."""


def main(arguments: Sequence[str], folder: Path = DOCS) -> int:
    """Write all pages, or check them; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/docs", description="Write the pages that are made from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is not up to date")
    checking = parser.parse_args(arguments).check
    stale = [name for name, make in PAGES.items() if _read(folder / name) != make()]
    if checking:
        for name in stale:
            print(f"docs/{name} is not up to date; run scripts/docs", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (folder / name).write_text(PAGES[name](), encoding="utf-8")
        print(f"wrote docs/{name}")
    return 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
