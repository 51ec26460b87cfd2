"""`schemathesis run` with the files of `oneroster schemathesis` finds nothing on the sandbox, and faults on others."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from oneroster.contract.fuzzing.schemathesis_files import write_schemathesis_files
from oneroster.errors import ConfigurationError
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from tests.patience import PATIENCE

FEW = ("getAllTerms", "getTerm")
SEED = "1"


def run(tenant: Sandbox, folder: Path, profile: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command that `oneroster schemathesis` prints."""
    files = write_schemathesis_files(folder, profile, Standard.of())
    program = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(files.configuration), "run"]
    words = [str(files.document), "--mode", "positive", "--url", tenant.base_url, "--seed", SEED, "--no-color"]
    words += ["--header", f"Authorization: Bearer {tenant.token}"]
    # The repository's own configuration of Python would load plugins.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run(
        [*program, *words, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=20 * PATIENCE,
        check=False,
    )


def only(*names: str) -> list[str]:
    return [word for name in names for word in ("--include-operation-id", name)]


def test_it_has_no_false_alarm_on_the_sandbox(tmp_path: Path) -> None:
    with Sandbox() as tenant:
        done = run(tenant, tmp_path, "standard", *only(*FEW), "--max-examples", "2")
    assert done.returncode == 0, done.stdout
    assert "Stateful" in done.stdout
    assert "failures" not in done.stdout


def test_it_finds_a_fault_of_the_sandbox(tmp_path: Path) -> None:
    with Sandbox(faults=["missing-required"]) as tenant:
        done = run(tenant, tmp_path, "standard", *only("getAllClasses"), "--phases", "coverage")
    assert done.returncode == 1, done.stdout
    assert "Response violates schema" in done.stdout


@pytest.mark.series
@pytest.mark.parametrize("profile", Standard.of().specification.profiles)
def test_it_has_no_false_alarm_with_any_operation_of_a_profile(
    profile: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if not request.config.option.all:
        pytest.skip("takes minutes; runs with --all")
    with Sandbox(profile=profile) as tenant:
        done = run(tenant, tmp_path, profile)
    assert done.returncode == 0, done.stdout


def test_unknown_profiles_are_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no profile 'x'; the profiles are standard, "):
        write_schemathesis_files(tmp_path, "x", Standard.of())
    assert not list(tmp_path.iterdir())


def test_the_configuration_sends_no_writes_and_keeps_nothing(tmp_path: Path) -> None:
    text = write_schemathesis_files(tmp_path / "new", "standard", Standard.of()).configuration.read_text("utf-8")
    for line in ("unexpected-methods = []", "cache.enabled = false", 'include-method = ["PUT", "DELETE"]'):
        assert line in text
