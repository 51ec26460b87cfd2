"""Every example of README.md runs, against a sandbox in place of the tenant it names, and prints what README shows."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oneroster.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = "https://sis.example/ims/oneroster/v1p1"
# `python3 scripts/test` is what runs this; and an installation from the package index needs the package to be there.
NOT_HERE = ("python3 scripts/test", "pip install", "oneroster sandbox --port")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[str, str]]:
    """Yield each command of the console blocks with the output shown below it."""
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            yield line.split("  #")[0].strip(), shown


def resembles(printed: str, shown: str) -> bool:
    """Tell whether every shown line is printed, in order; `…` stands for whatever differs between runs."""
    rest = iter(printed.splitlines())
    for line in filter(str.strip, shown.splitlines()):
        pattern = r"\s+".join(".*".join(map(re.escape, word.split("…"))) for word in line.split())
        if not any(re.search(pattern, candidate) for candidate in rest):
            return False
    return True


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    home = tmp_path_factory.mktemp("home")
    with Sandbox() as tenant:
        yield {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "COLUMNS": "120",
            "ONEROSTER_BASE_URL": tenant.base_url,
            "ONEROSTER_TOKEN": tenant.token,
        }


@pytest.mark.parametrize(
    ("command", "shown"),
    [(command, shown) for command, shown in commands() if not command.startswith(NOT_HERE)],
)
def test_a_command_prints_what_readme_shows(
    command: str, shown: str, environment: dict[str, str], tmp_path: Path
) -> None:
    line = command.replace(EXAMPLE, environment["ONEROSTER_BASE_URL"]).replace("report.json", f"{tmp_path}/report.json")
    # The commands are README's own words, so a shell reads them as a reader's shell would.
    done = subprocess.run(["bash", "-c", line], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if "--fault" in command else 0), done.stderr
    assert resembles(done.stdout, shown), done.stdout


@pytest.mark.parametrize("block", blocks("python"))
def test_a_program_runs_as_it_stands(block: str, environment: dict[str, str]) -> None:
    program = block.replace(EXAMPLE, environment["ONEROSTER_BASE_URL"])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shown = "\n".join(re.findall(r"# prints: (.*)", block))
    assert resembles(done.stdout, shown), done.stdout


def test_there_is_something_to_run() -> None:
    assert [command for command, _ in commands()][:2] == ["python3 scripts/check", "python3 scripts/test"]
    assert blocks("python")
