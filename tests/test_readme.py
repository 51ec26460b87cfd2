"""Every example of README.md, CONTRIBUTING.md and docs/ runs against a sandbox in place of the tenant it names, and
prints what is shown there."""

import inspect
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from typer.testing import CliRunner

from oneroster.cli import build
from oneroster.contract.baseline import read_baseline
from oneroster.sandbox import Sandbox
from oneroster.settings import Settings, resolve_settings
from oneroster.standard import Standard
from tests.in_process import without_sockets
from tests.transport.tls_servers import Authority, front

ROOT = Path(__file__).resolve().parents[1]
# The usage of each command in commands.md is no example.
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if page.name != "commands.md"]
DOCUMENTS = [ROOT / "README.md", *PAGES]
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
EXAMPLE = "https://sis.example/ims/oneroster/v1p1"
# `python3 scripts/test` is what runs this, also `generate --check`, and tests/benchmarks runs the benchmarks. An
# installation from the package index needs the package to be there.
NOT_HERE = (
    "python3 scripts/test",
    "python3 scripts/generate --check",
    "python3 scripts/bench",
    "python3 scripts/docs",
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


def words_of(command: str) -> list[str]:
    """Return the words of a command as a shell reads them."""
    return shlex.split(command, comments=True)


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
    request: pytest.FixtureRequest,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In this process, which has imported already what takes another a second; a test gets the fixtures it names."""
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    program = block.replace(EXAMPLE, environment["ONEROSTER_BASE_URL"])
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(program, "<documentation>", "exec"), names)  # noqa: S102  # our own examples
    tests = [value for name, value in names.items() if name.startswith("test_")]
    for test in tests:
        test(**{name: request.getfixturevalue(name) for name in inspect.signature(test).parameters})
    printed = capsys.readouterr().out
    shown = re.findall(r"# prints: (.*)", block)
    assert resembles(printed, "\n".join(shown)), printed
    # A program that neither prints nor tests would show nothing to its reader.
    assert shown or tests


RUN_BY = {
    "console": DOCUMENTS,
    "python": DOCUMENTS,
    "py": [ROOT / "docs" / "thousands-of-tenants.md"],
    "toml": [ROOT / "README.md", ROOT / "docs" / "pull.md", ROOT / "docs" / "client.md"],
    "yaml": [ROOT / "docs" / "ci.md"],
    "json": [ROOT / "docs" / "report.md"],
    "sql": [ROOT / "docs" / "thousands-of-tenants.md"],
}
"""The documents whose blocks of a language a test runs: `py` in tests/engines and in
tests/test_dagster_example.py, `sql` here and in tests/test_dbt_project.py, all others here."""
ELSEWHERE = {
    # tests/documentation/test_extension_examples.py
    (CONTRIBUTING.name, "python"): 2,
    # Commands of `scripts`, whose options are looked up below.
    (CONTRIBUTING.name, "console"): 1,
    # tests/contract_kit/dialects/test_overlay.py
    ("dialects.md", "yaml"): 1,
}
NOT_RUN = {
    # The usage of each command, written from its help.
    ("commands.md", "console"): 8,
    # The layout of a folder.
    ("pull.md", "text"): 1,
    ("ARCHITECTURE.md", ""): 1,
}


def test_every_block_is_run_by_a_test() -> None:
    """By language and document; what is no program is listed, so that a new block needs a test or an entry."""
    counted: Counter[tuple[str, str]] = Counter()
    for document in sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")} - {ROOT / "CHANGELOG.md"}):
        fences = re.findall(r"^ *(?:```|~~~)(.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
        for language in fences[::2]:
            if document not in RUN_BY.get(language, ()):
                counted[document.name, language] += 1
    assert counted == ELSEWHERE | NOT_RUN


def not_run() -> list[str]:
    """Return the commands that are not run here, each once."""
    shown = (
        command for block in blocks("console", *DOCUMENTS, CONTRIBUTING) for command, _, _ in commands(block.values[0])
    )
    return list(dict.fromkeys(command for command in shown if command.startswith(NOT_HERE)))


@pytest.mark.parametrize("command", [each for each in not_run() if each.startswith("oneroster")])
def test_a_command_that_serves_is_right(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would serve until it is stopped: this one stops when it serves."""
    monkeypatch.chdir(tmp_path)
    ended = SimpleNamespace(Event=lambda: SimpleNamespace(wait=lambda: None))
    monkeypatch.setattr("oneroster.cli.sandbox.threading", ended)
    line = (
        command.replace("--port 8765", "--port 0").replace("--size medium", "--size small").replace("=medium", "=small")
    )
    result = CliRunner().invoke(build(), shlex.split(line)[1:], env={"COLUMNS": "120", "HOME": str(tmp_path)})
    assert result.exit_code == 0, result.output
    assert "http://127.0.0.1:" in result.output


@pytest.mark.parametrize("command", [each for each in not_run() if each.startswith("pip")])
def test_what_is_installed_exists(command: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (wanted,) = [word for word in words_of(command) if word.startswith("oneroster-kit")]
    name, _, extras = wanted.rstrip("]").partition("[")
    assert name == project["name"]
    assert set(filter(None, extras.split(","))) <= project["optional-dependencies"].keys()


@pytest.mark.only_with_all
@pytest.mark.parametrize("command", [each for each in not_run() if each.startswith("python3 scripts/")])
def test_a_script_has_the_options_that_are_shown(command: str, environment: dict[str, str]) -> None:
    _, script, *words = words_of(command)
    status, printed = in_shell(f"python3 {script} --help", environment)
    assert status == 0, printed
    # The help of scripts/test is that of pytest, which it passes all further options to.
    known = printed + (ROOT / script).read_text(encoding="utf-8")
    assert [word for word in words if word.startswith("--") and word not in known] == []


def test_the_workflow_runs_as_it_stands(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = blocks("yaml", ROOT / "docs" / "ci.md")
    workflow = yaml.safe_load(block.values[0])
    # `on` is a boolean of YAML 1.1.
    assert {True, "jobs", "name"} == workflow.keys()
    (job,) = workflow["jobs"].values()
    assert set(job["env"]) <= environment.keys()
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert re.fullmatch(r"[a-z-]+/[a-z-]+@v\d+", step.get("uses", "a/b@v1"))
    lines = [step["run"] for step in job["steps"] if "run" in step]
    assert [line.split()[0] for line in lines] == ["pip", "oneroster"]
    test_what_is_installed_exists(lines[0])
    monkeypatch.chdir(tmp_path)
    status, printed = in_process(lines[1] + ONE, environment)
    assert status == 0, printed
    (artifact,) = [step["with"]["path"] for step in job["steps"] if "upload" in step.get("uses", "")]
    assert len(list(tmp_path.glob(artifact))) == 3


def test_the_configuration_of_a_tenant_is_read(tmp_path: Path) -> None:
    (block,) = blocks("toml", ROOT / "docs" / "client.md")
    path, key = tmp_path / "oneroster.toml", tmp_path / "key"
    key.write_text("a-key", encoding="utf-8")
    path.write_text(block.values[0].replace("/run/secrets/springfield-vendor-key", key.as_posix()), encoding="utf-8")
    found = resolve_settings({}, {"SPRINGFIELD_SECRET": "a-secret"}, "springfield", path)
    assert found.client_secret == "a-secret"
    assert dict(found.headers) == {"x-vendor-authorization": "a-key"}


def test_the_baseline_file_is_read(tmp_path: Path) -> None:
    (block,) = blocks("json", ROOT / "docs" / "report.md")
    (tmp_path / "baseline.json").write_text(block.values[0], encoding="utf-8")
    (entry,) = read_baseline(tmp_path / "baseline.json", Standard.of().specification)
    assert entry.rule == "OR-PAG-05"


def test_the_merge_of_changes_is_sql() -> None:
    """Spark runs it on tables of a lake; DuckDB has the same statement."""
    import duckdb

    # The other block is run by tests/test_dbt_project.py.
    block, _ = blocks("sql", ROOT / "docs" / "thousands-of-tenants.md")
    rows = {"users": "('t', 'a', 'active'), ('t', 'b', 'active')"}
    rows["changes"] = "('t', 'a', 'tobedeleted'), ('t', 'c', 'active'), ('t', 'd', 'tobedeleted')"
    with duckdb.connect() as database:
        for name, values in rows.items():
            database.execute(f"CREATE TABLE {name} AS FROM (VALUES {values}) AS t(tenant, sourcedId, status)")
        database.execute(block.values[0])
        assert database.execute("SELECT sourcedId FROM users ORDER BY 1").fetchall() == [("b",), ("c",)]


@pytest.fixture(scope="module")
def tenants_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The file of tenants of README, with a sandbox in place of the tenants, and the variables that it names."""
    (block,) = blocks("toml", ROOT / "README.md")
    (same,) = blocks("toml", ROOT / "docs" / "pull.md")
    assert same.values == block.values
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
