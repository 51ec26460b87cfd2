"""The version of the contract: the step that changes need, the gate, and the changelog."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generation import command
from generation.releases import Release, changelog, step_between, version_of, version_problem
from oneroster_v1p1 import document

ROOT = Path(__file__).resolve().parents[2]
Part = dict[str, Any]


def user(contract: Part) -> Part:
    found: Part = contract["components"]["schemas"]["User"]["allOf"][1]
    return found


def changed(change: Callable[[Part], object], version: str | None = None) -> Part:
    contract = document()
    change(contract)
    if version:
        contract["info"]["x-oneroster-contract-version"] = version
    return contract


STEPS: dict[str, tuple[Callable[[Part], object], str]] = {
    "nothing": (lambda _: None, "none"),
    "the order of keys": (lambda d: user(d)["properties"].update(sms=user(d)["properties"].pop("sms")), "patch"),
    "words": (lambda d: d["info"].update(description="Other words."), "patch"),
    "an optional property": (
        lambda d: user(d)["properties"].update(
            nickname={"type": "string", "description": "D.", "x-oneroster-trust": "A", "x-oneroster-personal": True}
        ),
        "minor",
    ),
    "a mark": (lambda d: user(d)["properties"]["sms"].update({"x-oneroster-trust": "C"}), "minor"),
    "a rename": (lambda d: user(d)["properties"].update(text=user(d)["properties"].pop("sms")), "major"),
    "what is shown": (lambda d: user(d)["properties"]["sms"].pop("x-oneroster-personal"), "major"),
    "what is hidden": (lambda d: user(d)["properties"]["role"].update({"x-oneroster-personal": True}), "major"),
    "a default": (lambda d: d["components"]["parameters"]["Limit"]["schema"].update(default=50), "major"),
}
LEAST = {"none": "1.2.3", "patch": "1.2.4", "minor": "1.3.0", "major": "2.0.0"}


@pytest.mark.series
@pytest.mark.parametrize("what", STEPS)
def test_changes_need_a_step_of_the_version(what: str, tmp_path: Path) -> None:
    change, step = STEPS[what]
    before, after = changed(lambda _: None, "1.2.3"), changed(change, "1.2.3")
    assert step_between(before, after) == step
    release = Release(tmp_path / "openapi.json", before)
    problem = version_problem(release, after)
    if step == "none":
        assert problem is None
    else:
        assert problem is not None
        assert f"needs a {step} step from 1.2.3: set info/x-oneroster-contract-version to {LEAST[step]}" in problem
    assert version_problem(release, changed(change, LEAST[step])) is None
    assert version_problem(release, changed(change, "2.0.0")) is None


def test_a_version_does_not_go_back(tmp_path: Path) -> None:
    release = Release(tmp_path / "openapi.json", changed(lambda _: None, "1.2.3"))
    assert "must not go back" in str(version_problem(release, changed(lambda _: None, "1.2.2")))


def test_the_changelog_has_the_unreleased_changes_and_keeps_the_releases(tmp_path: Path) -> None:
    (tmp_path / "released").mkdir()
    source = tmp_path / "openapi.yaml"
    release = Release.beside(source)
    assert release is not None
    assert release.document is None
    first, second = changed(lambda _: None, "1.0.0"), changed(STEPS["a rename"][0], "2.0.0")
    assert release.make(first) == "1.0.0"
    release = Release.beside(source)
    assert release is not None
    assert changelog(release, first) == release.changelog_text
    unreleased = changelog(release, second)
    assert (
        "## 2.0.0 (unreleased)\n\n### For callers\n\n- breaking: User: property sms was renamed to text" in unreleased
    )
    release.changelog_path.write_text(unreleased, encoding="utf-8")
    assert changelog(release, second) == unreleased
    assert release.make(second) == "2.0.0"
    text = release.changelog_text
    assert "(unreleased)" not in text
    assert text.index("## 2.0.0") < text.index("## 1.0.0")
    assert text.count("\n## ") == 2


def test_a_document_without_a_folder_of_releases_has_none(tmp_path: Path) -> None:
    assert Release.beside(tmp_path / "openapi.yaml") is None
    assert version_of({}) == (0, 0, 0)


def test_check_fails_without_the_step_and_generate_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ROOT / "generated" / "oneroster_v1p1", tmp_path / "generated" / "oneroster_v1p1")
    shutil.copytree(ROOT / "released", tmp_path / "released")
    source = tmp_path / "openapi.yaml"
    options = ["--document", str(source), "--output", str(tmp_path / "generated")]
    source.write_text(json.dumps(changed(STEPS["a default"][0])), encoding="utf-8")
    assert command.main(options) == 0
    assert "the version of the contract needs a major step from " in capsys.readouterr().out
    assert "(unreleased)" in (tmp_path / "released" / "CHANGELOG.md").read_text(encoding="utf-8")
    assert command.main([*options, "--check"]) == 1
    source.write_text(json.dumps(changed(STEPS["a default"][0], "99.0.0")), encoding="utf-8")
    assert command.main([*options, "--release"]) == 0
    assert "Released version 99.0.0" in capsys.readouterr().out
    assert command.main([*options, "--check"]) == 0
    # Nothing is released a second time, and the changelog is brought up to date nevertheless.
    (tmp_path / "released" / "CHANGELOG.md").write_text("", encoding="utf-8")
    assert command.main([*options, "--release"]) == 0
    assert "nothing changed since the last release" in capsys.readouterr().out
    assert command.main([*options, "--check"]) == 0
