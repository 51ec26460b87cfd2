"""What a package page shows: README without links that lead nowhere, and URLs that are public."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HOOK = PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
LINK = re.compile(r"\[([^\]]*)\]\(([^)]+)\)")


def page() -> str:
    """README as the hook of the build makes it."""
    text = "".join((ROOT / each["path"]).read_text(encoding="utf-8") for each in HOOK["fragments"])
    for each in HOOK["substitutions"]:
        text = re.sub(each["pattern"], each["replacement"], text)
    return text


def test_no_link_of_the_package_page_is_relative() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    relative = [target for _, target in LINK.findall(readme) if "://" not in target]
    assert len(relative) > 10
    assert [target for _, target in LINK.findall(page()) if not re.match(r"https://|mailto:", target)] == []
    assert [target for target in relative if f"`{target.partition('#')[0]}`" not in page()] == []


def test_a_link_named_after_its_file_is_named_once() -> None:
    assert "See `docs/pull.md`" in page()
    assert "the `docs/client.md`" not in page()
    assert "takes it as `--standard 1.2`" in page() or "take it as `--standard 1.2`" in page()


@pytest.mark.parametrize("url", PROJECT["project"]["urls"].values())
def test_a_url_of_the_project_is_public(url: str) -> None:
    assert re.match(r"https://[a-z0-9.-]+\.[a-z]{2,}/", url)
    assert not re.search(r"localhost|127\.0|example|\.internal", url)


def test_the_files_that_the_page_names_are_in_the_repository() -> None:
    names = {name for name in re.findall(r"`([\w./-]+\.(?:md|yaml))`", page()) if "/" in name}
    assert len(names) > 5
    assert {name for name in names if not (ROOT / name).exists()} == set()


def test_the_wheel_has_the_ruleset_that_the_documentation_names() -> None:
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert "`oneroster/contract/oneroster.spectral.yaml`" in (ROOT / "docs" / "document.md").read_text(encoding="utf-8")
    assert included == {"docs/oneroster.spectral.yaml": "oneroster/contract/oneroster.spectral.yaml"}
    assert all((ROOT / source).is_file() for source in included)
