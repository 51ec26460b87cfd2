"""Build the documentation site from docs/ and the docstrings, so that it can be read without a network."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import environment

__all__ = ["SITE", "build", "foreign_assets"]

SITE: Final = environment.ROOT / "build" / "site"
_ASSET: Final = re.compile(
    r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)"""
)


def build(site: Path = SITE) -> int:
    """Build the site; a warning of the generator fails, and so does an asset of another host.

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
    foreign = sorted(foreign_assets(site))
    for line in foreign:
        print(line, file=sys.stderr)
    print(f"wrote {site / 'index.html'}")
    return int(bool(foreign))


def foreign_assets(site: Path) -> Iterator[str]:
    """Yield a message for each script, style, font or image of a page that another host would serve."""
    for page in site.rglob("*.html"):
        for url in _ASSET.findall(page.read_text(encoding="utf-8")):
            yield f"{page.relative_to(site)} loads {url}; the site must not load anything from another host"
