"""Every example of README.md and docs/ runs against a sandbox in place of the tenant it names, and prints what is
shown there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from oneroster.cli import build
from oneroster.sandbox import Sandbox
from oneroster.settings import Settings
from tests.in_process import without_sockets
from tests.transport.tls_servers import Authority, front

ROOT = Path(__file__).resolve().parents[1]
# The usage of each command in commands.md is no example.
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if page.name != "commands.md"]
DOCUMENTS = [ROOT / "README.md", *PAGES]
EXAMPLE = "https://sis.example/ims/oneroster/v1p1"
# `python3 scripts/test` is what runs this, also `generate --check`, and tests/benchmarks runs the benchmarks. An
# installation from the package index needs the package to be there.
NOT_HERE = (
    "python3 scripts/test",
    "python3 scripts/generate --check",
    "python3 scripts/bench",
    "pip install",
    "oneroster sandbox --port",
)

ONE = " --include getAllOrgs"
QUICK = {
    "python3 scripts/check": f" --sandbox{ONE} --include getOrg",
    "python3 -m pytest tests/contract/test_contract.py": " --oneroster-include envelope",
    "python3 -m pytest --pyargs oneroster.contract": " --oneroster-include getAllOrgs",
    "oneroster check --report-html report.html": ONE,
    "oneroster check --include paging": ONE,
    "oneroster check --sandbox --fault us-dates": " --include getAllAcademicSessions",
    "oneroster check --sandbox --fault wrong-total --include": ONE,
    "oneroster check --sandbox --fault lost-row": " --include getAllUsers",
    "oneroster check --sandbox --variant": ONE,
}
"""What shortens a run, by the beginning of its command: tests/cli/test_check.py checks a whole tenant."""
QUICK_WHOLE = {"oneroster check --sandbox": f"{ONE} --include putResult"}
"""The same by the whole command."""


def blocks(language: str, *documents: Path) -> list[Any]:
    """Return the code blocks of a language as parameters, each with its document and number as id."""
    return [
        pytest.param(block, id=f"{document.name}-{number}")
        for document in documents or DOCUMENTS
        for number, block in enumerate(
            re.findall(rf"^```{language}\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL), 1
        )
    ]


def commands(block: str) -> Iterator[tuple[str, int, str]]:
    """Yield each command of a console block with its exit status and the output shown below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, shown = part.partition("\n")
        command, _, remark = line.partition("  #")
        status = re.search(r"exit (\d+)", remark)
        yield command.strip(), int(status[1]) if status else 0, shown


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


def in_process(line: str, environment: dict[str, str]) -> tuple[int, str]:
    """Run a command of ours, without the second or two that another process takes to import it."""
    with without_sockets():
        result = CliRunner().invoke(build(), shlex.split(line)[1:], env=environment)
    return result.exit_code, result.output


def in_shell(line: str, environment: dict[str, str]) -> tuple[int, str]:
    """Run a command in the project's folder; the words are README's own, and a shell reads them as a reader's would."""
    done = subprocess.run(["bash", "-c", line], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


class Commands:
    """Runs the commands of blocks, and once what several documents show after the same commands."""

    def __init__(self, environment: dict[str, str], store: Path) -> None:
        self._environment = environment
        self._store = store
        self._ended: dict[tuple[str, ...], tuple[int, str]] = {}

    def run(self, command: str, before: Sequence[str], folder: Path) -> tuple[int, str]:
        """Return exit status and output of a command; the folder then holds what it and those before it wrote."""
        line = command.replace(EXAMPLE, self._environment["ONEROSTER_BASE_URL"])
        words = (words for beginning, words in QUICK.items() if command.startswith(beginning))
        line += QUICK_WHOLE.get(command) or next(words, "")
        # Only our own commands are run in the folder.
        ours = command.startswith("oneroster ")
        key = (*before, command) if ours else (command,)
        kept = self._store / str(list(self._ended).index(key) if key in self._ended else len(self._ended))
        if key not in self._ended:
            self._ended[key] = (in_process if ours else in_shell)(line, self._environment)
            shutil.copytree(folder, kept)
        elif ours:
            shutil.copytree(kept, folder, dirs_exist_ok=True)
        return self._ended[key]


@pytest.fixture(scope="module")
def shared(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Commands:
    return Commands(environment, tmp_path_factory.mktemp("commands"))


@pytest.mark.parametrize("block", blocks("console"))
def test_commands_print_what_is_shown(
    block: str,
    shared: Commands,
    tenants_file: tuple[str, dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "oneroster.toml").write_text(tenants_file[0], encoding="utf-8")
    for name, value in tenants_file[1].items():
        monkeypatch.setenv(name, value)
    before: list[str] = []
    for command, status, shown in commands(block):
        if command.startswith(NOT_HERE):
            continue
        ended, printed = shared.run(command, before, tmp_path)
        assert ended == status, (command, printed[-4000:])
        assert resembles(printed, shown), (command, printed)
        before.append(command)


@pytest.mark.parametrize("block", blocks("python"))
def test_a_program_runs_as_it_stands(
    block: str,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In this process, which has imported already what takes another a second."""
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    program = block.replace(EXAMPLE, environment["ONEROSTER_BASE_URL"])
    exec(compile(program, "<documentation>", "exec"), {"__name__": "__main__"})  # noqa: S102  # our own examples
    printed = capsys.readouterr().out
    assert resembles(printed, "\n".join(re.findall(r"# prints: (.*)", block))), printed


@pytest.fixture(scope="module")
def tenants_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """README's file of tenants, with a sandbox in place of the tenants, and the variables that it names."""
    (block,) = blocks("toml", ROOT / "README.md")
    folder = tmp_path_factory.mktemp("tenants")
    authority = Authority(folder)
    own, client = authority.issue(), authority.issue()
    with Sandbox() as tenant, front(tenant.base_url, own, authority.file, ("x-api-key", "a-key")) as origin:
        (folder / "secret").write_text(tenant.client_secret, encoding="utf-8")
        replaced = {
            "https://sis.example/oauth/token": tenant.token_url,
            "springfield-ca.pem": authority.file.as_posix(),
            "springfield.pem": client.certificate.as_posix(),
            "springfield-key.pem": client.key.as_posix(),
            "shelbyville-secret.txt": (folder / "secret").as_posix(),
            '"kit"': f'"{tenant.client_id}"',
        }
        text = block.values[0].replace(EXAMPLE, origin + urlsplit(tenant.base_url).path, 1)
        for shown, used in (*replaced.items(), (EXAMPLE, tenant.base_url)):
            assert shown in text
            text = text.replace(shown, used)
        yield (
            text,
            {
                "SPRINGFIELD_SECRET": tenant.client_secret,
                "SPRINGFIELD_KEY": "a-key",
                "OGDENVILLE_TOKEN": tenant.token,
            },
        )


def test_the_file_of_tenants_uses_every_setting_and_can_be_pulled(
    tenants_file: tuple[str, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, variables = tenants_file
    monkeypatch.chdir(tmp_path)
    (tmp_path / "oneroster.toml").write_text(text, encoding="utf-8")
    tables = tomllib.loads(text)["tenants"]
    assert set().union(*tables.values()) == set(Settings._fields)
    line = "oneroster pull --tenants oneroster.toml --to rosters --format duckdb --only orgs"
    status, printed = in_process(line, {"COLUMNS": "200"} | variables)
    assert status == 0, printed
    for name in tables:
        assert re.search(rf"^{name} +written +15 ", printed, re.MULTILINE), printed


def test_the_quick_start_has_two_commands() -> None:
    shown = [command for block in blocks("console", ROOT / "README.md") for command, _, _ in commands(block.values[0])]
    assert [command for command in shown if not command.startswith("pip ")][:2] == [
        "python3 scripts/check",
        "python3 scripts/test",
    ]
