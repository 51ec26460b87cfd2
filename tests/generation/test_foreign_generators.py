"""The documents of the packages through generators and a linter of others, fetched from their registries with --all."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generation.spectral_ruleset import RULE_PREFIX
from oneroster_v1p1 import document
from tests.generation.test_spectral_ruleset import MISTAKES

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted((ROOT / "generated").glob("*/documents/*.yaml"))
RULESET = ROOT / "docs" / "oneroster.spectral.yaml"
NPM = ("openapi-typescript@7.13.0", "typescript@5.9.3", "@stoplight/spectral-cli@6.16.3")
OPENAPI_GENERATOR = "openapi-generator-cli==7.26.0"
"""On PyPI, with the program for Java."""

pytestmark = pytest.mark.only_with_all
each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parents[1].name}-{path.stem}")


def run(*program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False, timeout=900)


def fetched(*program: str, folder: Path) -> Path:
    """Run the program of a registry, or skip the tests that need what it fetches."""
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    done = run(*program, folder=folder)
    if done.returncode:
        pytest.skip(f"{' '.join(program)} failed: {done.stderr.strip()[-300:]}")
    return folder


@pytest.fixture(scope="session")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs of npm."""
    folder = tmp_path_factory.mktemp("npm")
    return fetched("npm", "install", "--no-audit", "--no-fund", "--prefix", ".", *NPM, folder=folder)


@pytest.fixture(scope="session")
def jar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """openapi-generator, as a program for Java."""
    if shutil.which("java") is None:
        pytest.skip("java is not installed")
    folder = tmp_path_factory.mktemp("openapi-generator")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", ".", OPENAPI_GENERATOR)
    (found,) = fetched(*pip, folder=folder).rglob("*.jar")
    return found


@each_document
def test_openapi_typescript_writes_types_that_the_compiler_accepts(path: Path, npm: Path, tmp_path: Path) -> None:
    programs = npm / "node_modules" / ".bin"
    done = run(str(programs / "openapi-typescript"), str(path), "-o", "types.ts", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    checked = run(str(programs / "tsc"), "--noEmit", "--strict", "types.ts", folder=tmp_path)
    assert checked.returncode == 0, checked.stdout
    assert "getAllOrgs" in (tmp_path / "types.ts").read_text(encoding="utf-8")


@each_document
def test_openapi_generator_writes_a_client(path: Path, jar: Path, tmp_path: Path) -> None:
    program = ("java", "-jar", str(jar), "generate", "-i", str(path), "-g", "typescript-fetch", "-o", "client")
    done = run(*program, folder=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:]
    assert (tmp_path / "client" / "models" / "User.ts").exists()


@each_document
def test_the_stock_openapi_python_client_reads_a_document_without_a_warning(path: Path, tmp_path: Path) -> None:
    # Its hooks would run whichever formatter is installed.
    (tmp_path / "config.yaml").write_text("post_hooks: []\n", encoding="utf-8")
    program = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(path)]
    options = ["--config", "config.yaml", "--output-path", "client", "--meta", "none", "--fail-on-warning"]
    done = run(*program, *options, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "client" / "models" / "user.py").exists()


@pytest.mark.parametrize(
    "path", [*DOCUMENTS, ROOT / "openapi.yaml", ROOT / "openapi-1.2.yaml"], ids=lambda path: path.stem
)
def test_spectral_finds_nothing_in_a_document(path: Path, npm: Path, tmp_path: Path) -> None:
    done = spectral(npm, path, tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", MISTAKES)
def test_spectral_finds_each_mistake(name: str, npm: Path, tmp_path: Path) -> None:
    changed = document()
    MISTAKES[name](changed)
    (tmp_path / "openapi.json").write_text(json.dumps(changed), encoding="utf-8")
    done = spectral(npm, tmp_path / "openapi.json", tmp_path)
    assert done.returncode == 1, done.stdout
    assert f"{RULE_PREFIX}{name}" in done.stdout


def spectral(npm: Path, path: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    program = str(npm / "node_modules" / ".bin" / "spectral")
    return run(program, "lint", "--ruleset", str(RULESET), str(path), folder=folder)
