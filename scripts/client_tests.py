"""The tests of client and generated package in an environment of their own: lowest versions, or another Python.

Neither needs more than the runtime dependencies, so these environments hold those and pytest, and nothing else.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import steps
from environment import ROOT

TESTS = (
    "tests/generated",
    "tests/pagination",
    "tests/runtime",
    "tests/transport",
    "tests/test_base_client.py",
    "tests/test_classlink.py",
    "tests/test_filters.py",
    "tests/test_operation_call.py",
    "tests/test_pages.py",
    "tests/test_pages_from_hostile_servers.py",
    "tests/test_prefetch.py",
    "tests/test_settings.py",
    "tests/test_standard.py",
)
"""What tests the client and the generated package without contract kit, pull and sandbox."""

WITHOUT = (
    "tests/transport/test_hostile_servers.py",
    "tests/transport/test_http_client.py",
    "tests/transport/test_tenant_headers.py",
    "tests/transport/test_tls.py",
    "tests/runtime/test_naming.py",
)
"""Tests in these folders that compare the client with the contract kit, and the runtime with the generator."""

TOOLS = ("pytest", "pytest-xdist", "cryptography", "hypothesis", "jsonschema")
OPTIONS = "addopts=-ra --import-mode=importlib --strict-markers"
RUN = ("-m", "pytest", *steps.workers(), "-q", "-o", OPTIONS)


def runtime_dependencies() -> list[str]:
    """Return the requirements of the package without extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return list(project["dependencies"])


def lowest(requirements: list[str]) -> list[str]:
    """Return constraints for the lowest version that each requirement allows.

    >>> lowest(["httpx>=0.27,<0.29"])
    ['httpx==0.27']
    """
    pinned = []
    for requirement in requirements:
        bound = re.match(r"([A-Za-z0-9._-]+)>=([0-9.]+)", requirement)
        if bound is None:
            sys.exit(f"{requirement} in pyproject.toml has no lower bound; write NAME>=VERSION.")
        pinned.append(f"{bound[1]}=={bound[2]}")
    return pinned


def tested() -> list[str]:
    """Return the pinned versions that the other tests run with."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def interpreter(version: str) -> str | None:
    """Return the path of a Python of a version such as 3.13 that starts, or None."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"), reverse=True)
    for candidate in (shutil.which(f"python{version}"), *map(str, pyenv)):
        if candidate and subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def run(home: Path, python: str, constraints: list[str]) -> int:
    """Make the environment anew, and run the tests in it."""
    inside = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([python, "-m", "venv", "--clear", str(home)], check=True)
    file = home / "constraints.txt"
    file.write_text("\n".join(constraints) + "\n", encoding="utf-8")
    install = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", str(file)]
    if subprocess.call([*install, *runtime_dependencies(), *TOOLS], cwd=ROOT):
        sys.exit(f"The packages of {home.name} could not be installed; pip says why above.")
    print(f"$ {home.name}:", " ".join(sorted(constraints)[:8]), flush=True)
    # The source itself and not an installation of it, whose pytest plugins need the extras.
    path = os.pathsep.join(str(ROOT / name) for name in ("src", "generated", "."))
    left_out = [f"--ignore={name}" for name in WITHOUT]
    return subprocess.call(
        [str(inside), *RUN, *left_out, *TESTS], cwd=ROOT, env={**steps.variables(), "PYTHONPATH": path}
    )


def run_lowest() -> int:
    """Run the tests with the lowest allowed version of each runtime dependency."""
    tools = [line for line in tested() if line.partition("==")[0] in TOOLS]
    return run(ROOT / ".venv-lowest", sys.executable, [*lowest(runtime_dependencies()), *tools])


def run_with_python(version: str) -> int:
    """Run the tests with another Python; where there is none of that version, say so and succeed."""
    python = interpreter(version)
    if python is None:
        print(f"Skipped: there is no python{version} on this machine, neither on the path nor of pyenv.")
        return 0
    return run(ROOT / f".venv-{version}", python, tested())
