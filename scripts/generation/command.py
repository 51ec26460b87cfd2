"""The command ``scripts/generate``."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generation import changes, document, emit, lint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = "oneroster_v1p1"
_DESCRIPTION = """\
Write generated/oneroster_v1p1, the package that the client, the sandbox and the contract kit derive from, as
openapi.yaml says. Edit openapi.yaml or scripts/templates, then run this; never edit generated/ by hand.

It reads and lints openapi.yaml, runs the pinned openapi-python-client with the templates of this project, adds the
tables, and formats all with the pinned ruff: the same bytes on every machine. The package is replaced when all of that
has worked, and not touched otherwise. At the end it says what changed for callers."""
_EPILOG = """\
examples:
  scripts/generate            write the package, say what changed for callers
  scripts/generate --check    write nothing; exit 1 when the package is not what openapi.yaml and the templates say

exit status: 0 done, or nothing to do; 1 a mistake in openapi.yaml, a tool that failed, or with --check a difference."""


class Paths:
    """Where the document lies and the package goes.

    Args:
        source: The document.
        package: The folder of the package.
    """

    def __init__(self, source: Path, package: Path) -> None:
        self.source, self.package = source, package


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status."""
    parser = argparse.ArgumentParser(
        "scripts/generate",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="write nothing, and fail when the package is out of date")
    parser.add_argument("--document", type=Path, default=ROOT / "openapi.yaml", help="the document (openapi.yaml)")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "generated" / PACKAGE, help="the package (generated/oneroster_v1p1)"
    )
    options = parser.parse_args(arguments)
    paths = Paths(options.document, options.output)
    try:
        with tempfile.TemporaryDirectory(prefix="oneroster-generate-") as folder:
            fresh = Path(folder) / PACKAGE
            emit.emit(_read(paths.source), fresh)
            return _check(fresh, paths) if options.check else _write(fresh, paths)
    except _LintError as error:
        said = str(error)
    except document.DocumentError as error:
        said = f"{paths.source.name}: {error}"
    except (emit.ToolError, OSError) as error:
        said = str(error)
    print(f"{said}\nNothing was written.", file=sys.stderr)
    return 1


class _LintError(Exception):
    """What the lint found."""


def _read(source: Path) -> document.Document:
    try:
        text = source.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise document.DocumentError(f"byte {error.start} is no UTF-8") from None
    found = document.read(text)
    problems = lint.problems(text)
    if problems:
        raise _LintError("\n".join(map(str, problems)))
    return found


def _check(fresh: Path, paths: Paths) -> int:
    different = list(_differences(fresh, paths.package))
    if not different:
        print("generated/oneroster_v1p1 is what openapi.yaml and the templates say.")
        return 0
    print(f"{paths.package.name} has drifted from {paths.source.name} and scripts/templates:")
    print("\n".join(f"  {line}" for line in different))
    told = _told(paths.package, fresh)
    if told:
        print("For callers:")
        print("\n".join(f"  {line}" for line in told))
    elif not any("openapi.json" in line for line in different):
        print("The document is the same: generated/ was edited by hand, or a template changed.")
    print("Run scripts/generate to write it anew.")
    return 1


def _write(fresh: Path, paths: Paths) -> int:
    different = list(_differences(fresh, paths.package))
    told = _told(paths.package, fresh)
    if different:
        _replace(fresh, paths.package)
    count = sum(1 for _ in _files(fresh))
    print(f"{paths.package.name}: {count} files, {len(different)} of them new, changed or gone.")
    if told:
        print("For callers:")
        print("\n".join(f"  {line}" for line in told))
    return 0


def _told(package: Path, fresh: Path) -> list[str]:
    """What changed for callers, one line each."""
    before = _document(package)
    return [] if before is None else [str(change) for change in changes.between(before, _document(fresh) or {})]


def _document(package: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((package / "openapi.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


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
    """Put the fresh package in the place of the old one, which stays whole until then and after any failure."""
    package.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{package.name}-", dir=package.parent) as folder:
        staged, old = Path(folder) / "new", Path(folder) / "old"
        shutil.copytree(fresh, staged)
        if package.exists():
            package.rename(old)
        try:
            staged.rename(package)
        except OSError:
            if old.exists():
                old.rename(package)
            raise
