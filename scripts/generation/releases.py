"""The version of a contract: the last released document, the step that the changes since need, and the changelog."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from generation import changes

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Release", "changelog", "step_between", "version_problem"]

VERSION = "x-oneroster-contract-version"
_UNRELEASED = " (unreleased)"
_HEAD = """\
# Changes of the contract

<!-- Made by scripts/generate from the documents in released/; the newest section is made again at each run. -->

The contract has a semantic version of its own, `x-oneroster-contract-version`. A change that may break a caller, or
that shows what was hidden or hides what was shown, needs a major step. Any other change in substance needs a minor
step, also one that moves verdicts on servers. New words and another order of keys need a patch.
"""


class Release(NamedTuple):
    """The last released document, beside the document that is edited.

    Args:
        path: The file of the released document.
        document: The document; None if none is released yet.
    """

    path: Path
    document: dict[str, Any] | None

    @property
    def changelog_path(self) -> Path:
        """The file of the changelog."""
        _, _, version = self.path.stem.partition("-")
        return self.path.with_name(f"CHANGELOG-{version}.md" if version else "CHANGELOG.md")

    @property
    def changelog_text(self) -> str:
        """The changelog as it is; "" if there is none."""
        return self.changelog_path.read_text(encoding="utf-8") if self.changelog_path.exists() else ""

    @classmethod
    def beside(cls, source: Path) -> Release | None:
        """Return the release of a document: a file in the folder ``released`` beside it. None without such a folder."""
        folder = source.resolve().parent / "released"
        path = folder / f"{source.stem}.json"
        if not folder.is_dir():
            return None
        return cls(path, json.loads(path.read_text(encoding="utf-8")) if path.exists() else None)

    def make(self, document: dict[str, Any]) -> str:
        """Make a document the released one, and return its version."""
        section = _title(document) + (
            "\nThe first release.\n" if self.document is None else _lines(changes.between(self.document, document))
        )
        self.changelog_path.write_text(_HEAD + section + _older(self.changelog_text), encoding="utf-8")
        self.path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return _written(version_of(document))


def version_of(document: dict[str, Any]) -> tuple[int, int, int]:
    """Return the version of the contract; zeros if the document has none."""
    major, minor, patch = str(document.get("info", {}).get(VERSION, "0.0.0")).split(".")
    return int(major), int(minor), int(patch)


def step_between(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Return the step of the version that the changes between two documents need: none, patch, minor or major."""
    found = changes.between(*({**each, "info": {**each.get("info", {}), VERSION: ""}} for each in (before, after)))
    if not found:
        return "none"
    if any(each.breaking for each in found):
        return "major"
    return "patch" if all(each.text in (changes.ONLY_WORDS, changes.ONLY_ORDER) for each in found) else "minor"


def version_problem(release: Release, document: dict[str, Any]) -> str | None:
    """Return what is wrong with the version of a document, compared with the released one; None if nothing is."""
    if release.document is None:
        return None
    before, now = version_of(release.document), version_of(document)
    needed = step_between(release.document, document)
    major, minor, patch = before
    least = {
        "none": before,
        "patch": (major, minor, patch + 1),
        "minor": (major, minor + 1, 0),
        "major": (major + 1, 0, 0),
    }[needed]
    if now >= least:
        return None
    step = f"needs a {needed} step" if needed != "none" else "must not go back"
    return f"the version of the contract {step} from {_written(before)}: set info/{VERSION} to {_written(least)}"


def changelog(release: Release, document: dict[str, Any]) -> str:
    """Return the changelog with the section of the unreleased changes made again."""
    section = ""
    if release.document is not None and document != release.document:
        section = _title(document, _UNRELEASED) + _lines(changes.between(release.document, document))
    return _HEAD + section + _older(release.changelog_text)


def _older(text: str) -> str:
    """Return the sections of the releases in a changelog."""
    sections = text.split("\n## ")[1:]
    return "".join(f"\n## {each}" for each in sections if not each.partition("\n")[0].endswith(_UNRELEASED))


def _title(document: dict[str, Any], more: str = "") -> str:
    return f"\n## {_written(version_of(document))}{more}\n"


def _written(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))


def _lines(found: list[changes.Change]) -> str:
    parts = []
    for heading in changes.HEADINGS:
        lines = [f"- {change}\n" for change in found if change.heading == heading]
        parts += [f"\n### {heading}\n\n", *lines] if lines else []
    return "".join(parts)
