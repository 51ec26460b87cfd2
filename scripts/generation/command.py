"""The command ``scripts/generate``."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from generation import changes, document, emit, lint, releases, standalone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = {"openapi.yaml": "oneroster_v1p1", "openapi-1.2.yaml": "oneroster_v1p2"}
"""The documents, each with the name of its package."""
_DESCRIPTION = """\
Write a client package in generated/ for each OpenAPI document: oneroster_v1p1 from openapi.yaml, and oneroster_v1p2
from openapi-1.2.yaml. Edit a document or scripts/templates, then run this command; never edit generated/ by hand.

The command lints a document, runs the pinned openapi-python-client with the templates of this project, and formats
the result with the pinned ruff. The output has the same bytes on every machine. The package is replaced after all steps
have succeeded. At the end the command reports what changed for callers."""
_EPILOG = """\
examples:
  scripts/generate            write both packages from their documents, report what changed for callers
  scripts/generate --check    write nothing; exit 1 if a package differs from what document and templates give
  scripts/generate --document openapi-1.2.yaml
  scripts/generate --document draft.yaml --package oneroster_draft --output /tmp/generated

exit status: 0 done, or nothing to do; 1 an error in the document, a tool that failed, or with --check a difference or a
version of the contract that its changes since the last release do not allow."""


class _Target(NamedTuple):
    """The document, and the folder of the package."""

    source: Path
    package: Path

    @property
    def shown(self) -> str:
        """The folder of the package, for messages."""
        return f"{self.package.parent.name}/{self.package.name}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status."""
    options = _parser().parse_args(arguments)
    sources = [options.document] if options.document else [ROOT / name for name in PACKAGES]
    if options.standalone:
        sources = sources[:1]
    return max(_run(_Target(source, options.output / _package_of(source, options)), options) for source in sources)


def _package_of(source: Path, options: argparse.Namespace) -> str:
    """Return the name of the package of a document: that of the option, or the usual one."""
    name: str = options.package or PACKAGES.get(source.name) or next(iter(PACKAGES.values()))
    return name


def _run(target: _Target, options: argparse.Namespace) -> int:
    """Write, check or release one document and its package; return the exit status."""
    try:
        if options.standalone:
            marker = emit.MARKER.format(document=target.source.name)
            standalone.write_standalone(_read(target.source).data, options.standalone, marker)
            print(f"Wrote one document for each profile to {options.standalone}.")
            return 0
        with tempfile.TemporaryDirectory(prefix="oneroster-generate-") as folder:
            fresh = Path(folder) / target.package.name
            emit.emit(_read(target.source), target.source.name, fresh)
            status = _check(fresh, target) if options.check else _write(fresh, target)
            release = releases.Release.beside(target.source)
            return (
                status if release is None else max(status, _release(release, _document(fresh) or {}, target, options))
            )
    except _LintError as error:
        message = str(error)
    except document.DocumentError as error:
        message = f"{target.source.name}: {error}"
    except emit.ToolError as error:
        message = str(error)
    except OSError as error:
        message = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
    print(f"{message}\nNothing was written.", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "scripts/generate",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if the package is out of date")
    parser.add_argument(
        "--release",
        action="store_true",
        help="make the document the released one, with its changes in released/CHANGELOG.md",
    )
    parser.add_argument(
        "--standalone",
        type=Path,
        metavar="FOLDER",
        help="only write one document for each profile (of openapi.yaml or --document), complete, as JSON and YAML",
    )
    parser.add_argument("--document", type=Path, help="only this document (all of this project)")
    parser.add_argument("--package", type=_package_name, help="the name of the package (that of the document)")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "generated", help="the folder that contains the package (generated)"
    )
    return parser


def _package_name(text: str) -> str:
    if not text.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} cannot be the name of a Python package")
    return text


class _LintError(Exception):
    """The problems that the lint reports."""


def _read(source: Path) -> document.Document:
    try:
        text = source.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise document.DocumentError(f"byte {error.start} is not UTF-8") from None
    found = document.read(text)
    problems = lint.problems(found, source.name)
    if problems:
        raise _LintError("\n".join(map(str, problems)))
    return found


def _check(fresh: Path, target: _Target) -> int:
    different = list(_differences(fresh, target.package))
    if not different:
        print(f"{target.shown} is up to date with {target.source.name} and scripts/templates.")
        return 0
    print(f"{target.shown} is out of date with {target.source.name} and scripts/templates:")
    print("\n".join(f"  {line}" for line in different))
    changed = _print_changes(_document(target.package), fresh)
    if not changed and not any("openapi.json" in line for line in different):
        print("The document is the same: the package was edited by hand, or a template changed.")
    print("Run scripts/generate to write it again.")
    return 1


def _write(fresh: Path, target: _Target) -> int:
    different = list(_differences(fresh, target.package))
    before = _document(target.package)
    if different:
        _replace(fresh, target.package)
    count = sum(1 for _ in _files(fresh))
    print(f"{target.package.name}: {count} files, {len(different)} of them new, changed or removed.")
    _print_changes(before, fresh)
    return 0


def _print_changes(before: dict[str, Any] | None, fresh: Path) -> bool:
    """Print what changed, by heading; return whether anything did."""
    found = [] if before is None else changes.between(before, _document(fresh) or {})
    for heading in changes.HEADINGS:
        lines = [f"  {change}" for change in found if change.heading == heading]
        if lines:
            print("\n".join([f"{heading}:", *lines]))
    if found:
        from generation.by_hand import places_to_change

        by_hand = places_to_change(before or {}, _document(fresh) or {})
        if by_hand:
            print("\n".join(["To change by hand:", *(f"  {line}" for line in by_hand)]))
    return bool(found)


def _document(package: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((package / "openapi.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _release(release: releases.Release, contract: dict[str, Any], target: _Target, options: argparse.Namespace) -> int:
    """Write or check the changelog of the contract, and check its version; return the exit status."""
    problem, text = releases.version_problem(release, contract), releases.changelog(release, contract)
    if problem:
        print(f"{target.source.name}: {problem}.")
    if options.release and contract == release.document:
        print(f"{target.source.name}: nothing changed since the last release.")
        release.changelog_path.write_text(text, encoding="utf-8")
    elif options.release and not problem:
        print(f"Released version {release.make(contract)} of the contract.")
    elif not options.check:
        release.changelog_path.write_text(text, encoding="utf-8")
    elif text != release.changelog_text:
        print(
            f"{release.changelog_path.parent.name}/{release.changelog_path.name} is out of date. Run scripts/generate."
        )
        return 1
    return 1 if problem and (options.check or options.release) else 0


def _files(package: Path) -> Iterator[str]:
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(package).as_posix()


def _differences(fresh: Path, package: Path) -> Iterator[str]:
    wanted, present = set(_files(fresh)), set(_files(package))
    for name in sorted(wanted | present):
        if name not in present:
            yield f"{name}: missing"
        elif name not in wanted:
            yield f"{name}: does not belong here"
        elif (fresh / name).read_bytes() != (package / name).read_bytes():
            yield f"{name}: differs"


def _replace(fresh: Path, package: Path) -> None:
    """Replace the old package by the fresh one. The old one stays whole until then, and after any failure."""
    package.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{package.name}-", dir=package.parent) as folder:
        staged, old = Path(folder) / "new", Path(folder) / "old"
        shutil.copytree(fresh, staged)
        if package.exists():
            package.rename(old)
        try:
            staged.rename(package)
        finally:
            # After an interrupt, too: what is in this folder is deleted.
            if old.exists() and not package.exists():
                old.rename(package)
