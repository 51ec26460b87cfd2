"""Hooks of the documentation site: pages from outside docs/, the links between both, and lists as GitHub reads them."""

import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from error_docs import MARKER, messages_as_markdown

__all__ = ["on_files", "on_page_markdown", "rewritten", "separated"]

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = "project"
"""The folder of the site that holds what stands outside docs/."""

OUTSIDE: Final = (
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "examples",
    "generated/oneroster_v1p1/documents",
    "generated/oneroster_v1p2/documents",
    "openapi-1.2.yaml",
    "openapi.yaml",
    "released/CHANGELOG-1.2.md",
    "released/CHANGELOG.md",
)
"""What pages link to outside docs/."""

_LOOKED_UP: Final = ("errors.md", "project/CHANGELOG.md")
"""Pages with a line on everything, which the search lists after the guides."""
_ITEM: Final = re.compile(r"(?:[-*]|\d+\.) ")
_FENCE: Final = re.compile(r"\s*(?:```|~~~)")
_LINK: Final = re.compile(r"(?<=\]\()(?P<target>[^)#\s:]+)(?=[)#])")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files that stand outside docs/; the README is the site's first page, so it is no page of its own."""
    for name in OUTSIDE:
        path = ROOT / name
        for found in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if found.is_file() and found.name != "README.md" and "__pycache__" not in found.parts:
                uri = f"{FOLDER}/{found.relative_to(ROOT).as_posix()}"
                files.append(File.generated(config, uri, abs_src_path=str(found)))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Rewrite the links of a page for the layout of the site, separate its lists, and add the messages of errors."""
    if page.file.src_uri in _LOOKED_UP:
        page.meta["search"] = {"boost": 0.3}
    whole = markdown.replace(MARKER, messages_as_markdown()) if MARKER in markdown else markdown
    return separated(rewritten(whole, page.file.src_uri))


def separated(markdown: str) -> str:
    """Return Markdown with an empty line before each list, without which the generator takes it for a paragraph."""
    lines: list[str] = []
    inside_code = False
    for line in markdown.split("\n"):
        before = lines[-1] if lines else ""
        if not inside_code and _ITEM.match(line) and before.strip() and not _ITEM.match(before) and before[0] != " ":
            lines.append("")
        inside_code ^= bool(_FENCE.match(line))
        lines.append(line)
    return "\n".join(lines)


def rewritten(markdown: str, uri: str) -> str:
    """Return a page's Markdown with its links as the site needs them.

    Args:
        markdown: The page as it stands in the repository.
        uri: The page's path in the site.
    """
    outside = uri.startswith(f"{FOLDER}/")

    def target(found: re.Match[str]) -> str:
        name = found["target"]
        if name in ("README.md", "../README.md"):
            return "../index.md" if outside else "index.md"
        if outside:
            return f"../{name.removeprefix('docs/')}" if name.startswith("docs/") else name
        return f"{FOLDER}/{name.removeprefix('../')}" if name.startswith("../") and "/" not in uri else name

    return _LINK.sub(target, markdown)
