"""`oneroster schemathesis` writes two files and says how to use them."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oneroster.cli._command_list import build_app
from oneroster.standard import Standard


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build_app(), ["schemathesis", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_it_prints_the_command_that_uses_the_files(tmp_path: Path) -> None:
    status, printed, _ = run(str(tmp_path / "a b"), "--profile", "kimono")
    assert status == 0
    words = shlex.split(printed)
    assert words[:2] == ["schemathesis", "--config-file"]
    assert {path.name for path in (tmp_path / "a b").iterdir()} == {"openapi.json", "schemathesis.toml"}
    assert all(Path(word).is_file() for word in (words[2], words[4]))
    assert f"https://sis.example{next(iter(Standard.of().specification.services.values()))}" in words


@pytest.mark.parametrize(
    ("arguments", "said"), [(["x", "--profile", "y"], "unknown profile 'y'"), (["/proc/x"], "/proc/x")]
)
def test_wrong_usage(arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    status, printed, told = run(*arguments)
    assert (status, printed) == (2, "")
    assert said in told
    assert not list(tmp_path.iterdir())


def test_the_command_names_the_base_path_unless_the_version_has_several(tmp_path: Path) -> None:
    status, printed, _ = run(str(tmp_path), "--standard", "1.2")
    assert status == 0
    words = shlex.split(printed)
    assert words[words.index("--url") + 1] == "https://sis.example"
    assert run(str(tmp_path), "--standard", "1.3")[0] == 2
