"""The pages of docs/ that are made from the code, whether they are up to date, and the site of them."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import documentation_site
from command_docs import commands_as_markdown
from error_docs import errors_as_markdown
from generation.document_docs import document_as_markdown
from generation.reference_docs import reference_as_markdown
from generation.spectral_ruleset import ruleset_as_yaml
from oneroster.contract.catalogue import catalogue
from oneroster.contract.rule_docs import clauses_as_markdown, rules_as_markdown
from oneroster.standard import Standard

__all__ = ["PAGES", "main"]

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
PAGES: Final[dict[str, Callable[[], str]]] = {
    "commands.md": commands_as_markdown,
    "document.md": document_as_markdown,
    "errors.md": errors_as_markdown,
    "oneroster.spectral.yaml": ruleset_as_yaml,
    "reference-1.1.md": lambda: reference_as_markdown(Standard.of("1.1").document()),
    "reference-1.2.md": lambda: reference_as_markdown(Standard.of("1.2").document()),
    "rules.md": lambda: rules_as_markdown(catalogue()),
    "clauses.md": clauses_as_markdown,
}
"""What is written, by file."""


def main(arguments: Sequence[str], folder: Path = DOCS) -> int:
    """Write all pages, or check them; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/docs", description="Write the pages that are made from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is not up to date")
    parser.add_argument("--build", action="store_true", help="check the pages, then build the site in build/site")
    parser.add_argument("--screenshots", action="store_true", help="write the pictures of docs/images and nothing else")
    options = parser.parse_args(arguments)
    if options.screenshots:
        import screenshots  # it starts a browser, which nothing else here needs

        return screenshots.main()
    checking = options.check or options.build
    stale = [name for name, make in PAGES.items() if _read(folder / name) != make()]
    if checking:
        for name in stale:
            print(f"docs/{name} is not up to date; run scripts/docs", file=sys.stderr)
        return 1 if stale else documentation_site.build() if options.build else 0
    for name in stale:
        (folder / name).write_text(PAGES[name](), encoding="utf-8")
        print(f"wrote docs/{name}")
    return 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
