"""Build the documentation site from docs/ and the docstrings, so that it can be read without a network."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import environment

__all__ = ["SITE", "build", "foreign_assets", "unread_markup"]

SITE: Final = environment.ROOT / "build" / "site"
_ASSET: Final = re.compile(
    r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)"""
)
_STYLE_ASSET: Final = re.compile(r"""(?:@import\s*|url\()\s*["']?((?:https?:)?//[^"'\s)]+)""")
_CODE: Final = re.compile(r"<(pre|code|script|style)\b.*?</\1>", re.DOTALL)
_UNREAD: Final = re.compile(r"<p>(?:[^<]|<(?!/p>))*?(?:::\s*</p>|\n(?:[-*]|\d+\.) |```|\n\|)")
"""Markup of a list, a block of code or a table inside a paragraph: the generator has not read it as such."""


def build(site: Path = SITE) -> int:
    """Build the site; a warning of the generator fails, and so do an asset of another host and markup shown as text.

    Args:
        site: The folder to write.

    Returns:
        The exit status.
    """
    # The theme announces its successor in each build.
    variables = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [environment.command("mkdocs"), "build", "--strict", "--quiet", "--clean", "--site-dir", str(site)]
    done = subprocess.run(command, cwd=environment.ROOT, env=variables, check=False)
    if done.returncode:
        return done.returncode
    mistakes = sorted([*foreign_assets(site), *unread_markup(site)])
    for line in mistakes:
        print(line, file=sys.stderr)
    print(f"wrote {site / 'index.html'}")
    return int(bool(mistakes))


def foreign_assets(site: Path) -> Iterator[str]:
    """Yield a message for each script, style, font or image of a page or a style that another host would serve."""
    for pattern, name in ((_ASSET, "*.html"), (_STYLE_ASSET, "*.css")):
        for page in site.rglob(name):
            for url in pattern.findall(page.read_text(encoding="utf-8")):
                yield f"{page.relative_to(site)} loads {url}; the site must not load anything from another host"


def unread_markup(site: Path) -> Iterator[str]:
    """Yield a message for each paragraph that shows the markup of a list, a block of code or a table as text."""
    for page in site.rglob("*.html"):
        for found in _UNREAD.finditer(_CODE.sub("", page.read_text(encoding="utf-8"))):
            shown = " ".join(found[0].removeprefix("<p>").split())[-60:]
            yield f"{page.relative_to(site)} shows markup as text: {shown}"
